package model_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"

	"github.com/google/go-cmp/cmp"
)

func serializer(t testing.TB) (model.Serializer, *warehouse.Session) {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return func(text string) ([]byte, error) { return session.Serialize(context.Background(), text) }, session
}

func TestAnalyseFindsInputsAndParameters(t *testing.T) {
	serialize, _ := serializer(t)
	cases := map[string]struct {
		query              string
		inputs, parameters []string
	}{
		"joins and CTEs": {
			"with o as (select * from core.orders) select * from o left join core.refunds r using (order_id)",
			[]string{"core.orders", "core.refunds"},
			nil,
		},
		"subqueries and exists":      {"select 1 from a.b where exists (select 1 from c.d) and x in (select y from e.f)", []string{"a.b", "c.d", "e.f"}, nil},
		"a union, names in capitals": {"select * from Core.Orders union all select * from core.ORDERS", []string{"core.orders"}, nil},
		"parameters":                 {"select getvariable('as_of') - getvariable('window_days')", []string{}, []string{"as_of", "window_days"}},
		"a CTE in a CTE":             {"with a as (with b as (select * from x.y) select * from b) select * from a", []string{"x.y"}, nil},
		"semi, positional and lateral joins": {
			"select * from a.a semi join b.b using (k), lateral (select * from c.c where c.c.k = a.k)",
			[]string{"a.a", "b.b", "c.c"},
			nil,
		},
		"made rows": {"select * from range(3) as t(i), unnest([1, 2]) as u(j)", []string{}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			facts, err := model.Analyse(serialize, c.query)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(facts.Inputs, c.inputs) || !slices.Equal(facts.Parameters, c.parameters) {
				t.Errorf("inputs %v, parameters %v", facts.Inputs, facts.Parameters)
			}
		})
	}
}

func TestAnalyseRefuses(t *testing.T) {
	serialize, _ := serializer(t)
	for query, want := range map[string]string{
		"select * from 'file.parquet'":                              "tables only, not files",
		"select * from orders":                                      "such as core.orders",
		"with order_lines as (select 1) select * from orders_lines": `such as core.orders_lines; did you mean "order_lines"?`,
		"select * from read_csv('x.csv')":                           "table function read_csv",
		"select * from read_parquet('x')":                           "table function read_parquet",
		"select * from glob('*')":                                   "table function glob",
		"select * from duckdb_settings()":                           "table function duckdb_settings",
		"select * from other.core.orders":                           "tables of this project only",
		"select now() from a.b":                                     "function now",
		"select current_date from a.b":                              "current_date",
		"select current_timestamp":                                  "current_timestamp",
		"select localtimestamp":                                     "localtimestamp",
		"select age(d) from a.b":                                    "function age",
		"select random()":                                           "function random",
		"select gen_random_uuid()":                                  "function gen_random_uuid",
		"select any_value(x) from a.b":                              "aggregate any_value",
		"select string_agg(x, ',') from a.b":                        "aggregate string_agg",
		"select getvariable('as' || '_of')":                         "name the parameter as a literal",
		"select 1; select 2":                                        "want one select statement, got 2",
		"insert into a.b select 1":                                  "want one select statement that reads",
		"select *\nfrom a.b\nwhere where":                           "line 3: ",
		"from (pivot a.b on k using sum(v))":                        "want one select statement that reads",
		"select list(random() order by 1) from a.b":                 "function random",
		"copy (select 1) to 'x'":                                    "want one select statement that reads",
		"create table a.b as select 1":                              "want one select statement that reads",
		"show tables":                                               "not files or the session",
		"select * from (summarize a.b)":                             "not files or the session",
		"select x\nfrom a.b\nusing sample 10":                       "sample: which rows",
		"select x from a.b tablesample 10%":                         "sample: which rows",
		"select x\nfrom a.b\nlimit 3":                               "line 3: limit",
		"with c as (select x from a.b limit 3) select x from c":     "limit: which rows",
		"select x from a.b limit 10%":                               "limit: which rows",
		"select distinct on (x) x, y from a.b":                      "distinct on: which rows",
		"select * from a.b positional join c.d":                     "positional join",
		"select row_number() over () from a.b":                      "window function row_number",
		"select lag(x) over (partition by y) from a.b":              "window function lag",
		"select (select max(x) from read_text('/etc/passwd'))":      "table function read_text",
	} {
		_, err := model.Analyse(serialize, query)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\n\tgot %v\n\twant …%s…", query, err, want)
		}
	}
}

