package build_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/gc"

	"github.com/google/go-cmp/cmp"
)

// exportFile is one export of a toy dataset: rows of a customer and an amount.
type exportFile struct {
	name string
	rows string // of a values list
}

func (f exportFile) query() string {
	return fmt.Sprintf("select customer_id, amount::bigint as amount, '%s' as source_file from (values %s) as t(customer_id, amount)", f.name, f.rows)
}

func exportsQuery(files []exportFile) string {
	queries := []string{"select null::varchar as customer_id, null::bigint as amount, null::varchar as source_file where false"}
	for _, file := range files {
		queries = append(queries, file.query())
	}
	return strings.Join(queries, " union all ")
}

// toy sums amounts by customer. Of what it has made before it takes over the sums of the customers that no new row is of.
type toy struct {
	*site
	shape, definition string
	fail              error
	before            *build.Before // what the last run was given
	fresh             string        // the rows that it was told to be new
	left              *int64        // what it says is left of the sums that it takes over; nil: nothing
}

var (
	sumColumns  = []warehouse.Column{{Name: "customer_id", Type: "VARCHAR"}, {Name: "amount", Type: "BIGINT"}}
	keptColumns = []warehouse.Column{{Name: "customer_id", Type: "VARCHAR"}, {Name: "amount", Type: "BIGINT"}, {Name: "source_file", Type: "VARCHAR"}}
)

func (y *toy) step() build.Step {
	return build.Step{
		Name: "toy", Version: 1, Definition: y.definition, Inputs: []string{"dataset.orders"},
		Tables: map[string][]warehouse.Column{"toy.sums": sumColumns, "toy.count": {{Name: "rows", Type: "BIGINT"}}},
		Kept:   map[string][]warehouse.Column{"toy.seen": keptColumns},
		Run: func(ctx context.Context, session *warehouse.Session, write build.TableWriter, before *build.Before) error {
			y.before, y.fresh = before, ""
			if err := write.Query(ctx, "toy.count", "select count(*) as rows from dataset.orders"); err != nil {
				return err
			}
			if before == nil || before.Inputs["dataset.orders"].Fresh == "" {
				return errors.Join(write.Query(ctx, "toy.seen", "from dataset.orders"), write.Query(ctx, "toy.sums", sumsOf("dataset.orders")), y.fail)
			}
			return errors.Join(y.more(ctx, session, write, before), y.fail)
		},
	}
}

func sumsOf(rows string) string {
	return "select customer_id, sum(amount)::bigint as amount from " + rows + " group by customer_id"
}

func (y *toy) more(ctx context.Context, session *warehouse.Session, write build.TableWriter, before *build.Before) error {
	fresh := "(" + before.Inputs["dataset.orders"].Fresh + ")"
	if err := session.QueryRow(ctx, "select string_agg(coalesce(customer_id, '?') || amount, ' ' order by amount) from "+fresh).Scan(&y.fresh); err != nil {
		return err
	}
	for _, table := range []string{"toy.seen", "toy.sums"} {
		for _, part := range before.Tables[table].Parts {
			write.TakeOver(part)
		}
	}
	if y.left != nil {
		write.Left("toy.sums", *y.left)
	}
	customers, err := write.Keys(ctx, []string{"customer_id"}, "select distinct customer_id from "+fresh)
	if err != nil {
		return err
	}
	seen := "(" + before.Tables["toy.seen"].Query + " union all from " + fresh + ") as seen"
	return errors.Join(
		write.Part("toy.seen", nil).Query(ctx, "from "+fresh),
		write.Part("toy.sums", customers).Query(ctx, sumsOf(seen+" where exists (select 1 from "+fresh+" as fresh where fresh.customer_id is not distinct from seen.customer_id)")))
}

// sums builds over some files and gives the sums as a reader sees them, and the tables.
func (y *toy) sums(current map[string]snapshot.Table, files ...exportFile) (string, map[string]snapshot.Table) {
	y.t.Helper()
	got, tables, err := y.try(current, files...)
	if err != nil {
		y.t.Fatal(err)
	}
	return got, tables
}

