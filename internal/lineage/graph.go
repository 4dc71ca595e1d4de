package lineage

import (
	"cmp"
	"slices"
	"strings"
)

// The kinds of tables in a graph.
const (
	Feed    = "feed"    // the rows of a channel's exports, as the contract types them
	Dataset = "dataset" // canonical rows, from feeds
	Seed    = "seed"    // a CSV file
	Step    = "step"    // made in Go
	Model   = "model"   // made by SQL
)

// Table is one table of a project and what its columns come from, directly.
type Table struct {
	Name string `json:"table"`
	Kind string `json:"kind"`
	// Step names the Go step that makes the table; Inputs are the tables that it reads. What it does to which column is known only as far
	// as Columns say.
	Step   string   `json:"step,omitempty"`
	Inputs []string `json:"inputs,omitempty"`
	// Files is how many exports of a feed have been read.
	Files   int           `json:"files,omitempty"`
	Columns []TableColumn `json:"columns"`
	// Rows decide which rows the table has.
	Rows []Source `json:"rows,omitempty"`
	// Problem says why the columns could not be followed; then they have no sources.
	Problem string `json:"problem,omitempty"`
}

// TableColumn is one column of a table. Values flow into it, Filters decide about it alone.
type TableColumn struct {
	Name    string   `json:"name"`
	Values  []Source `json:"values,omitempty"`
	Filters []Source `json:"filters,omitempty"`
	// Expressions are the SQL of what makes the column, the innermost that is more than a name; several after a union.
	Expressions []Expression `json:"expressions,omitempty"`
	// Headers are the names under which exports have a feed's column; empty where the contract computes it.
	Headers []string `json:"headers,omitempty"`
}

// Expression is the SQL of a column. From names the feed whose rows it is over, where a dataset has one for each.
type Expression struct {
	From string `json:"from,omitempty"`
	SQL  string `json:"sql"`
}

// Graph is every table of a project, from feeds to marts. Make it with NewGraph.
type Graph struct {
	Tables []Table `json:"tables"` // sorted by name
	byName map[string]*Table
}

// NewGraph puts tables together; sources may name tables that are not among them.
func NewGraph(tables []Table) *Graph {
	graph := &Graph{Tables: slices.Clone(tables), byName: map[string]*Table{}}
	slices.SortFunc(graph.Tables, func(a, b Table) int { return cmp.Compare(a.Name, b.Name) })
	for i := range graph.Tables {
		graph.byName[graph.Tables[i].Name] = &graph.Tables[i]
	}
	return graph
}

// Table finds a table by its name, schema.name.
func (g *Graph) Table(name string) (Table, bool) {
	if found := g.byName[strings.ToLower(name)]; found != nil {
		return *found, true
	}
	return Table{}, false
}

// Column finds a column of the table, in any case.
func (t Table) Column(name string) (TableColumn, bool) {
	for _, column := range t.Columns {
		if same(column.Name, name) {
			return column, true
		}
	}
	return TableColumn{}, false
}

// ColumnNames are the table's columns in order.
func (t Table) ColumnNames() []string {
	names := make([]string, len(t.Columns))
	for i, column := range t.Columns {
		names[i] = column.Name
	}
	return names
}

// sources are what a column, or Rows, comes from, and what decides about it besides. What the table's rows hang on decides about each column.
func (t Table) sources(column string) (values, filters []Source) {
	if column == Rows {
		for _, source := range t.Rows {
			if source.Column == Rows {
				values = append(values, source)
			} else {
				filters = append(filters, source)
			}
		}
		return values, filters
	}
	found, _ := t.Column(column)
	filters = slices.Clone(found.Filters)
	if len(t.Rows) > 0 {
		filters = append(filters, Source{t.Name, Rows})
	}
	filters = slices.DeleteFunc(filters, func(source Source) bool { return slices.Contains(found.Values, source) })
	return found.Values, filters
}
