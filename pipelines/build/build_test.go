package build_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"

	"github.com/google/go-cmp/cmp"
)

const parameters = "as_of: {type: date}\nrate: {type: decimal, default: 0.5}\n"

// shop is a small graph: a dataset, two tables on it, a mart on one of them that reads as_of, a mart on both.
func shop() map[string]string {
	return map[string]string{
		"parameters.yaml":     parameters,
		"core/orders.sql":     header("order_id") + "select order_id, customer_id, amount from dataset.orders",
		"core/refunds.sql":    header("order_id") + "select order_id, -amount as amount from dataset.orders where amount < 0",
		"mart/by_day.sql":     header("as_of") + "select getvariable('as_of') as as_of, sum(amount)::decimal(18,2) as amount from core.orders",
		"mart/both.sql":       header("orders") + "select (select count(*) from core.orders) as orders, (select count(*) from core.refunds) as refunds",
		"seeds/tiers.csv":     "tier,rank\ngold,1\n,2\n",
		"seeds/tiers.yaml":    "about: Tiers.\ngrain: [rank]\ncolumns:\n  tier: {type: VARCHAR}\n  rank: {type: INTEGER}\n",
		"mart/tier_count.sql": header("tiers") + "select count(tier) as tiers from seed.tiers",
	}
}

func header(grain string) string { return "/* ---\nabout: A test.\ngrain: [" + grain + "]\n--- */\n" }

func with(changes ...string) map[string]string {
	files := shop()
	for i := 0; i < len(changes); i += 2 {
		files[changes[i]] = changes[i+1]
	}
	return files
}

const orders = "select * from (values ('o1', 'c1', 10.00), ('o2', 'c1', -3.50), ('o3', 'c2', 7.25)) as t(order_id, customer_id, amount)"

// site is a store in which builds are made one after the other.
type site struct {
	t         *testing.T
	bucket    *objectstore.Bucket
	current   map[string]snapshot.Table
	keepGoing bool
	workers   int
	memory    string
	bind      bool // models before they are built
	only      map[string]bool
	months    *build.MonthRange
	clock     atomic.Int64         // of processor time: a second each time it is asked
	dataset   func(*build.Dataset) // if set, completes dataset.orders
}

func newSite(t *testing.T) *site {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &site{t: t, bucket: bucket, workers: 3}
}

type result struct {
	made   []string // nodes, sorted
	months map[string][]string
	rows   map[string]int64
	cpu    []float64
	tables map[string]snapshot.Table
	graph  *build.Graph
	err    error
}

func (s *site) build(files map[string]string, query, asOf string) result {
	s.t.Helper()
	day, err := time.Parse(time.DateOnly, asOf)
	if err != nil {
		s.t.Fatal(err)
	}
	scratch := s.t.TempDir()
	session, err := warehouse.Open(s.t.Context(), warehouse.Options{Threads: 2, ScratchDir: scratch, AllowedDirs: []string{s.bucket.Root()}, Measured: 3, MemoryLimit: s.memory})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	graph, err := s.resolve(session, files, query, day)
	if err != nil {
		return result{err: err}
	}
	if s.bind {
		bench, err := warehouse.Open(s.t.Context(), warehouse.Options{Threads: 1})
		if err != nil {
			s.t.Fatal(err)
		}
		defer func() { _ = bench.Close() }()
		if _, err := build.Bind(s.t.Context(), bench, graph, nil); err != nil {
			return result{err: err}
		}
	}
	done := result{graph: graph, months: map[string][]string{}, rows: map[string]int64{}}
	done.tables, done.err = build.Run(s.t.Context(), graph, build.Options{
		Bucket: s.bucket, Session: session, Scratch: scratch, Current: s.current, Workers: s.workers, Random: rand.Reader, Now: time.Now, CPU: func() float64 { return float64(s.clock.Add(1)) }, KeepGoing: s.keepGoing,
		Only: s.only, Months: s.months,
		Notify: func(event build.Event) {
			if !event.Reused {
				done.made = append(done.made, event.Table)
				done.months[event.Table], done.rows[event.Table] = event.Months, event.Rows
				done.cpu = append(done.cpu, event.CPUSeconds)
			}
		},
	})
	slices.Sort(done.made)
	return done
}

func resolve(session *warehouse.Session, files map[string]string, query string, asOf time.Time) (*build.Graph, error) {
	return (&site{}).resolve(session, files, query, asOf)
}