func (y *toy) try(current map[string]snapshot.Table, files ...exportFile) (got string, tables map[string]snapshot.Table, err error) {
	y.t.Helper()
	scratch := y.t.TempDir()
	session, err := warehouse.Open(y.t.Context(), warehouse.Options{Threads: 2, ScratchDir: scratch, AllowedDirs: []string{y.bucket.Root()}, Measured: 1})
	if err != nil {
		y.t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	dataset := build.Dataset{
		Name: "dataset.orders", Query: exportsQuery(files), Definition: "/* " + y.shape + " */ " + exportsQuery(files), Shape: func() string { return y.shape },
		Of: func(some []snapshot.SourceFile) string {
			return exportsQuery(slices.DeleteFunc(slices.Clone(files), func(file exportFile) bool {
				return !slices.ContainsFunc(some, func(one snapshot.SourceFile) bool { return one.SHA256 == file.name })
			}))
		},
	}
	for _, file := range files {
		dataset.Files = append(dataset.Files, snapshot.SourceFile{Feed: "orders", SourceFile: file.name, SHA256: file.name, Contract: "c"})
	}
	graph, err := build.Resolve(&model.Library{}, []build.Dataset{dataset}, []build.Step{y.step()}, nil)
	if err != nil {
		y.t.Fatal(err)
	}
	tables, err = build.Run(y.t.Context(), graph, build.Options{
		Bucket: y.bucket, Session: session, Scratch: scratch, Current: current, Workers: 2, Random: rand.Reader, Now: time.Now, CPU: func() float64 { return 0 },
	})
	if err != nil {
		return "", nil, err
	}
	return y.read(tables), tables, nil
}

// read attaches the tables in a new session, as every reader does.
func (y *toy) read(tables map[string]snapshot.Table) (got string) {
	y.t.Helper()
	session, err := warehouse.Open(y.t.Context(), warehouse.Options{AllowedDirs: []string{y.bucket.Root()}})
	if err != nil {
		y.t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	if err := snapshot.Attach(y.t.Context(), session, y.bucket, "toy.sums", tables["toy.sums"]); err != nil {
		y.t.Fatal(err)
	}
	err = session.QueryRow(y.t.Context(), "select coalesce(string_agg(coalesce(customer_id, '?') || '=' || amount, ' ' order by customer_id nulls first), '') from toy.sums").Scan(&got)
	if err != nil {
		y.t.Fatal(err)
	}
	manifest, err := snapshot.ReadManifest(y.t.Context(), y.bucket, "toy.sums", tables["toy.sums"].Fingerprint)
	rows := int64(len(strings.Fields(got)))
	if y.left != nil && manifest.InParts {
		rows = *y.left + manifest.Parts[len(manifest.Parts)-1].Rows
	}
	if err != nil || manifest.Rows != rows || !slices.Equal(manifest.Columns, sumColumns) {
		y.t.Errorf("the manifest says %d rows of %v (%v), the table has %s", manifest.Rows, manifest.Columns, err, got)
	}
	return got
}

var (
	monday    = exportFile{"monday", "('a', 1), ('b', 2), (null, 4)"}
	tuesday   = exportFile{"tuesday", "('b', 8), ('c', 16)"}
	wednesday = exportFile{"wednesday", "(null, 32), ('c', 64)"}
)

func newToy(t *testing.T) *toy { return &toy{site: newSite(t), shape: "as it is"} }

func TestStepsSeeWhatTheyMadeBefore(t *testing.T) {
	y := newToy(t)
	got, first := y.sums(nil, monday)
	if y.before != nil || got != "?=4 a=1 b=2" {
		t.Fatalf("first %s, before %+v", got, y.before)
	}
	got, second := y.sums(first, monday, tuesday)
	if want := "?=4 a=1 b=10 c=16"; got != want || y.fresh != "b8 c16" {
		t.Errorf("second %s, want %s; new were %s", got, want, y.fresh)
	}
	// A missing value is replaced like any other, and a part that replaced rows is replaced itself.
	got, third := y.sums(second, monday, tuesday, wednesday)
	want := "?=36 a=1 b=10 c=80"
	if got != want || y.fresh != "?32 c64" {
		t.Errorf("third %s, want %s; new were %s", got, want, y.fresh)
	}
	if rows := y.before.Tables["toy.sums"].Rows; rows != 4 || len(y.before.Tables["toy.seen"].Parts) != 2 {
		t.Errorf("before: %+v", y.before.Tables)
	}
	// From scratch, in another store, all is the same: the fingerprints too.
	other := newToy(t)
	atOnce, scratch := other.sums(nil, monday, tuesday, wednesday)
	if atOnce != want || other.before != nil || scratch["toy.sums"].Fingerprint != third["toy.sums"].Fingerprint || scratch["toy.sums"].Rows != third["toy.sums"].Rows {
		t.Errorf("from scratch %s, %v instead of %v", atOnce, scratch["toy.sums"], third["toy.sums"])
	}
	// The versions before are what they were.
	if was := y.read(second); was != "?=4 a=1 b=10 c=16" {
		t.Errorf("the second version has become %s", was)
	}
}

// TestWhatIsLeftIsTaken at a step's word, true or not: nothing is counted. Two of Monday's sums are left when Tuesday's two have taken the place of one of the three.
func TestWhatIsLeftIsTaken(t *testing.T) {
	for said, want := range map[int64]int64{2: 4, 7: 9} {
		y := newToy(t)
		_, first := y.sums(nil, monday)
		y.left = &said
		got, second := y.sums(first, monday, tuesday)
		manifest, err := snapshot.ReadManifest(t.Context(), y.bucket, "toy.sums", second["toy.sums"].Fingerprint)
		if err != nil || got != "?=4 a=1 b=10 c=16" || manifest.Rows != want {
			t.Errorf("with %d left: %d rows, want %d: %s (%v)", said, manifest.Rows, want, got, err)
		}
	}
}

func TestStepsStartOver(t *testing.T) {
	for name, change := range map[string]struct {
		before func(*toy)
		files  []exportFile
		want   string
	}{
		"another definition":       {func(y *toy) { y.definition = "other" }, []exportFile{monday, tuesday}, "?=4 a=1 b=10 c=16"},
		"files read otherwise":     {func(y *toy) { y.shape = "other" }, []exportFile{monday, tuesday}, "?=4 a=1 b=10 c=16"},
		"a file that is gone":      {func(*toy) {}, []exportFile{tuesday}, "b=8 c=16"},
		"what was kept is missing": {func(y *toy) { y.remove("tables/toy/seen/") }, []exportFile{monday, tuesday}, "?=4 a=1 b=10 c=16"},
		"a table is missing":       {func(y *toy) { y.remove("tables/toy/count/") }, []exportFile{monday, tuesday}, "?=4 a=1 b=10 c=16"},
	} {
		t.Run(name, func(t *testing.T) {
			y := newToy(t)
			_, first := y.sums(nil, monday)
			change.before(y)
			if got, _ := y.sums(first, change.files...); got != change.want || y.before != nil {
				t.Errorf("%s, want %s; before: %+v", got, change.want, y.before)
			}
		})
	}
}

func (s *site) remove(prefix string) {
	s.t.Helper()
	for object, err := range s.bucket.List(s.t.Context(), prefix) {
		if err == nil {
			err = s.bucket.Delete(s.t.Context(), object.Key)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestAStepThatFailed leaves nothing that the next attempt takes for its own.
func TestAStepThatFailed(t *testing.T) {
	y := newToy(t)
	_, first := y.sums(nil, monday)
	y.fail = errors.New("out of ink")
	if _, _, err := y.try(first, monday, tuesday); !errors.Is(err, y.fail) {
		t.Fatal(err)
	}
	y.fail = nil
	if got, _ := y.sums(first, monday, tuesday); got != "?=4 a=1 b=10 c=16" {
		t.Error(got)
	}
}

// TestTwoEnvironmentsShareParts lets two environments grow apart from one table, and collects what neither needs.
func TestTwoEnvironmentsShareParts(t *testing.T) {
	y := newToy(t)
	_, first := y.sums(nil, monday)
	_, prod := y.sums(first, monday, tuesday)
	_, dev := y.sums(first, monday, wednesday)
	for name, tables := range map[string]map[string]snapshot.Table{"prod": prod, "dev": dev} {
		if err := snapshot.Publish(t.Context(), y.bucket, snapshot.Environment{Name: name, Version: 1, Tables: tables}, 0); err != nil {
			t.Fatal(err)
		}
	}
	y.collect()
	if got := [2]string{y.read(prod), y.read(dev)}; got != [2]string{"?=4 a=1 b=10 c=16", "?=36 a=1 b=2 c=64"} {
		t.Errorf("after collecting: %q", got)
	}
	for name, tables := range map[string]map[string]snapshot.Table{"prod": prod, "dev": dev} {
		if missing, err := snapshot.Missing(t.Context(), y.bucket, tables, nil); err != nil || len(missing) > 0 {
			t.Errorf("%s lacks %v, %v", name, missing, err)
		}
	}
	if got, _ := y.sums(prod, monday, tuesday, wednesday); got != "?=36 a=1 b=10 c=80" || y.before == nil {
		t.Errorf("the next run of prod: %s, before %+v", got, y.before)
	}
	// When the one that took over the first rows is gone, and dev too, the rows go.
	if err := errors.Join(snapshot.Remove(t.Context(), y.bucket, "prod"), snapshot.Remove(t.Context(), y.bucket, "dev")); err != nil {
		t.Fatal(err)
	}
	y.collect()
	if left := y.keys("tables/"); len(left) > 0 {
		t.Errorf("left: %s", left)
	}
}

func (s *site) collect() {
	s.t.Helper()
	_, err := gc.Run(s.t.Context(), gc.Options{
		Bucket: s.bucket, Now: func() time.Time { return time.Now().Add(time.Hour) }, Alone: func(context.Context) error { return nil },
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) keys(prefix string) (keys []string) {
	s.t.Helper()
	for object, err := range s.bucket.List(s.t.Context(), prefix) {
		if err != nil {
			s.t.Fatal(err)
		}
		keys = append(keys, object.Key)
	}
	return keys
}

// TestPartsWithoutTheirTable takes away what is written last, table by table, as a process that dies leaves it.
func TestPartsWithoutTheirTable(t *testing.T) {
	y := newToy(t)
	_, first := y.sums(nil, monday)
	_, second := y.sums(first, monday, tuesday)
	for _, table := range slices.Sorted(maps.Keys(second)) {
		if !strings.HasPrefix(table, "toy.") {
			continue
		}
		y.remove(snapshot.ManifestKey(table, second[table].Fingerprint))
		got, again := y.sums(first, monday, tuesday)
		if got != "?=4 a=1 b=10 c=16" {
			t.Errorf("without %s: %s", table, got)
		}
		if difference := cmp.Diff(second["toy.sums"].Fingerprint, again["toy.sums"].Fingerprint); difference != "" {
			t.Error(difference)
		}
	}
}
