package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/estimate"
	"countinghouse/pipelines/identity"
	"countinghouse/pipelines/ledger"
	"countinghouse/pipelines/linkage"

	"github.com/apache/arrow-go/v18/arrow"
)

// runStep runs one of the product's steps in Go bare: it reads tables of the session and makes tables of the session, and nothing else.
// A step is given as it stands in the script: its name and, for identity, the kinds of identifiers or, for the
// ledger, a folder.
func runStep(ctx context.Context, session *warehouse.Session, scratch, step string) error {
	name, argument, _ := strings.Cut(step, " ")
	switch name {
	case "similar":
		return runSimilar(ctx, session)
	case "similar-build":
		return buildSimilar(ctx, session, scratch, argument)
	case "persons":
		return writePersons(ctx, session, argument)
	case "match":
		return matchPeople(ctx, session, argument)
	case "identity":
		return runIdentity(ctx, session, strings.Split(argument, ","))
	case "identity-build":
		return buildIdentity(ctx, session, scratch, argument)
	case "identity-graph":
		return mergeGraph(ctx, session)
	case "components":
		return loopInSQL(ctx, session, componentsRoundSQL, "representatives")
	case "contraction":
		return loopInSQL(ctx, session, contractionRoundSQL, "edges")
	case "ledger":
		return runLedger(ctx, session, scratch, func(table ledger.Table) *warehouse.BatchWriter {
			return session.LoadTable(ctx, table.Schema(), table.Name)
		})
	case "ledger-to":
		return ledgerTo(ctx, session, scratch, argument, "")
	case "ledger-lots":
		return ledgerTo(ctx, session, scratch, argument, ledger.LotsTable)
	case "ledger-build":
		return buildLedger(ctx, session, scratch, argument)
	case "movements":
		return scanMovements(ctx, session)
	case "estimate":
		return runEstimate(ctx, session)
	default:
		return fmt.Errorf("there is no step %q", name)
	}
}

func runIdentity(ctx context.Context, session *warehouse.Session, kinds []string) error {
	config := identity.Config{Kinds: kinds, Key: []byte(hashKey), Region: "CN"}
	return identity.Run(ctx, session, config, nil, func(table, query string, _ bool) error {
		if _, kept := identity.Kept()[table]; kept {
			return nil // for the next run, of which there is none
		}
		_, err := session.Exec(ctx, "create table "+table+" as "+query)
		return err
	})
}

// runSimilar looks for similar accounts with the parameters' defaults. It learns from all: of what a brand showed when the month began the script knows nothing,
// and the made-up one exports all that it is measured by since.
func runSimilar(ctx context.Context, session *warehouse.Session) error {
	return linkage.Link(ctx, session, linkage.Config{Threads: 2}, nil, bareTables{ctx, session})
}

// bareTables are made in the session; what is kept for the next run is left out.
type bareTables struct {
	ctx     context.Context //nolint:containedctx // of the one step
	session *warehouse.Session
}

func (b bareTables) Whole(table, query string) error {
	if _, kept := linkage.Kept()[table]; kept {
		return nil
	}
	_, err := b.session.Exec(b.ctx, "create table "+table+" as "+query)
	return err
}

func (b bareTables) Part(table, _, _ string) error { return b.Keep(table) }

func (b bareTables) Keep(table string) error { return fmt.Errorf("%s has no past", table) }

// identifierKinds are the columns of dataset.accounts that identify somebody, separated by commas.
func identifierKinds(registry *contract.Registry) string {
	accounts, _ := registry.Dataset("accounts")
	var kinds []string
	for _, column := range accounts.Columns {
		if column.Identifier != "" {
			kinds = append(kinds, column.Name)
		}
	}
	return strings.Join(kinds, ",")
}

// runLedger runs the ledger into the tables that open gives; where it gives none, the rows are not kept.
func runLedger(ctx context.Context, session *warehouse.Session, scratch string, open func(ledger.Table) *warehouse.BatchWriter) error {
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return err
	}
	folder := filepath.Join(scratch, "movements")
	defer func() { _ = os.RemoveAll(folder) }()
	booking := ledger.Booking{Movements: ledger.InputSQL, AsOf: ledger.DayOf(asOfDay()), Scratch: folder, Open: func(table ledger.Table) *warehouse.BatchWriter {
		if table.Name == ledger.KeptTable {
			return nil // it is for the next run, of which there is none
		}
		return open(table)
	}}
	booking.Held = min(ledger.MostHeld, debug.SetMemoryLimit(-1)/4) // as the product does, so that GOMEMLIMIT tells what little memory costs
	return ledger.Book(ctx, session, booking)
}

func runEstimate(ctx context.Context, session *warehouse.Session) error {
	return estimate.Run(ctx, session, func(table string, schema *arrow.Schema) *warehouse.BatchWriter {
		return session.LoadTable(ctx, schema, table)
	})
}
