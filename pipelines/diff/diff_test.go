package diff_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/diff"

	"github.com/google/go-cmp/cmp"
)

// place is a store with a session over it.
type place struct {
	t       *testing.T
	bucket  *objectstore.Bucket
	session *warehouse.Session
	scratch string
}

func newPlace(t *testing.T) place {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, ScratchDir: scratch, AllowedDirs: []string{bucket.Root()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return place{t, bucket, session, scratch}
}

// options compare by id and show two rows of each kind.
func (p place) options() diff.Options {
	return diff.Options{Bucket: p.bucket, Session: p.session, Scratch: p.scratch, Samples: 2, Grain: func(string) []string { return []string{"id"} }}
}

// compare gives how the results of two queries differ, by the columns of the grain.
func (p place) compare(before, after string, grain ...string) diff.Table {
	p.t.Helper()
	options := p.options()
	options.Grain = func(string) []string { return grain }
	return p.relations(before, after, options)
}

func (p place) relations(before, after string, options diff.Options) diff.Table {
	p.t.Helper()
	table, err := diff.Relations(p.t.Context(), "mart.x", "("+before+")", "("+after+")", options)
	if err != nil {
		p.t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(p.scratch, "diff-*"))
	if err != nil || len(left) > 0 {
		p.t.Errorf("left in the scratch folder: %v %v", left, err)
	}
	return table
}

func (p place) put(name, version, query string) snapshot.Table {
	p.t.Helper()
	path := filepath.Join(p.scratch, name+version)
	rows, err := p.session.Exec(p.t.Context(), "copy ("+query+") to "+warehouse.Quote(path)+" (format parquet)")
	if err != nil {
		p.t.Fatal(err)
	}
	columns, err := p.session.Columns(p.t.Context(), "read_parquet("+warehouse.Quote(path)+")")
	if err != nil {
		p.t.Fatal(err)
	}
	table := snapshot.Table{Fingerprint: version, Data: "data.parquet", Rows: rows, Digest: version}
	if _, err := p.bucket.CreateFile(p.t.Context(), snapshot.DataKey(name, table), path); err != nil {
		p.t.Fatal(err)
	}
	p.describe(snapshot.Manifest{Name: name, Table: table, Columns: columns})
	return table
}

func (p place) describe(manifest snapshot.Manifest) {
	p.t.Helper()
	text, err := json.Marshal(manifest)
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.bucket.CompareAndSet(p.t.Context(), snapshot.ManifestKey(manifest.Name, manifest.Fingerprint), text, 0); err != nil {
		p.t.Fatal(err)
	}
}

func text(value string) *string { return &value }

func same(t *testing.T, want, got any) {
	t.Helper()
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("- wanted, + got\n%s", difference)
	}
}

const (
	four = "select * from (values ('a', 1, 'x'), ('b', 2, 'y'), ('c', 3, null), ('d', 4, 'w')) as t(id, amount, name)"
	// b: another amount; c: a name now; d: missing; e: added.
	fourOthers = "select * from (values ('a', 1, 'x'), ('b', 20, 'y'), ('c', 3, 'z'), ('e', 5, 'v')) as t(id, amount, name)"
)

func TestEnvironments(t *testing.T) {
	p := newPlace(t)
	prod := snapshot.Environment{Name: "prod", Tables: map[string]snapshot.Table{
		"mart.changed": p.put("mart.changed", "1", four), "mart.same": p.put("mart.same", "1", four), "mart.gone": p.put("mart.gone", "1", four),
		"mart.wider": p.put("mart.wider", "1", four), "core.hidden": p.put("core.hidden", "1", four),
	}}
	// The digest of a table whose columns are called otherwise is the same.
	renamed := p.put("mart.renamed", "2", "select id, amount as total, name from ("+four+")")
	renamed.Digest = "1"
	prod.Tables["mart.renamed"] = p.put("mart.renamed", "1", four)
	dev := snapshot.Environment{Name: "dev", Tables: map[string]snapshot.Table{
		"mart.changed": p.put("mart.changed", "2", fourOthers), "mart.renamed": renamed,
		"mart.same": prod.Tables["mart.same"], "mart.fresh": p.put("mart.fresh", "1", four),
		"mart.wider": p.put("mart.wider", "2", "select id, amount::bigint as amount, true as is_new from ("+four+")"),
	}}
	got, err := diff.Environments(t.Context(), prod, dev, func(name string) bool { return name != "core.hidden" }, p.options())
	if err != nil {
		t.Fatal(err)
	}
	same(t, []diff.Table{
		{
			Name: "mart.changed", State: diff.Differs, RowsBefore: 4, RowsAfter: 4, Grain: []string{"id"}, Added: 1, Missing: 1, Changed: 2,
			Columns: []diff.ColumnChange{
				{
					Column: "amount", Rows: 1, Sum: &diff.Sum{Before: "10", After: "29", Difference: "19"},
					Largest: &diff.Largest{Key: []*string{text("b")}, Before: "2", After: "20", Difference: "18"},
					Pairs:   []diff.Pair{{Before: text("2"), After: text("20"), Rows: 1}},
				},
				{Column: "name", Rows: 1, FromNull: 1, Pairs: []diff.Pair{{After: text("z"), Rows: 1}}},
			},
			Samples: diff.Samples{
				Changed: []diff.ChangedRow{
					{Key: []*string{text("b")}, Cells: []diff.Cell{{Column: "amount", Before: text("2"), After: text("20")}}},
					{Key: []*string{text("c")}, Cells: []diff.Cell{{Column: "name", After: text("z")}}},
				},
				Columns: []string{"id", "amount", "name"},
				Added:   [][]*string{{text("e"), text("5"), text("v")}},
				Missing: [][]*string{{text("d"), text("4"), text("w")}},
			},
		},
		{Name: "mart.fresh", State: diff.Added, RowsAfter: 4},
		{Name: "mart.gone", State: diff.Removed, RowsBefore: 4},
		{Name: "mart.renamed", State: diff.Differs, RowsBefore: 4, RowsAfter: 4, Schema: []diff.SchemaChange{
			{Column: "total", After: "INTEGER"}, {Column: "amount", Before: "INTEGER"},
		}},
		{Name: "mart.same", State: diff.Same, RowsBefore: 4, RowsAfter: 4},
		{
			Name: "mart.wider", State: diff.Differs, RowsBefore: 4, RowsAfter: 4, Grain: []string{"id"}, Schema: []diff.SchemaChange{
				{Column: "amount", Before: "INTEGER", After: "BIGINT"}, {Column: "is_new", After: "BOOLEAN"}, {Column: "name", Before: "VARCHAR"},
			},
		},
	}, got)
}

