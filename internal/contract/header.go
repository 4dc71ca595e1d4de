package contract

import (
	"path"
	"strings"
	"unicode"
)

// NormalHeader is the form in which header names are compared: without blanks, byte order marks and marks of no width, in lower case, with full-width
// letters, brackets, commas and colons as half-width ones, and with 账 for 帐, which back offices write as the mood takes them.
func NormalHeader(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || r == '\ufeff' || r >= '\u200b' && r <= '\u200f' || r == '\u2060':
			return -1
		case r == '帐':
			return '账'
		case r >= '\uff01' && r <= '\uff5e':
			r -= 0xfee0
		}
		return unicode.ToLower(r)
	}, name)
}

// Takes says whether the base name of a file fits one of the feed's patterns, with or without .gz at its end.
func (c *Contract) Takes(base string) bool { return takes(c.Files.Names, base) }

func takes(patterns []string, base string) bool {
	unpacked := strings.TrimSuffix(base, ".gz")
	for _, pattern := range patterns {
		for _, name := range []string{base, unpacked} {
			if fits, err := path.Match(pattern, name); err == nil && fits {
				return true
			}
		}
	}
	return false
}

// A Binding says which field of a file's records each column is read from.
type Binding struct {
	Fields  []int    // per column of the contract: the index of its field, or -1 if it has none
	Missing []string // first header name of each required column that the file lacks
	Doubled []string // header names of a bound column that the file has twice
}

// ByPlace is the binding of a file without a header, with the names of its fields: those of the columns that have a cell, in order.
func (c *Contract) ByPlace() (names []string, fields []int) {
	fields = make([]int, len(c.Columns))
	for i, column := range c.Columns {
		fields[i] = -1
		if !column.Computed() {
			fields[i] = len(names)
			names = append(names, column.Name)
		}
	}
	return names, fields
}

// Bind finds the contract's columns in a header row. Of a column's names the first one listed that the file has
// is taken.
func (c *Contract) Bind(header []string) Binding {
	places := map[string][]int{}
	for i, name := range header {
		normal := NormalHeader(name)
		places[normal] = append(places[normal], i)
	}
	binding := Binding{Fields: make([]int, len(c.Columns))}
	for i, column := range c.Columns {
		binding.Fields[i] = -1
		for _, name := range column.Header {
			if at := places[NormalHeader(name)]; len(at) > 0 {
				binding.Fields[i] = at[0]
				if len(at) > 1 {
					binding.Doubled = append(binding.Doubled, name)
				}
				break
			}
		}
		if binding.Fields[i] < 0 && column.Required {
			binding.Missing = append(binding.Missing, column.Header[0])
		}
	}
	return binding
}
