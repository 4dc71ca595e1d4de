package main

import (
	"os"
	"path/filepath"
	"testing"

	"countinghouse/internal/warehouse"
)

// Both sides make the same lots, of which some expired, some were redeemed and some are left.
func TestLedgerAndSQLMakeTheSameLots(t *testing.T) {
	dir := t.TempDir()
	scripts := ledgerScripts(dir, 200)
	for _, name := range []string{"movements", "all", "lots", "sql", "scan"} {
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
	ours, theirs := ledgerLots(dir), parquet(filepath.Join(dir, "lots.parquet"))
	a, err := digestOf(t.Context(), session, ours)
	if err != nil {
		t.Fatal(err)
	}
	b, err := digestOf(t.Context(), session, theirs)
	if err != nil {
		t.Fatal(err)
	}
	if a != b {
		t.Errorf("ledger %s\nSQL    %s", a, b)
	}
	var expired, left, redeemed int
	query := "select count(*) filter (points_expired > 0), count(*) filter (points_remaining > 0), count(*) filter (points_expired + points_remaining < points_issued) from " + theirs
	if err := session.QueryRow(t.Context(), query).Scan(&expired, &left, &redeemed); err != nil {
		t.Fatal(err)
	}
	if expired < 100 || left < 100 || redeemed < 100 {
		t.Errorf("expired %d, left %d, redeemed %d lots: too few to prove anything", expired, left, redeemed)
	}
}
