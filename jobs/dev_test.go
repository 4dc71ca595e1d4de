package jobs_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"countinghouse/jobs"
)

func TestSavedModel(t *testing.T) {
	for file, want := range map[string]string{
		"sql/mart/buyers.sql":                         "mart.buyers",
		"sql/mart/testdata/buyers__nobody.txtar":      "mart.buyers",
		"sql/mart/testdata/buyers.txtar":              "mart.buyers",
		"sql/audits/no_orphans.sql":                   "",
		"sql/seeds/tiers.csv":                         "",
		"sql/parameters.yaml":                         "",
		"countinghouse.yaml":                          "",
		"sql/mart/notes.md":                           "",
		"sql/mart/deeper/testdata/buyers__none.txtar": "",
	} {
		if got := jobs.SavedModel(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func TestWatch(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("notes.txt", "no concern of ours")
	write("sql/mart/old.sql", "select 1")
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	watcher, saves := jobs.NewWatcher(dir), make(chan []string)
	go func() {
		watcher.Run(ctx, time.Millisecond, func(files []string) { saves <- files })
		close(saves)
	}()
	// What is saved may be seen in parts; it goes on until all is.
	expect := func(files ...string) {
		t.Helper()
		for len(files) > 0 {
			saved, open := <-saves
			if !open {
				t.Fatalf("never seen: %q", files)
			}
			for _, file := range saved {
				if !slices.Contains(files, file) && file != "sql/mart/new.sql" {
					t.Fatalf("seen: %q, which was not saved", file)
				}
			}
			files = slices.DeleteFunc(files, func(file string) bool { return slices.Contains(saved, file) })
		}
	}
	write("notes.txt", "still not")
	write("sql/mart/new.sql", "select 1")
	expect("sql/mart/new.sql")
	write("countinghouse.yaml", "parameters: {}")
	expect("countinghouse.yaml")
	if err := os.Remove(filepath.Join(dir, "sql", "mart", "old.sql")); err != nil {
		t.Fatal(err)
	}
	expect("sql/mart/old.sql")
	stop()
	for files := range saves {
		t.Errorf("seen after the end: %q", files)
	}
}