func TestAnalyseAllowsOrderedAggregates(t *testing.T) {
	serialize, _ := serializer(t)
	for _, query := range []string{
		"select string_agg(x, ',' order by x) from a.b", "select first(x order by y) from a.b", "select list(x order by x) from a.b", "select list_sort(list(x)) from a.b",
		"select x from a.b order by x limit 3", "select distinct on (x) x, y from a.b order by x, y", "select distinct x from a.b",
		"select lag(x) over (partition by y order by z), max(x) over () from a.b", "select first_value(x order by y) over () from a.b",
	} {
		if _, err := model.Analyse(serialize, query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestHashKnowsWhatMatters(t *testing.T) {
	serialize, _ := serializer(t)
	hash := func(query string) string {
		t.Helper()
		facts, err := model.Analyse(serialize, query)
		if err != nil {
			t.Fatal(err)
		}
		return facts.Hash
	}
	base := hash("select a, sum(b) as total from core.orders where kind = 'Paid' group by a")
	for _, same := range []string{
		"SELECT a,\n\tSUM(b) AS Total -- why\nFROM Core.Orders /* which */ WHERE kind = 'Paid' GROUP BY a",
		"select  A , sum( B ) as TOTAL from core.orders where KIND='Paid' group by a",
	} {
		if hash(same) != base {
			t.Errorf("%s: another hash", same)
		}
	}
	for first, second := range map[string]string{
		"from a.b pivot (sum(x) for k in ('A', 'B'))": "from a.b pivot (sum(x) for k in ('a', 'B'))",
		"select cast(x as enum('A', 'B')) from a.b":   "select cast(x as enum('a', 'B')) from a.b",
		"from a.b unpivot (v for k in (x as 'A', y))": "from a.b unpivot (v for k in (x as 'a', y))",
	} {
		if hash(first) == hash(second) {
			t.Errorf("%s: the same hash as %s", first, second)
		}
	}
	if hash("select 9999999999999999.99 as a") == hash("select 9999999999999999.98 as a") {
		t.Error("literals that differ beyond the precision of a float: the same hash")
	}
	for _, other := range []string{
		"select a, sum(b) as total from core.orders where kind = 'paid' group by a",
		"select a, sum(b) as total from core.orders where kind = 'Paid' and a > 1 group by a",
		"select a, sum(c) as total from core.orders where kind = 'Paid' group by a",
		"select a, sum(b) as totals from core.orders where kind = 'Paid' group by a",
		"select a, sum(distinct b) as total from core.orders where kind = 'Paid' group by a",
	} {
		if hash(other) == base {
			t.Errorf("%s: the same hash", other)
		}
	}
}

// TestUnstableListIsWhole asks DuckDB itself which functions are not consistent: a newer DuckDB with a new one fails here.
func TestUnstableListIsWhole(t *testing.T) {
	serialize, session := serializer(t)
	rows, err := session.Query(t.Context(), `select distinct function_name from duckdb_functions()
		where stability <> 'CONSISTENT' and function_type = 'scalar' and function_name not in ('error') order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var allowed []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if _, err := model.Analyse(serialize, "select "+name+"()"); err == nil {
			allowed = append(allowed, name)
		}
	}
	if difference := cmp.Diff([]string(nil), allowed); difference != "" {
		t.Errorf("functions that are not consistent and not refused:\n%s", difference)
	}
}
