package model

import (
	"slices"
	"strings"

	"countinghouse/internal/suggest"
)

// Header is what the comment at the top of a model says of its table.
type Header struct {
	About   string   `yaml:"about"`
	Chinese string   `yaml:"zh"`
	Owner   string   `yaml:"owner"`
	Tags    []string `yaml:"tags"`
	// Grain names the columns that identify a row; they are checked to be unique and not null.
	Grain []string `yaml:"grain"`
	// Columns and Audits are as written; a Model or Seed has them read.
	Columns entries `yaml:"columns"`
	Audits  entries `yaml:"audits"`
	// Kind is how the table is kept: KindTable, KindView or KindByMonth; a model that says nothing is a table, a seed has none.
	Kind string `yaml:"kind"`
	// Month is the column, a date or a timestamp, whose month a row of a by_month table belongs to.
	Month string `yaml:"month"`
	// Reads says of a by_month table's inputs which of their rows a month is made from; one that is not named is read whole.
	Reads map[string]Read `yaml:"reads"`
}

// Column is what a header says of one column.
type Column struct {
	Name    string `yaml:"-" json:"name"`
	Chinese string `yaml:"zh" json:"zh,omitempty"`
	About   string `yaml:"about" json:"about,omitempty"`
	Unit    string `yaml:"unit" json:"unit,omitempty"`
	// Type is a seed's only: the columns of a model get theirs from its SQL.
	Type string `yaml:"type" json:"type,omitempty"`

	// What the rows promise; each that is given becomes an audit named after the column and the key.
	NotNull    bool    `yaml:"not_null" json:"not_null,omitempty"`
	Accepted   []Value `yaml:"accepted" json:"accepted,omitempty"`     // no other value but null
	References string  `yaml:"references" json:"references,omitempty"` // schema.table.column: each value but null is one of that column's
	Range      *Range  `yaml:"range" json:"range,omitempty"`
	// Severity is that of these audits: empty, or SeverityWarning.
	Severity string `yaml:"severity" json:"severity,omitempty"`

	Line int `yaml:"-" json:"-"` // where the header names the column
}

// Range is the values that a column may have, both ends included; an end that is nil is open.
type Range struct {
	Min *Value `yaml:"min" json:"min,omitempty"`
	Max *Value `yaml:"max" json:"max,omitempty"`
}

const (
	headerOpen  = "/* ---\n"
	headerClose = "\n--- */"
)

// parts are a file with a header: its YAML and its one statement, each with the line that it begins in.
type parts struct {
	header, query         string
	headerLine, queryLine int
}

// split parts a file into its header and its SQL; ok is false, and the problem noted, when it has no whole header.
func (r *reading) split() (found parts, ok bool) {
	text := strings.ReplaceAll(strings.TrimPrefix(string(r.file.data), "\ufeff"), "\r\n", "\n")
	if !strings.HasPrefix(text, headerOpen) {
		r.refuse(1, "the file begins with its header, a comment whose first line is %q and whose last is %q", "/* ---", "--- */")
		return parts{}, false
	}
	header, query, closed := strings.Cut(text[len(headerOpen):], headerClose)
	if !closed {
		r.refuse(1, "the header that begins here has no end: a line %q", "--- */")
		return parts{}, false
	}
	begins := strings.TrimLeft(query, " \t\n")
	before := text[:len(text)-len(begins)]
	statement := strings.TrimRight(strings.TrimRight(begins, " \t\n"), ";")
	return parts{header: header, headerLine: 2, query: statement, queryLine: 1 + strings.Count(before, "\n")}, true
}

// header reads the YAML of a header and says where its keys are; ok is false when it could not be read.
func (r *reading) header(text string, firstLine int, into any) (places document, ok bool) {
	return r.yaml(text, firstLine, into, "header: ")
}

func (r *reading) yaml(text string, firstLine int, into any, about string) (places document, ok bool) {
	places, problems := parseYAML(text, firstLine)
	if len(problems) == 0 {
		problems = places.decode(into)
	}
	for _, problem := range problems {
		r.refuse(max(problem.Line, firstLine), "%s%s", about, problem.Message)
	}
	return places, len(problems) == 0
}

func (r *reading) columns(written entries) []Column {
	columns := make([]Column, 0, len(written))
	for _, item := range written {
		column := Column{}
		for _, problem := range decodeNode(item.value, &column) {
			r.refuse(max(problem.Line, item.line), "header: column %s: %s", item.key, problem.Message)
		}
		column.Name, column.Line = item.key, item.line
		columns = append(columns, column)
	}
	return columns
}

// checkGrain refuses a grain of columns that the header does not describe.
func (r *reading) checkGrain(header Header, columns []Column, places document) {
	if len(columns) == 0 {
		return
	}
	names := columnNames(columns)
	for _, name := range header.Grain {
		if !slices.Contains(names, name) {
			r.refuse(places.line("grain"), "header: grain: %q is none of the columns%s", name, suggest.DidYouMean(name, names))
		}
	}
}

func columnNames(columns []Column) []string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	return names
}