// A view has other rows in each environment, though its text may be the same: those of what it reads.
func TestViews(t *testing.T) {
	p := newPlace(t)
	environment := func(name, amount string) snapshot.Environment {
		read := p.put("core.a", amount, "select 'a' as id, "+amount+" as amount")
		p.describe(snapshot.Manifest{
			Name: "mart.v", Table: snapshot.Table{Fingerprint: amount, Rows: snapshot.Uncounted}, View: "select * from core.a",
			Inputs: map[string]string{"core.a": read.Fingerprint},
		})
		return snapshot.Environment{Name: name, Tables: map[string]snapshot.Table{"mart.v": {Fingerprint: amount, Rows: snapshot.Uncounted}}}
	}
	got, err := diff.Environments(t.Context(), environment("prod", "1"), environment("dev", "2"), func(string) bool { return true }, p.options())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Changed != 1 || got[0].RowsBefore != 1 || got[0].Columns[0].Sum.Difference != "1" {
		t.Errorf("%+v", got)
	}
}

// Of a table in monthly parts only the months that are not the same are looked at.
func TestMonthlyParts(t *testing.T) {
	p := newPlace(t)
	columns := []warehouse.Column{{Name: "id", Type: "VARCHAR"}, {Name: "amount", Type: "INTEGER"}}
	environment := func(name string, parts ...snapshot.Part) snapshot.Environment {
		p.describe(snapshot.Manifest{Name: "core.a", Table: snapshot.Table{Fingerprint: name}, InParts: true, Parts: parts, Columns: columns})
		return snapshot.Environment{Name: name, Tables: map[string]snapshot.Table{"core.a": {Fingerprint: name}}}
	}
	september := snapshot.Part{Month: "2026-09", Table: p.put("core.a", "9", "select 'i' as id, 100 as amount")}
	october := snapshot.Part{Month: "2026-10", Table: p.put("core.a", "10", "select 'j' as id, 20 as amount union all select 'k', 30")}
	late := snapshot.Part{Month: "2026-10", Table: p.put("core.a", "10b", "select 'j' as id, 20 as amount union all select 'k', 31")}
	late.Digest, october.Digest = "", "" // only published tables have one
	november := snapshot.Part{Month: "2026-11", Table: p.put("core.a", "11", "select 'l' as id, 5 as amount")}
	before, after := environment("prod", september, october), environment("dev", september, late, november)
	got, err := diff.Environments(t.Context(), before, after, func(string) bool { return true }, p.options())
	if err != nil {
		t.Fatal(err)
	}
	same(t, [3]int64{1, 0, 1}, counts(got[0]))
	same(t, [2]int64{3, 4}, [2]int64{got[0].RowsBefore, got[0].RowsAfter})
	same(t, &diff.Sum{Before: "150", After: "156", Difference: "6"}, got[0].Columns[0].Sum)

	// All that the first has is in the second.
	more := environment("more", september, october, november)
	if got, err = diff.Environments(t.Context(), before, more, func(string) bool { return true }, p.options()); err != nil {
		t.Fatal(err)
	}
	same(t, [3]int64{1, 0, 0}, counts(got[0]))
}

func TestRowsAreGone(t *testing.T) {
	p := newPlace(t)
	now := snapshot.Environment{Name: "prod", Version: 2, Tables: map[string]snapshot.Table{"mart.x": p.put("mart.x", "2", four)}}
	old := snapshot.Environment{Name: "prod", Version: 1, Tables: map[string]snapshot.Table{"mart.x": {Fingerprint: "1", Digest: "1", Data: "data.parquet"}}}
	_, err := diff.Environments(t.Context(), old, now, func(string) bool { return true }, p.options())
	if err == nil || !strings.Contains(err.Error(), "diff mart.x: environment prod, version 1: its rows are not stored any more") {
		t.Errorf("%v", err)
	}
}
