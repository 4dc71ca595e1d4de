package warehouse_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/keyedhash"
	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow/array"
)

func open(t *testing.T, options warehouse.Options) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func TestVariablesAreOnEveryConnection(t *testing.T) {
	day := time.Date(2026, 10, 31, 15, 0, 0, 0, time.UTC)
	session := open(t, warehouse.Options{Variables: map[string]any{"as_of": day, "window_days": int64(365), "name": "it's"}})
	for range 3 {
		connection, err := session.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = connection.Close() }()
		var got string
		query := "select typeof(getvariable('as_of')) || getvariable('as_of') || getvariable('window_days') || getvariable('name')"
		if err := connection.QueryRowContext(t.Context(), query).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want := "DATE2026-10-31365it's"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSetVariables(t *testing.T) {
	session := open(t, warehouse.Options{Variables: map[string]any{"old": "o"}})
	if _, err := session.Exec(t.Context(), "create table kept as select 1 as a"); err != nil {
		t.Fatal(err)
	}
	session.SetVariables(map[string]any{"new": "n"})
	var old, fresh *string
	if err := session.QueryRow(t.Context(), "select getvariable('old'), getvariable('new') from kept").Scan(&old, &fresh); err != nil {
		t.Fatal(err)
	}
	if old != nil || fresh == nil || *fresh != "n" {
		t.Errorf("old %v, new %v", old, fresh)
	}
}

func TestKeyedHashIsTheSameInSQLAndGo(t *testing.T) {
	key := []byte("a secret of the brand")
	session := open(t, warehouse.Options{HashKey: key})
	for _, value := range []string{"13900000001", "", "山茶", "it's"} {
		var got string
		if err := session.QueryRow(t.Context(), "select keyed_hash(?)", value).Scan(&got); err != nil || got != keyedhash.Text(key, value) {
			t.Errorf("%q: SQL %s, Go %s, %v", value, got, keyedhash.Text(key, value), err)
		}
	}
	if keyedhash.Text(key, "13900000001") == keyedhash.Text([]byte("another secret"), "13900000001") {
		t.Error("the key does not count")
	}
	var none *string
	if err := session.QueryRow(t.Context(), "select keyed_hash(null)").Scan(&none); err != nil || none != nil {
		t.Errorf("of null: %v, %v", none, err)
	}
}

// TestLocked tries what a hostile model could: each must be refused, inside the allowed folder must work.
func TestLocked(t *testing.T) {
	allowed, outside := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(allowed, "link")); err != nil {
		t.Fatal(err)
	}
	session := open(t, warehouse.Options{ScratchDir: t.TempDir(), AllowedDirs: []string{allowed}})
	inside := warehouse.Quote(filepath.Join(allowed, "in.parquet"))
	if rows, err := session.Exec(t.Context(), "copy (select 1 as a) to "+inside); err != nil || rows != 1 {
		t.Fatalf("inside: %d rows, %v", rows, err)
	}
	for _, statement := range []string{
		"from read_csv(" + warehouse.Quote(secret) + ")",
		"from read_csv(" + warehouse.Quote(filepath.Join(allowed, "..", filepath.Base(outside), "secret.csv")) + ")",
		"from read_csv(" + warehouse.Quote(filepath.Join(allowed, "link", "secret.csv")) + ")",
		"copy (select 1) to " + warehouse.Quote(filepath.Join(outside, "out.parquet")),
		"attach " + warehouse.Quote(filepath.Join(outside, "x.duckdb")),
		"set memory_limit = '1GB'",
		"set enable_external_access = true",
		"install httpfs", "load httpfs",
		"from glob('/etc/*')",
	} {
		if _, err := session.Exec(t.Context(), statement); err == nil {
			t.Errorf("%s: was not refused", statement)
		}
	}
}

