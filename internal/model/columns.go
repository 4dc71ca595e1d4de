package model

import (
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/suggest"
)

// CheckColumns compares the columns that the header describes with those that the query gives, by name and order; a header that
// describes none is held to its grain and month alone. The error is every Problem, joined, each at the header's line.
func CheckColumns(m *Model, given []string) error {
	var problems []Problem
	refuse := func(line int, format string, args ...any) {
		problems = append(problems, Problem{File: m.File, Line: line, Message: fmt.Sprintf(format, args...)})
	}
	described := columnNames(m.Columns)
	if len(described) == 0 {
		for _, name := range missing(append(slices.Clone(m.Header.Grain), m.Header.Month), given) {
			refuse(1, "header: the query gives no column %q%s", name, suggest.DidYouMean(name, given))
		}
		return joined(problems)
	}
	undescribed := missing(given, described)
	for _, name := range missing(described, given) {
		hint := suggest.DidYouMean(name, given)
		if likely := suggest.Nearest(name, undescribed); likely != "" { // one mistake, told once
			hint = suggest.DidYouMean(name, undescribed)
			undescribed = slices.DeleteFunc(undescribed, func(other string) bool { return other == likely })
		}
		refuse(m.columnLine(name), "header: the query gives no column %q%s", name, hint)
	}
	for _, name := range undescribed {
		refuse(m.columnLine(described[0]), "header: columns lack %q, which the query gives", name)
	}
	if len(problems) == 0 {
		for i, name := range described {
			if i >= len(given) || !strings.EqualFold(name, given[i]) {
				refuse(m.columnLine(name), "header: column %q is in another place than in the query, which gives %s", name, strings.Join(given, ", "))
				break
			}
		}
	}
	return joined(problems)
}

func (m *Model) columnLine(name string) int {
	for _, column := range m.Columns {
		if column.Name == name {
			return column.Line
		}
	}
	return 0
}

// missing are the names that are not among the others; the case of letters does not count, as in SQL.
func missing(names, others []string) []string {
	var lacking []string
	for _, name := range names {
		same := func(other string) bool { return strings.EqualFold(name, other) }
		if name != "" && !slices.ContainsFunc(others, same) {
			lacking = append(lacking, name)
		}
	}
	return lacking
}
