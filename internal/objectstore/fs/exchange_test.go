package fs

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// TestReplaceFolderIsOneStep reads a published set over and over while it is replaced: two files of one set must never come from two versions.
// A reader that meets an exchange between its two reads holds the folder open, as DuckDB and Python do not: so the reader opens the folder.
func TestReplaceFolderIsOneStep(t *testing.T) {
	folder, err := New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	publish := func(version int) {
		files := map[string]string{}
		for _, name := range []string{"a/data.parquet", "b/data.parquet"} {
			path := filepath.Join(t.TempDir(), "local")
			if err := os.WriteFile(path, fmt.Appendf(nil, "version %d", version), 0o600); err != nil {
				t.Fatal(err)
			}
			files[name] = path
		}
		files[fmt.Sprintf("marts-%d.duckdb", version)] = files["a/data.parquet"]
		if err := folder.ReplaceFolder(t.Context(), "marts", files); err != nil {
			t.Fatal(err)
		}
	}
	publish(0)
	var done atomic.Bool
	finished := make(chan int)
	go func() {
		sets := 0
		for !done.Load() {
			if readSet(t, filepath.Join(folder.Root(), "marts")) {
				sets++
			}
		}
		finished <- sets
	}()
	for version := 1; version <= 50; version++ {
		publish(version)
	}
	done.Store(true)
	if sets := <-finished; sets == 0 {
		t.Error("no whole set was read")
	}
	entries, err := os.ReadDir(filepath.Join(folder.Root(), "marts"))
	if err != nil || len(entries) != 3 {
		t.Errorf("%d names are left, want a, b and marts-50.duckdb (%v)", len(entries), err)
	}
	left, _ := filepath.Glob(filepath.Join(folder.Root(), ".staging", "*"))
	if len(left) > 0 {
		t.Errorf("left in staging: %v", left)
	}
}

// readSet reads both files through one open folder; false if that folder was taken away meanwhile.
func readSet(t *testing.T, path string) bool {
	root, err := os.OpenRoot(path)
	if err != nil {
		t.Errorf("the published folder was not there: %v", err)
		return false
	}
	defer func() { _ = root.Close() }()
	first, err := root.ReadFile("a/data.parquet")
	if err != nil {
		return false
	}
	second, err := root.ReadFile("b/data.parquet")
	if err != nil {
		return false
	}
	if string(first) != string(second) {
		t.Errorf("a mixed set: %s and %s", first, second)
	}
	return true
}