func (s *site) resolve(session *warehouse.Session, files map[string]string, query string, asOf time.Time) (*build.Graph, error) {
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	serialize := func(text string) ([]byte, error) { return session.Serialize(context.Background(), text) }
	library, err := model.Load(serialize, model.Source{Files: tree, Label: "sql"})
	if err != nil {
		return nil, err
	}
	values, err := library.Values(map[string]any{"as_of": asOf})
	if err != nil {
		return nil, err
	}
	session.SetVariables(values)
	dataset := build.Dataset{Name: "dataset.orders", Query: query, Definition: query}
	if s.dataset != nil {
		s.dataset(&dataset)
	}
	return build.Resolve(library, []build.Dataset{dataset}, nil, values)
}

func digests(tables map[string]snapshot.Table) map[string]string {
	found := map[string]string{}
	for name, table := range tables {
		found[name] = table.Digest
	}
	return found
}

func TestOnlyWhatChangedIsMadeAgain(t *testing.T) {
	everything := []string{"core.orders", "core.refunds", "dataset.orders", "mart.both", "mart.by_day", "mart.tier_count", "seed.tiers"}
	s := newSite(t)
	first := s.build(shop(), orders, "2026-10-31")
	if first.err != nil || !slices.Equal(first.made, everything) {
		t.Fatalf("made %v, %v", first.made, first.err)
	}
	for _, c := range []struct {
		name        string
		files       map[string]string
		query, asOf string
		made        []string
	}{
		{"nothing", shop(), orders, "2026-10-31", nil},
		{"spaces, comments and capitals", with("core/orders.sql", header("order_id")+"SELECT order_id, customer_id,\n  amount -- paid\nFROM dataset.orders"), orders, "2026-10-31", nil},
		{"a mart", with("mart/both.sql", header("orders")+"select (select count(*) from core.orders) as orders, 0 as refunds"), orders, "2026-10-31", []string{"mart.both"}},
		{
			"a table and what reads it", with("core/refunds.sql", header("order_id")+"select order_id, -amount as amount from dataset.orders where amount <= 0"), orders, "2026-10-31",
			[]string{"core.refunds", "mart.both"},
		},
		{"the day, for those who read it", shop(), orders, "2026-11-01", []string{"mart.by_day"}},
		{"a parameter that nobody reads", with("parameters.yaml", strings.Replace(parameters, "0.5", "0.7", 1)), orders, "2026-10-31", nil},
		{"a seed", with("seeds/tiers.csv", "tier,rank\ngold,1\nsilver,2\n"), orders, "2026-10-31", []string{"mart.tier_count", "seed.tiers"}},
		{"the exports", shop(), orders + " where order_id <> 'o3'", "2026-10-31", []string{"core.orders", "core.refunds", "dataset.orders", "mart.both", "mart.by_day"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, known := range []map[string]snapshot.Table{nil, first.tables} {
				s.current = known // whether the environment is known changes nothing, since the store says the same
				done := s.build(c.files, c.query, c.asOf)
				if done.err != nil {
					t.Fatal(done.err)
				}
				if !slices.Equal(done.made, c.made) {
					t.Errorf("made %v, want %v", done.made, c.made)
				}
				c.made = nil // it is stored now
			}
		})
	}
}

