package lineage

import (
	"errors"
	"fmt"
	"slices"
)

// Node is a column in the drawing of where another comes from, or of who reads it.
type Node struct {
	Source
	Kind string `json:"kind,omitempty"`
	// Role is Value or Filter: what the column is to the one it stands below. Empty at the top.
	Role        string       `json:"role,omitempty"`
	Expressions []Expression `json:"expressions,omitempty"`
	Headers     []string     `json:"headers,omitempty"`
	// Step and Inputs say which Go step makes the table, and from what.
	Step    string   `json:"step,omitempty"`
	Inputs  []string `json:"inputs,omitempty"`
	Problem string   `json:"problem,omitempty"`
	// Above says that the column stands in the drawing already, with what is below it.
	Above bool   `json:"above,omitempty"`
	Below []Node `json:"below,omitempty"`
}

// The roles of a node.
const (
	Value  = "value"
	Filter = "filter"
)

// ErrUnknown says that a table or column is not in the graph.
var ErrUnknown = errors.New("unknown")

// Trace draws what a column comes from, down to the columns of feeds; column may be Rows. Without filters only what flows into it is drawn.
func (g *Graph) Trace(table, column string, filters bool) (Node, error) {
	start, err := g.start(table, column)
	if err != nil {
		return Node{}, err
	}
	return g.draw(start, "", map[Source]bool{}, g.below(filters)), nil
}

// Readers draws who reads a column: the other way round. With filters those too about whom it only decides; a step that does not tell which
// columns it reads is there in any case.
func (g *Graph) Readers(table, column string, filters bool) (Node, error) {
	start, err := g.start(table, column)
	if err != nil {
		return Node{}, err
	}
	return g.draw(start, "", map[Source]bool{}, g.above(filters)), nil
}

// TraceTable draws the tables that a table is made from; the nodes have no columns.
func (g *Graph) TraceTable(table string) (Node, error) {
	return g.tables(table, func(at Source) []edge {
		found, _ := g.Table(at.Table)
		return toEdges(g.received(wholes(found.Inputs)), "")
	})
}

// TableReaders draws the tables that are made from a table.
func (g *Graph) TableReaders(table string) (Node, error) {
	readers := map[string][]string{}
	for _, reader := range g.Tables {
		for _, input := range reader.Inputs {
			readers[input] = append(readers[input], reader.Name)
		}
	}
	return g.tables(table, func(at Source) []edge { return toEdges(wholes(readers[at.Table]), "") })
}

func (g *Graph) tables(table string, next func(Source) []edge) (Node, error) {
	found, ok := g.Table(table)
	if !ok {
		return Node{}, fmt.Errorf("%w table %s", ErrUnknown, table)
	}
	return g.draw(Source{Table: found.Name}, "", map[Source]bool{}, next), nil
}

func wholes(tables []string) []Source {
	sources := make([]Source, len(tables))
	for i, table := range tables {
		sources[i].Table = table
	}
	return sources
}

func (g *Graph) start(table, column string) (Source, error) {
	found, ok := g.Table(table)
	if !ok {
		return Source{}, fmt.Errorf("%w table %s", ErrUnknown, table)
	}
	if column == Rows {
		return Source{found.Name, Rows}, nil
	}
	named, ok := found.Column(column)
	if !ok {
		return Source{}, fmt.Errorf("%w column %s of %s", ErrUnknown, column, found.Name)
	}
	return Source{found.Name, named.Name}, nil
}

// edge leads to a column that stands below another in a drawing.
type edge struct {
	to   Source
	role string
}

func (g *Graph) draw(at Source, role string, drawn map[Source]bool, next func(Source) []edge) Node {
	node := g.describe(at, role)
	if drawn[at] {
		node.Above = len(next(at)) > 0
		return node
	}
	drawn[at] = true
	for _, edge := range next(at) {
		node.Below = append(node.Below, g.draw(edge.to, edge.role, drawn, next))
	}
	return node
}

