package gc_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/gcstest"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/gc"
	"countinghouse/pipelines/publish"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fatal is what a test and a property have in common.
type fatal interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// place is a store in which tables are made of nothing but their names: a table's objects say what they are, and what they need is known here,
// apart from the code that is tested.
type place struct {
	fatal
	ctx    context.Context //nolint:containedctx // of one test
	bucket *objectstore.Bucket
	now    time.Time
	// needs are the objects of each table that was ever made, by the key of its manifest, with those that it needs of others.
	needs map[string][]string
	made  int
}

func newPlace(ctx context.Context, t fatal, bucket *objectstore.Bucket) *place {
	return &place{fatal: t, ctx: ctx, bucket: bucket, now: time.Now().Add(time.Hour), needs: map[string][]string{}}
}

func memory(t *testing.T) *objectstore.Bucket {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), "mem://", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func hexOf(parts ...any) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(parts...)))
	return hex.EncodeToString(sum[:])
}

// make stores a table, unless there is one of that fingerprint: then that is taken, as a build does.
func (p *place) make(manifest snapshot.Manifest, needs ...string) snapshot.Table {
	p.Helper()
	key := snapshot.ManifestKey(manifest.Name, manifest.Fingerprint)
	if found, err := snapshot.ReadManifest(p.ctx, p.bucket, manifest.Name, manifest.Fingerprint); err == nil {
		return found.Table
	}
	p.made++
	own := []string{key}
	if manifest.View == "" && !manifest.InParts {
		manifest.Data = fmt.Sprintf("data-%d.parquet", p.made)
		own = append(own, snapshot.DataKey(manifest.Name, manifest.Table))
		p.write(own[1], "rows")
	}
	p.needs[key] = append(own, needs...)
	text, err := json.Marshal(manifest)
	if err != nil {
		p.Fatal(err)
	}
	p.write(key, string(text))
	return manifest.Table
}

func (p *place) write(key, text string) {
	p.Helper()
	if _, err := p.bucket.Create(p.ctx, key, strings.NewReader(text)); err != nil {
		p.Fatal(err)
	}
}

// set is a set of tables of all kinds: a and b have rows, view is one of a, pane of view, b and a conformed file, months has two parts.
// Sets of equal numbers share tables.
func (p *place) set(a, b, month int) map[string]snapshot.Table {
	p.Helper()
	name := func(table string, parts ...any) snapshot.Manifest {
		return snapshot.Manifest{Name: table, Table: snapshot.Table{Fingerprint: hexOf(append(parts, table)...)[:32], Audits: "passed"}}
	}
	made := map[string]snapshot.Table{}
	made["core.a"] = p.make(name("core.a", a))
	made["core.b"] = p.make(name("core.b", b))
	ofA, ofB := snapshot.ManifestKey("core.a", made["core.a"].Fingerprint), snapshot.ManifestKey("core.b", made["core.b"].Fingerprint)
	view := name("mart.view", a)
	view.View, view.Inputs = "from core.a", map[string]string{"core.a": made["core.a"].Fingerprint}
	made["mart.view"] = p.make(view, p.needs[ofA]...)
	file := conformed(a, "new")
	p.write(file, "typed rows")
	pane := name("mart.pane", a, b)
	pane.View, pane.Objects = "from mart.view, core.b", []string{file}
	pane.Inputs = map[string]string{"mart.view": view.Fingerprint, "core.b": made["core.b"].Fingerprint}
	made["mart.pane"] = p.make(pane, append(append(slices.Clone(p.needs[ofB]), p.needs[snapshot.ManifestKey("mart.view", view.Fingerprint)]...), file)...)
	months := name("mart.months", month)
	months.InParts = true
	var needed []string
	for _, number := range []int{month, month + 1} {
		part := name("mart.months", "part", number)
		table := p.make(part)
		months.Parts = append(months.Parts, snapshot.Part{Month: fmt.Sprintf("2026-%02d", number+1), Table: table})
		needed = append(needed, p.needs[snapshot.ManifestKey("mart.months", table.Fingerprint)]...)
	}
	made["mart.months"] = p.make(months, needed...)
	return made
}

// conformed is the key of what a contract made of a file.
func conformed(file any, contract string) string {
	return "files/shop_orders/" + hexOf("file", file) + "-" + contract + ".parquet"
}

// needed are the objects that some sets need.
func (p *place) needed(sets ...snapshot.Environment) map[string]bool {
	keys := map[string]bool{}
	for _, set := range sets {
		for name, table := range set.Tables {
			for _, key := range p.needs[snapshot.ManifestKey(name, table.Fingerprint)] {
				keys[key] = true
			}
		}
	}
	return keys
}

// stored are the keys below a prefix.
func (p *place) stored(prefix string) map[string]bool {
	p.Helper()
	keys := map[string]bool{}
	for object, err := range p.bucket.List(p.ctx, prefix) {
		if err != nil {
			p.Fatal(err)
		}
		keys[object.Key] = true
	}
	return keys
}

func (p *place) expectThere(what string, needed map[string]bool) {
	p.Helper()
	there := p.stored("")
	for key := range needed {
		if !there[key] {
			p.Fatalf("%s needs %s, which is gone", what, key)
		}
	}
}

