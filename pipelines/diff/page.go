package diff

import (
	"fmt"
	"strings"
	"time"

	"countinghouse/internal/snapshot"
)

// Result is a whole comparison.
type Result struct {
	Before Set     `json:"before"`
	After  Set     `json:"after"`
	Tables []Table `json:"tables"`
}

// Set is one of the two sets of tables that were compared.
type Set struct {
	Name        string    `json:"name"` // as it was asked for, such as prod@3
	Version     int64     `json:"version"`
	AsOf        string    `json:"as_of"`
	PublishedAt time.Time `json:"published_at,omitzero"`
}

// Differs says whether any table does.
func (r Result) Differs() bool {
	for _, table := range r.Tables {
		if table.State != Same {
			return true
		}
	}
	return false
}

// Section is a part of a comparison as a person reads it: a few lines, then a grid.
type Section struct {
	Title   string // of a table; empty: the section belongs to the one above
	Lines   []string
	Header  []string
	Rows    [][]string
	Numbers int // how many of the last columns hold numbers
}

const (
	widestCell  = 60 // in characters; a longer value is cut
	mostColumns = 8  // of rows that only one side has
)

// Sections put a comparison in the order in which a reviewer reads it: what differs at all, then table by table the schema, the columns and
// a few rows. Tables that are the same are counted, not listed.
func (r Result) Sections() []Section {
	sections := []Section{r.summary()}
	for _, table := range r.Tables {
		if table.State == Differs {
			sections = append(sections, r.sectionsOf(table)...)
		}
	}
	return sections
}

func (r Result) summary() Section {
	section := Section{
		Lines:  []string{r.Before.String() + "  ->  " + r.After.String()},
		Header: []string{"table", "state", "what changed", "rows before", "after", "added", "missing", "changed"}, Numbers: 5,
	}
	if r.Before.AsOf != r.After.AsOf {
		section.Lines = append(section.Lines, "the two are for different days: what a day changes is among the differences (build for one day with --as-of)")
	}
	same := 0
	for _, table := range r.Tables {
		if table.State == Same {
			same++
			continue
		}
		section.Rows = append(section.Rows, []string{
			table.Name, table.State, table.WhatChanged(), rowCount(table.RowsBefore), rowCount(table.RowsAfter),
			fmt.Sprint(table.Added), fmt.Sprint(table.Missing), fmt.Sprint(table.Changed),
		})
	}
	section.Lines = append(section.Lines, fmt.Sprintf("%d tables compared, %d the same", len(r.Tables), same))
	return section
}

// String is what the set is in a few words.
func (s Set) String() string {
	text := s.Name
	if !strings.Contains(text, "@") {
		text += fmt.Sprintf(" (version %d", s.Version)
	} else {
		text += " ("
	}
	return strings.Replace(text+", as of "+s.AsOf+")", "(, ", "(", 1)
}

func rowCount(rows int64) string {
	if rows == snapshot.Uncounted {
		return ""
	}
	return fmt.Sprint(rows)
}

// mostNamed is how many columns the summary names of a table.
const mostNamed = 4

// WhatChanged names the columns that differ, the first few of them.
func (t Table) WhatChanged() string {
	var parts []string
	for _, change := range t.Schema {
		parts = append(parts, change.String())
	}
	for _, column := range t.Columns {
		if column.Rows > 0 {
			parts = append(parts, column.Column)
		}
	}
	if left := len(parts) - mostNamed; left > 0 {
		parts = append(parts[:mostNamed], fmt.Sprintf("%d more", left))
	}
	return strings.Join(parts, ", ")
}

// String is the change as a line of a patch has it.
func (s SchemaChange) String() string {
	switch {
	case s.Before == "":
		return "+ " + s.Column + " " + s.After
	case s.After == "":
		return "- " + s.Column + " " + s.Before
	}
	return "~ " + s.Column + " " + s.Before + " -> " + s.After
}

