package closing_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/pipelines/closing"
)

func bucket(t *testing.T) *objectstore.Bucket {
	t.Helper()
	made, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func list(t *testing.T, from *objectstore.Bucket) []closing.Stored {
	t.Helper()
	records, err := closing.List(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func add(t *testing.T, to *objectstore.Bucket, kind, period string) {
	t.Helper()
	end, err := closing.End(period)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := closing.Append(t.Context(), to, list(t, to), closing.Record{Kind: kind, Period: period, AsOf: end.Format(time.DateOnly)}); err != nil {
		t.Fatal(err)
	}
}

func TestEndOfMonth(t *testing.T) {
	for period, want := range map[string]string{"2026-10": "2026-10-31", "2024-02": "2024-02-29", "2026-12": "2026-12-31"} {
		if end, err := closing.End(period); err != nil || end.Format(time.DateOnly) != want {
			t.Errorf("%s ends on %v, %v", period, end, err)
		}
	}
	for _, wrong := range []string{"2026-13", "2026-10-31", "", "2026Q4"} {
		if _, err := closing.End(wrong); err == nil {
			t.Errorf("%q is taken for a month", wrong)
		}
	}
}

// TestOrder: months are closed one after the other, and opened again from the last one backwards.
func TestOrder(t *testing.T) {
	store := bucket(t)
	refused := func(err error, part string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, want one that says %q", err, part)
		}
	}
	if err := closing.Closable(nil, "2026-11"); err != nil {
		t.Errorf("the first close: %v", err)
	}
	add(t, store, closing.Closed, "2026-11")
	refused(closing.Closable(list(t, store), "2026-11"), "closed already")
	refused(closing.Closable(list(t, store), "2026-10"), "2026-12 is next")
	refused(closing.Closable(list(t, store), "2027-01"), "2026-12 is next")
	add(t, store, closing.Closed, "2026-12")
	refused(closing.Reopenable(list(t, store), "2026-11"), "reopen that first")
	refused(closing.Reopenable(list(t, store), "2026-10"), "is not closed")
	add(t, store, closing.Reopened, "2026-12")
	if err := closing.Closable(list(t, store), "2026-12"); err != nil {
		t.Errorf("closed again: %v", err)
	}
	add(t, store, closing.Closed, "2026-12")
	if problems := closing.Chain(list(t, store)); problems != nil {
		t.Errorf("the chain: %v", problems)
	}
}

// TestBaseEndedBefore: the figures of a day begin with the last month that was closed before it, never with one that the day is in.
func TestBaseEndedBefore(t *testing.T) {
	store := bucket(t)
	add(t, store, closing.Closed, "2026-10")
	add(t, store, closing.Closed, "2026-11")
	for asOf, want := range map[string]string{"2026-10-31": "", "2026-11-01": "2026-10", "2026-11-30": "2026-10", "2026-12-01": "2026-11", "2027-05-01": "2026-11"} {
		day, err := time.Parse(time.DateOnly, asOf)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if base := closing.Before(list(t, store), day); base != nil {
			got = base.Period
		}
		if got != want {
			t.Errorf("%s begins with %q, want %q", asOf, got, want)
		}
	}
}

// TestChainFindsEveryChange: a record that was changed, removed or put in is told, whichever it is.
func TestChainFindsEveryChange(t *testing.T) {
	months := []string{"2026-01", "2026-02", "2026-03", "2026-04"}
	for i := range months {
		store := bucket(t)
		for _, month := range months {
			add(t, store, closing.Closed, month)
		}
		key := closing.Key(months[i], 1)
		text, was, err := store.Read(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(text), `"who": ""`, `"who": "x"`, 1)
		if _, err := store.CompareAndSet(t.Context(), key, []byte(changed), was.Generation); err != nil {
			t.Fatal(err)
		}
		if problems := closing.Chain(list(t, store)); len(problems) == 0 || !strings.Contains(problems[0], key) {
			t.Errorf("record %d changed: %v", i+1, problems)
		}
		if err := store.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if problems := closing.Chain(list(t, store)); len(problems) == 0 && i < len(months)-1 { // nothing names the last one yet
			t.Errorf("record %d is gone, and nobody notices", i+1)
		}
	}
}

// TestWhoComesSecondIsRefused: of two closes that begin with the same chain, one is written.
func TestWhoComesSecondIsRefused(t *testing.T) {
	store := bucket(t)
	for i := range 2 {
		_, err := closing.Append(t.Context(), store, nil, closing.Record{Kind: closing.Closed, Period: "2026-10", Who: string(rune('a' + i))})
		if (err == nil) != (i == 0) {
			t.Errorf("close %d: %v", i+1, err)
		}
	}
}

// TestRewrittenExportIsFound by the hash that it had; one that is there is not replaced, and one that is simply gone is not found.
func TestRewrittenExportIsFound(t *testing.T) {
	store := bucket(t)
	put := func(key, text string) {
		t.Helper()
		if _, err := store.CompareAndSet(t.Context(), key, []byte(text), 0); err != nil {
			t.Fatal(err)
		}
	}
	put("landing/points/bb/manifest.json", `{"feed": "points", "name": "a.csv", "key": "landing/points/bb/a.csv", "sha256": "bb", "replaces": ["00", "aa"], "erased_by": "certificate"}`)
	put("landing/points/cc/manifest.json", `{"feed": "points", "name": "c.csv", "key": "landing/points/cc/c.csv", "sha256": "cc"}`)
	files := []closing.File{
		{Feed: "points", Name: "a.csv", Key: "landing/points/aa/a.csv", SHA256: "aa"},
		{Feed: "points", Name: "c.csv", Key: "landing/points/cc/c.csv", SHA256: "cc"},
		{Feed: "points", Name: "d.csv", Key: "landing/points/dd/d.csv", SHA256: "dd"},
	}
	found, err := closing.Replacements(t.Context(), store, files)
	if err != nil {
		t.Fatal(err)
	}
	now := found["landing/points/aa/a.csv"]
	if len(found) != 1 || now.SHA256 != "bb" || now.By != "certificate" || !strings.Contains(string(now.Manifest), "landing/points/aa/a.csv") {
		t.Errorf("found %+v", found)
	}
}

func sources(t *testing.T, layer string, files fs.FS) []closing.Source {
	t.Helper()
	read, err := closing.ReadSources(layer, files)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func file(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }

func TestChangesNameTheLine(t *testing.T) {
	was := sources(t, closing.BuiltinSQL, fstest.MapFS{
		"mart/a.sql": file("one\ntwo\nthree\n"), "seeds/s.csv": file("h\n1\n"), "mart/testdata/a.txtar": file("x"), "README.md": file("x"),
	})
	own := sources(t, closing.OwnSQL, fstest.MapFS{"mart/a.sql": file("one\n2\nthree\n"), "seeds/s.csv": file("h\n1\n2\n")})
	var got []string
	for _, change := range closing.SourceChanges(was, append(slices.Clone(was), own...)) {
		got = append(got, strings.Join([]string{change.What, change.Name, string(rune('0' + change.Line)), change.Was, change.Is}, " "))
	}
	want := []string{"sql sql/mart/a.sql 2 two 2", "seed sql/seeds/s.csv 3  2"}
	if !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	if same := closing.SourceChanges(was, was); len(same) > 0 {
		t.Errorf("nothing changed: %v", same)
	}
}

// TestSourcesComeBack: what a close keeps of files gives the same files.
func TestSourcesComeBack(t *testing.T) {
	files := fstest.MapFS{"core/a.sql": file("select 1"), "parameters.yaml": file("x: 1")}
	made, err := closing.Files(sources(t, closing.OwnSQL, files), closing.OwnSQL)
	if err != nil {
		t.Fatal(err)
	}
	again := sources(t, closing.OwnSQL, made)
	if len(again) != 2 || again[0].Text != "select 1" || again[1].Text != "x: 1" {
		t.Errorf("came back as %v", again)
	}
	if none, err := closing.Files(again, closing.BuiltinSQL); none != nil || err != nil {
		t.Error("a layer without files is there")
	}
}

func TestMonths(t *testing.T) {
	for period, want := range map[string]string{
		"2026-10": "2026-10", "2026-Q1": "2026-01 2026-02 2026-03", "2026-Q4": "2026-10 2026-11 2026-12",
		"2026": "2026-01 2026-02 2026-03 2026-04 2026-05 2026-06 2026-07 2026-08 2026-09 2026-10 2026-11 2026-12",
	} {
		if months, err := closing.Months(period); err != nil || strings.Join(months, " ") != want {
			t.Errorf("%s has %v, %v", period, months, err)
		}
	}
	for _, period := range []string{"", "October", "2026-13", "2026-Q0", "2026-Q5", "2026-Qx", "26", "2026-10-31", "20x6"} {
		if months, err := closing.Months(period); err == nil {
			t.Errorf("%q is taken for %v", period, months)
		}
	}
}

// TestOpen: a month that was opened again is open, and one that was never closed.
func TestOpen(t *testing.T) {
	record := func(kind, period string) closing.Stored {
		return closing.Stored{Record: closing.Record{Kind: kind, Period: period}}
	}
	records := []closing.Stored{record(closing.Closed, "2026-07"), record(closing.Closed, "2026-08"), record(closing.Reopened, "2026-08")}
	if open := closing.Open(records, []string{"2026-07", "2026-08", "2026-09"}); strings.Join(open, " ") != "2026-08 2026-09" {
		t.Errorf("open are %v", open)
	}
}
