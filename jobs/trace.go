package jobs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/suggest"
	"countinghouse/internal/warehouse"
)

// FigureTrace is a figure of finance's marts with what it is made of: rows of other marts that add up to it, and the movements, lots or sales behind it.
type FigureTrace struct {
	Table  string            `json:"table"`
	Column string            `json:"column"`
	Where  map[string]string `json:"where"`
	Value  string            `json:"value"` // the figure in the mart
	Unit   string            `json:"unit"`  // what the column is in
	Note   string            `json:"note,omitempty"`

	Parts      []TracePart `json:"parts"`       // the first of the rows that the figure is worked out from
	PartsCount int64       `json:"parts_count"` // of them all
	PartsTotal string      `json:"parts_total"` // what they come to

	Items  []TraceItem `json:"items"`  // the first of the movements, lots or sales
	Count  int64       `json:"count"`  // of them all
	Points int64       `json:"points"` // what they come to
	Amount string      `json:"amount"` // what they come to in money; empty where single ones have no amount
}

// TracePart is a row that a figure is worked out from, with the sum that was done.
type TracePart struct {
	Row   string `json:"row"`
	How   string `json:"how"`
	Value string `json:"value"`
}

// TraceItem is one movement, lot, sale or balance.
type TraceItem struct {
	What    string `json:"what"` // entry, lot, arrears, sale, exception, reported
	Channel string `json:"channel"`
	Account string `json:"account_id"`
	Day     string `json:"day"`
	Kind    string `json:"kind"`
	Points  int64  `json:"points"`
	Amount  string `json:"amount,omitempty"` // of a sale: what of its price was allocated to the points
	TxnID   string `json:"txn_id"`
	Lots    string `json:"lots"` // that a debit took from, each with the points
	File    string `json:"source_file"`
	Line    int64  `json:"source_row"`
}

const (
	rollforward = "mart.point_rollforward"
	liability   = "mart.point_liability"
)

// tracing is a figure that is being followed.
type tracing struct {
	table, column, filter string
	where                 map[string]string
	books                 []book
}

// asOf is the day that today's figures are for.
func (t tracing) asOf() string { return t.books[len(t.books)-1].through }

// behind is what SQL gives of a figure: items, parts, and a note for what neither tells.
type behind struct {
	items string // columns of TraceItem; empty if there are none
	parts string // columns row, how and value, in the order of row
	note  string
}

// tracers are the tables whose figures can be followed, each with the function that says what is behind one.
func (w *Workshop) tracers() map[string]func(context.Context, tracing) (behind, error) {
	return map[string]func(context.Context, tracing) (behind, error){
		rollforward:                      w.rollforwardBehind,
		liability:                        w.liabilityBehind,
		deferral:                         w.deferralBehind,
		journal:                          w.journalBehind,
		contractLiability:                w.contractBehind,
		"mart.point_vintages":            w.vintagesBehind,
		"mart.point_redemption_estimate": w.estimateBehind,
		"mart.point_reconciliation":      w.reconciliationBehind,
		"mart.point_exceptions":          w.rowsBehind,
		"mart.point_prior_period":        w.rowsBehind,
	}
}

// TraceableTables are the tables whose figures can be followed to their movements.
func TraceableTables() []string {
	return slices.Sorted(maps.Keys((&Workshop{}).tracers()))
}

// TraceFigure follows a figure of an environment. A ProjectError if there is no such figure.
func (w *Workshop) TraceFigure(ctx context.Context, environment, table, column string, where map[string]string, limit int) (FigureTrace, error) {
	found := FigureTrace{Table: table, Column: column, Where: where, Items: []TraceItem{}, Parts: []TracePart{}}
	current, err := w.attachPublished(ctx, environment)
	if err != nil {
		return found, err
	}
	filter, err := w.filterOf(ctx, table, column, where)
	if err != nil {
		return found, ProjectError{err}
	}
	rows, value, err := w.valueOf(ctx, table, column, filter)
	if found.Value = value; err != nil {
		return found, ProjectError{fmt.Errorf("explain: %s.%s is no figure that can be added up: %w", table, column, err)}
	}
	if rows == 0 {
		return found, ProjectError{fmt.Errorf("explain: %s has no row with %s", table, filter)}
	}
	books, err := w.books(ctx, current)
	if err != nil {
		return found, err
	}
	what, err := w.tracers()[table](ctx, tracing{table: table, column: column, filter: filter, where: where, books: books})
	if err != nil {
		return found, err
	}
	found.Note, found.Unit = what.note, unitOf(w, table, column)
	if err := w.readParts(ctx, what.parts, limit, &found); err != nil {
		return found, err
	}
	return found, w.readItems(ctx, what.items, limit, &found)
}

