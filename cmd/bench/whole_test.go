package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/project"
	"countinghouse/jobs"
	"countinghouse/pipelines/generate"
)

// TestMain lets the test's binary be bare DuckDB, as the benchmark's binary is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childCommand {
		if err := child(context.Background(), os.Args[2:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func testBencher(t *testing.T) *bencher {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &bencher{self: self, settings: settings{dir: t.TempDir(), models: filepath.Join("..", "..", "sql")}}
}

// conformed is the product at work on a project: files are landed and conformed.
func conformed(t *testing.T, dir string, paths ...string) *jobs.Workshop {
	t.Helper()
	own, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := open.Bucket(t.Context(), own.StoreURL(), own.WorkDir()+"/cache")
	if err != nil {
		t.Fatal(err)
	}
	tools := jobs.Tools{Bucket: bucket, Key: []byte(hashKey), Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
	workshop, err := jobs.OpenWorkshop(t.Context(), own, asOfDay(), tools)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := workshop.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := workshop.Land(t.Context(), paths, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := workshop.Conform(t.Context()); err != nil {
		t.Fatal(err)
	}
	return workshop
}

// When a feed, a model or a table changes so that the script no longer makes the product's rows, this fails, and not the benchmark weeks later.
func TestBothSidesMakeTheSameRows(t *testing.T) {
	b := testBencher(t)
	brand, own, out := filepath.Join(b.dir, "brand"), filepath.Join(b.dir, "project"), filepath.Join(b.dir, "out")
	options := generate.Options{Dir: brand, Members: 300, Seed: 1, Key: []byte(hashKey), AsOf: asOfDay()}
	if _, err := generate.Run(t.Context(), options); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{own, out} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	workshop := conformed(t, own, filepath.Join(brand, "exports"))
	if _, err := workshop.Build(t.Context(), jobs.BuildOptions{Environment: "prod"}); err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(own, "store")
	text, marts, err := wholeScript(places{models: b.models, store: store, seeds: filepath.Join(store, "tables", "seed"), out: out})
	if err != nil {
		t.Fatal(err)
	}
	script, err := b.script("whole", text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := script.once(t.Context()); err != nil {
		t.Fatal(err)
	}
	var ours, theirs []string
	for _, mart := range marts {
		ours = append(ours, parquet(filepath.Join(store, "tables", "mart", mart, "*", "*.parquet")))
		theirs = append(theirs, parquet(filepath.Join(out, mart+".parquet")))
	}
	if err := b.sameRows(t.Context(), marts, ours, theirs); err != nil {
		t.Error(err)
	}
}

// The feed of the conform benchmark and the bare statement give the same rows, in either encoding.
func TestConformMakesTheRowsOfTheBareStatement(t *testing.T) {
	b := testBencher(t)
	for name, gb := range map[string]bool{"utf8": false, "gb18030": true} {
		made, err := newExport(b, name, 1<<20, gb)
		if err != nil {
			t.Fatal(err)
		}
		if gb { // DuckDB cannot read it: the bare side has the same rows in UTF-8
			if err := writeCSV(filepath.Join(made.dir, "utf8.csv"), 1<<20, false); err != nil {
				t.Fatal(err)
			}
			if made.bare, err = b.script(name, fmt.Sprintf(bareConform, filepath.Join(made.dir, "utf8.csv"), made.out)); err != nil {
				t.Fatal(err)
			}
		}
		conformed(t, made.dir, made.csv)
		if _, err := made.bare.once(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := made.check(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