func (g *Graph) describe(at Source, role string) Node {
	node := Node{Source: at, Role: role}
	table, found := g.Table(at.Table)
	if !found {
		return node
	}
	column, _ := table.Column(at.Column)
	node.Kind, node.Step, node.Inputs, node.Problem = table.Kind, table.Step, table.Inputs, table.Problem
	node.Headers = column.Headers
	feeds := slices.Clone(column.Values)
	for _, expression := range column.Expressions {
		feeds = append(feeds, Source{Table: expression.From})
	}
	drawn := g.received(feeds)
	node.Expressions = slices.DeleteFunc(slices.Clone(column.Expressions), func(one Expression) bool {
		return !slices.Contains(drawn, Source{Table: one.From})
	})
	return node
}

// below leads to what a column comes from.
func (g *Graph) below(filters bool) func(Source) []edge {
	return func(at Source) []edge {
		table, _ := g.Table(at.Table)
		values, decide := table.sources(at.Column)
		edges := toEdges(g.received(values), Value)
		if filters {
			edges = append(edges, toEdges(g.received(decide), Filter)...)
		}
		return edges
	}
}

func toEdges(to []Source, role string) []edge {
	edges := make([]edge, len(to))
	for i, source := range to {
		edges[i] = edge{source, role}
	}
	return edges
}

// received leaves out the feeds of which no file has been read, if there are others.
func (g *Graph) received(sources []Source) []Source {
	has := func(source Source) bool {
		table, found := g.Table(source.Table)
		return found && table.Files > 0
	}
	if !slices.ContainsFunc(sources, has) {
		return sources
	}
	return slices.DeleteFunc(slices.Clone(sources), func(source Source) bool {
		table, found := g.Table(source.Table)
		return found && table.Kind == Feed && !has(source)
	})
}

// above leads to who reads a column. A step that says nothing of its columns reads every column of its inputs.
func (g *Graph) above(filters bool) func(Source) []edge {
	readers := map[Source][]edge{}
	add := func(from []Source, to Source, role string) {
		for _, source := range from {
			readers[source] = append(readers[source], edge{to, role})
		}
	}
	for _, table := range g.Tables {
		for _, column := range append(table.ColumnNames(), Rows) {
			values, decide := table.sources(column)
			add(values, Source{table.Name, column}, Value)
			if filters {
				add(decide, Source{table.Name, column}, Filter)
			}
		}
	}
	return func(at Source) []edge { return append(slices.Clone(readers[at]), g.stepReaders(at, filters)...) }
}

// stepReaders are the steps that may read a column, as they read its table. Who reads them in turn is followed with filters only.
func (g *Graph) stepReaders(at Source, followed bool) []edge {
	var edges []edge
	for _, table := range g.Tables {
		if at.Column == Rows || at.Column == "" || !table.byTableOnly() || !slices.Contains(table.Inputs, at.Table) {
			continue
		}
		reader := Source{Table: table.Name}
		if followed {
			reader.Column = Rows
		}
		edges = append(edges, edge{reader, Filter})
	}
	return edges
}

// byTableOnly says that a step does not tell which columns it reads.
func (t Table) byTableOnly() bool {
	return t.Step != "" && !slices.ContainsFunc(t.Columns, func(column TableColumn) bool { return len(column.Values)+len(column.Filters) > 0 })
}

// Columns are the columns of the drawing, each once.
func (n Node) Columns() map[Source]bool {
	found := map[Source]bool{}
	n.walk(func(node Node) {
		if node.Column != Rows {
			found[node.Source] = true
		}
	})
	return found
}

func (n Node) walk(visit func(Node)) {
	visit(n)
	for _, below := range n.Below {
		below.walk(visit)
	}
}

// String is the column as people write it, schema.table.column; without a column it is the table.
func (s Source) String() string {
	switch {
	case s.Column == "":
		return s.Table
	case s.Column == Rows:
		return "rows of " + s.Table
	case s.Table == ParameterTable:
		return "parameter " + s.Column
	}
	return s.Table + "." + s.Column
}