// attachPublished makes an environment's tables readable.
func (w *Workshop) attachPublished(ctx context.Context, environment string) (snapshot.Environment, error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, environment)
	if err != nil {
		return current, err
	}
	if current.Version == 0 {
		return current, ProjectError{fmt.Errorf("environment %s was never published: run `countinghouse run` first", environment)}
	}
	return current, w.AttachAll(ctx, current, func(name string) bool {
		return !strings.HasPrefix(name, "dataset.") || strings.HasPrefix(name, "dataset.closed_")
	})
}

// filterOf is the condition that picks rows, of columns and values.
func (w *Workshop) filterOf(ctx context.Context, table, column string, where map[string]string) (string, error) {
	columns, err := w.Session.Columns(ctx, table)
	if err != nil {
		return "", err
	}
	var names []string
	for _, one := range columns {
		names = append(names, one.Name)
	}
	parts := []string{"true"}
	for _, name := range append([]string{column}, slices.Sorted(maps.Keys(where))...) {
		if !slices.Contains(names, name) {
			return "", fmt.Errorf("explain: %s has no column %s%s", table, name, suggest.DidYouMean(name, names))
		}
		if value, isCondition := where[name]; isCondition {
			parts = append(parts, "cast("+warehouse.QuoteName(name)+" as varchar) = "+warehouse.Quote(value))
		}
	}
	return strings.Join(parts, " and "), nil
}

// valueOf is what a figure comes to. Rates are not added up: of several rows the greatest is told.
func (w *Workshop) valueOf(ctx context.Context, table, column, filter string) (rows int64, value string, err error) {
	name, add := warehouse.QuoteName(column), "sum"
	columns, err := w.Session.Columns(ctx, table)
	if err != nil {
		return 0, "", err
	}
	for _, one := range columns {
		if one.Name == column && one.Type == "DOUBLE" {
			add = "max"
		}
	}
	query := "select count(*), coalesce(cast(" + add + "(" + name + ") as varchar), '') from " + table + " where " + filter
	err = w.Session.QueryRow(ctx, query).Scan(&rows, &value)
	return rows, value, err
}

func unitOf(w *Workshop, table, column string) string {
	made, err := w.modelNamed(table)
	if err != nil {
		return ""
	}
	for _, one := range made.Columns {
		if one.Name == column {
			return one.Unit
		}
	}
	return ""
}

func (w *Workshop) readParts(ctx context.Context, parts string, limit int, into *FigureTrace) error {
	if parts == "" {
		return nil
	}
	if err := w.Session.QueryRow(ctx, "select count(*), coalesce(cast(sum(value) as varchar), '') from ("+parts+")").Scan(&into.PartsCount, &into.PartsTotal); err != nil {
		return err
	}
	rows, err := w.Session.Query(ctx, fmt.Sprintf("select row, coalesce(how, ''), coalesce(cast(value as varchar), '') from (%s) order by row limit %d", parts, limit))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var part TracePart
		if err := rows.Scan(&part.Row, &part.How, &part.Value); err != nil {
			return err
		}
		into.Parts = append(into.Parts, part)
	}
	return rows.Err()
}

func (w *Workshop) readItems(ctx context.Context, items string, limit int, into *FigureTrace) error {
	if items == "" {
		return nil
	}
	sums := "select count(*), cast(coalesce(sum(points), 0) as bigint), coalesce(cast(sum(amount) as varchar), '') from (" + items + ")"
	if err := w.Session.QueryRow(ctx, sums).Scan(&into.Count, &into.Points, &into.Amount); err != nil {
		return err
	}
	var err error
	into.Items, err = w.traceItems(ctx, items, limit)
	return err
}

func (w *Workshop) traceItems(ctx context.Context, items string, limit int) ([]TraceItem, error) {
	rows, err := w.Session.Query(ctx, fmt.Sprintf(`select what, channel, coalesce(account_id, ''), coalesce(cast(day as varchar), ''), coalesce(kind, ''), cast(coalesce(points, 0) as bigint),
		coalesce(cast(amount as varchar), ''), coalesce(txn_id, ''), coalesce(lots, ''), coalesce(source_file, ''), coalesce(source_row, 0)
		from (%s) order by channel, account_id, day, txn_id, kind, points, lots limit %d`, items, limit))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := []TraceItem{}
	for rows.Next() {
		var item TraceItem
		if err := rows.Scan(&item.What, &item.Channel, &item.Account, &item.Day, &item.Kind, &item.Points, &item.Amount, &item.TxnID, &item.Lots, &item.File, &item.Line); err != nil {
			return nil, err
		}
		found = append(found, item)
	}
	return found, rows.Err()
}

// noAmount stands for the amount of an item that has none.
const noAmount = "cast(null as decimal(18, 2)) as amount"

// conditions are those of where that stand for columns of a ledger or of lots.
func conditions(where map[string]string, columns ...string) string {
	text := ""
	for _, name := range columns {
		_, plain, qualified := strings.Cut(name, ".")
		if !qualified {
			plain = name
		}
		if value, found := where[plain]; found {
			text += " and cast(" + name + " as varchar) = " + warehouse.Quote(value)
		}
	}
	return text
}
