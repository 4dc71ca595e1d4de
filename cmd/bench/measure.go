package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bencher runs benchmarks and keeps their results.
type bencher struct {
	settings
	self    string
	results []result
}

// side is one of the two things that are compared: the medians of what its processes took.
type side struct {
	Wall float64 `json:"wall_seconds"`
	CPU  float64 `json:"cpu_seconds"`
	Peak float64 `json:"peak_mb"`
}

// result is one line of the report. A ratio is the median of the ratios of the pairs, not the ratio of the medians.
type result struct {
	Name      string   `json:"name"`
	Pairs     int      `json:"pairs"`
	A         side     `json:"a"`
	B         side     `json:"b"`
	WallRatio float64  `json:"wall_ratio,omitempty"`
	CPURatio  float64  `json:"cpu_ratio,omitempty"`
	PeakRatio float64  `json:"peak_ratio,omitempty"`
	WallShare float64  `json:"wall_share,omitempty"` // of a step: its share of all steps
	CPUShare  float64  `json:"cpu_share,omitempty"`
	Value     *float64 `json:"value,omitempty"` // what the goal is about; none: no goal
	Unit      string   `json:"unit,omitempty"`
	Goal      float64  `json:"goal,omitempty"`
	Note      string   `json:"note,omitempty"`
}

// met says whether the goal is reached; true without one.
func (r result) met() bool { return r.Value == nil || *r.Value <= r.Goal }

// goal gives a result its goal: value, in a unit, is to be at most most.
func (r result) goal(value, most float64, unit string) result {
	r.Value, r.Goal, r.Unit = &value, most, unit
	return r
}

// measured is one process to be measured; before, if set, makes ready for it and is not measured.
type measured struct {
	before func() error
	run    func(ctx context.Context) (usage, error)
}

// pairs measures a and b by turns, n times, and in each turn the other one first.
func pairs(ctx context.Context, n int, a, b measured) (as, bs []usage, err error) {
	for i := range n {
		turn := []struct {
			of   measured
			into *[]usage
		}{{a, &as}, {b, &bs}}
		if i%2 == 1 {
			slices.Reverse(turn)
		}
		for _, one := range turn {
			took, err := one.of.once(ctx)
			if err != nil {
				return nil, nil, err
			}
			*one.into = append(*one.into, took)
		}
	}
	return as, bs, nil
}

func (m measured) once(ctx context.Context) (usage, error) {
	if m.before != nil {
		if err := m.before(); err != nil {
			return usage{}, err
		}
	}
	return m.run(ctx)
}

// compare measures pairs and makes a line of them.
func compare(ctx context.Context, name string, n int, a, b measured) (result, error) {
	as, bs, err := pairs(ctx, n, a, b)
	if err != nil {
		return result{}, err
	}
	return line(name, as, bs), nil
}

func line(name string, as, bs []usage) result {
	return result{
		Name: name, Pairs: len(as), A: sideOf(as), B: sideOf(bs), WallRatio: ratio(as, bs, wall), CPURatio: ratio(as, bs, cpu), PeakRatio: ratio(as, bs, peak),
	}
}

// alone makes a line of processes that are compared with nothing.
func alone(name string, as []usage) result { return result{Name: name, Pairs: len(as), A: sideOf(as)} }

func wall(u usage) float64 { return u.wall.Seconds() }
func cpu(u usage) float64  { return u.cpu.Seconds() }
func peak(u usage) float64 { return float64(u.peak) / (1 << 20) }

func sideOf(all []usage) side {
	return side{Wall: medianOf(all, wall), CPU: medianOf(all, cpu), Peak: medianOf(all, peak)}
}

func medianOf(all []usage, of func(usage) float64) float64 {
	values := make([]float64, len(all))
	for i, one := range all {
		values[i] = of(one)
	}
	return median(values)
}

func ratio(as, bs []usage, of func(usage) float64) float64 {
	ratios := make([]float64, len(as))
	for i := range as {
		ratios[i] = of(as[i]) / of(bs[i])
	}
	return median(ratios)
}

// median is the middle value, or the mean of the two in the middle; 0 of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

// countinghouse runs the product; exit code 3, done with warnings, is as good as 0.
func (b *bencher) countinghouse(ctx context.Context, environment []string, args ...string) (usage, error) {
	return command(ctx, append([]string{"COUNTINGHOUSE_HASH_KEY=" + hashKey}, environment...), []int{3}, b.product, args...)
}

func (b *bencher) productRun(environment []string, args ...string) measured {
	return measured{run: func(ctx context.Context) (usage, error) { return b.countinghouse(ctx, environment, args...) }}
}

// script writes a file of statements and gives the bare DuckDB that runs it, below the work folder and the current one.
func (b *bencher) script(name, text string, flags ...string) (measured, error) {
	path := filepath.Join(b.dir, name+".sql")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return measured{}, err
	}
	return measured{run: func(ctx context.Context) (usage, error) { return b.bare(ctx, append(flags, path)...) }}, nil
}

func (b *bencher) bare(ctx context.Context, args ...string) (usage, error) {
	return command(ctx, nil, nil, b.self, append([]string{childCommand, "-dirs", b.dir, "-scratch", filepath.Join(b.dir, "spill")}, args...)...)
}

// sameRows fails unless each relation of the one side has the rows, columns and types of the other's.
func (b *bencher) sameRows(ctx context.Context, names, ours, theirs []string) error {
	list, err := json.Marshal(slices.Concat(ours, theirs))
	if err != nil {
		return err
	}
	path := filepath.Join(b.dir, "relations.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		return err
	}
	took, err := b.bare(ctx, "-digest", path)
	if err != nil {
		return err
	}
	var digests []string
	if err := json.Unmarshal(took.output, &digests); err != nil {
		return err
	}
	return differences(names, digests[:len(ours)], digests[len(ours):])
}

func differences(names, ours, theirs []string) error {
	var problems []error
	for i, name := range names {
		if ours[i] != theirs[i] {
			problems = append(problems, fmt.Errorf("%s: the two sides made different rows:\n  countinghouse  %s\n  bare DuckDB    %s", name, ours[i], theirs[i]))
		}
	}
	return errors.Join(problems...)
}

func parquet(path string) string {
	return "read_parquet('" + strings.ReplaceAll(path, "'", "''") + "')"
}
