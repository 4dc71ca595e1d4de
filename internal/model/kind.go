package model

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checkKind refuses a header whose kind is unknown, or whose month and reads do not fit it. inputs are the tables that the query reads.
func (h Header) checkKind(columns []Column, inputs []string) error {
	switch h.Kind {
	case KindTable, KindView:
		if h.Month != "" || len(h.Reads) > 0 {
			return fmt.Errorf("header: month and reads are for kind: %s only; this model's kind is %s", KindByMonth, h.Kind)
		}
		return nil
	case KindByMonth:
		return errors.Join(h.checkMonth(columns), h.checkReads(inputs))
	}
	return fmt.Errorf("header: kind %q: want %s, %s or %s", h.Kind, KindTable, KindView, KindByMonth)
}

func (h Header) checkMonth(columns []Column) error {
	isMonth := func(column Column) bool { return column.Name == h.Month }
	switch {
	case h.Month == "":
		return errors.New("header: month is missing: name the date column whose month a row belongs to")
	case len(columns) > 0 && !slices.ContainsFunc(columns, isMonth):
		return fmt.Errorf("header: month %q is none of the columns", h.Month)
	}
	return nil
}

func (h Header) checkReads(inputs []string) error {
	var problems []error
	for _, table := range slices.Sorted(maps.Keys(h.Reads)) {
		read := h.Reads[table]
		switch {
		case !slices.Contains(inputs, table):
			problems = append(problems, fmt.Errorf("header: reads: %s is not read by the query, which reads %s", table, strings.Join(inputs, ", ")))
		case read.By == "":
			problems = append(problems, fmt.Errorf("header: reads: %s: by is missing: name the date column that its rows are chosen by", table))
		case read.Back < 0:
			problems = append(problems, fmt.Errorf("header: reads: %s: back is a number of days, 0 or more, got %d", table, read.Back))
		}
	}
	return errors.Join(problems...)
}
