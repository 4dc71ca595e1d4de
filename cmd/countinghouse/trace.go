package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"countinghouse/jobs"
)

// shownItems is how many movements or lots are shown of a figure, unless --limit says otherwise.
const shownItems = 50

// conditionsOf reads key=value pairs.
func conditionsOf(args []string) (map[string]string, error) {
	where := map[string]string{}
	for _, arg := range args {
		name, value, found := strings.Cut(arg, "=")
		if !found {
			return nil, usage(fmt.Errorf("explain: want conditions such as period_kind=month, got %q", arg))
		}
		where[name] = value
	}
	return where, nil
}

// traceFigure shows the movements or lots that a figure is the sum of.
func (a *app) traceFigure(ctx context.Context, workshop *jobs.Workshop, name string, args []string, limit int) error {
	where, err := conditionsOf(args)
	if err != nil {
		return err
	}
	name = strings.ToLower(name)
	at := strings.LastIndex(name, ".")
	if at < 0 {
		return usage(errors.New("explain: name a column, such as mart.point_rollforward.redeemed, before conditions"))
	}
	table, column := name[:at], name[at+1:]
	if !strings.Contains(table, ".") {
		table = "mart." + table
	}
	if tables := jobs.TraceableTables(); !slices.Contains(tables, table) {
		return usage(fmt.Errorf("explain: figures of %s are followed to their movements, not of %s", strings.Join(tables, ", "), table))
	}
	trace, err := workshop.TraceFigure(ctx, a.environment, table, column, where, limit)
	if err != nil {
		return err
	}
	return a.print(trace, func() error {
		a.printf("%s.%s  %s\n", trace.Table, trace.Column, trace.Value)
		if trace.Note != "" {
			a.printf("  %s\n", trace.Note)
		}
		a.printParts(trace)
		if trace.Note != "" && trace.Count == 0 {
			return nil
		}
		a.printItems(trace.Items)
		a.printf("%d of %d shown; together %d points", len(trace.Items), trace.Count, trace.Points)
		if trace.Amount != "" {
			a.printf(", %s", trace.Amount)
		}
		a.printf("\n")
		return nil
	})
}

// printParts shows the rows that a figure was worked out from. They are lines, so that their keys can be copied into the next question.
func (a *app) printParts(trace jobs.FigureTrace) {
	for _, part := range trace.Parts {
		a.printf("  %s  %s\n      = %s\n", part.Value, part.Row, part.How)
	}
	if trace.PartsCount > 0 {
		a.printf("  %d of %d rows shown; together %s\n", len(trace.Parts), trace.PartsCount, trace.PartsTotal)
	}
}

func (a *app) printItems(items []jobs.TraceItem) {
	if len(items) == 0 {
		return
	}
	header, numbers := []string{"", "channel", "account", "day", "kind", "id", "lots", "file and line", "points"}, 1
	hasAmount := slices.ContainsFunc(items, func(item jobs.TraceItem) bool { return item.Amount != "" })
	if hasAmount {
		header, numbers = append(header, "amount"), 2
	}
	var rows [][]string
	for _, item := range items {
		place := ""
		if item.File != "" {
			place = fmt.Sprintf("%s:%d", path.Base(item.File), item.Line)
		}
		row := []string{item.What, item.Channel, item.Account, item.Day, item.Kind, item.TxnID, item.Lots, place, fmt.Sprint(item.Points)}
		if hasAmount {
			row = append(row, item.Amount)
		}
		rows = append(rows, row)
	}
	a.grid(header, rows, numbers)
}

// traceLine shows what became of a line of an export.
func (a *app) traceLine(ctx context.Context, workshop *jobs.Workshop, file string, line int64) error {
	trace, err := workshop.TraceLine(ctx, a.environment, file, line)
	if err != nil {
		return err
	}
	return a.print(trace, func() error {
		if trace.Empty() {
			a.printf("line %d of %s moved no points\n", line, file)
			return nil
		}
		for _, items := range [][]jobs.TraceItem{trace.Entries, trace.Lots, trace.Sales, trace.Exceptions, trace.Reported} {
			a.printItems(items)
		}
		if len(trace.Figures) > 0 {
			a.printf("It is part of these figures, and of the opening and closing that follow from them:\n")
		}
		for _, figure := range trace.Figures {
			part := fmt.Sprintf("%d points", figure.Points)
			if figure.Amount != "" {
				part = figure.Amount
			}
			a.printf("  %s  %s.%s %s\n", part, figure.Table, figure.Column, figure.Row)
		}
		return nil
	})
}
