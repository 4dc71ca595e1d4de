package sql_test

import (
	"crypto/rand"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/project"
	"countinghouse/jobs"
	"countinghouse/pipelines/unittest"
)

var update = flag.Bool("update", false, "rewrite the wanted rows of the failing cases")

// TestGolden runs the unit tests of this folder as those of a project whose sql/ it is, so that they can be rewritten.
func TestGolden(t *testing.T) {
	result, err := workshop(t).Test(t.Context(), "prod", nil, *update)
	if err != nil && !errors.Is(err, unittest.ErrFailed) {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*/testdata/*.txtar")
	if err != nil || len(files) == 0 || len(result.Cases) != len(files) {
		t.Errorf("%d cases were run of %d files: %v", len(result.Cases), len(files), err)
	}
	for _, outcome := range result.Cases {
		t.Run(outcome.Case, func(t *testing.T) {
			if !outcome.Passed() {
				t.Errorf("\n%s", outcome)
			}
			if outcome.Updated {
				t.Logf("rewritten\n%s", outcome)
			}
		})
	}
	if len(result.Untested) > 0 {
		t.Errorf("finance owns marts without a unit test: %v", result.Untested)
	}
}

func workshop(t *testing.T) *jobs.Workshop {
	t.Helper()
	dir := t.TempDir()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(here, filepath.Join(dir, "sql")); err != nil {
		t.Fatal(err)
	}
	own, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := open.Bucket(t.Context(), "mem://", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tools := jobs.Tools{Bucket: bucket, Key: []byte("a made-up key for the tests"), Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
	opened, err := jobs.OpenWorkshop(t.Context(), own, time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC), tools)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}
