package diff_test

import (
	"path/filepath"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/diff"

	"github.com/google/go-cmp/cmp"
)

const before = "select * from (values ('a', 1, 'x'), ('b', 2, 'y'), ('c', 3, null), ('d', 4, 'w')) as t(id, amount, name)"

func TestEnvironments(t *testing.T) {
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{ScratchDir: scratch, AllowedDirs: []string{bucket.Root()}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	put := func(name, version, query string, rows int64) snapshot.Table {
		return store(t, session, bucket, scratch, name, version, query, rows)
	}
	prod := snapshot.Environment{Name: "prod", Tables: map[string]snapshot.Table{
		"mart.changed": put("mart.changed", "1", before, 4), "mart.same": put("mart.same", "1", before, 4), "mart.gone": put("mart.gone", "1", before, 4),
		"mart.wider": put("mart.wider", "1", before, 4), "core.hidden": put("core.hidden", "1", before, 4),
	}}
	dev := snapshot.Environment{Name: "dev", Tables: map[string]snapshot.Table{
		// b: another amount; c: a name now; d: missing; e: added
		"mart.changed": put("mart.changed", "2", "select * from (values ('a', 1, 'x'), ('b', 20, 'y'), ('c', 3, 'z'), ('e', 5, 'v')) as t(id, amount, name)", 4),
		"mart.same":    prod.Tables["mart.same"], "mart.fresh": put("mart.fresh", "1", before, 4),
		"mart.wider": put("mart.wider", "2", "select id, amount::bigint as amount, true as is_new from ("+before+")", 4),
	}}
	got, err := diff.Environments(t.Context(), prod, dev, func(name string) bool { return name != "core.hidden" },
		diff.Options{Bucket: bucket, Session: session, Grain: func(string) []string { return []string{"id"} }})
	if err != nil {
		t.Fatal(err)
	}
	want := []diff.Table{
		{
			Name: "mart.changed", State: "differs", RowsBefore: 4, RowsAfter: 4, Added: 1, Missing: 1, Changed: 2,
			Columns: []diff.ColumnChange{{Column: "amount", Rows: 1}, {Column: "name", Rows: 1}},
		},
		{Name: "mart.fresh", State: "added", RowsAfter: 4},
		{Name: "mart.gone", State: "removed", RowsBefore: 4},
		{Name: "mart.same", State: "same", RowsBefore: 4, RowsAfter: 4},
		{Name: "mart.wider", State: "differs", RowsBefore: 4, RowsAfter: 4, Schema: []string{"~ amount INTEGER -> BIGINT", "+ is_new BOOLEAN", "- name VARCHAR"}},
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("- wanted, + got\n%s", difference)
	}
}

func store(t *testing.T, session *warehouse.Session, bucket *objectstore.Bucket, scratch, name, version, query string, rows int64) snapshot.Table {
	t.Helper()
	path := filepath.Join(scratch, name+version)
	if _, err := session.Exec(t.Context(), "copy ("+query+") to "+warehouse.Quote(path)+" (format parquet)"); err != nil {
		t.Fatal(err)
	}
	table := snapshot.Table{Fingerprint: version, Data: "data.parquet", Rows: rows, Digest: version}
	if _, err := bucket.CreateFile(t.Context(), snapshot.DataKey(name, table), path); err != nil {
		t.Fatal(err)
	}
	return table
}