// TestWhatIsBuiltIsRight reads the published figures with a session of its own.
func TestWhatIsBuiltIsRight(t *testing.T) {
	s := newSite(t)
	done := s.build(shop(), orders, "2026-10-31")
	if done.err != nil {
		t.Fatal(done.err)
	}
	reader, err := warehouse.Open(t.Context(), warehouse.Options{AllowedDirs: []string{s.bucket.Root()}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	for _, table := range []string{"mart.by_day", "mart.both", "mart.tier_count", "seed.tiers"} {
		if err := snapshot.Attach(t.Context(), reader, s.bucket, table, done.tables[table]); err != nil {
			t.Fatal(err)
		}
	}
	var got string
	query := "select as_of || ' ' || amount || ' ' || orders || ' ' || refunds || ' ' || tiers from mart.by_day, mart.both, mart.tier_count"
	if err := reader.QueryRow(t.Context(), query).Scan(&got); err != nil || got != "2026-10-31 13.75 3 1 1" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestProcessorTimeIsSharedOut(t *testing.T) {
	s := newSite(t)
	done := s.build(shop(), orders, "2026-10-31")
	var sum float64
	for _, seconds := range done.cpu {
		sum += seconds
		if seconds <= 0 {
			t.Errorf("a table was made in no time: %v", done.cpu)
		}
	}
	// The first tick goes to nobody, nor does one at which nothing was being made.
	if ticks := float64(s.clock.Load()); sum > ticks-1 || sum < ticks/2 {
		t.Errorf("%.2f of %.0f seconds are shared out", sum, ticks)
	}
}

func TestKeptGoingAFailureStopsOnlyWhatReadsIt(t *testing.T) {
	s := newSite(t)
	s.keepGoing = true
	done := s.build(with("core/refunds.sql", header("order_id")+"select order_id, cast('x' || order_id as integer) as amount from dataset.orders"), orders, "2026-10-31")
	if done.err == nil || !strings.Contains(done.err.Error(), "build core.refunds") || strings.Contains(done.err.Error(), "mart.both") {
		t.Errorf("want an error of core.refunds alone, got %v", done.err)
	}
	want := []string{"core.orders", "dataset.orders", "mart.by_day", "mart.tier_count", "seed.tiers"}
	if !slices.Equal(done.made, want) {
		t.Errorf("made %v, want %v", done.made, want)
	}
	if mended := s.build(shop(), orders, "2026-10-31"); mended.err != nil || !slices.Equal(mended.made, []string{"core.refunds", "mart.both"}) {
		t.Errorf("after mending made %v, %v: what was made before the failure must be kept", mended.made, mended.err)
	}
}

// Each of these sorts fits into the memory limit, and three at once do not: those that fail are made again alone.
func TestModelsThatNeedTheMemoryOfAllAreMadeAlone(t *testing.T) {
	s := newSite(t)
	s.memory = "70MB"
	files := map[string]string{"parameters.yaml": parameters}
	for i := range 4 {
		files[fmt.Sprintf("core/large_%d.sql", i)] = header("total") + fmt.Sprintf("select sum(len(list_sort(l))) as total from (select list(i + %d order by i) as l from range(1300000) as rows(i))", i)
	}
	done := s.build(files, orders, "2026-10-31")
	if done.err != nil || len(done.made) != 5 {
		t.Errorf("made %v, %v", done.made, done.err)
	}
	files["core/too_large.sql"] = header("total") + "select sum(len(l)) as total from (select list(i order by i) as l from range(100000000) as rows(i))"
	if done = s.build(files, orders, "2026-10-31"); done.err == nil || !strings.Contains(done.err.Error(), "sql/core/too_large.sql: Out of Memory Error") ||
		!strings.Contains(done.err.Error(), "raise resources.memory_limit") || strings.Contains(done.err.Error(), "\n") {
		t.Errorf("one that never fits: %v", done.err)
	}
}

func TestNothingIsBegunAfterAFailure(t *testing.T) {
	s := newSite(t)
	s.workers = 1
	files := with("core/refunds.sql", header("order_id")+"select order_id, cast('x' || order_id as integer) as amount from dataset.orders")
	// One after the other, so that the model that fails need not hurry: it waits for the slot long before the tenth of them does.
	before := "core.orders"
	for i := range 50 {
		files[fmt.Sprintf("mart/later_%02d.sql", i)] = header("a") + "select count(*) as a from " + before
		before = fmt.Sprintf("mart.later_%02d", i)
	}
	done := s.build(files, orders, "2026-10-31")
	if done.err == nil || !strings.Contains(done.err.Error(), "build core.refunds") || strings.Contains(done.err.Error(), "later") {
		t.Errorf("want an error of core.refunds alone, got %v", done.err)
	}
	if len(done.made) > 15 {
		t.Errorf("%d tables were made after the failure", len(done.made))
	}
}

func TestResolveRefuses(t *testing.T) {
	for name, c := range map[string]struct{ path, text, want string }{
		"an unknown table":     {"mart/x.sql", "select 1 as a from dataset.order", "reads dataset.order, which nothing makes; did you mean \"dataset.orders\"?"},
		"a table of no schema": {"mart/x.sql", "select 1 as a from nowhere.orders", "did you mean"},
		"a circle":             {"core/orders.sql", "select orders as order_id from mart.both", "in a circle"},
	} {
		t.Run(name, func(t *testing.T) {
			done := newSite(t).build(with(c.path, header("a")+c.text), orders, "2026-10-31")
			if done.err == nil || !strings.Contains(done.err.Error(), c.want) {
				t.Errorf("got %v, want …%s…", done.err, c.want)
			}
		})
	}
}

// TestTwoBuildersOfOneStore race for the same tables: both end with the same set, and every table of it can be read.
func TestTwoBuildersOfOneStore(t *testing.T) {
	s := newSite(t)
	results := make([]result, 4)
	finished := make(chan struct{})
	for i := range results {
		go func() {
			results[i] = s.build(shop(), orders, "2026-10-31")
			finished <- struct{}{}
		}()
	}
	for range results {
		<-finished
	}
	for _, done := range results {
		if done.err != nil {
			t.Fatal(done.err)
		}
		if difference := cmp.Diff(results[0].tables, done.tables); difference != "" {
			t.Errorf("two builders name different files:\n%s", difference)
		}
		for name, table := range done.tables {
			if _, err := s.bucket.LocalPath(t.Context(), snapshot.DataKey(name, table)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestALeftDataFileIsNotInTheWay: a killed build leaves rows without a manifest.
func TestALeftDataFileIsNotInTheWay(t *testing.T) {
	s := newSite(t)
	first := s.build(shop(), orders, "2026-10-31")
	if first.err != nil {
		t.Fatal(first.err)
	}
	for name, table := range first.tables {
		if err := s.bucket.Delete(t.Context(), snapshot.ManifestKey(name, table.Fingerprint)); err != nil {
			t.Fatal(err)
		}
	}
	again := s.build(shop(), orders, "2026-10-31")
	if again.err != nil {
		t.Fatal(again.err)
	}
	if difference := cmp.Diff(digests(first.tables), digests(again.tables)); difference != "" {
		t.Errorf("another digest:\n%s", difference)
	}
}

// TestAnyDescriptionMayBeMissing: a killed build has described some of its tables, and they are many at once. A view may be described before what it reads.
func TestAnyDescriptionMayBeMissing(t *testing.T) {
	view := strings.Replace(header("order_id"), "grain", "kind: view\ngrain", 1)
	files := with("core/orders.sql", view+"select order_id, customer_id, amount from dataset.orders", "core/refunds.sql", view+"select order_id, -amount as amount from core.orders where amount < 0")
	s := newSite(t)
	first := s.build(files, orders, "2026-10-31")
	if first.err != nil {
		t.Fatal(first.err)
	}
	for name, table := range first.tables {
		if err := s.bucket.Delete(t.Context(), snapshot.ManifestKey(name, table.Fingerprint)); err != nil {
			t.Fatal(err)
		}
		again := s.build(with(append([]string{"mart/" + strings.ReplaceAll(name, ".", "_") + ".sql", header("orders") + "select count(*) as orders from core.refunds"},
			"core/orders.sql", files["core/orders.sql"], "core/refunds.sql", files["core/refunds.sql"])...), orders, "2026-10-31")
		if again.err != nil {
			t.Errorf("without %s: %v", name, again.err)
		}
		for table, digest := range digests(first.tables) {
			if now := digests(again.tables)[table]; now != digest {
				t.Errorf("without %s: %s has the digest %s, not %s", name, table, now, digest)
			}
		}
	}
}

// TestRowsOfOneGrainFromTwoFeeds tries a dataset that is a view, since one table reads it at most, and one that is stored, since two do.
func TestRowsOfOneGrainFromTwoFeeds(t *testing.T) {
	nothing := func(context.Context, *warehouse.Session, build.TableWriter, *build.Before) error { return nil }
	one := build.Step{Name: "one", Inputs: []string{"dataset.orders"}, Run: nothing}
	other := build.Step{Name: "other", Inputs: []string{"dataset.orders"}, Run: nothing}
	t.Run("view", func(t *testing.T) { rowsOfOneGrain(t, false, one) })
	t.Run("stored", func(t *testing.T) { rowsOfOneGrain(t, true, one, other) })
}

func rowsOfOneGrain(t *testing.T, stored bool, steps ...build.Step) {
	t.Helper()
	query := `select * from (values
		('o1', 'from the csv', timestamp '2026-11-01', 'bill_csv', 'a.csv', 2), ('o1', 'from the xlsx', timestamp '2026-11-02', 'bill_xlsx', 'a.xlsx', 3),
		('o2', 'alone', timestamp '2026-11-01', 'bill_csv', 'a.csv', 3), (null, 'none', timestamp '2026-11-01', 'bill_csv', 'a.csv', 4),
		(null, 'none, older', timestamp '2026-10-01', 'bill_csv', 'b.csv', 4)) as t(order_id, name, exported_at, feed, source_file, source_row)`
	graph, err := build.Resolve(&model.Library{}, []build.Dataset{{Name: "dataset.orders", Query: query, Definition: query, Grain: []string{"order_id"}}}, steps, nil)
	if err != nil {
		t.Fatal(err)
	}
	bucket := newSite(t).bucket
	scratch := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{ScratchDir: scratch, AllowedDirs: []string{bucket.Root()}, Measured: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	made, err := build.Run(t.Context(), graph, build.Options{Bucket: bucket, Session: session, Scratch: scratch, Random: rand.Reader, Now: time.Now, CPU: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if err := session.QueryRow(t.Context(), "select string_agg(name, '|' order by name) from dataset.orders").Scan(&got); err != nil || got != "alone|from the xlsx|none" {
		t.Errorf("%s, %v", got, err)
	}
	if table := made["dataset.orders"]; (table.Data != "") != stored || table.Rows != 3 {
		t.Errorf("%+v, want it stored: %v, with 3 rows", table, stored)
	}
}

func TestPlanSaysWhy(t *testing.T) {
	s := newSite(t)
	first := s.build(shop(), orders, "2026-10-31")
	if first.err != nil {
		t.Fatal(first.err)
	}
	current := snapshot.Environment{Name: "prod", Tables: maps.Clone(first.tables)}
	current.Tables["mart.gone"] = snapshot.Table{Fingerprint: "x"}
	opened := session(t, 1)
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	graph, err := resolve(opened, with("core/refunds.sql", header("order_id")+"select order_id, 1 as amount from dataset.orders", "mart/fresh.sql", header("a")+"select 1 as a",
		"seeds/tiers.csv", "tier,rank\ngold,1\n,3\n"), orders, day)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := build.Plan(t.Context(), graph, build.PlanOptions{Bucket: s.bucket, Current: current, Bench: lend(session(t, 1)), Reader: opened})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, change := range changes {
		got[change.Table] = strings.TrimSpace(string(change.Action) + " " + strings.Join(change.Why, "; "))
	}
	want := map[string]string{
		"dataset.orders": "unchanged", "core.orders": "unchanged",
		"seed.tiers": "changed its rows or their types changed", "mart.tier_count": "affected seed.tiers changed",
		"core.refunds": "changed its SQL changed", "mart.both": "affected core.refunds changed",
		"mart.by_day": "affected as_of: date '2026-10-31' -> date '2026-11-01'", "mart.fresh": "new", "mart.gone": "removed",
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("- wanted, + got\n%s", difference)
	}
	lineage, err := build.Explain(t.Context(), s.bucket, current, "mart.both")
	if err != nil || lineage.Inputs[0].Table != "core.orders" || lineage.Inputs[1].Inputs[0].Table != "dataset.orders" {
		t.Errorf("%+v, %v", lineage, err)
	}
	if _, err := build.Explain(t.Context(), s.bucket, current, "mart.nothing"); err == nil || errors.Is(err, objectstore.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// A Parquet file holds no HUGEINT: DuckDB would write a sum of integers as DOUBLE, where 2^53 + 1 is 2^53.
func TestSumsOfIntegersStayExact(t *testing.T) {
	s := newSite(t)
	s.bind, s.keepGoing = true, true
	done := s.build(map[string]string{
		"parameters.yaml":   parameters,
		"core/sums.sql":     header("customer_id") + "select customer_id, sum(amount * 9007199254740993::bigint) as total from dataset.orders group by customer_id",
		"mart/view.sql":     strings.Replace(header("total"), "grain", "kind: view\ngrain", 1) + "select sum(total) as total from core.sums",
		"mart/too_much.sql": header("total") + "select sum(total * 1000) as total from core.sums, range(2)",
	}, "select 'o' as order_id, 'c' as customer_id, 1 as amount", "2026-10-31")
	if done.err == nil || !strings.Contains(done.err.Error(), "sql/mart/too_much.sql") || strings.Contains(done.err.Error(), "sql/mart/view.sql") {
		t.Errorf("a sum over 2^63 - 1: %v", done.err)
	}
	reader, err := warehouse.Open(t.Context(), warehouse.Options{AllowedDirs: []string{s.bucket.Root()}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	for _, table := range []string{"core.sums", "mart.view"} {
		if err := snapshot.Attach(t.Context(), reader, s.bucket, table, done.tables[table]); err != nil {
			t.Fatal(err)
		}
		var got string
		if err := reader.QueryRow(t.Context(), "select typeof(total) || ' ' || total from "+table).Scan(&got); err != nil || got != "BIGINT 9007199254740993" {
			t.Errorf("%s: %s, %v", table, got, err)
		}
	}
}
