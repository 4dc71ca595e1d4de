package main

import (
	"os"
	"path/filepath"
	"testing"

	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/identity"
)

// A day that goes on makes the tables of the whole, in two parts.
func TestADayOfAccountsMakesTheRowsOfTheWhole(t *testing.T) {
	dir := t.TempDir()
	scripts := identityDayScripts(dir, 20_000)
	for _, name := range []string{"days", "before", "large", "whole"} {
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
	for table := range identity.Tables() {
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
	for name, want := range map[string]int{"large": 2, "whole": 1} {
		if got := partsOf(t, dayStore(dir, name), "identity.identifiers"); got != want {
			t.Errorf("%s: %d parts, want %d", name, got, want)
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
