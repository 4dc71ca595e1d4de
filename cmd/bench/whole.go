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

// benchWhole measures the whole way, from exports to marts, against one script of bare DuckDB; then what follows from a run: the next one with
// nothing new, and one in little memory.
func benchWhole(ctx context.Context, b *bencher) error {
	w := &whole{b: b, project: filepath.Join(b.dir, "whole"), brand: filepath.Join(b.dir, "brand"), out: filepath.Join(b.dir, "bare-marts")}
	if err := os.MkdirAll(w.project, 0o700); err != nil {
		return err
	}
	if _, err := b.countinghouse(ctx, nil, "generate", w.brand, "--members", fmt.Sprint(b.members)); err != nil {
		return err
	}
	for _, measure := range []func(context.Context) error{w.run, w.again, w.littleMemory} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

type whole struct {
	b                   *bencher
	project, brand, out string
	digests             map[string]string // of the product's marts
}

func (w *whole) store() string { return filepath.Join(w.project, "store") }

func (w *whole) runArguments(more ...string) []string {
	return append([]string{"run", "-C", w.project, "--as-of", asOf, "--output", "json"}, more...)
}

// run measures whole runs into an empty store by turns with the script, which reads the store of the first of them.
func (w *whole) run(ctx context.Context) error {
	product := w.b.productRun(nil, w.runArguments("--land", filepath.Join(w.brand, "exports"))...)
	if _, err := product.once(ctx); err != nil {
		return err
	}
	script, err := w.script(ctx)
	if err != nil {
		return err
	}
	product.before = func() error { return w.setAside() }
	script.before = func() error { return w.cleared() }
	as, bs, err := pairs(ctx, w.b.long, product, script)
	if err != nil {
		return err
	}
	return w.add(as, bs)
}

// script is the bare side, once it has shown that it makes the product's rows.
func (w *whole) script(ctx context.Context) (measured, error) {
	kept := filepath.Join(w.b.dir, "kept-store")
	if err := os.CopyFS(kept, os.DirFS(w.store())); err != nil {
		return measured{}, err
	}
	text, marts, err := wholeScript(w.b.models, kept, w.out)
	if err != nil {
		return measured{}, err
	}
	script, err := w.b.script("whole", text)
	if err != nil {
		return measured{}, err
	}
	if err := w.cleared(); err != nil {
		return measured{}, err
	}
	if _, err := script.once(ctx); err != nil {
		return measured{}, err
	}
	if w.digests, err = publishedDigests(w.store()); err != nil {
		return measured{}, err
	}
	return script, w.check(ctx, kept, marts)
}

// cleared makes the folder that the script writes to, empty.
func (w *whole) cleared() error {
	return errors.Join(os.RemoveAll(w.out), os.MkdirAll(w.out, 0o700))
}

// setAside takes the store away, so that the next run begins with nothing.
func (w *whole) setAside() error { return os.RemoveAll(w.store()) }

// check fails unless the script has made every mart of the product, row for row.
func (w *whole) check(ctx context.Context, store string, marts []string) error {
	if len(marts) != len(w.digests) {
		return fmt.Errorf("the script makes %d marts, countinghouse %d", len(marts), len(w.digests))
	}
	var ours, theirs []string
	for _, mart := range marts {
		ours = append(ours, parquet(filepath.Join(store, "marts", mart, "data.parquet")))
		theirs = append(theirs, parquet(filepath.Join(w.out, mart+".parquet")))
	}
	return w.b.sameRows(ctx, marts, ours, theirs)
}

// add makes the lines of the whole run and of its steps, as the run record tells them.
func (w *whole) add(as, bs []usage) error {
	all := line(fmt.Sprintf("whole run, %d members, against the script", w.b.members), as, bs)
	all.Note = "the script begins with the conformed exports, the identities and the points ledger: land, conform and those two steps are in the run only. " +
		"Its datasets and core tables are written by hand; the marts and five core tables (customers, periods, customer_standings, member_tiers, content_stats) are the product's SQL"
	w.b.add(all.goal(all.WallRatio, 1.3, "times"))
	steps := map[string][]usage{}
	for _, a := range as {
		var told struct {
			Run struct {
				Steps []struct {
					Name      string    `json:"name"`
					StartedAt time.Time `json:"started_at"`
					EndedAt   time.Time `json:"ended_at"`
				} `json:"steps"`
			} `json:"run"`
		}
		if err := json.Unmarshal(a.output, &told); err != nil {
			return fmt.Errorf("read the run's record: %w", err)
		}
		for _, step := range told.Run.Steps {
			steps[step.Name] = append(steps[step.Name], usage{wall: step.EndedAt.Sub(step.StartedAt)})
		}
	}
	for _, name := range []string{"land", "conform", "build", "check", "publish"} {
		step := result{Name: "  of it " + name, Pairs: len(as), A: sideOf(steps[name]), B: side{Wall: all.B.Wall}}
		step.WallRatio = step.A.Wall / all.B.Wall
		w.b.add(step)
	}
	return nil
}

// again measures runs that have nothing to do: without files, and with the same files once more.
func (w *whole) again(ctx context.Context) error {
	for name, more := range map[string][]string{
		"second run, nothing new":             nil,
		"second run, the same exports landed": {"--land", filepath.Join(w.brand, "exports")},
	} {
		var all []usage
		for range w.b.pairs {
			took, err := w.b.countinghouse(ctx, nil, w.runArguments(more...)...)
			if err != nil {
				return err
			}
			all = append(all, took)
		}
		line := alone(name, all)
		w.b.add(line.goal(line.A.Wall, 1, "s"))
	}
	return nil
}

// littleMemory runs everything once in 1 GB, which must give the same rows.
func (w *whole) littleMemory(ctx context.Context) error {
	store := filepath.Join(w.b.dir, "little")
	environment := []string{"COUNTINGHOUSE_MEMORY_LIMIT=1GB", "COUNTINGHOUSE_STORE=" + store}
	took, err := w.b.countinghouse(ctx, environment, w.runArguments("--land", filepath.Join(w.brand, "exports"))...)
	if err != nil {
		return err
	}
	digests, err := publishedDigests(store)
	if err != nil {
		return err
	}
	if !maps.Equal(digests, w.digests) {
		return errors.New("in 1 GB the marts have other digests")
	}
	line := alone("whole run, memory_limit 1 GB", []usage{took})
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
