package inspect

import (
	"encoding/csv"
	"slices"
	"strings"
	"unicode"

	"countinghouse/internal/contract"
)

// A table is the sample of a file: lines of cells, and where they begin.
type table struct {
	delimiter rune
	lines     [][]string // of the whole sample, by record; those of a text before the header by line
	numbers   []int64    // the line that each begins with, from 1
	text      string     // of a text: the sample
	total     int64      // records of the file, all of them, with those before the rows; after findHeader those behind the header

	header     []string
	headerLine int64
	rows       [][]string
	serials    bool // dates may be serial numbers, as in a workbook
}

// findHeader finds the header, at the line given if that is not 0, and leaves the rows behind it.
func (t *table) findHeader(line int64) {
	if t.header != nil { // records of JSON bring their names with them
		return
	}
	at := slices.Index(t.numbers, line)
	if line == 0 || at < 0 {
		at = t.likelyHeader()
	}
	if at < 0 {
		return
	}
	t.header, t.headerLine = t.lines[at], t.numbers[at]
	if t.text == "" {
		t.rows, t.total = t.behind(at), t.total-int64(at)-1
		return
	}
	t.split()
}

// behind are the rows of a workbook's sample behind the header.
func (t *table) behind(at int) [][]string {
	var rows [][]string
	for _, row := range t.lines[at+1:] {
		if !blank(row) && len(rows) < sampleRows {
			rows = append(rows, row)
		}
	}
	return rows
}

// split reads what stands behind the header of a text as CSV, which its lines alone are not: cells may hold line ends.
func (t *table) split() {
	rest := t.text
	for n := int64(1); n < t.headerLine; n++ {
		_, after, _ := strings.Cut(rest, "\n")
		rest = after
	}
	parser := csv.NewReader(strings.NewReader(rest))
	parser.Comma, parser.LazyQuotes, parser.FieldsPerRecord = t.delimiter, true, -1
	for len(t.rows) <= sampleRows {
		record, err := parser.Read()
		if err != nil {
			break
		}
		if !blank(record) {
			t.rows = append(t.rows, record)
		}
	}
	if len(t.rows) > 0 {
		t.header, t.rows = t.rows[0], t.rows[1:]
	}
	t.total -= t.headerLine
}

func blank(row []string) bool {
	return !slices.ContainsFunc(row, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

// headerReach is how many lines the header is looked for in.
const headerReach = 60

// likelyHeader is the first line that looks like names: as many cells as most lines have, nearly all of them filled, all different, and no
// numbers; -1 if there is none.
func (t *table) likelyHeader() int {
	width := t.width()
	for i, cells := range t.lines[:min(len(t.lines), headerReach)] {
		if len(cells) >= width && width > 1 && namesOnly(cells) && !separates(cells) {
			return i
		}
	}
	if width == 1 && len(t.lines) > 0 && namesOnly(t.lines[0]) {
		return 0
	}
	return -1
}

// width is the number of cells that most lines have, of those with at least two; 1 if none has.
func (t *table) width() int {
	counts := map[int]int{}
	best := 1
	for _, cells := range t.lines {
		if len(cells) > 1 {
			counts[len(cells)]++
		}
	}
	for width, n := range counts {
		if n > counts[best] || n == counts[best] && width > best {
			best = width
		}
	}
	return best
}

// separates says that a line is sep=; which tells spreadsheets what stands between cells.
func separates(cells []string) bool { return strings.HasPrefix(strings.ToLower(cells[0]), "sep=") }

func namesOnly(cells []string) bool {
	seen := map[string]bool{}
	empty := 0
	for _, cell := range cells {
		name := contract.NormalHeader(cell)
		switch {
		case name == "":
			empty++
		case seen[name] || !strings.ContainsFunc(name, unicode.IsLetter) || len([]rune(name)) > 60:
			return false
		}
		seen[name] = true
	}
	return len(cells) > empty && empty*5 <= len(cells)+4
}
