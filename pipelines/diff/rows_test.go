package diff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"countinghouse/pipelines/diff"

	"pgregory.net/rapid"
)

// counts are added, missing, changed.
func counts(table diff.Table) [3]int64 { return [3]int64{table.Added, table.Missing, table.Changed} }

func TestAsOfIsLeftOut(t *testing.T) {
	p := newPlace(t)
	got := p.compare("select date '2026-10-30' as as_of, * from ("+four+")", "select date '2026-10-31' as as_of, * from ("+fourOthers+")", "as_of", "id")
	same(t, [3]int64{1, 1, 2}, counts(got))
	same(t, []string{"id"}, got.Grain)
	same(t, []string{"as_of is 2026-10-30 before and 2026-10-31 after: rows are compared without it"}, got.Notes)

	// A row per day: there is no other column to tell rows by, and one row is compared with one row.
	got = p.compare("select date '2026-10-30' as as_of, 1.50 as share", "select date '2026-10-31' as as_of, 1.75 as share", "as_of")
	same(t, [3]int64{0, 0, 1}, counts(got))
	same(t, "0.25", got.Columns[0].Largest.Difference)

	// Several days on a side are rows of their own.
	days := "select unnest([date '2026-10-30', date '2026-10-31']) as as_of, 'a' as id"
	got = p.compare("select date '2026-10-30' as as_of, 'a' as id", days, "as_of", "id")
	same(t, [3]int64{1, 0, 0}, counts(got))
}

func TestDuplicatesOfTheGrain(t *testing.T) {
	p := newPlace(t)
	before := "select * from (values ('a', 1), ('a', 2), ('a', 3), ('b', 1), (null, 7)) as t(id, amount)"
	after := "select * from (values ('a', 2), ('a', 1), ('b', 1), (null, 8)) as t(id, amount)"
	got := p.compare(before, after, "id")
	same(t, [3]int64{0, 1, 1}, counts(got))
	same(t, [][]*string{{text("a"), text("3")}}, got.Samples.Missing)
	same(t, []diff.ChangedRow{{Key: []*string{nil}, Cells: []diff.Cell{{Column: "amount", Before: text("7"), After: text("8")}}}}, got.Samples.Changed)
	if len(got.Notes) != 2 || !strings.HasPrefix(got.Notes[0], "1 values of the grain are shared by several rows before") {
		t.Errorf("%q", got.Notes)
	}
}

func TestWithoutGrain(t *testing.T) {
	p := newPlace(t)
	before := "select * from (values ('a', 1), ('a', 1), ('b', 2), (null, 3)) as t(id, amount)"
	after := "select * from (values ('a', 1), ('b', 20), ('b', 20), (null, 3)) as t(id, amount)"
	got := p.compare(before, after)
	same(t, [3]int64{2, 2, 0}, counts(got))
	same(t, [][]*string{{text("b"), text("20")}, {text("b"), text("20")}}, got.Samples.Added)
	same(t, [][]*string{{text("a"), text("1")}, {text("b"), text("2")}}, got.Samples.Missing)
	same(t, &diff.Sum{Before: "7", After: "44", Difference: "37"}, got.Columns[0].Sum)

	got = p.compare("select 1 as was", "select 1 as is_now")
	same(t, diff.Table{
		Name: "mart.x", State: diff.Differs, RowsBefore: 1, RowsAfter: 1,
		Schema: []diff.SchemaChange{{Column: "is_now", After: "INTEGER"}, {Column: "was", Before: "INTEGER"}},
	}, got)

	got = p.compare("select 1 as id, 2 as amount", "select 2 as amount", "id")
	same(t, []string{"column id of the grain is not on both sides: whole rows are compared"}, got.Notes)
	same(t, [3]int64{}, counts(got))
}

// The last digits of a floating-point number depend on the order in which threads add up, and are no difference.
func TestFloatingPoint(t *testing.T) {
	p := newPlace(t)
	before := "select unnest([1, 2, 3, 4, 5, 6, 7, 8]) as id, unnest([0.1 + 0.2, 1, 'nan', 'inf', 'inf', 0, null, 1e-300]::double[]) as share"
	after := "select unnest([1, 2, 3, 4, 5, 6, 7, 8]) as id, unnest([0.3, 1.000001, 'nan', 'inf', '-inf', -0.0, 0, 1e-300]::double[]) as share"
	got := p.compare(before, after, "id")
	same(t, [3]int64{0, 0, 3}, counts(got)) // 2, 5 and 7
	same(t, [3]int64{3, 3, 0}, counts(p.compare(before, after)))
}

