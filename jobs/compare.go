package jobs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"countinghouse/internal/selector"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/suggest"
	"countinghouse/pipelines/diff"
)

// Comparison says what to compare.
type Comparison struct {
	// Before and After each name a set of tables: an environment (prod), a version of it (prod@3), the last one that was published on or
	// before a day in the brand's time zone (prod@2026-10-31), or what its last build left (dev@candidate).
	Before, After string
	// Select and Exclude pick tables in the words of internal/selector; state:changed is what differs between the two. Without a word: marts.
	Select, Exclude []string
	All             bool     // every table
	Columns         []string // empty: all
	Samples         int      // rows of each kind of difference
}

// Compare tells how two sets of tables differ. A ProjectError if one of them, a table or a column is not there.
func (w *Workshop) Compare(ctx context.Context, wanted Comparison) (diff.Result, error) {
	before, err := w.Revision(ctx, wanted.Before)
	if err != nil {
		return diff.Result{}, err
	}
	after, err := w.Revision(ctx, wanted.After)
	if err != nil {
		return diff.Result{}, err
	}
	tables, err := w.compared(ctx, before, after, wanted)
	if err != nil {
		return diff.Result{}, ProjectError{err}
	}
	if err := w.knowsColumns(ctx, before, after, tables, wanted.Columns); err != nil {
		return diff.Result{}, err
	}
	result := diff.Result{Before: setOf(wanted.Before, before), After: setOf(wanted.After, after)}
	result.Tables, err = diff.Environments(ctx, before, after, func(name string) bool { return tables[name] }, diff.Options{
		Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Grain: w.grainOf, Columns: wanted.Columns, Samples: wanted.Samples,
	})
	return result, err
}

func setOf(name string, environment snapshot.Environment) diff.Set {
	return diff.Set{Name: name, Version: environment.Version, AsOf: environment.AsOf, PublishedAt: environment.PublishedAt}
}

// candidateWord stands after the @ for what the last build left.
const candidateWord = "candidate"

// Revision reads the set of tables that a name such as those of Comparison stands for. A ProjectError if there is none.
func (w *Workshop) Revision(ctx context.Context, name string) (snapshot.Environment, error) {
	environment, which, _ := strings.Cut(name, "@")
	if which == candidateWord {
		return w.candidate(ctx, environment)
	}
	current, _, err := snapshot.Read(ctx, w.Bucket, environment)
	if err != nil {
		return current, err
	}
	if current.Version == 0 {
		return current, ProjectError{fmt.Errorf("environment %s was never published: run `countinghouse run --env %[1]s` first", environment)}
	}
	if which == "" {
		return current, nil
	}
	past, err := snapshot.History(ctx, w.Bucket, current)
	if err != nil {
		return current, err
	}
	found, err := pick(append([]snapshot.Environment{current}, past...), which, w.Project.Zone)
	if err != nil {
		return current, ProjectError{fmt.Errorf("%s: %w", name, err)}
	}
	return found, nil
}

// pick finds a version by its number, or by the day on or before which it was published. The newest version is the first.
func pick(versions []snapshot.Environment, which string, zone *time.Location) (snapshot.Environment, error) {
	number, isNumber := strconv.ParseInt(which, 10, 64)
	day, isDay := time.ParseInLocation(time.DateOnly, which, zone)
	if isNumber != nil && isDay != nil {
		return snapshot.Environment{}, fmt.Errorf("want a version such as @3, a day such as @2026-10-31, or @%s after the environment's name", candidateWord)
	}
	for _, version := range versions {
		if isNumber == nil && version.Version == number || isDay == nil && version.PublishedAt.Before(day.AddDate(0, 0, 1)) {
			return version, nil
		}
	}
	oldest := versions[len(versions)-1]
	return snapshot.Environment{}, fmt.Errorf("there is no such version: the oldest that is kept is %d, published %s", oldest.Version,
		oldest.PublishedAt.In(zone).Format(time.DateOnly))
}

// compared names the tables to compare.
func (w *Workshop) compared(ctx context.Context, before, after snapshot.Environment, wanted Comparison) (map[string]bool, error) {
	if len(wanted.Select)+len(wanted.Exclude) == 0 {
		return filtered(tablesOf(before, after), func(name string) bool { return wanted.All || snapshot.IsMart(name) }), nil
	}
	graph, err := w.Graph(ctx)
	if err != nil {
		return nil, err
	}
	present, changed := tablesOf(before, after), map[string]bool{}
	for name := range present {
		changed[name] = before.Tables[name].Fingerprint != after.Tables[name].Fingerprint
	}
	var nodes []selector.Node
	for _, node := range w.nodes(graph, changed) {
		if present[node.Name] {
			nodes = append(nodes, node)
			delete(present, node.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(present)) { // nothing makes them any more
		nodes = append(nodes, selector.Node{Name: name, Changed: changed[name]})
	}
	picked, err := selector.Select(nodes, wanted.Select, wanted.Exclude)
	if err != nil || len(wanted.Select) > 0 {
		return picked, err
	}
	return filtered(picked, func(name string) bool { return wanted.All || snapshot.IsMart(name) }), nil
}

func tablesOf(environments ...snapshot.Environment) map[string]bool {
	names := map[string]bool{}
	for _, environment := range environments {
		for name := range environment.Tables {
			names[name] = true
		}
	}
	return names
}

func filtered(names map[string]bool, wanted func(string) bool) map[string]bool {
	kept := map[string]bool{}
	for name := range names {
		if wanted(name) {
			kept[name] = true
		}
	}
	return kept
}

// knowsColumns refuses a column that none of the tables has on either side: to compare nothing would look like no difference.
func (w *Workshop) knowsColumns(ctx context.Context, before, after snapshot.Environment, tables map[string]bool, columns []string) error {
	if len(columns) == 0 {
		return nil
	}
	known := map[string]bool{}
	for name := range tables {
		for _, environment := range []snapshot.Environment{before, after} {
			table, found := environment.Tables[name]
			if !found {
				continue
			}
			manifest, err := snapshot.ReadManifest(ctx, w.Bucket, name, table.Fingerprint)
			if err != nil {
				return err
			}
			for _, column := range manifest.Columns {
				known[strings.ToLower(column.Name)] = true
			}
		}
	}
	for _, column := range columns {
		if !known[strings.ToLower(column)] {
			return ProjectError{fmt.Errorf("--columns: no table that is compared has a column %q%s", column, suggest.DidYouMean(column, slices.Collect(maps.Keys(known))))}
		}
	}
	return nil
}

// grainOf names the columns that identify a row: of a model and a seed as its header says, of a dataset as its feeds' contract does; none for
// other tables.
func (w *Workshop) grainOf(table string) []string {
	for _, made := range w.Library.Models {
		if made.Name == table {
			return made.Header.Grain
		}
	}
	for _, seed := range w.Library.Seeds {
		if seed.Name == table {
			return seed.Header.Grain
		}
	}
	if name, isDataset := strings.CutPrefix(table, "dataset."); isDataset {
		if dataset, found := w.Registry.Dataset(name); found && !dataset.Mentions { // each mention is a row
			return dataset.Grain
		}
	}
	return nil
}
