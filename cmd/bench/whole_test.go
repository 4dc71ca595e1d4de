package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
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

// All benchmarks in small, with the real binary: when a feed, a model or a table changes so that the script no longer makes the product's rows,
// this fails, and not the benchmark weeks later.
func TestBothSidesMakeTheSameRows(t *testing.T) {
	dir := t.TempDir()
	product := filepath.Join(dir, "countinghouse")
	if output, err := exec.CommandContext(t.Context(), "go", "build", "-o", product, "countinghouse/cmd/countinghouse").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b := &bencher{self: self, settings: settings{
		product: product, dir: dir, models: filepath.Join("..", "..", "sql"), csvMB: 2, members: 400, pairs: 1, long: 1, small: 3,
	}}
	for _, one := range benchmarks() {
		if err := one.run(t.Context(), b); err != nil {
			t.Fatalf("%s: %v", one.name, err)
		}
	}
	goals := map[string]bool{}
	for _, r := range b.results {
		if r.Value != nil {
			goals[r.Name] = true
		}
	}
	if len(goals) != 8 {
		t.Errorf("%d goals are measured, want 8: %v", len(goals), goals)
	}
}
