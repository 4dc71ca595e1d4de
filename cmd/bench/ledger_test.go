package main

import (
	"os"
	"path/filepath"
	"testing"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/ledger"
)

// Both sides make the same tables, with lots of which some expired, some were redeemed and some are left, and with arrears that were paid and that were not.
func TestLedgerAndSQLMakeTheSameTables(t *testing.T) {
	dir := t.TempDir()
	scripts := ledgerScripts(dir, 200)
	for _, name := range []string{"movements", "lots", "all", "lots-sql", "books-sql", "scan"} {
		script := filepath.Join(dir, name+".sql")
		if err := os.WriteFile(script, []byte(scripts[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := child(t.Context(), []string{"-dirs", dir, "-scratch", t.TempDir(), script}, os.Stdout); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	session, err := warehouse.Open(t.Context(), warehouse.Options{AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	names, ours, theirs := ledgerBooks(dir)
	lots := parquet(filepath.Join(dir, "sql-lots.parquet"))
	names, ours, theirs = append(names, "lots alone"), append(ours, parquet(filepath.Join(dir, ledger.LotsTable+".parquet"))), append(theirs, lots)
	for i, name := range names {
		a, err := digestOf(t.Context(), session, ours[i])
		if err != nil {
			t.Fatal(err)
		}
		b, err := digestOf(t.Context(), session, theirs[i])
		if err != nil {
			t.Fatal(err)
		}
		if a != b {
			t.Errorf("%s\nledger %s\nSQL    %s", name, a, b)
		}
	}
	var expired, left, redeemed, paid, owing int
	query := "select count(*) filter (points_expired > 0), count(*) filter (points_remaining > 0), count(*) filter (points_expired + points_remaining < points_issued) from " + lots
	if err := session.QueryRow(t.Context(), query).Scan(&expired, &left, &redeemed); err != nil {
		t.Fatal(err)
	}
	query = "select count(*) filter (kind = 'arrears'), (select count(*) from " + theirs[3] + " where arrears > 0) from " + theirs[2]
	if err := session.QueryRow(t.Context(), query).Scan(&paid, &owing); err != nil {
		t.Fatal(err)
	}
	if expired < 100 || left < 100 || redeemed < 100 || paid < 5 || owing < 1 {
		t.Errorf("expired %d, left %d, redeemed %d lots, %d arrears paid, %d owing: too few to prove anything", expired, left, redeemed, paid, owing)
	}
}
