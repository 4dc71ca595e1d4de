package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/model"
)

// node is a part of the engine's syntax tree.
type node map[string]any

func (n node) text(key string) string {
	value, _ := n[key].(string)
	return value
}

func (n node) child(key string) node {
	value, _ := n[key].(map[string]any)
	return value
}

func (n node) list(key string) []node {
	values, _ := n[key].([]any)
	var nodes []node
	for _, value := range values {
		if object, ok := value.(map[string]any); ok {
			nodes = append(nodes, object)
		}
	}
	return nodes
}

// each visits a node and all below it.
func (n node) each(visit func(node)) {
	visit(n)
	for _, value := range n {
		below(value, visit)
	}
}

func below(value any, visit func(node)) {
	switch v := value.(type) {
	case map[string]any:
		node(v).each(visit)
	case []any:
		for _, member := range v {
			below(member, visit)
		}
	}
}

// cte is a named step of a query, or an import.
type cte struct {
	name string
	node node
}

// imported is the table that the step takes whole, or with a condition; empty for other steps.
func (c cte) imported() string {
	list, from := c.node.list("select_list"), c.node.child("from_table")
	if len(list) != 1 || !isBareStar(list[0]) || from.text("type") != "BASE_TABLE" || from.text("schema_name") == "" {
		return ""
	}
	return strings.ToLower(from.text("schema_name") + "." + from.text("table_name"))
}

// readsOne says whether the step reads one table and nothing else, and keeps its rows apart.
func (c cte) readsOne() bool {
	from := c.node.child("from_table")
	groups, _ := c.node["group_expressions"].([]any)
	return from.text("type") == "BASE_TABLE" && from.text("schema_name") != "" && len(groups) == 0
}

// isBareStar says whether an expression is * and nothing else.
func isBareStar(n node) bool {
	return n.text("class") == "STAR" && n.text("relation_name") == "" && !takesAway(n)
}

// takesAway says whether a star has exclude, replace or rename behind it.
func takesAway(star node) bool {
	for _, key := range []string{"exclude_list", "qualified_exclude_list", "replace_list", "rename_list"} {
		if members, ok := star[key].([]any); ok && len(members) > 0 {
			return true
		}
		if members, ok := star[key].(map[string]any); ok && len(members) > 0 {
			return true
		}
	}
	return false
}

// query is a model's syntax tree.
type query struct {
	text  string
	root  node
	steps []cte // those of its own with clause, in order
}

func parse(serialize model.Serializer, text string) (query, error) {
	raw, err := serialize(text)
	if err != nil {
		return query{}, err
	}
	var tree struct {
		Message    string `json:"error_message"`
		Statements []struct {
			Node node `json:"node"`
		} `json:"statements"`
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // places are 64 bits wide
	if err := decoder.Decode(&tree); err != nil {
		return query{}, fmt.Errorf("parse: %w", err)
	}
	if tree.Message != "" || len(tree.Statements) != 1 {
		return query{}, errors.New("parse: want one select statement " + tree.Message)
	}
	made := query{text: text, root: tree.Statements[0].Node}
	for _, entry := range made.root.child("cte_map").list("map") {
		made.steps = append(made.steps, cte{name: entry.text("key"), node: entry.child("value").child("query").child("node")})
	}
	return made, nil
}

// line is where a node stands, from 1, or the first line for one that the engine gives no place.
func (q query) line(n node) int {
	at, _ := q.place(n)
	return 1 + strings.Count(q.text[:at], "\n")
}

// place is where in the text a node begins, in bytes.
func (q query) place(n node) (at int, known bool) {
	number, _ := n["query_location"].(json.Number)
	place, err := number.Int64() // no place is the largest number of 64 bits, which is none of these
	if err != nil || place < 0 || int(place) > len(q.text) {
		return 0, false
	}
	return int(place), true
}

// stepLine is where a step's name stands: behind its with or its comma, and before as.
func (q query) stepLine(tokens []token, name string) int {
	for at, current := range tokens {
		if (current.class == word || current.class == quotedName) && strings.EqualFold(strings.Trim(current.text, `"`), name) {
			next := firstThatCounts(tokens, at+1)
			if next < len(tokens) && tokens[next].is("as", "(") {
				return current.line
			}
		}
	}
	return 1
}

// final is the last step, empty without one.
func (q query) final() cte {
	if len(q.steps) == 0 {
		return cte{}
	}
	return q.steps[len(q.steps)-1]
}

// outputs is the select list that the model's columns are from, and its line: that of the last step where the query ends with
// select * from it, as it should.
func (q query) outputs(tokens []token) (list []node, line int) {
	list, line = q.root.list("select_list"), 1
	if len(list) == 1 && isBareStar(list[0]) && len(q.steps) > 0 {
		return firstSelect(q.final().node).list("select_list"), q.stepLine(tokens, q.final().name)
	}
	if len(list) > 0 {
		line = q.line(list[0])
	}
	return list, line
}

// firstSelect of a union gives its columns their names.
func firstSelect(n node) node {
	for n.text("type") == "SET_OPERATION_NODE" {
		n = n.child("left")
	}
	return n
}

// output is the name of a column of a select list, empty for an expression without one.
func output(expression node) string {
	if alias := expression.text("alias"); alias != "" {
		return strings.ToLower(alias)
	}
	names, _ := expression["column_names"].([]any)
	if expression.text("class") != "COLUMN_REF" || len(names) == 0 {
		return ""
	}
	last, _ := names[len(names)-1].(string)
	return strings.ToLower(last)
}
