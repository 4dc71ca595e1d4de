package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"
)

// asOf is the day of every run: the last one of the made-up brand.
const asOf = "2026-10-31"

func asOfDay() time.Time { return time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC) }

// benchWhole measures the way from typed Parquet to published marts against one script of bare DuckDB and the same Go steps; beside it the whole
// way from exports, step by step; then what follows from a run: the next one with nothing new, and one in little memory.
func benchWhole(ctx context.Context, b *bencher) error {
	w := &whole{
		b: b, project: filepath.Join(b.dir, "whole"), exports: filepath.Join(b.dir, "brand", "exports"), typed: filepath.Join(b.dir, "typed-store"),
		seeds: filepath.Join(b.dir, "seeds"), out: filepath.Join(b.dir, "bare-marts"),
	}
	if err := os.MkdirAll(w.project, 0o700); err != nil {
		return err
	}
	if _, err := b.countinghouse(ctx, nil, "generate", filepath.Dir(w.exports), "--members", fmt.Sprint(b.members)); err != nil {
		return err
	}
	bySteps, err := w.bySteps(ctx)
	if err != nil {
		return err
	}
	for _, measure := range []func(context.Context) error{
		func(ctx context.Context) error { return w.compare(ctx, bySteps) }, w.again, w.littleMemory,
	} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

type whole struct {
	b                *bencher
	project, exports string
	typed            string // a store with landed and conformed exports
	seeds, out       string
	digests          map[string]string // of the product's marts
}

func (w *whole) store() string { return filepath.Join(w.project, "store") }

func (w *whole) runArguments(more ...string) []string {
	return append([]string{"run", "-C", w.project, "--as-of", asOf, "--output", "json"}, more...)
}

// step is what one command of the whole way took.
type step struct {
	name string
	took usage
}

// bySteps goes the whole way command by command, which leaves the store that all else starts from.
func (w *whole) bySteps(ctx context.Context) ([]step, error) {
	var steps []step
	for _, name := range []string{"land", "conform", "build", "check", "publish"} {
		args := []string{name, "-C", w.project, "--as-of", asOf}
		if name == "land" {
			args = append(args, w.exports)
		}
		took, err := w.b.countinghouse(ctx, nil, args...)
		if err != nil {
			return nil, err
		}
		steps = append(steps, step{name, took})
		if name == "conform" {
			if err := os.CopyFS(w.typed, os.DirFS(w.store())); err != nil {
				return nil, err
			}
		}
	}
	var err error
	if w.digests, err = publishedDigests(w.store()); err != nil {
		return nil, err
	}
	return steps, os.CopyFS(w.seeds, os.DirFS(filepath.Join(w.store(), "tables", "seed")))
}

// compare measures the run from typed Parquet on and the script by turns.
func (w *whole) compare(ctx context.Context, steps []step) error {
	text, marts, err := wholeScript(places{models: w.b.models, store: w.typed, seeds: w.seeds, out: w.out})
	if err != nil {
		return err
	}
	script, err := w.b.script("whole", text)
	if err != nil {
		return err
	}
	script.before = func() error { return emptied(w.out) }
	fromTyped := w.b.productRun([]string{"COUNTINGHOUSE_STORE=" + w.typed}, w.runArguments()...)
	fromTyped.before = func() error { return onlyTyped(w.typed) }
	as, bs, err := pairs(ctx, w.b.long, fromTyped, script)
	if err != nil {
		return err
	}
	if err := errors.Join(w.sameDigests(w.typed), w.sameMarts(ctx, marts)); err != nil {
		return err
	}
	w.add(as, bs, steps)
	return nil
}

// emptied makes a folder that holds nothing.
func emptied(folder string) error {
	return errors.Join(os.RemoveAll(folder), os.MkdirAll(folder, 0o700))
}

// onlyTyped takes everything from a store that came after conform.
func onlyTyped(store string) error {
	entries, err := os.ReadDir(store)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		switch entry.Name() {
		case "landing", "files", "rejects":
		default:
			if err := os.RemoveAll(filepath.Join(store, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *whole) sameDigests(store string) error {
	digests, err := publishedDigests(store)
	if err == nil && !maps.Equal(digests, w.digests) {
		err = fmt.Errorf("the marts in %s have other digests than those of the first run", store)
	}
	return err
}

// sameMarts fails unless the script has made every mart of the product, row for row.
func (w *whole) sameMarts(ctx context.Context, marts []string) error {
	if len(marts) != len(w.digests) {
		return fmt.Errorf("the script makes %d marts, countinghouse %d", len(marts), len(w.digests))
	}
	var ours, theirs []string
	for _, mart := range marts {
		ours = append(ours, parquet(filepath.Join(w.typed, "marts", mart, "data.parquet")))
		theirs = append(theirs, parquet(filepath.Join(w.out, mart+".parquet")))
	}
	return w.b.sameRows(ctx, marts, ours, theirs)
}

// add makes the lines of the comparison, and of the steps with the share that each has of all of them.
func (w *whole) add(as, bs []usage, steps []step) {
	all := line(fmt.Sprintf("from typed Parquet to marts, %d members", w.b.members), as, bs)
	all.Note = "A builds all tables with identity and ledger, audits, digests, publishes and writes the report, in one process. B is one script and the same Go code for identity and ledger, in one " +
		"process: the same marts as Parquet and as a DuckDB file, and only the tables that a mart needs. Its datasets and core tables are written by hand; the marts and five core tables " +
		"(customers, periods, customer_standings, member_tiers, content_stats) are the product's SQL"
	var sum usage
	for _, one := range steps {
		sum = added([]usage{sum}, []usage{one.took})[0]
	}
	exports := alone("from exports to marts, all steps", []usage{sum})
	exports.Note = "once, each step a process, so with five starts; the script has nothing to set against land and conform"
	w.b.add(all.goal(all.WallRatio, 1.3, "times"), exports)
	for _, one := range steps {
		r := alone("  step "+one.name, []usage{one.took})
		r.WallShare, r.CPUShare = wall(one.took)/wall(sum), cpu(one.took)/cpu(sum)
		w.b.add(r)
	}
}

// again measures runs that have nothing to do: without files, and with the same files once more.
func (w *whole) again(ctx context.Context) error {
	for _, one := range []struct {
		name string
		more []string
	}{
		{"second run, nothing new", nil},
		{"second run, the same exports landed", []string{"--land", w.exports}},
	} {
		var all []usage
		for range w.b.pairs {
			took, err := w.b.countinghouse(ctx, nil, w.runArguments(one.more...)...)
			if err != nil {
				return err
			}
			all = append(all, took)
		}
		line := alone(one.name, all)
		w.b.add(line.goal(line.A.Wall, 1, "s"))
	}
	return nil
}

// littleMemory runs everything once in 1 GB, which must give the same rows.
func (w *whole) littleMemory(ctx context.Context) error {
	store := filepath.Join(w.b.dir, "little")
	environment := []string{"COUNTINGHOUSE_MEMORY_LIMIT=1GB", "COUNTINGHOUSE_STORE=" + store}
	took, err := w.b.countinghouse(ctx, environment, w.runArguments("--land", w.exports)...)
	if err != nil {
		return err
	}
	if err := w.sameDigests(store); err != nil {
		return err
	}
	line := alone("from exports to marts, memory_limit 1 GB", []usage{took})
	line.Note = "the same digests as without a limit"
	w.b.add(line)
	return nil
}

// publishedDigests are the digests of the marts that a store publishes.
func publishedDigests(store string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(store, "marts", "current.json"))
	if err != nil {
		return nil, err
	}
	var current struct {
		Digests map[string]string `json:"digests"`
	}
	err = json.Unmarshal(text, &current)
	return current.Digests, err
}
