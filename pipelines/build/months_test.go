package build_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/fs"
	"countinghouse/internal/objectstore/mem"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
)

const monthlyHeader = `/* ---
about: Customers who bought in the year up to the end of a month with sales.
grain: [month]
kind: by_month
month: month
reads: {core.sales: {by: day, back: 365}}
--- */
`

const monthlyQuery = `with months as (select distinct cast(date_trunc('month', day) as date) as month from core.sales)
select months.month, count(distinct sales.customer_id) as active, sum(sales.amount) as amount,
	sum(case when sales.day >= months.month then sales.amount else 0 end) as month_amount
from months
inner join core.sales as sales on sales.day >= months.month - 365 and sales.day < months.month + interval 1 month
group by months.month`

func monthlyShop() map[string]string {
	return map[string]string{
		"parameters.yaml":  parameters,
		"core/sales.sql":   header("order_id") + "select order_id, customer_id, day, amount from dataset.orders",
		"mart/monthly.sql": monthlyHeader + monthlyQuery,
		"mart/total.sql":   header("active") + "select coalesce(sum(active), 0)::bigint as active from mart.monthly",
	}
}

type sale struct {
	order, customer int
	day             time.Time
	amount          int
}

func salesQuery(sales []sale) string {
	rows := []string{}
	for _, s := range sales {
		rows = append(rows, fmt.Sprintf("('o%d', 'c%d', date '%s', %d)", s.order, s.customer, s.day.Format(time.DateOnly), s.amount))
	}
	if len(rows) == 0 {
		return "select 'o' as order_id, 'c' as customer_id, date '2020-01-01' as day, 1 as amount where false"
	}
	return "select * from (values " + strings.Join(rows, ", ") + ") as t(order_id, customer_id, day, amount)"
}

func month(day time.Time) string { return day.Format("2006-01") }

// TestMonthsComeOutAsFromScratch lets sales arrive in random batches, late ones among them, and builds after each. What is there in the end is what
// one build from scratch gives, and what the model's query gives when it is run at once; and each build makes just the months that can see a new sale.
func TestMonthsComeOutAsFromScratch(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			step := newSite(t)
			var all []sale
			var last result
			before := map[string]bool{}
			for range 1 + random.IntN(4) {
				batch := randomSales(random, len(all))
				all = append(all, batch...)
				if last = step.build(monthlyShop(), salesQuery(all), "2026-10-31"); last.err != nil {
					t.Fatal(last.err)
				}
				step.current = last.tables
				if want := monthsThatSee(all, batch, before); !slices.Equal(last.months["mart.monthly"], want) {
					t.Fatalf("made %v, want %v", last.months["mart.monthly"], want)
				}
			}
			scratch := newSite(t).build(monthlyShop(), salesQuery(all), "2026-10-31")
			if !maps.Equal(digests(last.tables), digests(scratch.tables)) {
				t.Fatalf("step by step %v, from scratch %v", digests(last.tables), digests(scratch.tables))
			}
			step.sameAsAtOnce(last, all)
		})
	}
}

func randomSales(random *rand.Rand, first int) []sale {
	sales := make([]sale, 1+random.IntN(6))
	for i := range sales {
		day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, random.IntN(500))
		sales[i] = sale{order: first + i, customer: 1 + random.IntN(5), day: day, amount: 1 + random.IntN(100)}
	}
	return sales
}

// monthsThatSee lists, by the calendar alone, the months up to the last sale whose last 365 days before their first day, or they themselves, hold
// a day of a month with a new sale; and the months that had not been there.
func monthsThatSee(all, fresh []sale, before map[string]bool) []string {
	first, last := all[0].day, all[0].day
	for _, s := range all {
		if s.day.Before(first) {
			first = s.day
		}
		if s.day.After(last) {
			last = s.day
		}
	}
	var months []string
	for start := time.Date(first.Year(), first.Month(), 1, 0, 0, 0, 0, time.UTC); !start.After(last); start = start.AddDate(0, 1, 0) {
		sees := !before[month(start)]
		for day := start.AddDate(0, 0, -365); day.Before(start.AddDate(0, 1, 0)); day = day.AddDate(0, 0, 1) {
			sees = sees || slices.ContainsFunc(fresh, func(s sale) bool { return month(s.day) == month(day) })
		}
		if sees {
			months = append(months, month(start))
		}
		before[month(start)] = true
	}
	return months
}

