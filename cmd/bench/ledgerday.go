package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/warehouse"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/ledger"
)

// daySQL parts the movements: those of the last day come in a file of their own.
const daySQL = `copy (from read_parquet('{dir}/movements.parquet') where occurred_at < timestamp '2026-10-31') to '{dir}/before.parquet' (format parquet, compression zstd);
copy (select * replace ('points_20261031.csv' as source_file) from read_parquet('{dir}/movements.parquet') where occurred_at >= timestamp '2026-10-31')
to '{dir}/day.parquet' (format parquet, compression zstd);
`

// benchDay measures a ledger that goes on for a day against one that is made as a whole, both as a build makes and stores it. They must have the same rows.
func benchDay(ctx context.Context, b *bencher, dir, size string) error {
	again, whole := filepath.Join(dir, "store-again"), filepath.Join(dir, "store-whole")
	sides := map[string]measured{}
	for name, text := range map[string]string{
		"part": strings.ReplaceAll(daySQL, "{dir}", dir), "before": buildMark(dir, filepath.Join(dir, "store"), "before"),
		"again": buildMark(dir, again, "day"), "whole": buildMark(dir, whole, "day"),
	} {
		var err error
		if sides[name], err = b.script("ledger-day-"+name, text, "-memory", ledgerMemory); err != nil {
			return err
		}
	}
	for _, name := range []string{"part", "before"} {
		if _, err := sides[name].run(ctx); err != nil {
			return err
		}
	}
	goesOn, anew := sides["again"], sides["whole"]
	goesOn.before = func() error { return linkFolder(filepath.Join(dir, "store"), again) }
	anew.before = func() error { return os.RemoveAll(whole) }
	made, err := compare(ctx, size+"one more day against the whole", b.long, goesOn, anew)
	if err != nil {
		return err
	}
	var names, ours, theirs []string
	for _, table := range ledger.Tables() {
		names = append(names, table.Name)
		for store, relations := range map[string]*[]string{again: &ours, whole: &theirs} {
			relation, err := storedRelation(ctx, store, table.Name)
			if err != nil {
				return err
			}
			*relations = append(*relations, relation)
		}
	}
	if err := b.sameRows(ctx, names, ours, theirs); err != nil {
		return err
	}
	b.add(made.goal(made.WallRatio, 0.1, "times"))
	return nil
}

func buildMark(dir, store, until string) string {
	return stepMark + strings.Join([]string{"ledger-build", dir, store, until}, " ") + "\n"
}

// linkFolder makes a folder anew with the same files, of which nothing is ever written into.
func linkFolder(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if entry.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		return os.Link(path, target)
	})
}

// buildLedger builds the ledger in a store, from the movements before the last day, or from all of them: what it is given is the folder of the movements, the
// store, and which. Of the store's last build it is told.
func buildLedger(ctx context.Context, session *warehouse.Session, scratch, argument string) error {
	arguments := strings.Fields(argument)
	if len(arguments) != 3 {
		return fmt.Errorf("ledger-build: want a folder, a store and before or day, got %q", argument)
	}
	dir, store := arguments[0], arguments[1]
	asOf, files := asOfDay().AddDate(0, 0, -1), []string{"before"}
	if arguments[2] == "day" {
		asOf, files = asOfDay(), []string{"before", "day"}
	}
	session.SetVariables(map[string]any{"as_of": asOf})
	steps := slices.DeleteFunc(jobs.Steps(jobs.StepOptions{AsOf: ledger.DayOf(asOf)}), func(step build.Step) bool { return step.Name != "ledger" })
	datasets := []build.Dataset{
		fileDataset("dataset.point_transactions", dir, files), fileDataset("seed.points_programme", dir, []string{"programme"}),
		fileDataset("seed.point_pools", dir, []string{"pools"}),
	}
	return buildInStore(ctx, session, scratch, store, datasets, steps, map[string]any{"as_of": asOf})
}
