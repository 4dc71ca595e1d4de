// Package style tells two lists apart that stand in one file, by how they write: what they leave out, the shape of their numbers, their commas and
// capitals. What counts is not how records differ but how partners do: two records with a rare word in common are mostly one thing, and if each thing is in
// each list once, partners write in different ways. A file of one list with doubles has partners that write alike or by chance, and is left whole.
package style

import (
	"fmt"
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
	// said are, by mark and record, which of its kinds the cell is of; "" where the mark does not apply.
	said [][]string
}

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
	r := &Records{columns: columns, values: make([]map[string]bool, columns), said: make([][]string, columns*perColumn)}
	for i := range r.values {
		r.values[i] = map[string]bool{}
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
			r.said[column*perColumn+i] = append(r.said[column*perColumn+i], what)
		}
	}
}

func (r *Records) describe(said []string, column int, cell string) {
	if values := r.values[column]; len(values) <= mostValues {
		if !values[cell] {
			values[strings.Clone(cell)] = true
		}
		said[byValue] = strings.Clone(cell)
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

// coded gives the marks as numbers, by mark and record: -1 does not apply, 0 is one that few have. Marks that are the same of all are left out.
func (r *Records) coded() (codes [][]int, sizes []int) {
	for place, said := range r.said {
		if place%perColumn == byValue && len(r.values[place/perColumn]) > mostValues {
			continue
		}
		counts := map[string]int{}
		for _, what := range said {
			counts[what]++
		}
		numbers := map[string]int{}
		own := make([]int, len(said))
		for record, what := range said {
			switch {
			case what == "":
				own[record] = -1
			case counts[what] >= fewestHaving && float64(counts[what]) >= leastShare*float64(len(said)):
				if _, known := numbers[what]; !known {
					numbers[what] = len(numbers) + 1
				}
				own[record] = numbers[what]
			}
		}
		if len(counts) > 1 {
			codes, sizes = append(codes, own), append(sizes, len(numbers)+1)
		}
	}
	return codes, sizes
}
