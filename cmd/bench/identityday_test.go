package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/identity"
	"countinghouse/pipelines/linkage"
)

// A day that goes on makes the tables of the whole, in two parts.
func TestADayOfAccountsMakesTheRowsOfTheWhole(t *testing.T) {
	dir := t.TempDir()
	daysMakeTheWhole(t, dir, identityDayScripts(dir, 20_000), []string{"days", "before"}, slices.Sorted(maps.Keys(identity.Tables())))
	for name, want := range map[string]int{"large": 2, "whole": 1} {
		if got := partsOf(t, dayStore(dir, name), "identity.identifiers"); got != want {
			t.Errorf("%s: %d parts, want %d", name, got, want)
		}
	}
}

// So does a day of similar accounts.
func TestADayOfSimilarAccountsMakesTheRowsOfTheWhole(t *testing.T) {
	dir := t.TempDir()
	daysMakeTheWhole(t, dir, linkageDayScripts(dir, 12_000), []string{"people", "days", "before"}, slices.Sorted(maps.Keys(linkage.Tables())))
	for name, want := range map[string]int{"large": 2, "whole": 1} {
		if got := partsOf(t, dayStore(dir, name), "identity.similar"); got != want {
			t.Errorf("%s: %d parts, want %d", name, got, want)
		}
	}
}

// daysMakeTheWhole runs scripts, those that prepare first, and holds a large day to the whole.
func daysMakeTheWhole(t *testing.T, dir string, scripts map[string]string, prepare, tables []string) {
	t.Helper()
	for _, name := range append(prepare, "large", "whole") {
		if name == "large" {
			if err := linkFolder(dayStore(dir, "before"), dayStore(dir, "large")); err != nil {
				t.Fatal(err)
			}
		}
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
	for _, table := range tables {
		var digests [2]string
		for i, name := range []string{"large", "whole"} {
			relation, err := storedRelation(t.Context(), dayStore(dir, name), table)
			if err != nil {
				t.Fatal(err)
			}
			if digests[i], err = digestOf(t.Context(), session, relation); err != nil {
				t.Fatal(err)
			}
		}
		if digests[0] != digests[1] {
			t.Errorf("%s: %s, the whole has %s", table, digests[0], digests[1])
		}
	}
}

// partsOf counts the parts of a stored table; one that was written whole is one.
func partsOf(t *testing.T, store, table string) int {
	t.Helper()
	tables, err := readTables(store)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := open.Bucket(t.Context(), store, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := snapshot.ReadManifest(t.Context(), bucket, table, tables[table].Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	return max(1, len(manifest.Parts))
}
