// Package selector picks tables out of a graph by the short words that a person types after --select and --exclude, in the manner that
// users of dbt know: names, tags, owners, paths, and what lies above and below them.
//
//	customer_pyramid            a table, by its name or by schema.name; globs too: mart.point_*
//	+mart.customer_360          it and everything that it is made from
//	mart.customer_360+          it and everything that is made from it
//	2+mart.customer_360+1       two steps up, one step down
//	tag:finance  owner:crm      what a header says
//	path:sql/mart               a folder, a file or a glob, as seen from the project
//	kind:view                   the kind of model
//	state:changed+              what is not as it is in the environment, and what reads it
//
// Words side by side are a union, words joined by a comma an intersection. A comma binds more tightly.
package selector

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Node is one table of the graph.
type Node struct {
	Name string // schema.table, in lower case
	// Path is the table's file as seen from the project folder, with slashes: sql/mart/x.sql. Empty for a table without a file.
	Path        string
	Owner, Kind string
	Tags        []string
	// Inputs are the names of the tables it reads; those that are no node of the graph are passed over.
	Inputs []string
	// Changed says that the table is not as it is in the environment looked at.
	Changed bool
}

// Select gives the names of the nodes that any word of include picks and no word of exclude does. Without a word in include, all are
// picked. Each text may hold several words, parted by blanks.
//
// A word that can pick nothing (an unknown name, a tag that no table has) is an error, which says what was likely meant. Words that are
// right and meet nothing now are not: state:changed when nothing has changed, or an intersection without a member. The set is then
// empty, and never nil.
func Select(nodes []Node, include, exclude []string) (map[string]bool, error) {
	graph := newGraph(nodes)
	picked, err := graph.union(include)
	if err != nil {
		return nil, fmt.Errorf("--select %w", err)
	}
	if len(wordsOf(include)) == 0 {
		picked = graph.all()
	}
	dropped, err := graph.union(exclude)
	if err != nil {
		return nil, fmt.Errorf("--exclude %w", err)
	}
	for name := range dropped {
		delete(picked, name)
	}
	return picked, nil
}

func wordsOf(texts []string) []string { return strings.Fields(strings.Join(texts, " ")) }

func (g graph) union(texts []string) (map[string]bool, error) {
	picked := map[string]bool{}
	for _, word := range wordsOf(texts) {
		some, err := g.intersection(word)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", word, err)
		}
		for name := range some {
			picked[name] = true
		}
	}
	return picked, nil
}

func (g graph) intersection(word string) (map[string]bool, error) {
	var picked map[string]bool
	for _, text := range strings.Split(word, ",") {
		some, err := g.term(text)
		if err != nil {
			return nil, err
		}
		if picked == nil {
			picked = some
			continue
		}
		for name := range picked {
			if !some[name] {
				delete(picked, name)
			}
		}
	}
	return picked, nil
}

// term is one method with its steps up and down, such as 2+tag:finance+.
func (g graph) term(text string) (map[string]bool, error) {
	up, what, down, err := steps(text)
	if err != nil {
		return nil, err
	}
	start, err := g.method(what)
	if err != nil {
		return nil, err
	}
	picked := map[string]bool{}
	walk(start, g.inputs, up, picked)
	walk(start, g.readers, down, picked)
	return picked, nil
}

// everything is more steps than any graph is deep.
const everything = 1 << 30

// steps parts a term into the steps to go up, what to begin with, and the steps to go down.
func steps(text string) (up int, what string, down int, err error) {
	parts := regexp.MustCompile(`^(?:(\d*)(\+))?([^+]+)(?:(\+)(\d*))?$`).FindStringSubmatch(text)
	if parts == nil {
		return 0, "", 0, fmt.Errorf("%q is no selector: write a name, +name, name+, 2+name+1, or tag:, owner:, path:, kind:, state: in place of the name", text)
	}
	up, upErr := count(parts[2], parts[1])
	down, downErr := count(parts[4], parts[5])
	if upErr != nil || downErr != nil {
		return 0, "", 0, fmt.Errorf("%q: too many steps", text)
	}
	return up, parts[3], down, nil
}

func count(plus, number string) (int, error) {
	if plus == "" {
		return 0, nil
	}
	if number == "" {
		return everything, nil
	}
	return strconv.Atoi(number)
}
