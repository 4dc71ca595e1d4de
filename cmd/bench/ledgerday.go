package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
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
	bucket, err := open.Bucket(ctx, store, filepath.Join(scratch, "cache"))
	if err != nil {
		return err
	}
	steps := slices.DeleteFunc(jobs.Steps(jobs.StepOptions{AsOf: ledger.DayOf(asOf)}), func(step build.Step) bool { return step.Name != "ledger" })
	graph, err := build.Resolve(&model.Library{}, movementsDatasets(dir, files), steps, map[string]any{"as_of": asOf})
	if err != nil {
		return err
	}
	current, err := readTables(store)
	if err != nil {
		return err
	}
	tables, err := build.Run(ctx, graph, build.Options{
		Bucket: bucket, Session: session, Scratch: scratch, Current: current, Workers: 2, Random: rand.Reader, Now: time.Now, CPU: func() float64 { return 0 },
	})
	if err != nil {
		return err
	}
	return writeTables(store, tables)
}

// movementsDatasets are the ledger's inputs over Parquet files as they lie.
func movementsDatasets(dir string, files []string) []build.Dataset {
	rows := func(files []string) string {
		paths := make([]string, len(files))
		for i, file := range files {
			paths[i] = warehouse.Quote(filepath.Join(dir, file+".parquet"))
		}
		return "select * from read_parquet([" + strings.Join(paths, ", ") + "])"
	}
	movements := build.Dataset{
		Name: "dataset.point_transactions", Query: rows(files), Definition: rows(files), Shape: func() string { return "movements" },
		Of: func(some []snapshot.SourceFile) string {
			var names []string
			for _, file := range some {
				names = append(names, file.SHA256)
			}
			return rows(names)
		},
	}
	for _, file := range files {
		movements.Files = append(movements.Files, snapshot.SourceFile{Feed: "points", SourceFile: file, SHA256: file})
	}
	programme := rows([]string{"programme"})
	return []build.Dataset{movements, {Name: "seed.points_programme", Query: programme, Definition: programme}}
}

func tablesFile(store string) string { return filepath.Join(store, "tables.json") }

// writeTables leaves for the next build of a store what this one made. The file is a new one: in a folder that linkFolder made it is another store's too.
func writeTables(store string, tables map[string]snapshot.Table) error {
	text, err := json.Marshal(tables)
	if err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(tablesFile(store)), os.WriteFile(tablesFile(store), text, 0o600))
}

// readTables gives what the last build of a store left; nothing of a store without one.
func readTables(store string) (map[string]snapshot.Table, error) {
	text, err := os.ReadFile(tablesFile(store))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tables := map[string]snapshot.Table{}
	return tables, json.Unmarshal(text, &tables)
}

// storedRelation is a table of a store as something that a query can read from.
func storedRelation(ctx context.Context, store, table string) (string, error) {
	tables, err := readTables(store)
	if err != nil {
		return "", err
	}
	bucket, err := open.Bucket(ctx, store, filepath.Join(store, "cache"))
	if err != nil {
		return "", err
	}
	manifest, err := snapshot.ReadManifest(ctx, bucket, table, tables[table].Fingerprint)
	if err != nil {
		return "", err
	}
	query, err := snapshot.RowsQuery(ctx, bucket, manifest)
	return "(" + query + ")", err
}
