package unittest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/width"
)

// Difference is what is not as wanted in one table.
type Difference struct {
	Table   string   `json:"table"` // schema.table, or schema.table.cte
	Line    int      `json:"line"`  // of the wanted header in the file
	Columns []string `json:"columns"`
	// Key is the grain, if it is among the columns: rows that share it are one row wanted and got.
	Key []string `json:"key,omitempty"`
	// Missing were wanted and did not come, Surplus came and were not wanted; a row that is there twice counts twice. Nil is null.
	Missing [][]*string `json:"missing"`
	Surplus [][]*string `json:"surplus"`
	// Got is every row that came, sorted.
	Got [][]*string `json:"-"`

	part *table
}

// difference takes the rows that both have, as often as both have them, from two sorted lists.
func difference(wanted, got [][]*string) (missing, surplus [][]*string) {
	missing, surplus = [][]*string{}, [][]*string{}
	for len(wanted) > 0 && len(got) > 0 {
		switch order := strings.Compare(csvLine(wanted[0]), csvLine(got[0])); {
		case order < 0:
			missing, wanted = append(missing, wanted[0]), wanted[1:]
		case order > 0:
			surplus, got = append(surplus, got[0]), got[1:]
		default:
			wanted, got = wanted[1:], got[1:]
		}
	}
	return append(missing, wanted...), append(surplus, got...)
}

// mostLines is how many rows are shown of a difference; the rest is counted.
const mostLines = 20

// shown is one row of a difference, as it is shown.
type shown struct {
	sign  string
	cells []*string
	key   string
}

// String shows the rows with their columns under each other, - wanted and + got, those that share a key together. Of rows that differ in
// some columns only, the others are left out.
func (d Difference) String() string {
	rows := d.rows()
	columns := d.telling(rows)
	grid := [][]string{{" "}}
	for _, column := range columns {
		grid[0] = append(grid[0], d.Columns[column])
	}
	for _, row := range rows[:min(len(rows), mostLines)] {
		line := []string{row.sign}
		for _, column := range columns {
			line = append(line, csvLine(row.cells[column:column+1]))
		}
		grid = append(grid, line)
	}
	text := fmt.Sprintf("%s: %d missing (-), %d not wanted (+)\n", d.Table, len(d.Missing), len(d.Surplus)) + aligned(grid)
	if more := len(rows) - mostLines; more > 0 {
		text += fmt.Sprintf("and %d more\n", more)
	}
	return text
}

func (d Difference) rows() []shown {
	var rows []shown
	for _, cells := range d.Missing {
		rows = append(rows, shown{"-", cells, d.keyOf(cells)})
	}
	for _, cells := range d.Surplus {
		rows = append(rows, shown{"+", cells, d.keyOf(cells)})
	}
	slices.SortStableFunc(rows, func(a, b shown) int { return cmp.Compare(a.key, b.key) })
	return rows
}

// keyOf identifies a row: by its key, or whole where there is none.
func (d Difference) keyOf(cells []*string) string {
	if len(d.Key) == 0 {
		return csvLine(cells)
	}
	var key []*string
	for _, column := range d.Key {
		key = append(key, cells[slices.Index(d.Columns, strings.ToLower(column))])
	}
	return csvLine(key)
}

// telling are the columns worth showing: all, unless every row has its counterpart; then the key's and those that differ.
func (d Difference) telling(rows []shown) []int {
	all := make([]int, len(d.Columns))
	for i := range all {
		all[i] = i
	}
	if len(d.Key) == 0 || len(rows)%2 == 1 {
		return all
	}
	differs := make([]bool, len(d.Columns))
	for i := 0; i < len(rows); i += 2 {
		a, b := rows[i], rows[i+1]
		if a.key != b.key || a.sign == b.sign {
			return all
		}
		for column := range differs {
			differs[column] = differs[column] || csvLine(a.cells[column:column+1]) != csvLine(b.cells[column:column+1])
		}
	}
	for _, column := range d.Key {
		differs[slices.Index(d.Columns, strings.ToLower(column))] = true
	}
	return slices.DeleteFunc(all, func(column int) bool { return !differs[column] })
}

// aligned sets the cells of each column under each other.
func aligned(grid [][]string) string {
	widths := make([]int, len(grid[0]))
	for _, line := range grid {
		for i, cell := range line {
			widths[i] = max(widths[i], places(cell))
		}
	}
	var text strings.Builder
	for _, line := range grid {
		var padded strings.Builder
		for i, cell := range line {
			padded.WriteString(cell + strings.Repeat(" ", widths[i]-places(cell)+2))
		}
		text.WriteString(strings.TrimRight(padded.String(), " ") + "\n")
	}
	return text.String()
}

// places is how many places of a terminal a text takes: a Chinese character takes two.
func places(text string) int {
	count := 0
	for _, letter := range text {
		count++
		if kind := width.LookupRune(letter).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
			count++
		}
	}
	return count
}
