package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/estimate"
	"countinghouse/pipelines/identity"
	"countinghouse/pipelines/ledger"
	"countinghouse/pipelines/linkage"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// runStep runs one of the product's steps in Go bare: it reads tables of the session and makes tables of the session, and nothing else.
// A step is given as it stands in the script: its name and, for identity, the kinds of identifiers or, for the
// ledger, a folder.
func runStep(ctx context.Context, session *warehouse.Session, step string) error {
	name, argument, _ := strings.Cut(step, " ")
	switch name {
	case "similar":
		return runSimilar(ctx, session)
	case "identity":
		return runIdentity(ctx, session, strings.Split(argument, ","))
	case "ledger":
		return runLedger(ctx, session, func(table ledger.Table) *warehouse.BatchWriter {
			return session.LoadTable(ctx, table.Schema(), table.Name)
		})
	case "ledger-to":
		return ledgerTo(ctx, session, argument, "")
	case "ledger-lots":
		return ledgerTo(ctx, session, argument, ledger.LotsTable)
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
	return identity.Run(ctx, session, config, func(table, query string) error {
		_, err := session.Exec(ctx, "create table "+table+" as "+query)
		return err
	})
}

// runSimilar looks for similar accounts with the parameters' defaults.
func runSimilar(ctx context.Context, session *warehouse.Session) error {
	return linkage.Link(ctx, session, linkage.Config{Threads: 2}, func(table, query string) error {
		_, err := session.Exec(ctx, "create table "+table+" as "+query)
		return err
	})
}

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
func runLedger(ctx context.Context, session *warehouse.Session, open func(ledger.Table) *warehouse.BatchWriter) error {
	var programme []ledger.Programme
	err := session.ReadArrow(ctx, ledger.ProgrammeSQL, func(reader array.RecordReader) (err error) {
		programme, err = ledger.ReadProgramme(reader)
		return err
	})
	if err != nil {
		return err
	}
	tables := sessionTables{}
	for _, table := range ledger.Tables() {
		if writer := open(table); writer != nil {
			tables[table.Name] = writer
		}
	}
	err = session.ReadArrow(ctx, ledger.InputSQL, func(reader array.RecordReader) error {
		return ledger.Run(ctx, reader, programme, ledger.DayOf(asOfDay()), tables)
	})
	return errors.Join(err, tables.close())
}

func runEstimate(ctx context.Context, session *warehouse.Session) error {
	return estimate.Run(ctx, session, func(table string, schema *arrow.Schema) *warehouse.BatchWriter {
		return session.LoadTable(ctx, schema, table)
	})
}

// sessionTables are the tables that the ledger fills.
type sessionTables map[string]*warehouse.BatchWriter

// Write implements ledger.Sink.
func (t sessionTables) Write(table string, batch arrow.RecordBatch) error {
	if writer, kept := t[table]; kept {
		return writer.Write(batch)
	}
	return nil
}

func (t sessionTables) close() error {
	var problems []error
	for _, writer := range t {
		_, err := writer.Close()
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
