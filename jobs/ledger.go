package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/ledger"
)

const movementsTable = "dataset.point_transactions"

func ledgerStep(asOf ledger.Day) build.Step {
	tables := map[string][]warehouse.Column{}
	for _, table := range ledger.Tables() {
		tables[table.Name] = columnsOf(table)
	}
	return build.Step{
		Name: "ledger", Version: ledger.Version, Definition: ledgerDefinition(),
		Inputs: []string{movementsTable, "seed.point_pools", "seed.points_programme"}, Parameters: []string{"as_of"}, Tables: tables,
		Kept: map[string][]warehouse.Column{ledger.KeptTable: columnsOf(ledger.Kept())},
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

func columnsOf(table ledger.Table) []warehouse.Column {
	var columns []warehouse.Column
	for _, column := range table.Columns {
		columns = append(columns, warehouse.Column{Name: column.Name, Type: column.Type.SQL()})
	}
	return columns
}

// ledgerDefinition has also what decides which accounts are booked again, and from what: where that is mended, the ledger is to be made whole.
func ledgerDefinition() string {
	past := ledger.Past{Fresh: "fresh", Changed: changedMovements(build.InputChange{})}
	return fmt.Sprint(ledger.InputSQL, ledger.ProgrammeSQL, ledger.ChangedSQL(past, true), ledger.ChangedSQL(past, false), ledger.AddedSQL(past), ledger.InputMoreSQL(past, "accounts"),
		ledger.KeptOfSQL(past, "accounts"), ledger.LinksSQL, ledger.PoolsSQL, ledger.PackedForm)
}

// changedMovements are the movements by which the dataset differs from what it was, each with what tells an account's movement from its others.
func changedMovements(change build.InputChange) string {
	return change.Changed(movementsTable, "channel", "account_id", "txn_id")
}

// pastLedger is the ledger that was made before, if what was booked then can stand.
func pastLedger(before *build.Before) *ledger.Past {
	if before == nil || !before.Inputs["seed.points_programme"].Same || !before.Inputs["seed.point_pools"].Same || before.Tables[ledger.KeptTable].Query == "" {
		return nil
	}
	movements := before.Inputs[movementsTable]
	if !movements.Same && movements.Fresh == "" {
		return nil
	}
	var changed string
	if !movements.Same {
		changed = changedMovements(movements)
	}
	return &ledger.Past{
		AsOf: before.Parameters["as_of"], Changed: changed, Movements: movements.Was, Fresh: movements.Fresh,
		Lots: before.Tables[ledger.LotsTable].Query, Balances: before.Tables[ledger.BalancesTable].Query, Kept: before.Tables[ledger.KeptTable].Query,
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
	return r.book(ctx, ledger.Booking{Movements: ledger.InputSQL, Open: func(table ledger.Table) *warehouse.BatchWriter {
		return r.write.Batches(ctx, table.Name, table.Schema())
	}})
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
	var added bool
	if err := r.session.QueryRow(ctx, ledger.AddedSQL(past)).Scan(&added); err != nil {
		return fmt.Errorf("whether rows have gone: %w", err)
	}
	if _, err := r.session.Exec(ctx, "create or replace table "+changedAccounts+" as "+ledger.ChangedSQL(past, added)); err != nil {
		return fmt.Errorf("which accounts have changed: %w", err)
	}
	defer func() {
		_, dropErr := r.session.Exec(context.WithoutCancel(ctx), "drop table "+changedAccounts)
		err = errors.Join(err, dropErr)
	}()
	var changed, transferring int64
	if err := r.session.QueryRow(ctx, "select count(*), count(*) filter (has_transfers) from "+changedAccounts).Scan(&changed, &transferring); err != nil {
		return err
	}
	if tooMany(before, changed) {
		return r.whole(ctx)
	}
	booking := movementsOf(past, added, transferring > 0)
	if err := r.takeOver(ctx, before, past); err != nil || changed == 0 {
		return err
	}
	return r.more(ctx, booking)
}

// movementsOf says where the movements of the changed accounts come from: what was kept and what has been added, or the exports, where transfers or rows
// that gave way are to be found again.
func movementsOf(past ledger.Past, added, transferring bool) ledger.Booking {
	if !added {
		return ledger.Booking{Movements: ledger.InputOfSQL(changedAccounts)}
	}
	simple, others := "(from "+changedAccounts+" where not has_transfers)", "(from "+changedAccounts+" where has_transfers)"
	booking := ledger.Booking{Kept: ledger.KeptOfSQL(past, simple), Movements: ledger.InputMoreSQL(past, simple)}
	if transferring {
		booking.Movements = "(" + booking.Movements + ") union all by name (" + ledger.InputOfSQL(others) + ")"
	}
	return booking
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

// takeOver takes over what is stored, and says how many rows of it are left when the changed accounts have given up theirs.
func (r ledgerRun) takeOver(ctx context.Context, before *build.Before, past ledger.Past) error {
	tables := append(ledger.Tables(), ledger.Kept())
	givenUp, into := make([]int64, len(tables)), make([]any, len(tables))
	for i := range givenUp {
		into[i] = &givenUp[i]
	}
	if err := r.session.QueryRow(ctx, ledger.GivenUpSQL(past, changedAccounts)).Scan(into...); err != nil {
		return fmt.Errorf("how many rows the changed accounts had: %w", err)
	}
	for i, table := range tables {
		stored := before.Tables[table.Name]
		for _, part := range stored.Parts {
			r.write.TakeOver(part)
		}
		r.write.Left(table.Name, stored.Rows-givenUp[i])
	}
	return nil
}

// more adds a part with the changed accounts.
func (r ledgerRun) more(ctx context.Context, booking ledger.Booking) error {
	keys, err := r.write.Keys(ctx, []string{"channel", "account_id"}, "select channel, account_id from "+changedAccounts)
	if err != nil {
		return err
	}
	booking.Open = func(table ledger.Table) *warehouse.BatchWriter {
		return r.write.Part(table.Name, keys).Batches(ctx, table.Schema())
	}
	return r.book(ctx, booking)
}

func (r ledgerRun) book(ctx context.Context, booking ledger.Booking) error {
	booking.AsOf, booking.Scratch = r.asOf, r.write.ScratchFile()
	booking.Held = min(ledger.MostHeld, debug.SetMemoryLimit(-1)/4) // beside the rows that wait to be written
	defer func() { _ = os.RemoveAll(booking.Scratch) }()            // the scratch folder goes as a whole anyway
	return ledger.Book(ctx, r.session, booking)
}
