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

// movementsPerMember is as in a programme of some years.
const movementsPerMember = 30

// ledgerMemory is what DuckDB may use on each side.
const ledgerMemory = "2GB"

// benchLedger measures the points ledger, from movements as Parquet to its tables as Parquet, against what no ledger can do without, the movements
// in order; and the ledger that keeps its lots alone against the fastest exact SQL that we know, which must make the same lots.
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
	sql, err := compare(ctx, size+"lots alone against exact SQL", b.long, sides["lots"], sides["sql"])
	if err != nil {
		return err
	}
	if err := b.sameRows(ctx, []string{"lots"}, []string{ledgerLots(dir)}, []string{parquet(filepath.Join(dir, "lots.parquet"))}); err != nil {
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
	b.add(sql.goal(sql.WallRatio, 0.2, "times"), scan.goal(scan.WallRatio, 1.5, "times"), memory.goal(scan.A.Peak, 4096, "MB"))
	return os.RemoveAll(dir)
}

// ledgerLots are the columns of the ledger's lots that the SQL has too.
func ledgerLots(dir string) string {
	return "(select account_id, lot_id, points_issued, points_expired, points_remaining from " + parquet(filepath.Join(dir, ledger.LotsTable+".parquet")) + ")"
}

// ledgerScripts are the script that makes movements up, and the sides over them.
func ledgerScripts(dir string, members int) map[string]string {
	fill := strings.NewReplacer("{dir}", dir, "{members}", fmt.Sprint(members), "{movements}", fmt.Sprint(members*movementsPerMember))
	input := fill.Replace("create schema dataset;\ncreate schema seed;\ncreate view dataset.point_transactions as from read_parquet('{dir}/movements.parquet');\n" +
		"create table seed.points_programme as from read_parquet('{dir}/programme.parquet');\n")
	return map[string]string{
		"movements": fill.Replace(movementsSQL), "sql": input + fill.Replace(lotsSQL),
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
