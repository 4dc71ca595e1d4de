package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/ledger"
)

const movementsTable = "dataset.point_transactions"

func ledgerStep(asOf ledger.Day) build.Step {
	tables := map[string][]warehouse.Column{}
	for _, table := range ledger.Tables() {
		for _, column := range table.Columns {
			tables[table.Name] = append(tables[table.Name], warehouse.Column{Name: column.Name, Type: string(column.Type)})
		}
	}
	return build.Step{
		Name: "ledger", Version: ledger.Version,
		// Which accounts are booked again decides what is stored: where that is mended, the ledger is to be made whole.
		Definition: ledger.InputSQL + ledger.ProgrammeSQL + ledger.ChangedSQL(ledger.Past{Fresh: "fresh"}),
		Inputs: []string{movementsTable, "seed.points_programme"}, Parameters: []string{"as_of"}, Tables: tables,
		Run: func(ctx context.Context, session *warehouse.Session, write build.TableWriter, before *build.Before) error {
			run := ledgerRun{session: session, write: write, asOf: asOf}
			past := pastLedger(before)
			if past == nil {
				return run.whole(ctx)
			}
			return run.again(ctx, before, *past)
		},
	}
}

// pastLedger is the ledger that was made before, if what was booked then can stand.
func pastLedger(before *build.Before) *ledger.Past {
	if before == nil || !before.Inputs["seed.points_programme"].Same {
		return nil
	}
	movements := before.Inputs[movementsTable]
	if !movements.Same && movements.Fresh == "" {
		return nil
	}
	return &ledger.Past{
		AsOf: before.Parameters["as_of"], Movements: movements.Was, Fresh: movements.Fresh,
		Lots: before.Tables[ledger.LotsTable].Query, Balances: before.Tables[ledger.BalancesTable].Query,
	}
}

// ledgerRun is one making of the ledger's tables.
type ledgerRun struct {
	session *warehouse.Session
	write   build.TableWriter
	asOf    ledger.Day
}

// whole books every account.
func (r ledgerRun) whole(ctx context.Context) error {
	var rows int64
	if err := r.session.QueryRow(ctx, "select count(*) from "+movementsTable).Scan(&rows); err != nil {
		return err
	}
	return r.book(ctx, ledger.InputSQL, rows, func(table ledger.Table) *warehouse.BatchWriter {
		return r.write.Batches(ctx, table.Name, table.Schema())
	})
}

// changedAccounts is a table of the session while the ledger is made again.
const changedAccounts = "main.ledger_changed_accounts"

// again books those accounts anew whose ledger may differ from what it was, and takes over the others.
func (r ledgerRun) again(ctx context.Context, before *build.Before, past ledger.Past) (err error) {
	var backwards bool
	if err := r.session.QueryRow(ctx, "select cast("+past.AsOf+" as date) > getvariable('as_of')").Scan(&backwards); err != nil {
		return err
	}
	if backwards {
		return r.whole(ctx)
	}
	if _, err := r.session.Exec(ctx, "create or replace table "+changedAccounts+" as "+ledger.ChangedSQL(past)); err != nil {
		return fmt.Errorf("which accounts have changed: %w", err)
	}
	defer func() {
		_, dropErr := r.session.Exec(context.WithoutCancel(ctx), "drop table "+changedAccounts)
		err = errors.Join(err, dropErr)
	}()
	var changed int64
	if err := r.session.QueryRow(ctx, "select count(*) from "+changedAccounts).Scan(&changed); err != nil {
		return err
	}
	if tooMany(before, changed) {
		return r.whole(ctx)
	}
	return r.more(ctx, before, changed)
}

// mostParts bounds what a reader of the ledger has to put together, and worthless the share of rows that later ones replace.
const (
	mostParts = 16
	worthless = 0.5
)

// tooMany says that the ledger is better made as a whole.
func tooMany(before *build.Before, changed int64) bool {
	balances := before.Tables[ledger.BalancesTable]
	var stored int64
	for _, part := range balances.Parts {
		stored += part.Rows
	}
	return len(balances.Parts) > mostParts || float64(stored-balances.Rows+changed) > worthless*float64(stored+changed)
}

// more takes over what is stored and adds a part with the changed accounts, if there are any.
func (r ledgerRun) more(ctx context.Context, before *build.Before, changed int64) error {
	for _, table := range ledger.Tables() {
		for _, part := range before.Tables[table.Name].Parts {
			r.write.TakeOver(part)
		}
	}
	if changed == 0 {
		return nil
	}
	keys, err := r.write.Keys(ctx, []string{"channel", "account_id"}, "from "+changedAccounts)
	if err != nil {
		return err
	}
	rows := before.Tables[ledger.EntriesTable].Rows * changed / max(1, before.Tables[ledger.BalancesTable].Rows)
	return r.book(ctx, ledger.InputOfSQL(changedAccounts), rows, func(table ledger.Table) *warehouse.BatchWriter {
		return r.write.Part(table.Name, keys).Batches(ctx, table.Schema())
	})
}

func (r ledgerRun) book(ctx context.Context, movements string, rows int64, open func(ledger.Table) *warehouse.BatchWriter) error {
	path := r.write.ScratchFile()
	defer func() { _ = os.Remove(path) }() // the scratch folder goes as a whole anyway
	return ledger.Book(ctx, r.session, ledger.Booking{Movements: movements, Rows: rows, AsOf: r.asOf, ScratchFile: path, Open: open})
}
