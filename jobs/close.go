package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/contract/landing"
	"countinghouse/internal/keyedhash"
	"countinghouse/internal/lease"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/closing"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/estimate"
	"countinghouse/pipelines/identity"
	"countinghouse/pipelines/ledger"
	"countinghouse/pipelines/linkage"
)

// CloseOptions say what is closed, and on whose word.
type CloseOptions struct {
	Period, Environment string
	Who, Note           string
	Binary              string
	// Waive names checks whose failure is accepted, on record: feeds, reconciliation.
	Waive []string
}

// The checks that may be waived.
const (
	waiveFeeds          = "feeds"
	waiveReconciliation = "reconciliation"
)

// ClosePeriod freezes a period as it is published: the workshop is for its last day. A ProjectError if the period cannot be closed; a
// *lease.HeldError while somebody is at work.
func (w *Workshop) ClosePeriod(ctx context.Context, options CloseOptions) (closing.Stored, error) {
	var stored closing.Stored
	err := w.closingAlone(ctx, func(ctx context.Context) error {
		records, err := closing.List(ctx, w.Bucket)
		if err != nil {
			return err
		}
		if problems := closing.Chain(records); len(problems) > 0 {
			return ProjectError{fmt.Errorf("%w: %s", closing.ErrBroken, strings.Join(problems, "; "))}
		}
		if err := closing.Closable(records, options.Period); err != nil {
			return ProjectError{err}
		}
		record, err := w.freeze(ctx, options)
		if err != nil {
			return err
		}
		stored, err = closing.Append(ctx, w.Bucket, records, record)
		return err
	})
	return stored, err
}

// Reopen notes that a period is open again.
func (w *Workshop) Reopen(ctx context.Context, options CloseOptions) (closing.Stored, error) {
	var stored closing.Stored
	err := w.closingAlone(ctx, func(ctx context.Context) error {
		records, err := closing.List(ctx, w.Bucket)
		if err != nil {
			return err
		}
		if err := closing.Reopenable(records, options.Period); err != nil {
			return ProjectError{err}
		}
		stored, err = closing.Append(ctx, w.Bucket, records, closing.Record{
			Kind: closing.Reopened, Period: options.Period, Who: options.Who, Note: options.Note, At: w.Now().UTC(), Binary: options.Binary,
		})
		return err
	})
	return stored, err
}

// closingAlone does work under the lease of the daily run, so that none begins meanwhile, when nobody else is at work.
func (w *Workshop) closingAlone(ctx context.Context, work func(context.Context) error) error {
	return w.underLease(ctx, DailyName, func(ctx context.Context) error {
		names, err := lease.Jobs(ctx, w.Bucket)
		if err != nil {
			return err
		}
		for _, name := range names {
			if name == DailyName {
				continue
			}
			if err := lease.Check(ctx, w.Bucket, name, w.leaseOptions()); err != nil {
				return fmt.Errorf("somebody is at work, so nothing was closed: %w", err)
			}
		}
		return work(ctx)
	})
}

// freeze checks that a period can be closed and gives the record of it.
func (w *Workshop) freeze(ctx context.Context, options CloseOptions) (closing.Record, error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, options.Environment)
	if err != nil {
		return closing.Record{}, err
	}
	if err := w.closable(ctx, current, options); err != nil {
		return closing.Record{}, err
	}
	record := closing.Record{
		Kind: closing.Closed, Period: options.Period, Who: options.Who, Note: options.Note, At: w.Now().UTC(), Binary: options.Binary, Waived: options.Waive,
		AsOf: current.AsOf, Environment: current.Name, Version: current.Version, Steps: stepVersions(),
	}
	if base, err := w.closedBase(ctx); err != nil {
		return record, err
	} else if base != nil {
		record.Base = base.Link
	}
	if record.Settings, err = w.settings(); err != nil {
		return record, err
	}
	if record.Files, err = w.landedFiles(ctx); err != nil {
		return record, err
	}
	if record.Sources, err = w.defined.sources(); err != nil {
		return record, err
	}
	if record.Tables, err = w.tables(ctx, current.Tables); err != nil {
		return record, err
	}
	record.Figures, err = w.figures(ctx)
	return record, err
}

func stepVersions() map[string]int {
	return map[string]int{"identity": identity.Version, "similar": linkage.Version, "ledger": ledger.Version, "estimate": estimate.Version}
}

// closable says why what is published cannot be closed.
func (w *Workshop) closable(ctx context.Context, current snapshot.Environment, options CloseOptions) error {
	end, err := closing.End(options.Period)
	if err != nil {
		return ProjectError{err}
	}
	next := fmt.Sprintf("run `countinghouse run --as-of %s` first", end.Format(time.DateOnly))
	switch {
	case current.Version == 0:
		return ProjectError{fmt.Errorf("close %s: environment %s was never published: %s", options.Period, current.Name, next)}
	case current.AsOf != end.Format(time.DateOnly):
		return ProjectError{fmt.Errorf("close %s: what is published is as of %s, and the period ends on %s: %s", options.Period, current.AsOf, end.Format(time.DateOnly), next)}
	}
	if err := w.publishable(ctx, current); err != nil {
		return fmt.Errorf("close %s: what is published is not what the exports and the project give now; %s: %w", options.Period, next, err)
	}
	report, pending, err := conform.Results(ctx, w.Bucket, w.Registry, w.Project.Zone)
	if err != nil {
		return err
	}
	if pending > 0 {
		return ProjectError{fmt.Errorf("close %s: %d landed files were not read yet: %s", options.Period, pending, next)}
	}
	if late := w.lateFeeds(report); len(late) > 0 && !slices.Contains(options.Waive, waiveFeeds) {
		return ProjectError{fmt.Errorf("close %s: exports are missing (--waive feeds closes without them, on record):\n%s", options.Period, strings.Join(late, "\n"))}
	}
	return w.reconciled(ctx, current, options)
}

