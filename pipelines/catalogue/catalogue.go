// Package catalogue describes a project: its tables, feeds and parameters as one value (Catalogue), and writes that value as a static site, as
// Markdown or as JSON. What it says comes from headers, contracts, manifests and environments; it reads no rows but those of seeds, and its
// samples are the made-up examples of the contracts, so that no person's data can get into it.
//
// The same catalogue gives the same bytes: nothing is read from the clock, and everything has an order.
package catalogue

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// Format is raised when a key of the JSON catalogue goes or changes its meaning; keys may be added without.
const Format = 1

// Catalogue is a project and what is current in one of its environments.
type Catalogue struct {
	Format      int         `json:"format"`
	Brand       string      `json:"brand"`
	Currency    string      `json:"currency"`
	Environment Environment `json:"environment"`
	Tables      []Table     `json:"tables"`     // by name
	Feeds       []Feed      `json:"feeds"`      // by name
	Parameters  []Parameter `json:"parameters"` // by name
}

// Environment says which set of tables the figures are of. Version is 0 for one that was never published.
type Environment struct {
	Name        string    `json:"name"`
	Version     int64     `json:"version"`
	AsOf        string    `json:"as_of,omitempty"` // YYYY-MM-DD
	RunID       string    `json:"run_id,omitempty"`
	PublishedAt time.Time `json:"published_at,omitzero"` // in the brand's time zone
}

// The kinds of tables besides those that a model's header may name (view, table, by_month).
const (
	KindSeed    = "seed"
	KindDataset = "dataset"
	KindStep    = "step" // made in Go
)