// sameAsAtOnce runs the model's query over all sales at once.
func (s *site) sameAsAtOnce(done result, all []sale) {
	s.t.Helper()
	reader, err := warehouse.Open(s.t.Context(), warehouse.Options{Threads: 1, AllowedDirs: []string{s.bucket.Root()}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := snapshot.Attach(s.t.Context(), reader, s.bucket, "mart.monthly", done.tables["mart.monthly"]); err != nil {
		s.t.Fatal(err)
	}
	if _, err := reader.Exec(s.t.Context(), "create schema core; create table core.sales as "+salesQuery(all)); err != nil {
		s.t.Fatal(err)
	}
	var differences int
	query := "with parts as (select * from mart.monthly), whole as (" + monthlyQuery + ") select count(*) from ((from parts except from whole) union all (from whole except from parts))"
	if err := reader.QueryRow(s.t.Context(), query).Scan(&differences); err != nil || differences != 0 {
		s.t.Fatalf("%d rows differ from the query run at once, %v", differences, err)
	}
}

func TestATableWithoutMonthsIsEmptyButTyped(t *testing.T) {
	s := newSite(t)
	done := s.build(monthlyShop(), salesQuery(nil), "2026-10-31")
	if done.err != nil || done.tables["mart.monthly"].Rows != 0 || done.tables["mart.total"].Rows != 1 {
		t.Errorf("%+v, %v", done.tables, done.err)
	}
}

func TestBackfillMakesMonthsThatABuildThenTakes(t *testing.T) {
	s := newSite(t)
	query := salesQuery([]sale{{1, 1, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), 10}, {2, 2, time.Date(2026, 4, 5, 0, 0, 0, 0, time.UTC), 10}})
	s.only, s.months = map[string]bool{"mart.monthly": true}, &build.MonthRange{From: "2026-02", To: "2026-03"}
	done := s.build(monthlyShop(), query, "2026-10-31")
	if done.err != nil || !slices.Equal(done.months["mart.monthly"], []string{"2026-02", "2026-03"}) || done.tables["mart.monthly"].Fingerprint != "" || done.rows["mart.monthly"] != 0 {
		t.Errorf("backfill: %v, %v, %v", done.months, done.tables, done.err)
	}
	s.only, s.months = nil, nil
	done = s.build(monthlyShop(), query, "2026-10-31")
	if done.err != nil || !slices.Equal(done.months["mart.monthly"], []string{"2026-01", "2026-04"}) {
		t.Errorf("build: %v, %v", done.months, done.err)
	}
	s.only, s.months = map[string]bool{"mart.monthly": true}, &build.MonthRange{From: "2026-01", To: "2026-04", Again: true}
	if done = s.build(monthlyShop(), query, "2026-10-31"); done.err != nil || len(done.months["mart.monthly"]) != 4 || done.rows["mart.monthly"] != 2 {
		t.Errorf("again: %v, %v", done.months, done.err)
	}
	s.replaceAPart()
	if done = s.build(monthlyShop(), query, "2026-10-31"); done.err == nil || !strings.Contains(done.err.Error(), "it has other rows than the stored part") {
		t.Errorf("a part that was changed in the store: %v", done.err)
	}
}

// TestBackfillKeepsTypes: a sum of integers is a BIGINT also when the parts of a table that is stored are made again.
func TestBackfillKeepsTypes(t *testing.T) {
	s := newSite(t)
	s.bind = true
	query := salesQuery([]sale{{1, 1, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), 10}})
	if done := s.build(monthlyShop(), query, "2026-10-31"); done.err != nil {
		t.Fatal(done.err)
	}
	s.bind, s.only, s.months = false, map[string]bool{"mart.monthly": true}, &build.MonthRange{From: "2026-01", To: "2026-01", Again: true}
	if done := s.build(monthlyShop(), query, "2026-10-31"); done.err != nil || len(done.months["mart.monthly"]) != 1 {
		t.Errorf("%v, %v", done.months, done.err)
	}
}

// TestBackfillOfWhatAnotherReads: a month cannot be made from a table of which only some months are there, so that one is made as a whole.
func TestBackfillOfWhatAnotherReads(t *testing.T) {
	files := monthlyShop()
	files["mart/after.sql"] = strings.NewReplacer("core.sales: {by: day, back: 365}", "mart.monthly: {by: month, back: 31}").Replace(monthlyHeader) +
		"select month, active from mart.monthly"
	query := salesQuery([]sale{{1, 1, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), 10}, {2, 2, time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC), 10}})
	s := newSite(t)
	s.only, s.months = map[string]bool{"mart.monthly": true, "mart.after": true}, &build.MonthRange{From: "2026-02", To: "2026-02"}
	for _, want := range [][]string{{"2026-01", "2026-02", "2026-03"}, nil} {
		done := s.build(files, query, "2026-10-31")
		if done.err != nil || !slices.Equal(done.months["mart.monthly"], want) {
			t.Errorf("made %v, want %v, %v", done.months, want, done.err)
		}
	}
}

