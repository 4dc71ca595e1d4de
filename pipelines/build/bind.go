package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/internal/suggest"
	"countinghouse/internal/warehouse"
)

// Columns are those of every table of a graph.
type Columns map[string][]warehouse.Column

// Bind makes every table of the graph in the session, empty but typed (seeds with their rows), and so finds every wrong table,
// column or type before anything is built. All problems are reported, but for those that follow from another; the columns of the tables
// that are right are given also then. known, which may be nil, are the columns of tables that need not be bound.
func Bind(ctx context.Context, session *warehouse.Session, graph *Graph, known Columns) (Columns, error) {
	binding := binding{session: session, known: known, broken: map[string]bool{}}
	if err := binding.schemas(ctx, graph); err != nil {
		return nil, err
	}
	var problems []error
	for _, n := range graph.nodes {
		if slices.ContainsFunc(n.inputs, func(input string) bool { return binding.broken[input] }) {
			binding.markBroken(n)
			continue
		}
		if err := binding.node(ctx, n); err != nil {
			problems = append(problems, n.problem(err))
			binding.markBroken(n)
		}
	}
	columns, err := readColumns(ctx, session)
	if err != nil {
		return nil, err
	}
	return columns, errors.Join(append(problems, graph.checkHeaders(columns))...)
}

// checkHeaders holds the headers of the models whose columns are known to these columns. A header is no part of the fingerprint: what it
// promises may have changed though nothing is to be made.
func (g *Graph) checkHeaders(columns Columns) error {
	var problems []error
	for _, n := range g.nodes {
		if n.model != nil && columns[n.name] != nil {
			problems = append(problems, checkColumns(n.model, columns[n.name]), checkMonths(n.model, columns))
		}
	}
	return errors.Join(problems...)
}

// checkMonths refuses a table by the month whose months cannot be told, or which reads an input by a column that has none.
func checkMonths(m *model.Model, columns Columns) error {
	if m.Header.Kind != model.KindByMonth {
		return nil
	}
	var problems []error
	refuse := func(line int, message string) {
		if message != "" {
			problems = append(problems, model.Problem{File: m.File, Line: line, Message: message})
		}
	}
	line := m.QueryLine
	for _, column := range m.Columns {
		if column.Name == m.Header.Month {
			line = column.Line
		}
	}
	refuse(line, lacksMonths("month", m.Name, m.Header.Month, columns))
	for _, input := range slices.Sorted(maps.Keys(m.Header.Reads)) {
		refuse(m.InputLines[input], lacksMonths("reads", input, m.Header.Reads[input].By, columns))
	}
	return errors.Join(problems...)
}

// lacksMonths says why a header's key cannot name this column; empty if it can, or if the table's columns are not known.
func lacksMonths(key, table, name string, columns Columns) string {
	var names []string
	for _, column := range columns[table] {
		if !strings.EqualFold(column.Name, name) {
			names = append(names, column.Name)
			continue
		}
		if column.Type == "DATE" || strings.HasPrefix(column.Type, "TIMESTAMP") {
			return ""
		}
		return fmt.Sprintf("header: %s: column %s of %s is %s: want a date or a timestamp", key, name, table, column.Type)
	}
	if names == nil {
		return ""
	}
	return fmt.Sprintf("header: %s: %s has no column %q%s", key, table, name, suggest.DidYouMean(name, names))
}

type binding struct {
	session *warehouse.Session
	known   Columns
	broken  map[string]bool
}

func (b *binding) markBroken(n *node) {
	for _, table := range n.tables {
		b.broken[table] = true
	}
}

func (b *binding) schemas(ctx context.Context, graph *Graph) error {
	made := map[string]bool{}
	for table := range graph.makers {
		schema, _, _ := strings.Cut(table, ".")
		if made[schema] {
			continue
		}
		made[schema] = true
		if _, err := b.session.Exec(ctx, "create schema if not exists "+warehouse.QuoteName(schema)); err != nil {
			return err
		}
	}
	return nil
}

func (b *binding) node(ctx context.Context, n *node) error {
	for _, table := range n.tables {
		statement, err := b.statement(ctx, n, table)
		if err != nil {
			return err
		}
		if _, err := b.session.Exec(ctx, "create or replace table "+table+" "+statement); err != nil {
			return err
		}
	}
	return nil
}

func (b *binding) statement(ctx context.Context, n *node, table string) (string, error) {
	switch {
	case b.known[table] != nil:
		return columnList(b.known[table]), nil
	case n.dataset != nil && n.dataset.Columns != nil: // its files need not be opened
		return columnList(n.dataset.Columns), nil
	case n.step != nil:
		return columnList(n.step.Tables[table]), nil
	case n.seed != nil:
		return "as\n" + n.query, nil
	}
	columns, err := b.session.Types(ctx, "select * from (\n"+n.query+"\n) limit 0")
	if err != nil {
		return "", err
	}
	return columnList(n.exact(columns)), nil
}

// exact makes BIGINT of HUGEINT, which is what DuckDB gives for the sum of integers: a Parquet file has no such type and would hold them as DOUBLE,
// which is not exact. A sum that is too large for BIGINT stops the build.
func (n *node) exact(columns []warehouse.Column) []warehouse.Column {
	n.huge = nil
	for i, column := range columns {
		if column.Type == "HUGEINT" || column.Type == "UHUGEINT" {
			n.huge = append(n.huge, column.Name)
			columns[i].Type = "BIGINT"
		}
	}
	return columns
}

// exactQuery is a node's query with the types that exact gives. It begins on the second line, as everywhere.
func (n *node) exactQuery() string {
	if len(n.huge) == 0 {
		return n.query
	}
	casts := make([]string, len(n.huge))
	for i, column := range n.huge {
		name := warehouse.QuoteName(column)
		casts[i] = "cast(" + name + " as bigint) as " + name
	}
	// No line break before the query, which keeps the numbers of its lines.
	return "select * replace (" + strings.Join(casts, ", ") + ") from (" + n.query + "\n)"
}

func columnList(columns []warehouse.Column) string {
	definitions := make([]string, len(columns))
	for i, column := range columns {
		definitions[i] = warehouse.QuoteName(column.Name) + " " + column.Type
	}
	return "(" + strings.Join(definitions, ", ") + ")"
}

// readColumns asks for the columns of all tables at once: asking for each takes as long as binding it.
func readColumns(ctx context.Context, session *warehouse.Session) (columns Columns, err error) {
	rows, err := session.Query(ctx, "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() where not internal order by table_oid, column_index")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns = Columns{}
	for rows.Next() {
		var table string
		var column warehouse.Column
		if err := rows.Scan(&table, &column.Name, &column.Type); err != nil {
			return nil, err
		}
		columns[table] = append(columns[table], column)
	}
	return columns, rows.Err()
}

// checkColumns holds a model's columns to what its header says of them: their names and, where it says one, their type.
func checkColumns(m *model.Model, columns []warehouse.Column) error {
	names := make([]string, len(columns))
	types := map[string]string{}
	for i, column := range columns {
		names[i], types[strings.ToLower(column.Name)] = column.Name, column.Type
	}
	problems := []error{model.CheckColumns(m, names)}
	for _, column := range m.Columns {
		given, found := types[strings.ToLower(column.Name)]
		if found && column.Type != "" && !sameType(column.Type, given) {
			problems = append(problems, model.Problem{File: m.File, Line: column.Line, Message: fmt.Sprintf("column %s is %s, its header says %s", column.Name, given, column.Type)})
		}
	}
	return errors.Join(problems...)
}

func sameType(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", ""))
}
