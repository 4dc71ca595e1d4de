package build

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/warehouse"
)

// Bind makes every table of the graph in the session, empty but typed (seeds with their rows), and so finds every wrong table,
// column or type before anything is built. All problems are reported, but for those that follow from another.
func Bind(ctx context.Context, session *warehouse.Session, graph *Graph) error {
	var problems []error
	broken := map[string]bool{}
	for _, n := range graph.nodes {
		if readsBroken(n, broken) {
			markBroken(n, broken)
			continue
		}
		if err := bindNode(ctx, session, n); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", n.name, err))
			markBroken(n, broken)
		}
	}
	return errors.Join(problems...)
}

func readsBroken(n *node, broken map[string]bool) bool {
	for _, input := range n.inputs {
		if broken[input] {
			return true
		}
	}
	return false
}

func markBroken(n *node, broken map[string]bool) {
	for _, table := range n.tables {
		broken[table] = true
	}
}

func bindNode(ctx context.Context, session *warehouse.Session, n *node) error {
	for _, table := range n.tables {
		schema, _, _ := strings.Cut(table, ".")
		if _, err := session.Exec(ctx, "create schema if not exists "+warehouse.QuoteName(schema)); err != nil {
			return err
		}
		if _, err := session.Exec(ctx, bindStatement(n, table)); err != nil {
			return err
		}
	}
	return nil
}

func bindStatement(n *node, table string) string {
	switch {
	case n.step != nil:
		columns := make([]string, len(n.step.Tables[table]))
		for i, column := range n.step.Tables[table] {
			columns[i] = warehouse.QuoteName(column.Name) + " " + column.Type
		}
		return "create or replace table " + table + " (" + strings.Join(columns, ", ") + ")"
	case strings.HasPrefix(table, "seed."):
		return "create or replace table " + table + " as " + n.query
	default:
		return "create or replace table " + table + " as select * from (\n" + n.query + "\n) limit 0"
	}
}
