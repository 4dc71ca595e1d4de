package build_test

import (
	"fmt"
	"testing"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
)

func digestOf(t *testing.T, session *warehouse.Session, query string) string {
	t.Helper()
	relation := "(" + query + ")"
	columns, err := session.Columns(t.Context(), relation)
	if err != nil {
		t.Fatal(err)
	}
	_, digest, err := build.Digest(t.Context(), session, relation, columns)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func session(t *testing.T, threads int) *warehouse.Session {
	t.Helper()
	opened, err := warehouse.Open(t.Context(), warehouse.Options{Threads: threads, ScratchDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

const sales = `select i as id, 'row ' || i as name, (i % 100)::decimal(18,2) / 3 as share, (i * 1.25)::decimal(18,2) as money, date '2026-01-01' + (i % 365)::integer as day,
	timestamp '2026-01-01 10:00:00' + interval (i) second as at, i % 2 = 0 as even, case when i % 7 = 0 then null else i end as gap from range(200000) t(i)`

func TestDigestKnowsASetFromAnother(t *testing.T) {
	s := session(t, 2)
	base := digestOf(t, s, sales)
	if digestOf(t, session(t, 1), sales+" order by hash(i)") != base {
		t.Error("another order or number of threads gives another digest")
	}
	for name, query := range map[string]string{
		"a row less":               sales + " limit 199999",
		"a row twice":              "(" + sales + ") union all (" + sales + " limit 1)",
		"a cent more":              "select * replace (case when id = 77777 then money + 0.01 else money end as money) from (" + sales + ")",
		"two values swapped":       "select * replace (case id when 5 then 'row 6' when 6 then 'row 5' else name end as name) from (" + sales + ")",
		"null for zero":            "select * replace (nullif(gap, 1) as gap) from (" + sales + ")",
		"a day later":              "select * replace (case when id = 3 then day + 1 else day end as day) from (" + sales + ")",
		"a yes for a no":           "select * replace (not \"even\" as \"even\") from (" + sales + ")",
		"columns in another order": "select gap, name, share, money, day, \"at\", \"even\", id from (" + sales + ")",
		"a sign":                   "select * replace (case when id = 9 then -money else money end as money) from (" + sales + ")",
		"a microsecond":            "select * replace (case when id = 9 then \"at\" + interval 1 microsecond else \"at\" end as \"at\") from (" + sales + ")",
	} {
		if digestOf(t, s, query) == base {
			t.Errorf("%s: the same digest", name)
		}
	}
}

// TestDigestIsOfValues pins two digests: a new version of a library must not change them.
func TestDigestIsOfValues(t *testing.T) {
	s := session(t, 1)
	if digestOf(t, s, "select 1::integer as a, -2::smallint as b") != digestOf(t, s, "select 1::bigint as a, -2::bigint as b") {
		t.Error("the width of an integer counts")
	}
	if digestOf(t, s, "select 0.1::double + 0.2::double as a, -0.0::double as b") != digestOf(t, s, "select 0.3::double as a, 0.0::double as b") {
		t.Error("the last bit of a floating-point value counts")
	}
	if digestOf(t, s, "select '' as a") == digestOf(t, s, "select null::varchar as a") {
		t.Error("an empty text is taken for none")
	}
	if digestOf(t, s, "select 'ab' as a, 'c' as b") == digestOf(t, s, "select 'a' as a, 'bc' as b") {
		t.Error("the border between two texts does not count")
	}
	for query, want := range map[string]string{
		"select 1 as a, '山茶' as b, 12.50::decimal(18,2) as c, date '2026-10-31' as d, null::bigint as e, true as f, 0.25::double as g": "539615052d42579a8cf2b39c7dd737ff",
		"select i as a, [i, i + 1] as b, {'x': i} as c from range(3) t(i)":                                                             "16420e803d9529bdb3edc8d483be3148",
	} {
		if got := digestOf(t, s, query); got != want {
			t.Errorf("%s\n\tgot %s", query, got)
		}
	}
}

// TestDigestSpreads looks for collisions among rows that differ little, in one column or two: sums of hashes hide nothing only if the
// hashes of such rows are unrelated.
func TestDigestSpreads(t *testing.T) {
	s := session(t, 1)
	seen := map[string]string{}
	for a := range 20 {
		for b := range 20 {
			query := fmt.Sprintf("select * from (values (%d, %d), (%d, %d)) as t(a, b)", a, b, b, a+1)
			digest := digestOf(t, s, query)
			if other, found := seen[digest]; found {
				t.Fatalf("%s and %s have one digest", query, other)
			}
			seen[digest] = query
		}
	}
}
