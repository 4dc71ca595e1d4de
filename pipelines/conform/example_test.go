package conform_test

import (
	"path/filepath"
	"testing"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/conform"
	"countinghouse/schemas"
)

func shanghai(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func openSession(t *testing.T, dir string) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 2, MemoryLimit: "1GB", AllowedDirs: []string{dir}, ScratchDir: filepath.Join(dir, "spill")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// TestExamples runs the example of every built-in contract from its bytes to the rows that it gives.
func TestExamples(t *testing.T) {
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	session := openSession(t, dir)
	for _, feed := range registry.Feeds() {
		t.Run(feed.Feed, func(t *testing.T) {
			if feed.Example.File == "" {
				t.Fatal("a feed that comes with the product has an example")
			}
			if err := conform.RunExample(t.Context(), session, registry, feed, dir, shanghai(t)); err != nil {
				t.Error(err)
			}
		})
	}
}
