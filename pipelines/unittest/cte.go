package unittest

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"countinghouse/internal/suggest"
)

// queryOf rewrites a model's query so that it ends by reading one of its named CTEs: with … select * from cte. It works on the syntax
// tree, since no search in the text can tell a name from what looks like it. A CTE inside another query has no name out here.
func queryOf(ctx context.Context, connection *sql.Conn, query, cte string) (string, error) {
	tree, err := treeOf(ctx, connection, query)
	if err != nil {
		return "", err
	}
	whole, node := tree.node()
	steps, _ := node["cte_map"].(map[string]any)
	names := cteNames(steps)
	for _, name := range names {
		if !strings.EqualFold(name, cte) {
			continue
		}
		last, err := treeOf(ctx, connection, `select * from "`+strings.ReplaceAll(name, `"`, `""`)+`"`)
		if err != nil {
			return "", err
		}
		_, end := last.node()
		end["cte_map"], whole["node"] = steps, end
		return tree.text(ctx, connection)
	}
	if len(names) == 0 {
		return "", fmt.Errorf("it has no CTE %s, nor any other", cte)
	}
	return "", fmt.Errorf("it has no CTE %s%s; it has %s", cte, suggest.DidYouMean(cte, names), strings.Join(names, ", "))
}

// serialized is the syntax tree of a query as DuckDB's JSON.
func serialized(ctx context.Context, connection *sql.Conn, query string) ([]byte, error) {
	var text string
	if err := connection.QueryRowContext(ctx, "select json_serialize_sql(?::varchar)::varchar", query).Scan(&text); err != nil {
		return nil, err
	}
	return []byte(text), nil
}

// statementTree is the syntax tree of one statement.
type statementTree map[string]any

func treeOf(ctx context.Context, connection *sql.Conn, query string) (statementTree, error) {
	text, err := serialized(ctx, connection, query)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	tree := statementTree{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // positions and literals have more digits than a float
	if err := decoder.Decode(&tree); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return tree, nil
}

// node gives the only statement and its outermost query. The SQL was parsed before, when the models were read.
func (t statementTree) node() (statement, node map[string]any) {
	statements, _ := t["statements"].([]any)
	if len(statements) == 1 {
		statement, _ = statements[0].(map[string]any)
		node, _ = statement["node"].(map[string]any)
	}
	return statement, node
}

func cteNames(steps map[string]any) []string {
	entries, _ := steps["map"].([]any)
	var names []string
	for _, entry := range entries {
		item, _ := entry.(map[string]any)
		if name, ok := item["key"].(string); ok {
			names = append(names, name)
		}
	}
	return names
}

// text writes the tree as SQL, and makes sure that it is read as the same tree again.
func (t statementTree) text(ctx context.Context, connection *sql.Conn) (string, error) {
	always, err := treeOf(ctx, connection, "select true")
	if err != nil {
		return "", err
	}
	_, node := always.node()
	conditions, _ := node["select_list"].([]any)
	spellOut(map[string]any(t), conditions[0])
	encoded, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("write SQL: %w", err)
	}
	var text string
	if err := connection.QueryRowContext(ctx, "select json_deserialize_sql(?::json)", string(encoded)).Scan(&text); err != nil {
		return "", fmt.Errorf("write SQL: %w", err)
	}
	again, err := treeOf(ctx, connection, text)
	if err != nil {
		return "", err
	}
	if !reflect.DeepEqual(unplaced(map[string]any(t)), unplaced(map[string]any(again))) {
		return "", errors.New("DuckDB does not write this query down as it read it, so none of its CTEs can be wanted")
	}
	return text, nil
}

// spellOut makes every cross join an inner join on a condition that always holds. DuckDB 1.5.5 writes a cross join as a comma, which binds
// less tightly than the joins after it: they would lose sight of the tables before.
func spellOut(tree, always any) {
	object, _ := tree.(map[string]any)
	if object["type"] == "JOIN" && object["ref_type"] == "CROSS" {
		object["ref_type"], object["condition"] = "REGULAR", always
	}
	eachChild(tree, func(child any) { spellOut(child, always) })
}

// unplaced is a tree without the places of its words in the text.
func unplaced(tree any) any {
	if object, ok := tree.(map[string]any); ok {
		delete(object, "query_location")
	}
	eachChild(tree, func(child any) { unplaced(child) })
	return tree
}

func eachChild(tree any, visit func(any)) {
	switch node := tree.(type) {
	case map[string]any:
		for _, child := range node {
			visit(child)
		}
	case []any:
		for _, child := range node {
			visit(child)
		}
	}
}
