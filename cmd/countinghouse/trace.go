package main

import (
	"context"
	"errors"
	"fmt"
	"path"
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
	if !jobs.Traceable(table) {
		return usage(fmt.Errorf("explain: only figures of mart.point_rollforward, mart.point_liability, mart.point_deferred_revenue and mart.point_journal are followed to their movements, not of %s", table))
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
		if trace.Note != "" && trace.Count == 0 {
			return nil
		}
		a.printItems(trace.Items)
		a.printf("%d of %d shown; together %d points\n", len(trace.Items), trace.Count, trace.Points)
		return nil
	})
}

func (a *app) printItems(items []jobs.TraceItem) {
	if len(items) == 0 {
		return
	}
	var rows [][]string
	for _, item := range items {
		rows = append(rows, []string{item.What, item.Channel, item.Account, item.Day, item.Kind, item.TxnID, item.Lots, fmt.Sprintf("%s:%d", path.Base(item.File), item.Line), fmt.Sprint(item.Points)})
	}
	a.grid([]string{"", "channel", "account", "day", "kind", "id", "lots", "file and line", "points"}, rows, 1)
}

// traceLine shows what became of a line of an export.
func (a *app) traceLine(ctx context.Context, workshop *jobs.Workshop, file string, line int64) error {
	trace, err := workshop.TraceLine(ctx, a.environment, file, line)
	if err != nil {
		return err
	}
	return a.print(trace, func() error {
		if len(trace.Entries)+len(trace.Lots)+len(trace.Exceptions) == 0 {
			a.printf("line %d of %s moved no points\n", line, file)
			return nil
		}
		a.printItems(trace.Entries)
		a.printItems(trace.Lots)
		a.printItems(trace.Exceptions)
		var rows [][]string
		for _, figure := range trace.Figures {
			rows = append(rows, []string{figure.Table + "." + figure.Column, figure.Row, fmt.Sprint(figure.Points)})
		}
		if len(rows) > 0 {
			a.grid([]string{"figure", "row", "points of it"}, rows, 1)
		}
		return nil
	})
}