// Table is a model, a seed, a canonical dataset or a table that a step in Go makes.
type Table struct {
	Name    string   `json:"name"` // schema.name
	Kind    string   `json:"kind"`
	About   string   `json:"about"`
	Chinese string   `json:"zh,omitempty"`
	Owner   string   `json:"owner,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Grain   []string `json:"grain,omitempty"` // the columns that identify a row
	Month   string   `json:"month,omitempty"` // by_month: the column whose month decides the part
	Reads   []Read   `json:"reads,omitempty"` // by_month: how far its months read back
	File    string   `json:"file,omitempty"`  // where it is defined
	Step    string   `json:"step,omitempty"`  // the step in Go that makes it
	Columns []Column `json:"columns"`
	SQL     string   `json:"sql,omitempty"` // a model's query
	Audits  []Audit  `json:"audits,omitempty"`
	// Inputs are the tables that it is made from, Readers those made from it; both direct and sorted.
	Inputs  []string `json:"inputs,omitempty"`
	Readers []string `json:"readers,omitempty"`
	// Feeds are those that give rows to a dataset.
	Feeds      []string `json:"feeds,omitempty"`
	Parameters []string `json:"parameters,omitempty"` // that it reads itself
	Sample     *Rows    `json:"sample,omitempty"`     // a seed's rows
	Built      *Built   `json:"built,omitempty"`      // nil before it is published
	History    []Point  `json:"history,omitempty"`    // oldest first
}

// Read says which rows of an input a month is made from: those whose column By lies in the month or at most Back days before it.
type Read struct {
	Table string `json:"table"`
	By    string `json:"by"`
	Back  int    `json:"back"`
}

// Column is one column of a table.
type Column struct {
	Name     string `json:"name"`
	Type     string `json:"type,omitempty"` // as DuckDB writes it; empty while nothing has bound the SQL
	Chinese  string `json:"zh,omitempty"`
	About    string `json:"about,omitempty"`
	Unit     string `json:"unit,omitempty"`
	Personal bool   `json:"personal,omitempty"` // names, phones and the like, in the clear
	// Sources are the columns that its values come from, one step up; Expressions the SQL that makes them of those, several after a
	// union, none of a dataset: each feed has its own.
	Sources     []Source `json:"sources,omitempty"`
	Expressions []string `json:"expressions,omitempty"`
}

// Source is a column of another table or of a feed, or a parameter. Column is * where the number of rows is what flows.
type Source struct {
	Table     string `json:"table,omitempty"`
	Feed      string `json:"feed,omitempty"`
	Column    string `json:"column,omitempty"`
	Parameter string `json:"parameter,omitempty"`
}

// String is the source as people name it.
func (s Source) String() string {
	switch {
	case s.Parameter != "":
		return s.Parameter
	case s.Feed != "":
		return s.Feed + "." + s.Column
	}
	return s.Table + "." + s.Column
}

// Audit is a query whose rows break a promise.
type Audit struct {
	Name     string `json:"name"`
	Column   string `json:"column,omitempty"` // the one that it is about, if it is one
	About    string `json:"about,omitempty"`
	Query    string `json:"query"`
	Severity string `json:"severity"` // SeverityError or model.SeverityWarning
	State    string `json:"state"`    // one of the audit states
	BadRows  int64  `json:"bad_rows,omitempty"`
}

// SeverityError is that of an audit whose bad rows stop publishing.
const SeverityError = "error"

// What is known of an audit of the table that is current.
const (
	AuditPassed = "passed"
	AuditWarned = "warned"  // found bad rows, and is a warning
	AuditOpen   = "not run" // as it is now, or the table is not built
)

// Rows are cells as text; a missing value is "".
type Rows struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
	More    int        `json:"more,omitempty"` // rows that are left out
}

// Built is the table that is current, as it was made.
type Built struct {
	Fingerprint string            `json:"fingerprint"`
	Rows        int64             `json:"rows"`                 // snapshot.Uncounted of a view
	Bytes       int64             `json:"bytes"`                // 0 of a view
	At          time.Time         `json:"at,omitzero"`          // when it was made, in the brand's time zone
	Seconds     float64           `json:"seconds"`              // that making it took
	CPUSeconds  float64           `json:"cpu_seconds"`          // processor time
	PeakMemory  int64             `json:"peak_memory"`          // bytes
	Spilled     int64             `json:"spilled"`              // bytes written to scratch files
	Digest      string            `json:"digest,omitempty"`     // of the rows
	Files       int               `json:"files,omitempty"`      // exports that a dataset was made from
	Parts       int               `json:"parts,omitempty"`      // months of a by_month table
	Changed     bool              `json:"changed,omitempty"`    // the project defines the table differently now
	Parameters  map[string]string `json:"parameters,omitempty"` // with the values, as SQL, that it was made with
}

// Point is a table in one version of the environment.
type Point struct {
	Version     int64     `json:"version"`
	AsOf        string    `json:"as_of"`
	PublishedAt time.Time `json:"published_at"`
	RunID       string    `json:"run_id,omitempty"`
	Rows        int64     `json:"rows"`  // snapshot.Uncounted of a view
	Bytes       int64     `json:"bytes"` // 0 of a view, and of a table that is not stored any more
}

// Parameter is a value that models read.
type Parameter struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Value   string   `json:"value"`   // as SQL
	Default string   `json:"default"` // as SQL
	Chinese string   `json:"zh,omitempty"`
	About   string   `json:"about,omitempty"`
	Readers []string `json:"readers,omitempty"` // tables, directly
}

// Feed is one kind of export file.
type Feed struct {
	Name      string       `json:"name"`
	About     string       `json:"about,omitempty"`
	Chinese   string       `json:"zh,omitempty"`
	Channel   string       `json:"channel,omitempty"`
	Names     []string     `json:"names"` // patterns of file names
	Container string       `json:"container"`
	Encoding  string       `json:"encoding,omitempty"`
	Grain     []string     `json:"grain,omitempty"`
	Columns   []FeedColumn `json:"columns"`
	Gives     []Give       `json:"gives"` // by dataset
	Example   *Example     `json:"example,omitempty"`
	Received  Received     `json:"received"`
}

// FeedColumn is one typed column of a feed.
type FeedColumn struct {
	Name     string   `json:"name"`
	Headers  []string `json:"headers,omitempty"` // the names that it has in files; the first is the usual one
	Type     string   `json:"type"`
	Chinese  string   `json:"zh,omitempty"`
	About    string   `json:"about,omitempty"`
	Unit     string   `json:"unit,omitempty"`
	Required bool     `json:"required,omitempty"` // a file without it is refused
	NotEmpty bool     `json:"not_empty,omitempty"`
	Personal bool     `json:"personal,omitempty"`
	Value    string   `json:"value,omitempty"` // the expression of a computed column
}

// Give says what a feed gives to one dataset.
type Give struct {
	Dataset string       `json:"dataset"`
	Rows    string       `json:"rows,omitempty"` // the condition on rows
	GroupBy []string     `json:"group_by,omitempty"`
	Columns []GiveColumn `json:"columns"` // in the dataset's order
}

// GiveColumn is a dataset's column and the expression that gives it.
type GiveColumn struct {
	Column     string `json:"column"`
	Expression string `json:"expression"`
}

// Example is the made-up file of a contract and what must come of it.
type Example struct {
	Name     string  `json:"name,omitempty"` // of the file
	File     string  `json:"file"`
	Accepted int64   `json:"accepted"`
	Rejected int64   `json:"rejected"`
	Dropped  int64   `json:"dropped"`
	Gives    []Given `json:"gives"` // by dataset
}

// Given are the rows that an example gives to a dataset, in the columns that it names.
type Given struct {
	Dataset string `json:"dataset"`
	Rows
}

// Received sums up the files of a feed that have landed. Rows = Accepted + Rejected + Dropped + Withheld.
type Received struct {
	Files       int       `json:"files"`
	Quarantined int       `json:"quarantined"` // files of which no row is used
	Rows        int64     `json:"rows"`
	Accepted    int64     `json:"accepted"`
	Rejected    int64     `json:"rejected"`
	Dropped     int64     `json:"dropped"`
	Withheld    int64     `json:"withheld"`
	Last        time.Time `json:"last,omitzero"` // when the channel made the newest one, in the brand's time zone
}

// WriteJSON writes the catalogue as one indented JSON object, keys and lists in a fixed order.
func WriteJSON(out io.Writer, c Catalogue) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(c); err != nil {
		return fmt.Errorf("write the catalogue: %w", err)
	}
	return nil
}