func (p *place) read(name string) (current, candidate snapshot.Environment, history []snapshot.Environment) {
	p.Helper()
	current, _, err := snapshot.Read(p.ctx, p.bucket, name)
	candidate, candidateErr := snapshot.ReadCandidate(p.ctx, p.bucket, name)
	history, historyErr := snapshot.History(p.ctx, p.bucket, current)
	if err := errors.Join(err, candidateErr, historyErr); err != nil {
		p.Fatal(err)
	}
	return current, candidate, history
}

func (p *place) collect(change func(*gc.Options)) gc.Report {
	p.Helper()
	options := gc.Options{Bucket: p.bucket, Now: func() time.Time { return p.now }, Alone: func(context.Context) error { return nil }}
	if change != nil {
		change(&options)
	}
	report, err := gc.Run(p.ctx, options)
	if err != nil {
		p.Fatal(err)
	}
	return report
}

func (p *place) publishOptions() publish.Options {
	return publish.Options{Bucket: p.bucket, RunID: "r", Now: func() time.Time { return p.now }}
}

func (p *place) publish(name string, tables map[string]snapshot.Table) {
	p.Helper()
	candidate := snapshot.Environment{Name: name, AsOf: "2026-10-31", Tables: tables}
	if err := snapshot.LeaveCandidate(p.ctx, p.bucket, candidate); err != nil {
		p.Fatal(err)
	}
	if _, _, err := publish.Run(p.ctx, candidate, p.publishOptions()); err != nil {
		p.Fatal(err)
	}
}

var environments = []string{"dev", "staging", "live"} // not prod, whose copies need a session

// exercise does what users do, in an order that draw decides, and looks after each step whether all that is current, pending or kept can be
// read; at the end, whether all else is gone.
func exercise(p *place, steps int, draw func(n int) int) {
	p.Helper()
	for range steps {
		name := environments[draw(len(environments))]
		current, candidate, _ := p.read(name)
		switch draw(7) {
		case 0, 1:
			left := snapshot.Environment{Name: name, AsOf: "2026-10-31", Tables: p.set(draw(4), draw(3), draw(3))}
			if err := snapshot.LeaveCandidate(p.ctx, p.bucket, left); err != nil {
				p.Fatal(err)
			}
		case 2:
			if len(candidate.Tables) > 0 {
				_, _, err := publish.Run(p.ctx, candidate, p.publishOptions())
				if err != nil {
					p.Fatal(err)
				}
			}
		case 3:
			p.move(publish.Promotion(p.ctx, p.bucket, name, environments[draw(len(environments))], false))
		case 4:
			p.move(publish.Rollback(p.ctx, p.bucket, name, int64(draw(int(current.Version)+1))))
		case 5:
			keep := draw(4)
			p.collect(func(o *gc.Options) { o.KeepVersions, o.OlderThan = keep, time.Duration(draw(3))*time.Hour })
			for _, name := range environments {
				_, _, history := p.read(name)
				p.expectThere("the history of "+name, p.needed(history...))
			}
		case 6:
			p.now = p.now.Add(time.Hour)
		}
		for _, name := range environments {
			current, candidate, _ := p.read(name)
			p.expectThere(name, p.needed(current, candidate))
		}
	}
	p.expectOnlyTheNeeded()
}

// move makes a move, if there is nothing against it.
func (p *place) move(move publish.Move, err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
	environment, made, err := publish.Make(p.ctx, move, p.publishOptions())
	switch {
	case len(move.Refusals) > 0:
		if !errors.Is(err, publish.ErrRefused) {
			p.Fatalf("refused for %q, but %v", move.Refusals, err)
		}
	case err != nil:
		p.Fatal(err)
	case made && (environment.Version != move.Version+1 || !maps.Equal(environment.Tables, move.After.Tables)):
		p.Fatalf("%+v came of %+v", environment, move)
	}
}

func (p *place) expectOnlyTheNeeded() {
	p.Helper()
	p.now = p.now.AddDate(1, 0, 0)
	p.collect(nil)
	var sets []snapshot.Environment
	for _, name := range environments {
		current, candidate, history := p.read(name)
		if len(history) > 0 {
			p.Fatalf("%d versions of %s are kept", len(history), name)
		}
		sets = append(sets, current, candidate)
	}
	want := p.needed(sets...)
	maps.DeleteFunc(want, func(key string, _ bool) bool { return !strings.HasPrefix(key, "tables/") })
	if diff := cmp.Diff(want, p.stored("tables/")); diff != "" {
		p.Fatalf("what is kept is not what is needed (-needed +kept):\n%s", diff)
	}
}

func TestWhatIsNeededStaysInMemory(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		exercise(newPlace(t.Context(), r, memory(t)), rapid.IntRange(1, 25).Draw(r, "steps"), func(n int) int { return rapid.IntRange(0, n-1).Draw(r, "choice") })
	})
}

func TestWhatIsNeededStaysInAFolder(t *testing.T) {
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	exercise(newPlace(t.Context(), t, bucket), 40, rand.New(rand.NewPCG(1, 2)).IntN)
}

func TestWhatIsNeededStaysInTheCloud(t *testing.T) {
	t.Setenv("STORAGE_EMULATOR_HOST", gcstest.Start(t))
	bucket, err := open.Bucket(t.Context(), "gs://brand/store", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	exercise(newPlace(t.Context(), t, bucket), 60, rand.New(rand.NewPCG(3, 4)).IntN)
}