// lateFeeds are those whose next export is due, and files that were not used.
func (w *Workshop) lateFeeds(report conform.Report) []string {
	var late []string
	for _, standing := range report.Standings() {
		feed, found := w.Registry.Feed(standing.Feed)
		if !found {
			continue
		}
		var state FeedState
		if state.stand(standing, feed, w.moment()); state.Late != "" {
			late = append(late, fmt.Sprintf("  %s: one was due on %s", standing.Feed, state.Late))
		}
	}
	for _, file := range report.Quarantined() {
		late = append(late, "  "+file.Name+": "+file.Quarantine)
	}
	return late
}

// reconciled refuses breaks beyond the tolerance between our balances and those that channels report.
func (w *Workshop) reconciled(ctx context.Context, current snapshot.Environment, options CloseOptions) error {
	if err := w.AttachAll(ctx, current, func(name string) bool { return isFinance(w, name) }); err != nil {
		return err
	}
	rows, err := w.Session.Query(ctx, `select channel, cast(reported_on as varchar), break_points, tolerance_points from mart.point_reconciliation
		where level = 'channel' and is_latest and not within_tolerance order by channel`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var breaks []string
	for rows.Next() {
		var channel, day string
		var points, tolerance int64
		if err := rows.Scan(&channel, &day, &points, &tolerance); err != nil {
			return err
		}
		breaks = append(breaks, fmt.Sprintf("  %s on %s: breaks of %d points, tolerance %d", channel, day, points, tolerance))
	}
	if len(breaks) > 0 && !slices.Contains(options.Waive, waiveReconciliation) {
		return ProjectError{fmt.Errorf("close %s: balances do not agree with those that channels report (see mart.point_reconciliation; --waive reconciliation closes with the breaks, on record):\n%s",
			options.Period, strings.Join(breaks, "\n"))}
	}
	return rows.Err()
}

// isFinance picks the tables whose rows are digested in a close: the ledger, whose customers are, and finance's marts.
func isFinance(w *Workshop, name string) bool {
	if strings.HasPrefix(name, "ledger.") || name == customersTable {
		return true
	}
	return slices.Contains(w.financeMarts(), name)
}

const customersTable = "identity.account_customers"

func (w *Workshop) financeMarts() []string {
	var names []string
	for _, made := range w.Library.Models {
		if made.Header.Owner == "finance" && snapshot.IsMart(made.Name) {
			names = append(names, made.Name)
		}
	}
	return names
}

func (w *Workshop) settings() (closing.Settings, error) {
	parameters, err := json.Marshal(w.Project.Parameters)
	if err != nil {
		return closing.Settings{}, err
	}
	values := map[string]string{}
	for name, value := range w.Values {
		if name != "as_of" {
			values[name] = warehouse.Literal(value)
		}
	}
	return closing.Settings{
		Zone: w.Project.Zone.String(), Country: w.Project.Brand.Country, Currency: w.Project.Brand.Currency,
		Key: keyedhash.Text(w.Key, "fingerprint of the key"), Parameters: parameters, Values: values,
	}, nil
}

func (w *Workshop) landedFiles(ctx context.Context) ([]closing.File, error) {
	feeds := []string{landing.Unrecognised}
	for _, feed := range w.Registry.Feeds() {
		feeds = append(feeds, feed.Feed)
	}
	slices.Sort(feeds)
	return closing.Landed(ctx, w.Bucket, feeds)
}

// tables describes a set of tables that is readable in the session; finance's with a digest of their rows.
func (w *Workshop) tables(ctx context.Context, set map[string]snapshot.Table) ([]closing.Table, error) {
	var tables []closing.Table
	for _, name := range slices.Sorted(maps.Keys(set)) {
		table := closing.Table{Name: name, Fingerprint: set[name].Fingerprint, Rows: set[name].Rows}
		if isFinance(w, name) {
			columns, err := w.Session.Columns(ctx, name)
			if err != nil {
				return nil, err
			}
			if table.Rows, table.Digest, err = build.Digest(ctx, w.Session, name, columns); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		tables = append(tables, table)
	}
	return tables, nil
}

// figures sums up finance's marts, which are readable in the session.
func (w *Workshop) figures(ctx context.Context) ([]closing.Figure, error) {
	var figures []closing.Figure
	for _, table := range w.financeMarts() {
		columns, err := w.Session.Columns(ctx, table)
		if err != nil {
			return nil, err
		}
		for _, column := range columns {
			total := totalOf(column)
			if total == "" {
				continue
			}
			var value string
			if err := w.Session.QueryRow(ctx, "select coalesce(cast("+total+" as varchar), '') from "+table).Scan(&value); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", table, column.Name, err)
			}
			figures = append(figures, closing.Figure{Table: table, Column: column.Name, Value: value})
		}
	}
	return figures, nil
}

// totalOf is what a column comes to; empty of one that is no figure. The greatest rate of a table is exact, a sum of rates is not.
func totalOf(column warehouse.Column) string {
	name := warehouse.QuoteName(column.Name)
	base, _, _ := strings.Cut(column.Type, "(")
	switch {
	case strings.HasSuffix(column.Name, "_no"), strings.HasSuffix(column.Name, "_row"):
		return ""
	case base == "BIGINT" || base == "DECIMAL" || base == "INTEGER":
		return "sum(" + name + ")"
	case base == "DOUBLE":
		return "round(max(" + name + "), 9)"
	}
	return ""
}
