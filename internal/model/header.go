package model

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// Header is what the comment at the top of a model says of its table.
type Header struct {
	About   string   `yaml:"about"`
	Chinese string   `yaml:"zh"`
	Owner   string   `yaml:"owner"`
	Tags    []string `yaml:"tags"`
	// Grain names the columns that identify a row; they are checked to be unique and not null.
	Grain   []string      `yaml:"grain"`
	Columns yaml.MapSlice `yaml:"columns"`
	Audits  yaml.MapSlice `yaml:"audits"`
	// Kind is how the table is kept: KindTable, KindView or KindByMonth; a model that says nothing is a table, a seed has none.
	Kind string `yaml:"kind"`
	// Month is the column, a date or a timestamp, whose month a row of a by_month table belongs to.
	Month string `yaml:"month"`
	// Reads says of a by_month table's inputs which of their rows a month is made from; one that is not named is read whole.
	Reads map[string]Read `yaml:"reads"`
}

// The kinds of a model.
const (
	KindTable   = "table"    // the rows are stored
	KindView    = "view"     // only the query is stored; its readers run it
	KindByMonth = "by_month" // the rows are stored, a part per month
)

// Read is how far a month of a by_month table reads into an input: the rows whose column By lies in the month or at most Back days
// before its first day.
type Read struct {
	By   string `yaml:"by"`
	Back int    `yaml:"back"`
}

// Column is what a header says of one column.
type Column struct {
	Name    string `yaml:"-" json:"name"`
	Chinese string `yaml:"zh" json:"zh,omitempty"`
	About   string `yaml:"about" json:"about,omitempty"`
	Unit    string `yaml:"unit" json:"unit,omitempty"`
	// Type is a seed's only: the columns of a model get theirs from its SQL.
	Type string `yaml:"type" json:"type,omitempty"`
}

// Audit is a query whose rows break a promise: a table with one such row is not published.
type Audit struct {
	Name  string `json:"name"`
	Query string `json:"query"`
	// Severity is empty, when a bad row stops publishing, or SeverityWarning.
	Severity string `json:"severity,omitempty"`
}

// SeverityWarning is that of an audit whose bad rows are told and kept, and stop nothing.
const SeverityWarning = "warning"

const (
	headerOpen  = "/* ---\n"
	headerClose = "\n--- */"
)

// splitHeader parts a model file into its YAML and its SQL. line is where the YAML begins, for errors.
func splitHeader(text string) (header, query string, err error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if !strings.HasPrefix(text, headerOpen) {
		return "", "", fmt.Errorf("1: a model begins with its header, a comment from %q to %q", "/* ---", "--- */")
	}
	header, query, found := strings.Cut(text[len(headerOpen):], headerClose)
	if !found {
		return "", "", fmt.Errorf("1: the header has no end: a line %q", "--- */")
	}
	return header, query, nil
}

func parseHeader(text string) (Header, error) {
	var header Header
	if err := yaml.UnmarshalWithOptions([]byte(text), &header, yaml.Strict(), yaml.UseOrderedMap()); err != nil {
		return Header{}, fmt.Errorf("header: %s", yaml.FormatError(err, false, false))
	}
	if header.About == "" {
		return Header{}, fmt.Errorf("header: about is missing: say in a sentence what a row is")
	}
	return header, nil
}

func (h Header) columns() ([]Column, error) {
	columns := make([]Column, 0, len(h.Columns))
	for _, item := range h.Columns {
		column := Column{}
		if item.Value != nil {
			text, err := yaml.Marshal(item.Value)
			if err == nil {
				err = yaml.UnmarshalWithOptions(text, &column, yaml.Strict())
			}
			if err != nil {
				return nil, fmt.Errorf("header: column %v: %s", item.Key, yaml.FormatError(err, false, false))
			}
		}
		column.Name = fmt.Sprint(item.Key)
		columns = append(columns, column)
	}
	return columns, nil
}

// audits are the header's own and, first, the grain's.
func (h Header) audits(table string) ([]Audit, error) {
	var audits []Audit
	if len(h.Grain) > 0 {
		audits = append(audits, grainAudit(table, h.Grain))
	}
	for _, item := range h.Audits {
		condition, isText := item.Value.(string)
		if !isText {
			return nil, fmt.Errorf("header: audit %v: want a condition or a query", item.Key)
		}
		query := strings.TrimSpace(condition)
		if !isQuery(query) {
			query = "select * from " + table + " where " + query
		}
		audits = append(audits, Audit{Name: fmt.Sprint(item.Key), Query: query})
	}
	return audits, nil
}

func grainAudit(table string, grain []string) Audit {
	keys := strings.Join(grain, ", ")
	nulls := strings.Join(grain, " is null or ") + " is null"
	return Audit{Name: "grain", Query: fmt.Sprintf(
		"select %s, count(*) as how_often from %s group by %s having count(*) > 1 or %s", keys, table, keys, nulls)}
}

func isQuery(text string) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.Join(strings.Fields(text), " ")), " ")
	return word == "select" || word == "with" || word == "from"
}
