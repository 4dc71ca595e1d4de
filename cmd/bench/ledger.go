package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/ledger"

	"github.com/apache/arrow-go/v18/arrow/array"
)

//go:embed script/movements.sql
var movementsSQL string

//go:embed script/lots.sql
var lotsSQL string

//go:embed script/books.sql
var booksSQL string

// movementsPerMember is as in a programme of some years.
const movementsPerMember = 30

// ledgerMemory is what DuckDB may use on each side.
const ledgerMemory = "2GB"

// benchLedger measures the points ledger, from movements as Parquet to its tables as Parquet, against what no ledger can do without, the movements
// in order; and against the fastest exact SQL that we know: the ledger with all its tables against SQL that makes the same, and with its lots alone
// against SQL that makes these.
func benchLedger(ctx context.Context, b *bencher) error {
	dir := filepath.Join(b.dir, "ledger")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	sides := map[string]measured{}
	for name, text := range ledgerScripts(dir, b.ledgerMembers) {
		var err error
		if sides[name], err = b.script("ledger-"+name, text, "-memory", ledgerMemory); err != nil {
			return err
		}
	}
	if _, err := sides["movements"].run(ctx); err != nil {
		return err
	}
	size := fmt.Sprintf("ledger, %d movements of %d members, ", b.ledgerMembers*movementsPerMember, b.ledgerMembers)
	lots, err := compare(ctx, size+"lots alone against exact SQL", b.long, sides["lots"], sides["lots-sql"])
	if err != nil {
		return err
	}
	if err := b.sameRows(ctx, []string{"lots"}, []string{parquet(filepath.Join(dir, ledger.LotsTable+".parquet"))}, []string{parquet(filepath.Join(dir, "sql-lots.parquet"))}); err != nil {
		return err
	}
	books, err := compare(ctx, size+"all tables against exact SQL", b.long, sides["all"], sides["books-sql"])
	if err != nil {
		return err
	}
	names, ours, theirs := ledgerBooks(dir)
	if err := b.sameRows(ctx, names, ours, theirs); err != nil {
		return err
	}
	scan, err := compare(ctx, size+"all tables against the sorted scan", b.long, sides["all"], sides["scan"])
	if err != nil {
		return err
	}
	memory := result{Name: "ledger, memory", Pairs: scan.Pairs, A: scan.A}
	if err := benchDay(ctx, b, dir, size); err != nil {
		return err
	}
	b.add(books.goal(books.WallRatio, 0.2, "times"), lots, scan.goal(scan.WallRatio, 1.5, "times"), memory.goal(scan.A.Peak, 4096, "MB"))
	return os.RemoveAll(dir)
}

// ledgerBooks are the ledger's tables as both sides have made them.
func ledgerBooks(dir string) (names, ours, theirs []string) {
	for _, table := range ledger.Tables() {
		names = append(names, table.Name)
		ours = append(ours, parquet(filepath.Join(dir, table.Name+".parquet")))
		theirs = append(theirs, parquet(filepath.Join(dir, strings.Replace(table.Name, "ledger.", "sql-books-", 1)+".parquet")))
	}
	return names, ours, theirs
}

// ledgerScripts are the script that makes movements up, and the sides over them.
func ledgerScripts(dir string, members int) map[string]string {
	fill := strings.NewReplacer("{dir}", dir, "{members}", fmt.Sprint(members), "{movements}", fmt.Sprint(members*movementsPerMember))
	input := fill.Replace("create schema dataset;\ncreate schema seed;\ncreate view dataset.point_transactions as from read_parquet('{dir}/movements.parquet');\n" +
		"create table seed.points_programme as from read_parquet('{dir}/programme.parquet');\n" +
		"create table seed.point_pools as from read_parquet('{dir}/pools.parquet');\n")
	return map[string]string{
		"movements": fill.Replace(movementsSQL), "lots-sql": input + fill.Replace(lotsSQL), "books-sql": input + fill.Replace(booksSQL),
		"all": input + stepMark + "ledger-to " + dir + "\n", "lots": input + stepMark + "ledger-lots " + dir + "\n", "scan": input + stepMark + "movements\n",
	}
}

// ledgerTo runs the ledger into Parquet files of a folder, of all its tables or of one.
func ledgerTo(ctx context.Context, session *warehouse.Session, scratch, dir, only string) error {
	return runLedger(ctx, session, scratch, func(table ledger.Table) *warehouse.BatchWriter {
		if only != "" && table.Name != only {
			return nil
		}
		return session.WriteParquet(ctx, table.Schema(), filepath.Join(dir, table.Name+".parquet"))
	})
}

// scanMovements reads the movements in order, and does nothing with them.
func scanMovements(ctx context.Context, session *warehouse.Session) error {
	const ordered = `select channel, account_id, txn_id, occurred_at, kind, points, order_id, expires_on, reason, source_file, source_row
		from dataset.point_transactions where occurred_at < getvariable('as_of') + interval 1 day
		order by channel, account_id, occurred_at, kind, txn_id`
	return session.ReadArrow(ctx, ordered, func(reader array.RecordReader) error {
		rows := int64(0)
		for reader.Next() {
			rows += reader.RecordBatch().NumRows()
		}
		if rows == 0 {
			return errors.New("there are no movements")
		}
		return reader.Err()
	})
}