func TestTypesThatDoNotFit(t *testing.T) {
	p := newPlace(t)
	got := p.compare("select 1 as id, 'x' as a, date '2026-10-31' as b, 2 as c", "select '1' as id, 1 as a, timestamp '2026-10-31 00:00:00' as b, 2.00 as c", "id")
	same(t, [3]int64{0, 0, 1}, counts(got))
	same(t, []diff.ColumnChange{{Column: "a", Rows: 1, Pairs: []diff.Pair{{Before: text("x"), After: text("1"), Rows: 1}}}}, got.Columns)
}

// Nested values, the widest integers and names that SQL would take for something else.
func TestOddColumns(t *testing.T) {
	p := newPlace(t)
	row := `select 1 as "select", {'x': %[1]d, 'y': [%[1]d]} as b0, map {'k': %[1]d} as "d0", %[1]d::hugeint as state, 9223372036854775807 - %[1]d as one, interval %[1]d day as "a ""b"`
	got := p.compare(fmt.Sprintf(row, 1), fmt.Sprintf(row, 2), "select")
	same(t, [3]int64{0, 0, 1}, counts(got))
	if len(got.Columns) != 5 || len(got.Samples.Changed[0].Cells) != 5 {
		t.Errorf("%+v", got)
	}
	got = p.compare("select 1 as id, 9223372036854775807 as n union all select 2, 9223372036854775807", "select 1 as id, -9223372036854775807 as n union all select 2, 0", "id")
	same(t, "-18446744073709551614", got.Columns[0].Largest.Difference)
	same(t, "18446744073709551614", got.Columns[0].Sum.Before)
}

func TestChosenColumns(t *testing.T) {
	p := newPlace(t)
	options := p.options()
	options.Columns = []string{"NAME"}
	got := p.relations(four, fourOthers, options)
	same(t, [3]int64{1, 1, 1}, counts(got))
	same(t, []string{"id", "name"}, got.Samples.Columns)
}

// Samples show each set of columns that changed together before a second row of the same one.
func TestSamplesShowEveryKindOfChange(t *testing.T) {
	p := newPlace(t)
	before := "select i as id, 0 as a, 0 as b, 0 as c from range(100) as t(i)"
	after := "select i as id, 1 as a, if(i = 98, 1, 0) as b, if(i = 99, 1, 0) as c from range(100) as t(i)"
	options := p.options()
	options.Samples = 4
	var keys []string
	for _, row := range p.relations(before, after, options).Samples.Changed {
		keys = append(keys, *row.Key[0])
	}
	same(t, []string{"0", "98", "99", "1"}, keys)
	options.Samples = 0
	same(t, diff.Samples{}, p.relations(before, after, options).Samples)
}

func TestFrequentPairs(t *testing.T) {
	p := newPlace(t)
	before := "select i as id, if(i < 50, 'old', 'new') as layer from range(100) as t(i)"
	after := "select i as id, case when i < 30 then 'new' when i < 50 then 'gone' when i = 99 then null else 'new' end as layer from range(100) as t(i)"
	same(t, []diff.ColumnChange{{Column: "layer", Rows: 51, ToNull: 1, Pairs: []diff.Pair{
		{Before: text("old"), After: text("new"), Rows: 30}, {Before: text("old"), After: text("gone"), Rows: 20}, {Before: text("new"), Rows: 1},
	}}}, p.compare(before, after, "id").Columns)
}

// TestAgainstMaps compares random tables with a comparison of Go maps.
func TestAgainstMaps(t *testing.T) {
	p := newPlace(t)
	side := rapid.MapOf(rapid.IntRange(0, 9), rapid.IntRange(0, 2))
	rapid.Check(t, func(r *rapid.T) {
		before, after := side.Draw(r, "before"), side.Draw(r, "after")
		var want [3]int64
		for key, value := range after {
			if old, had := before[key]; !had {
				want[0]++
			} else if old != value {
				want[2]++
			}
		}
		for key := range before {
			if _, has := after[key]; !has {
				want[1]++
			}
		}
		if got := counts(p.compare(values(before), values(after), "id")); got != want {
			r.Fatalf("got %v, want %v", got, want)
		}
		// By whole rows a changed row is one that is missing and one that is added.
		if got := counts(p.compare(values(before), values(after))); got != [3]int64{want[0] + want[2], want[1] + want[2], 0} {
			r.Fatalf("whole rows: got %v, by grain %v", got, want)
		}
	})
}

func values(rows map[int]int) string {
	lines := []string{"select null::integer as id, null::integer as v where false"}
	for id, value := range rows {
		lines = append(lines, fmt.Sprintf("select %d, nullif(%d, 0)", id, value))
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, " union all ")
}
