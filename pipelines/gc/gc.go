// Package gc removes what nobody refers to any more: tables that no environment names, versions of environments that are past their time,
// what killed builds left, results of contracts as they were. Exports that were landed are never removed.
//
// Why it takes nothing that is needed. A table is kept if the current set, the candidate or a kept version of any environment names it, or an
// object below closes/; with it, all that its manifest refers to, transitively (a view's inputs, a table's monthly parts). A build may just
// have found an old table and decided to use it, before it leaves a candidate that says so. So builds and collections exclude each other:
// each first takes a lease of its own, then looks for the leases of the other kind (Options.Alone); whoever looks second sees the first and
// gives way. A process that slept until its lease ran out is met by a second look before each stretch of work, and by publish, which makes
// no set current of which a table is gone.
//
// Why it may die anywhere. A table exists when its manifest does, so manifests go first, those of readers before those of what they
// read: what is left is no table, and the next collection removes it.
package gc

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"

	"golang.org/x/sync/errgroup"
)

// Options say what is collected.
type Options struct {
	Bucket *objectstore.Bucket
	Now    func() time.Time
	// OlderThan is how long a thing is kept after it was last written, or a version after it stopped being current.
	OlderThan time.Duration
	// KeepVersions is how many versions before the current one are kept of each environment, whatever their age.
	KeepVersions int
	// Contracts gives each feed the fingerprint by which its files are read now, as it stands in the names below files/.
	Contracts map[string]string
	// Alone gives an error if somebody is at work who may need what nobody refers to yet. It is called before each stretch of work.
	Alone  func(ctx context.Context) error
	DryRun bool
}

// Kind is what an object is to the collection.
type Kind string

// The kinds of objects that are removed.
const (
	Version    Kind = "version"    // of an environment, that was current once
	Table      Kind = "table"      // manifest, rows and audits of a table that nobody refers to
	Unfinished Kind = "unfinished" // rows that a killed build left
	Audit      Kind = "audit"      // that a table passed with other inputs
	Conformed  Kind = "conformed"  // rows and rejects of files that were read again by a newer contract, or stand in a larger bundle
	Copy       Kind = "copy"       // a published DuckDB file that is not current
	BadRows    Kind = "bad rows"   // that audits kept of an environment that was removed
)

// Kinds are all kinds, in the order in which they are removed.
func Kinds() []Kind { return []Kind{Version, Table, Unfinished, Audit, Conformed, Copy, BadRows} }

// Object is one object that is removed, or would be.
type Object struct {
	Key        string    `json:"key"`
	Kind       Kind      `json:"kind"`
	Bytes      int64     `json:"bytes"`
	ModifiedAt time.Time `json:"modified_at"`
}

// Report is what a collection removed, or would remove, and how much it looked at.
type Report struct {
	Removed    []Object `json:"removed"`
	Kept       int      `json:"kept"` // objects of the kinds that are collected
	KeptBytes  int64    `json:"kept_bytes"`
	KeptTables int      `json:"kept_tables"`
}

// Total counts the removed objects of a kind and their bytes.
func (r Report) Total(kind Kind) (objects int, bytes int64) {
	for _, object := range r.Removed {
		if object.Kind == kind {
			objects, bytes = objects+1, bytes+object.Bytes
		}
	}
	return objects, bytes
}

// Run collects once. It may be run again at any time, also after it was cut off.
func Run(ctx context.Context, options Options) (Report, error) {
	if !options.DryRun {
		if err := options.Alone(ctx); err != nil {
			return Report{}, fmt.Errorf("gc: %w", err)
		}
	}
	collection := &collection{
		Options: options, oldest: options.Now().Add(-options.OlderThan), report: Report{Removed: []Object{}},
		needed: map[string]bool{}, files: map[string]bool{}, audits: map[string]bool{}, names: map[string]bool{},
	}
	if err := collection.find(ctx); err != nil {
		return Report{}, fmt.Errorf("gc: %w", err)
	}
	slices.SortFunc(collection.report.Removed, func(a, b Object) int { return cmp.Compare(a.Key, b.Key) })
	if options.DryRun {
		return collection.report, nil
	}
	if err := collection.remove(ctx); err != nil {
		return Report{}, fmt.Errorf("gc: %w", err)
	}
	return collection.report, nil
}

type collection struct {
	Options
	oldest time.Time // what was written before may go
	report Report
	// needed are the keys that something kept refers to, with those of manifests.
	needed map[string]bool
	files  map[string]bool // the landed files, by SHA-256, that a close refers to
	audits map[string]bool // keys of audits that a kept version of an environment refers to
	names  map[string]bool // of environments
	hide   []string        // manifests of tables that go, readers before what they read
}

// find looks for everything that nobody refers to.
func (c *collection) find(ctx context.Context) error {
	for _, look := range []func(context.Context) error{c.environments, c.closes, c.tables, c.conformed, c.copies, c.badRows} {
		if err := look(ctx); err != nil {
			return err
		}
	}
	return nil
}

// see notes an object as one to be kept, or to be removed.
func (c *collection) see(object objectstore.Attributes, kind Kind, keep bool) {
	if keep {
		c.report.Kept, c.report.KeptBytes = c.report.Kept+1, c.report.KeptBytes+object.Size
		return
	}
	c.report.Removed = append(c.report.Removed, Object{Key: object.Key, Kind: kind, Bytes: object.Size, ModifiedAt: object.ModTime.UTC()})
}

func (c *collection) old(object objectstore.Attributes) bool { return !object.ModTime.After(c.oldest) }

const (
	// stretch is how long objects are removed without another look for others at work. It is shorter than a lease lives.
	stretch = 10 * time.Second
	// removers is how many objects are removed at once.
	removers = 16
)

// remove deletes what was found: versions, then manifests, one after the other, then all the rest.
func (c *collection) remove(ctx context.Context) error {
	var versions, rest []string
	hidden := map[string]bool{}
	for _, key := range c.hide {
		hidden[key] = true
	}
	for _, object := range c.report.Removed {
		switch {
		case object.Kind == Version:
			versions = append(versions, object.Key)
		case !hidden[object.Key]:
			rest = append(rest, object.Key)
		}
	}
	looked := time.Time{}
	next := func(ctx context.Context) error {
		if c.Now().Sub(looked) < stretch {
			return nil
		}
		looked = c.Now()
		return c.Alone(ctx)
	}
	for _, key := range append(versions, c.hide...) {
		if err := next(ctx); err != nil {
			return err
		}
		if err := c.Bucket.Delete(ctx, key); err != nil {
			return err
		}
	}
	crash.Point(crash.CollectHidden)
	// Accountings before the rows that they name.
	isAccounting := func(key string) bool { return strings.HasPrefix(key, "files/") && strings.HasSuffix(key, ".json") }
	accountings := slices.DeleteFunc(slices.Clone(rest), func(key string) bool { return !isAccounting(key) })
	if err := c.removeSome(ctx, accountings, next); err != nil {
		return err
	}
	crash.Point(crash.CollectForgotten)
	return c.removeSome(ctx, slices.DeleteFunc(rest, isAccounting), next)
}

// removeSome removes objects, some at once; next is asked before each of these.
func (c *collection) removeSome(ctx context.Context, keys []string, next func(context.Context) error) error {
	for some := range slices.Chunk(keys, 4*removers) {
		if err := next(ctx); err != nil {
			return err
		}
		if err := c.removeAll(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (c *collection) removeAll(ctx context.Context, keys []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(removers)
	for _, key := range keys {
		group.Go(func() error { return c.Bucket.Delete(ctx, key) })
	}
	return group.Wait()
}
