// Package lineage says which columns of its inputs each column of a query comes from. It is pure: it reads DuckDB's syntax tree as
// JSON and the names of the inputs' columns, and runs nothing.
//
// A source either flows into a column (its value) or decides something about it (a filter): which rows there are, which group, which
// row of a window comes first. Where the tree alone does not say which of several sources counts, all of them are named: a source may
// be named that does not matter, none that matters is left out. Everything in an expression is a value, the conditions of a case too.
package lineage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rows is the name, in the place of a column, for which rows a table has: what count(*) counts.
const Rows = "*"

// ParameterTable is the name, in the place of a table, under which parameters are sources: getvariable('as_of') reads its column as_of.
const ParameterTable = "parameter"

// Source is one column of an input, or Rows of it. Table is schema.name in lower case, Column as the input spells it; empty where the whole
// table is meant.
type Source struct {
	Table  string `json:"table"`
	Column string `json:"column,omitempty"`
}

// Column is one column of a result.
type Column struct {
	// Name is empty where DuckDB makes one up from an expression without an alias.
	Name string `json:"name"`
	// Values flow into the column, Filters decide about this column and not about the others. Both are sorted.
	Values  []Source `json:"values"`
	Filters []Source `json:"filters,omitempty"`
	// Expressions are the syntax trees of what makes the column, the innermost that is more than a name; several after a union, none
	// where an input's column is taken as it is.
	Expressions []json.RawMessage `json:"-"`
}

// Query is what a query's columns come from.
type Query struct {
	Columns []Column `json:"columns"` // in the order of the result
	// Rows decide which rows there are, and so filter every column. Sorted.
	Rows []Source `json:"rows"`
	// Others, if set, is of all columns of which only DuckDB knows the names: a pivot's, a struct's.
	Others *Column `json:"others,omitempty"`
}

// Of reads the tree of one select statement, as json_serialize_sql gives it. columns names the columns of an input, in order; nil: there is
// no such table, which is an error.
func Of(tree []byte, columns func(table string) []string) (Query, error) {
	var parsed struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Statements []struct {
			Node map[string]any `json:"node"`
		} `json:"statements"`
	}
	decoder := json.NewDecoder(bytes.NewReader(tree))
	decoder.UseNumber() // expressions are given back as they were
	if err := decoder.Decode(&parsed); err != nil {
		return Query{}, fmt.Errorf("lineage: read the syntax tree: %w", err)
	}
	if parsed.Error {
		return Query{}, fmt.Errorf("lineage: %s", parsed.Message)
	}
	if len(parsed.Statements) != 1 {
		return Query{}, fmt.Errorf("lineage: want one select statement, got %d", len(parsed.Statements))
	}
	reader := &reader{columns: columns}
	result := reader.query(parsed.Statements[0].Node, nil)
	if err := errors.Join(reader.problems...); err != nil {
		return Query{}, fmt.Errorf("lineage: %w", err)
	}
	return result.public(), nil
}

// reader walks one tree and collects what it cannot follow.
type reader struct {
	columns  func(table string) []string
	problems []error
}

func (r *reader) refuse(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(format, args...))
}

// sources is a set.
type sources map[Source]bool

func (s sources) add(others ...sources) {
	for _, other := range others {
		for source := range other {
			s[source] = true
		}
	}
}

// sorted is never nil, so that JSON has a list.
func (s sources) sorted() []Source {
	list := make([]Source, 0, len(s))
	for source := range s {
		list = append(list, source)
	}
	slices.SortFunc(list, func(a, b Source) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Column, b.Column)) })
	return list
}

// rowsOnly are the tables whose rows are among the sources.
func (s sources) rowsOnly() sources {
	only := sources{}
	for source := range s {
		if source.Column == Rows {
			only[source] = true
		}
	}
	return only
}

// column is a Column under work.
type column struct {
	name            string
	of              string // the relation that star finds it in
	shared          bool   // by a join: it is of another relation too
	values, filters sources
	expressions     []any
}

func newColumn(name string) column { return column{name: name, values: sources{}, filters: sources{}} }

// merge adds what another column comes from.
func (c column) merge(other column) column {
	merged := newColumn(c.name)
	merged.of, merged.shared = c.of, c.shared
	merged.values.add(c.values, other.values)
	merged.filters.add(c.filters, other.filters)
	merged.expressions = slices.Concat(c.expressions, other.expressions)
	return merged
}

// all is everything that the column hangs on.
func (c column) all() sources {
	all := sources{}
	all.add(c.values, c.filters)
	return all
}

func (c column) public() Column {
	public := Column{Name: c.name, Values: c.values.sorted(), Filters: c.filters.sorted()}
	seen := map[string]bool{}
	for _, expression := range c.expressions {
		text, err := json.Marshal(expression)
		if err != nil {
			panic(err) // what was JSON is JSON again
		}
		if !seen[string(text)] {
			seen[string(text)] = true
			public.Expressions = append(public.Expressions, text)
		}
	}
	return public
}

// result is a query under work.
type result struct {
	columns []column
	rows    sources
	others  *column
}

func (r result) public() Query {
	public := Query{Columns: make([]Column, len(r.columns)), Rows: r.rows.sorted()}
	for i, column := range r.columns {
		public.Columns[i] = column.public()
	}
	if r.others != nil {
		others := r.others.public()
		public.Others = &others
	}
	return public
}

// everything is all that any column hangs on.
func (r result) everything() sources {
	all := sources{}
	for _, column := range r.columns {
		all.add(column.values, column.filters)
	}
	if r.others != nil {
		all.add(r.others.values, r.others.filters)
	}
	return all
}

// open adds to the columns without a known name.
func (r *result) open(others column) {
	if r.others != nil {
		others = r.others.merge(others)
	}
	r.others = &others
}

func text(node map[string]any, key string) string {
	value, _ := node[key].(string)
	return value
}

func object(node map[string]any, key string) map[string]any {
	value, _ := node[key].(map[string]any)
	return value
}

func list(node map[string]any, key string) []any {
	value, _ := node[key].([]any)
	return value
}

// objects are the parts of a list that are objects, which in a tree all are.
func objects(values []any) []map[string]any {
	nodes := make([]map[string]any, 0, len(values))
	for _, value := range values {
		if node, ok := value.(map[string]any); ok {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

func texts(values []any) []string {
	names := make([]string, 0, len(values))
	for _, value := range values {
		if name, ok := value.(string); ok {
			names = append(names, name)
		}
	}
	return names
}

func same(a, b string) bool { return strings.EqualFold(a, b) }