func (r Result) sectionsOf(table Table) []Section {
	head := Section{Title: table.Name}
	if len(table.Grain) > 0 {
		head.Lines = append(head.Lines, "rows compared by "+strings.Join(table.Grain, ", "))
	} else if table.Added+table.Missing > 0 {
		head.Lines = append(head.Lines, "whole rows compared: a row that changed is one missing and one added")
	}
	head.Lines = append(head.Lines, table.Notes...)
	for _, change := range table.Schema {
		head.Lines = append(head.Lines, change.String())
	}
	sections := []Section{head}
	for _, section := range []Section{
		table.columnSection(), table.changedSection(),
		table.oneSided("only in "+r.After.Name, table.Samples.Added, table.Added), table.oneSided("only in "+r.Before.Name, table.Samples.Missing, table.Missing),
	} {
		if len(section.Rows) > 0 {
			sections = append(sections, section)
		}
	}
	return sections
}

func (t Table) columnSection() Section {
	section := Section{Header: []string{"column", "what changed", "rows", "share", "sum before", "sum after", "difference"}, Numbers: 5}
	for _, column := range t.Columns {
		row := []string{column.Column, column.what(), fmt.Sprint(column.Rows), share(column.Rows, t.RowsBefore-t.Missing), "", "", ""}
		if column.Sum != nil {
			row[4], row[5], row[6] = column.Sum.Before, column.Sum.After, signed(column.Sum.Difference)
		}
		section.Rows = append(section.Rows, row)
	}
	return section
}

// share is a part of the rows that both sides have.
func share(rows, of int64) string {
	if of <= 0 || rows == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f %%", 100*float64(rows)/float64(of))
}

func (c ColumnChange) what() string {
	var parts []string
	if c.Largest != nil {
		parts = append(parts, fmt.Sprintf("most: %s -> %s (%s)%s", c.Largest.Before, c.Largest.After, signed(c.Largest.Difference), at(c.Largest.Key)))
	}
	for _, pair := range c.Pairs {
		if pair.Rows > 1 || c.Largest == nil {
			parts = append(parts, fmt.Sprintf("%s -> %s: %d", cellText(pair.Before), cellText(pair.After), pair.Rows))
		}
	}
	if c.ToNull > 0 {
		parts = append(parts, fmt.Sprintf("%d lost their value", c.ToNull))
	}
	if c.FromNull > 0 {
		parts = append(parts, fmt.Sprintf("%d got one", c.FromNull))
	}
	return strings.Join(parts, "; ")
}

// signed says of a number that it is more, as it does of itself when it is less.
func signed(number string) string {
	if strings.HasPrefix(number, "-") || strings.Trim(number, "0.") == "" {
		return number
	}
	return "+" + number
}

func at(key []*string) string {
	if len(key) == 0 {
		return ""
	}
	return " at " + strings.Join(cellTexts(key), ", ")
}

func (t Table) changedSection() Section {
	section := Section{
		Lines:  []string{fmt.Sprintf("changed rows (%d of %d)", len(t.Samples.Changed), t.Changed)},
		Header: append(append([]string{}, t.Grain...), "column", "before", "after"),
	}
	for _, row := range t.Samples.Changed {
		key := cellTexts(row.Key)
		for i, cell := range row.Cells {
			if i > 0 { // the same row goes on
				key = make([]string, len(key))
			}
			section.Rows = append(section.Rows, append(append([]string{}, key...), cell.Column, cellText(cell.Before), cellText(cell.After)))
		}
	}
	return section
}

func (t Table) oneSided(title string, rows [][]*string, of int64) Section {
	columns := t.Samples.Columns
	shown := min(len(columns), max(mostColumns, len(t.Grain)))
	title = fmt.Sprintf("%s (%d of %d)", title, len(rows), of)
	if left := len(columns) - shown; left > 0 {
		title += fmt.Sprintf(", %d more columns in the JSON", left)
	}
	section := Section{Lines: []string{title}, Header: columns[:shown]}
	for _, row := range rows {
		section.Rows = append(section.Rows, cellTexts(row[:shown]))
	}
	return section
}

func cellTexts(cells []*string) []string {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		texts[i] = cellText(cell)
	}
	return texts
}

// cellText is a value on one line, cut where it is long.
func cellText(cell *string) string {
	if cell == nil {
		return "NULL"
	}
	letters := []rune(strings.Join(strings.Fields(*cell), " "))
	if len(letters) > widestCell {
		return string(letters[:widestCell]) + "…"
	}
	return string(letters)
}
