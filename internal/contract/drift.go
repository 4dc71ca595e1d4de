package contract

import (
	"cmp"
	"encoding/csv"
	"slices"
	"strings"
)

// A Drift is how a file's header differs from what the contract expects. None of it keeps the file's rows from being used: what does is the
// reason of a quarantine.
type Drift struct {
	Renamed   []Renaming `json:"renamed,omitempty"`   // columns found under another known name than the contract's first
	Missing   []string   `json:"missing,omitempty"`   // first header names of optional columns that the file lacks
	New       []string   `json:"new,omitempty"`       // headers that neither the contract nor its example has: kept as text in a column extra beside the typed ones, which no dataset reads
	Spelling  []string   `json:"spelling,omitempty"`  // headers that differ in case, blanks or the width of brackets
	Reordered bool       `json:"reordered,omitempty"` // the columns that file and example share stand in another order
}

// A Renaming is a column that a file has under another name.
type Renaming struct {
	From string `json:"from"` // the contract's first name
	To   string `json:"to"`   // the file's
}

// None says that the file is as the contract expects it.
func (d Drift) None() bool {
	return len(d.Renamed)+len(d.Missing)+len(d.New)+len(d.Spelling) == 0 && !d.Reordered
}

// Notes says in words how the file differs, one thing each.
func (d Drift) Notes() []string {
	var notes []string
	for _, renamed := range d.Renamed {
		notes = append(notes, quoted(renamed.From)+" is called "+quoted(renamed.To))
	}
	for _, list := range []struct {
		names  []string
		what   string
		plural string
	}{
		{d.Missing, " is missing (optional)", " are missing (optional)"},
		{d.New, " is new (kept raw, not used)", " are new (kept raw, not used)"},
		{d.Spelling, " is spelt differently", " are spelt differently"},
	} {
		switch len(list.names) {
		case 0:
		case 1:
			notes = append(notes, quoted(list.names[0])+list.what)
		default:
			notes = append(notes, quotedList(list.names)+list.plural)
		}
	}
	if d.Reordered {
		notes = append(notes, "the columns stand in another order")
	}
	return notes
}

func quoted(name string) string { return `"` + name + `"` }

func quotedList(names []string) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = quoted(name)
	}
	return strings.Join(texts, ", ")
}

// Drift compares a file's header with the contract and the header of its example. fields says where each column of the contract was found, as
// Bind has it. Files without a header, and records of JSON, which have no order, drift in missing columns at most.
func (c *Contract) Drift(names []string, fields []int) Drift {
	var drift Drift
	if !c.Files.HasHeader() {
		return drift
	}
	for i, column := range c.Columns {
		switch {
		case column.Computed():
		case fields[i] < 0:
			drift.Missing = append(drift.Missing, column.Header[0])
		case c.Files.Container == CSV || c.Files.Container == XLSX:
			drift.name(column, trimmedHeader(names[fields[i]]))
		}
	}
	if c.Files.Container != CSV && c.Files.Container != XLSX {
		return drift
	}
	example := c.exampleHeader()
	drift.New = c.unknown(names, example)
	drift.Reordered = reordered(c.columnsOf(names), c.columnsOf(example))
	return drift
}

func trimmedHeader(name string) string { return strings.Trim(name, " \t\u00a0\u3000\ufeff\u200b") }

// name compares the name that a column was found under with those that it is known by.
func (d *Drift) name(column Column, found string) {
	at := slices.IndexFunc(column.Header, func(known string) bool { return trimmedHeader(known) == found })
	if at < 0 {
		at = slices.IndexFunc(column.Header, func(known string) bool { return NormalHeader(known) == NormalHeader(found) })
	}
	if at > 0 {
		d.Renamed = append(d.Renamed, Renaming{From: column.Header[0], To: found})
	}
	if at >= 0 && trimmedHeader(column.Header[at]) != found {
		d.Spelling = append(d.Spelling, found)
	}
}

func (c *Contract) unknown(names, example []string) []string {
	var found []string
	for _, field := range c.unknownFields(names, example) {
		found = append(found, trimmedHeader(names[field]))
	}
	return found
}

// UnknownFields are the fields of a file whose headers neither the contract nor its example has: those of Drift.New.
func (c *Contract) UnknownFields(names []string) []int {
	if !c.Files.HasHeader() || c.Files.Container != CSV && c.Files.Container != XLSX {
		return nil
	}
	return c.unknownFields(names, c.exampleHeader())
}

// UnknownName is the name under which the value of such a field is kept.
func UnknownName(header string) string { return trimmedHeader(header) }

func (c *Contract) unknownFields(names, example []string) []int {
	known := map[string]bool{"": true}
	for _, name := range example {
		known[NormalHeader(name)] = true
	}
	for _, column := range c.Columns {
		for _, name := range column.Header {
			known[NormalHeader(name)] = true
		}
	}
	var found []int
	for field, name := range names {
		if normal := NormalHeader(name); !known[normal] {
			known[normal] = true
			found = append(found, field)
		}
	}
	return found
}

// exampleHeader is the header of the contract's example, empty if it has none: the line with the most of the contract's columns.
func (c *Contract) exampleHeader() []string {
	if c.Example.File == "" || !c.Files.HasHeader() {
		return nil
	}
	var best []string
	bound := 0
	for line := range strings.Lines(c.Example.File) {
		names := c.splitHeader(strings.TrimRight(line, "\r\n"))
		if n := c.countBound(names); n > bound {
			best, bound = names, n
		}
	}
	return best
}

func (c *Contract) splitHeader(line string) []string {
	if c.Files.Delimiter == Blanks {
		return strings.Fields(line)
	}
	reader := csv.NewReader(strings.NewReader(line))
	reader.LazyQuotes, reader.TrimLeadingSpace = true, true
	reader.Comma = []rune(cmp.Or(c.Files.Delimiter, ","))[0]
	names, err := reader.Read()
	if err != nil {
		return nil
	}
	return names
}

func (c *Contract) countBound(names []string) int {
	bound := 0
	for _, field := range c.Bind(names).Fields {
		if field >= 0 {
			bound++
		}
	}
	return bound
}

// columnsOf gives the headers in the form in which they are compared, or the name of the column where one is known under several.
func (c *Contract) columnsOf(names []string) []string {
	normal := make([]string, len(names))
	for i, name := range names {
		normal[i] = NormalHeader(name)
	}
	for i, field := range c.Bind(names).Fields {
		if field >= 0 {
			normal[field] = "column " + c.Columns[i].Name // no normal header has a blank
		}
	}
	return normal
}

// reordered says whether the names that both lists have stand in another order. Names that are there twice tell nothing.
func reordered(names, example []string) bool {
	places := map[string]int{}
	for i, name := range example {
		if _, twice := places[name]; twice {
			i = -1
		}
		places[name] = i
	}
	last := -1
	for _, name := range names {
		place, known := places[name]
		if !known || place < 0 || name == "" {
			continue
		}
		if place < last {
			return true
		}
		last = place
	}
	return false
}

// Since leaves of a drift what an earlier file of the feed did not have: what is worth telling a person.
func (d Drift) Since(earlier Drift) Drift {
	return Drift{
		Renamed:   without(d.Renamed, earlier.Renamed),
		Missing:   without(d.Missing, earlier.Missing),
		New:       without(d.New, earlier.New),
		Spelling:  without(d.Spelling, earlier.Spelling),
		Reordered: d.Reordered && !earlier.Reordered,
	}
}

func without[T comparable](list, other []T) []T {
	var left []T
	for _, each := range list {
		if !slices.Contains(other, each) {
			left = append(left, each)
		}
	}
	return left
}