func TestArrowRoundTrip(t *testing.T) {
	dir := t.TempDir()
	session := open(t, warehouse.Options{AllowedDirs: []string{dir}})
	path := filepath.Join(dir, "copy.parquet")
	const query = "select i, 'row ' || i as name, i::decimal(18,2) as money, date '2026-01-01' + i::integer as day from range(100000) t(i)"
	err := session.ReadArrow(t.Context(), query, func(reader array.RecordReader) error {
		writer := session.WriteParquet(t.Context(), reader.Schema(), path)
		for reader.Next() {
			if err := writer.Write(reader.RecordBatch()); err != nil {
				return err
			}
		}
		rows, err := writer.Close()
		if rows != 100000 {
			t.Errorf("wrote %d rows", rows)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var differences int
	compare := "select count(*) from ((" + query + " except from " + warehouse.Quote(path) + ") union all (from " + warehouse.Quote(path) + " except " + query + "))"
	if err := session.QueryRow(t.Context(), compare).Scan(&differences); err != nil || differences != 0 {
		t.Errorf("%d rows differ, %v", differences, err)
	}
}

func TestStreamGivesTheRowsOfItsStatement(t *testing.T) {
	dir := t.TempDir()
	session := open(t, warehouse.Options{AllowedDirs: []string{dir}})
	path := filepath.Join(dir, "odd.parquet")
	err := session.ReadArrow(t.Context(), "select i, 'a' || i as a, 'b' || i as b from range(100000) t(i)", func(reader array.RecordReader) error {
		writer := session.Stream(t.Context(), reader.Schema(), 2, func(view string) string {
			return "copy (select b, i, a from (select *, random() >= 0 and i % 2 = 1 as odd from " + view + ") where odd) to " + warehouse.Quote(path)
		})
		for reader.Next() {
			if err := writer.Write(reader.RecordBatch()); err != nil {
				return err
			}
		}
		rows, err := writer.Close()
		if rows != 50000 {
			t.Errorf("%d rows were written, want every other one", rows)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var good int
	query := "select count(distinct i) from " + warehouse.Quote(path) + " where i % 2 = 1 and a = 'a' || i and b = 'b' || i"
	if err := session.QueryRow(t.Context(), query).Scan(&good); err != nil || good != 50000 {
		t.Errorf("%d rows are right, %v", good, err)
	}
}

func TestWriteParquetReportsFailure(t *testing.T) {
	for query, want := range map[string]string{"select 1.5 as a": "Permission", "select 1::bigint as a": "no such file"} { // by DuckDB, and by Go
		failToWrite(t, query, want)
	}
}

func failToWrite(t *testing.T, query, want string) {
	t.Helper()
	session := open(t, warehouse.Options{})
	err := session.ReadArrow(t.Context(), query, func(reader array.RecordReader) error {
		writer := session.WriteParquet(t.Context(), reader.Schema(), "/not/allowed.parquet")
		var err error
		for reader.Next() && err == nil {
			for err == nil { // until the statement has failed
				err = writer.Write(reader.RecordBatch())
			}
		}
		if !errors.Is(err, warehouse.ErrEnded) {
			t.Errorf("writing ends with %v", err)
		}
		_, err = writer.Close()
		return err
	})
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want %q", query, err, want)
	}
}

func TestSerialize(t *testing.T) {
	session := open(t, warehouse.Options{})
	tree, err := session.Serialize(context.Background(), "select getvariable('as_of') from core.orders")
	if err != nil || !strings.Contains(string(tree), `"table_name":"orders"`) {
		t.Errorf("%s, %v", tree, err)
	}
	tree, err = session.Serialize(context.Background(), "select from where")
	if err != nil || !strings.Contains(string(tree), `"error":true`) {
		t.Errorf("%s, %v", tree, err)
	}
}

func TestMeasureTellsWhatAStatementCost(t *testing.T) {
	session := open(t, warehouse.Options{Measured: 1, MemoryLimit: "100MB", ScratchDir: t.TempDir(), Variables: map[string]any{"old": int64(1)}})
	session.SetVariables(map[string]any{"rows": int64(3_000_000)})
	statement := "create table sorted as select i, md5(i::varchar) as text, getvariable('old') as old from range(getvariable('rows')) t(i) order by text"
	_, cost, err := session.Measure(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if cost.PeakMemory < 10<<20 || cost.PeakMemory > 400<<20 || cost.Spilled < 10<<20 {
		t.Errorf("sorting 100 MB in 100 MB cost %+v", cost)
	}
	var rows, old int
	if err := session.QueryRow(t.Context(), "select count(*), count(old) from sorted").Scan(&rows, &old); err != nil || rows != 3_000_000 || old != 0 {
		t.Errorf("%d rows; %d with an old variable; %v", rows, old, err)
	}
	if _, _, err := session.Measure(t.Context(), "select no_column"); err == nil {
		t.Error("a statement that fails is not reported")
	}
	if _, _, err := session.Measure(t.Context(), "select 1"); err != nil {
		t.Errorf("after one that failed: %v", err)
	}
}