// partless is a store that cannot write the manifests of parts.
type partless struct{ *mem.Store }

func (p partless) CompareAndSet(ctx context.Context, key string, data []byte, expected int64) (objectstore.Attributes, error) {
	if strings.Contains(string(data), "\n  \"month\":") {
		time.Sleep(20 * time.Millisecond) // long enough for whole tables to be written meanwhile
		return objectstore.Attributes{}, errors.New("the store is full")
	}
	return p.Store.CompareAndSet(ctx, key, data, expected)
}

// TestNoTableWithoutItsParts: a table whose manifest is there would be taken as it is, and its parts would be missing for ever.
func TestNoTableWithoutItsParts(t *testing.T) {
	cache, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, bucket: objectstore.NewRemote(partless{mem.New()}, cache, "mem://")}
	done := s.build(monthlyShop(), salesQuery([]sale{{1, 1, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), 10}}), "2026-10-31")
	if done.err == nil || !strings.Contains(done.err.Error(), "the store is full") {
		t.Fatalf("got %v", done.err)
	}
	for object, err := range s.bucket.List(t.Context(), "tables/") {
		if _, _, isManifest := snapshot.OfManifest(object.Key); isManifest || err != nil {
			t.Errorf("%s was written, %v", object.Key, err)
		}
	}
}

// replaceAPart puts the rows of one month in the place of another's.
func (s *site) replaceAPart() {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.bucket.Root(), "tables/mart/monthly/*/data-*.parquet"))
	if err != nil || len(files) < 4 {
		s.t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files[1:] {
		other, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		one, err := os.ReadFile(files[0])
		if err != nil {
			s.t.Fatal(err)
		}
		if string(one) != string(other) {
			if err := os.WriteFile(files[0], other, 0o600); err != nil {
				s.t.Fatal(err)
			}
			return
		}
	}
	s.t.Fatal("all parts have the same bytes")
}

func TestPlanTellsTheMonths(t *testing.T) {
	s := newSite(t)
	old := []sale{{1, 1, time.Date(2025, 1, 5, 0, 0, 0, 0, time.UTC), 10}, {2, 2, time.Date(2026, 6, 5, 0, 0, 0, 0, time.UTC), 10}}
	late := append(slices.Clone(old), sale{3, 1, time.Date(2025, 3, 9, 0, 0, 0, 0, time.UTC), 5})
	files := map[string][]sale{"first": old, "late": late[2:]}
	s.dataset = func(dataset *build.Dataset) {
		dataset.Files = []snapshot.SourceFile{{SHA256: "first"}}
		dataset.Of = func(some []snapshot.SourceFile) string {
			var sales []sale
			for _, file := range some {
				sales = append(sales, files[file.SHA256]...)
			}
			return salesQuery(sales)
		}
	}
	shop := monthlyShop() // in which the day has another name than in the dataset
	shop["core/sales.sql"] = header("order_id") + "with sold as (select *, cast(date_trunc('day', day) as date) as sold_on from dataset.orders)\nselect order_id, customer_id, sold_on, amount from sold"
	shop["mart/monthly.sql"] = strings.Replace(monthlyHeader, "by: day", "by: sold_on", 1) + strings.NewReplacer("sales.day", "sales.sold_on", "'month', day", "'month', sold_on").Replace(monthlyQuery)
	done := s.build(shop, salesQuery(old), "2026-10-31")
	if done.err != nil {
		t.Fatal(done.err)
	}
	first := s.dataset
	s.dataset = func(dataset *build.Dataset) {
		first(dataset)
		dataset.Files = append(dataset.Files, snapshot.SourceFile{SHA256: "late"})
	}
	plan := func(files map[string]string) string {
		opened := session(t, 1)
		graph, err := s.resolve(opened, files, salesQuery(late), time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		changes, err := build.Plan(t.Context(), graph, build.PlanOptions{Bucket: s.bucket, Current: snapshot.Environment{Tables: done.tables}, Bench: lend(session(t, 1)), Reader: opened})
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range changes {
			if change.Table == "mart.monthly" {
				return change.Months.String()
			}
		}
		return ""
	}
	if got, want := plan(shop), "months 2025-03 to 2026-03: new rows in 2025-03, core.sales read back 365 days"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	changed := maps.Clone(shop)
	changed["mart/monthly.sql"] = strings.Replace(shop["mart/monthly.sql"], "sum(sales.amount)", "max(sales.amount)", 1)
	if got, want := plan(changed), "all months: its SQL changed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
