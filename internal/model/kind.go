package model

import (
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/suggest"
)

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

// checkKind refuses a header whose kind is unknown, or whose month and reads do not fit it.
func (r *reading) checkKind(m *Model, places document) {
	header := m.Header
	switch header.Kind {
	case KindTable, KindView:
		for key, isSet := range map[string]bool{"month": header.Month != "", "reads": len(header.Reads) > 0} {
			if isSet {
				r.refuse(places.line(key), "header: %s is for kind: %s only; this model's kind is %s", key, KindByMonth, header.Kind)
			}
		}
	case KindByMonth:
		r.checkMonth(header.Month, m.Columns, places)
		r.checkReads(header.Reads, m.Inputs, places)
	default:
		kinds := []string{KindTable, KindView, KindByMonth}
		r.refuse(places.line("kind"), "header: kind %q: want %s%s", header.Kind, strings.Join(kinds, ", "), suggest.DidYouMean(header.Kind, kinds))
	}
}

func (r *reading) checkMonth(month string, columns []Column, places document) {
	names := columnNames(columns)
	switch {
	case month == "":
		r.refuse(places.line("kind"), "header: month is missing: name the date column whose month a row belongs to")
	case len(names) > 0 && !slices.Contains(names, month):
		r.refuse(places.line("month"), "header: month: %q is none of the columns%s", month, suggest.DidYouMean(month, names))
	}
}

func (r *reading) checkReads(reads map[string]Read, inputs []string, places document) {
	for _, table := range slices.Sorted(maps.Keys(reads)) {
		read, line := reads[table], places.line("reads", table)
		switch {
		case !slices.Contains(inputs, table):
			r.refuse(line, "header: reads: %s is not read by the query, which reads %s%s", table, strings.Join(inputs, ", "), suggest.DidYouMean(table, inputs))
		case read.By == "":
			r.refuse(line, "header: reads: %s: by is missing: name the date column that its rows are chosen by", table)
		case read.Back < 0:
			r.refuse(line, "header: reads: %s: back is a number of days, 0 or more, got %d", table, read.Back)
		}
	}
}
