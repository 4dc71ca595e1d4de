// Package style tells two lists apart that stand in one file, by how they write: what they leave out, the shape of their numbers, their commas and
// capitals. What counts is not how records differ but how partners do: two records with a rare word in common are mostly one thing, and if each thing is in
// each list once, partners write in different ways. A file of one list with doubles has partners that write alike or by chance, and is left whole.
package style

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// mostValues of a column are so few that each is a mark of its own; longestShape, in runes, is one that several cells have.
	mostValues, longestShape = 60, 10
	// fewestHaving and the share leastShare of the records have a mark; of those that fewer have nothing is learnt.
	fewestHaving, leastShare = 5, .01
	marks                    = `-/(,.;&:"`
)

// Records are what is known of how each record is written.
type Records struct {
	columns int
	values  []map[string]bool // by column, until there are too many
	// said are, by mark and record, which of its kinds the cell is of, as they are numbered in kinds; none where the mark does not apply.
	said  [][]int16
	kinds []map[string]int16
}

const (
	none = -1
	// mostKinds of a mark are numbered; the others are one more, which nothing is learnt of.
	mostKinds = math.MaxInt16
)

// The marks of each column.
const (
	byShape = iota
	byLength
	byCase
	byEnd
	byValue
	byMarks   // one for each of marks
	perColumn = byMarks + len(marks)
)

// New is for records of so many columns.
func New(columns int) *Records {
	r := &Records{columns: columns, values: make([]map[string]bool, columns), said: make([][]int16, columns*perColumn), kinds: make([]map[string]int16, columns*perColumn)}
	for i := range r.values {
		r.values[i] = map[string]bool{}
	}
	for i := range r.kinds {
		r.kinds[i] = map[string]int16{}
	}
	return r
}

// Add notes the cells of a record.
func (r *Records) Add(cells []string) {
	for column, cell := range cells {
		said := make([]string, perColumn)
		cell = strings.TrimSpace(cell)
		if said[byShape] = shape(cell); cell != "" {
			r.describe(said, column, cell)
		}
		for i, what := range said {
			mark := column*perColumn + i
			r.said[mark] = append(r.said[mark], r.kind(mark, what))
		}
	}
}

// kind gives the number of a mark's kind.
func (r *Records) kind(mark int, what string) int16 {
	if what == "" {
		return none
	}
	kinds := r.kinds[mark]
	number, known := kinds[what]
	if !known && len(kinds) < mostKinds {
		number = int16(len(kinds)) //nolint:gosec // below mostKinds
		kinds[strings.Clone(what)] = number
	} else if !known {
		number = mostKinds
	}
	return number
}

func (r *Records) describe(said []string, column int, cell string) {
	if values := r.values[column]; len(values) <= mostValues {
		if !values[cell] {
			values[strings.Clone(cell)] = true
		}
		said[byValue] = cell
	}
	said[byLength] = fmt.Sprint(min(bits.Len(uint(len(strings.Fields(cell)))), 6))
	said[byCase] = fmt.Sprint(cell == strings.ToLower(cell), cell == strings.ToUpper(cell))
	last, _ := utf8.DecodeLastRuneInString(cell)
	said[byEnd] = string(class(last))
	for i, mark := range marks {
		said[byMarks+i] = fmt.Sprint(strings.ContainsRune(cell, mark))
	}
}

// shape of a cell: its classes of letters and digits, each once where it goes on. That of an empty one is a shape too.
func shape(cell string) string {
	var shape []rune
	for _, r := range cell {
		if of := class(r); len(shape) == 0 || shape[len(shape)-1] != of {
			shape = append(shape, of)
		}
	}
	switch {
	case len(shape) == 0:
		return "empty"
	case len(shape) > longestShape:
		return "long"
	}
	return string(shape)
}

func class(r rune) rune {
	switch {
	case unicode.IsLower(r):
		return 'a'
	case unicode.IsUpper(r):
		return 'A'
	case unicode.IsLetter(r):
		return 'c'
	case unicode.IsDigit(r):
		return '9'
	}
	return r
}

// coded gives the marks as numbers, by mark and record: none where the mark does not apply, 0 is a kind that few have. Marks that are the same of all are
// left out.
func (r *Records) coded() (codes [][]int16, sizes []int) {
	for mark, said := range r.said {
		if mark%perColumn == byValue && len(r.values[mark/perColumn]) > mostValues {
			continue
		}
		if own, size := coded(said); size > 0 {
			codes, sizes = append(codes, own), append(sizes, size)
		}
	}
	return codes, sizes
}

// coded numbers the kinds of one mark that enough records have; no size if all records have the same.
func coded(said []int16) (codes []int16, size int) {
	counts := map[int16]int{}
	for _, kind := range said {
		counts[kind]++
	}
	if len(counts) < 2 {
		return nil, 0
	}
	numbers := map[int16]int16{}
	codes = make([]int16, len(said))
	for record, kind := range said {
		switch {
		case kind == none:
			codes[record] = none
		case kind < mostKinds && counts[kind] >= fewestHaving && float64(counts[kind]) >= leastShare*float64(len(said)):
			if _, known := numbers[kind]; !known {
				numbers[kind] = int16(len(numbers) + 1) //nolint:gosec // at most one for each hundredth of the records
			}
			codes[record] = numbers[kind]
		}
	}
	return codes, len(numbers) + 1
}
