package selector

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"countinghouse/internal/suggest"
)

// method picks nodes by one word without its steps: a name, or a method and its value.
func (g graph) method(word string) (map[string]bool, error) {
	method, value, found := strings.Cut(word, ":")
	if !found {
		return g.byName(strings.ToLower(word))
	}
	switch method {
	case "tag":
		return g.byLabel("tag", value, func(node Node) []string { return node.Tags })
	case "owner":
		return g.byLabel("owner", value, func(node Node) []string { return []string{node.Owner} })
	case "kind":
		return g.byLabel("kind", value, func(node Node) []string { return []string{node.Kind} })
	case "path":
		return g.byPath(value)
	case "state":
		return g.byState(value)
	}
	return nil, fmt.Errorf("there is no method %q: want tag, owner, path, kind or state", method)
}

// byName takes schema.table, a table alone where only one schema has it, or a glob of either.
func (g graph) byName(word string) (map[string]bool, error) {
	matches, err := matcher(word)
	if err != nil {
		return nil, err
	}
	picked := g.where(func(node Node) bool { return matches(nameLike(node.Name, word)) })
	if len(picked) == 0 {
		return nil, fmt.Errorf("no table is called so%s", suggest.DidYouMean(word, g.namesLike(word)))
	}
	if !isGlob(word) && len(picked) > 1 {
		return nil, fmt.Errorf("several tables are called so: write %s", strings.Join(sorted(picked), " or "))
	}
	return picked, nil
}

// nameLike is a table's name as the word has it: with its schema or without.
func nameLike(name, word string) string {
	if strings.Contains(word, ".") {
		return name
	}
	_, table, _ := strings.Cut(name, ".")
	return table
}

func (g graph) namesLike(word string) []string {
	names := make([]string, len(g.nodes))
	for i, node := range g.nodes {
		names[i] = nameLike(node.Name, word)
	}
	return names
}

func (g graph) byLabel(method, value string, labels func(Node) []string) (map[string]bool, error) {
	matches, err := matcher(value)
	if err != nil {
		return nil, err
	}
	picked := g.where(func(node Node) bool { return slices.ContainsFunc(labels(node), matches) })
	if len(picked) == 0 {
		return nil, fmt.Errorf("no table has the %s %q; there are: %s", method, value, strings.Join(g.labels(labels), ", "))
	}
	return picked, nil
}

// labels are all that occur, sorted.
func (g graph) labels(of func(Node) []string) []string {
	known := map[string]bool{}
	for _, node := range g.nodes {
		for _, label := range of(node) {
			if label != "" {
				known[label] = true
			}
		}
	}
	return sorted(known)
}

func (g graph) byPath(value string) (map[string]bool, error) {
	pattern := path.Clean(value)
	matches, err := matcher(pattern)
	if err != nil {
		return nil, err
	}
	picked := g.where(func(node Node) bool { return node.Path != "" && onTheWay(node.Path, matches) })
	if len(picked) == 0 {
		return nil, fmt.Errorf("no table has its file at %s (paths are as seen from the project folder, such as path:sql/mart)", value)
	}
	return picked, nil
}

// onTheWay says whether a file or one of the folders that it is in matches.
func onTheWay(file string, matches func(string) bool) bool {
	for ; file != "." && file != "/"; file = path.Dir(file) {
		if matches(file) {
			return true
		}
	}
	return matches(file)
}

func (g graph) byState(value string) (map[string]bool, error) {
	if value != "changed" {
		return nil, fmt.Errorf("there is no state %q: want state:changed", value)
	}
	return g.where(func(node Node) bool { return node.Changed }), nil
}

func (g graph) where(holds func(Node) bool) map[string]bool {
	picked := map[string]bool{}
	for _, node := range g.nodes {
		if holds(node) {
			picked[node.Name] = true
		}
	}
	return picked
}

// matcher matches a word as it stands or, if it is one, as a glob; nothing matches an empty text.
func matcher(pattern string) (func(string) bool, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("not a pattern: %q", pattern)
	}
	return func(text string) bool {
		matched, _ := path.Match(pattern, text) // the pattern was tried above
		return text != "" && (matched || text == pattern)
	}, nil
}

func isGlob(word string) bool { return strings.ContainsAny(word, `*?[`) }

func sorted(set map[string]bool) []string {
	names := make([]string, 0, len(set))
	for name := range set {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
