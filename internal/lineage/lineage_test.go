package lineage_test

import (
	"strings"
	"testing"

	"countinghouse/internal/lineage"
	"countinghouse/internal/warehouse"
)

// tables are what the cases read: x.t and x.u share the columns k and v.
func tables(name string) []string {
	return map[string][]string{
		"x.t": {"k", "v", "w", "day"},
		"x.u": {"k", "v", "name"},
		"x.s": {"id", "data", "items"},
	}[name]
}

func open(t *testing.T) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// said writes what was found as the cases do: name = values [filters], …; rows. A column of x.t is t.k.
func said(query lineage.Query) string {
	var lines []string
	line := func(column lineage.Column, name string) {
		text := name + " = " + join(column.Values)
		if len(column.Filters) > 0 {
			text += " [" + join(column.Filters) + "]"
		}
		lines = append(lines, text)
	}
	for _, column := range query.Columns {
		line(column, column.Name)
	}
	if query.Others != nil {
		line(*query.Others, "…")
	}
	return strings.Join(append(lines, "rows "+join(query.Rows)), "; ")
}

func join(sources []lineage.Source) string {
	names := make([]string, len(sources))
	for i, source := range sources {
		names[i] = strings.TrimPrefix(source.Table, "x.") + "." + source.Column
	}
	return strings.Join(names, " ")
}

type sourceCase struct{ about, query, want string }

func sourceCases() []sourceCase {
	return []sourceCase{
		{"a column as it is", "select v from x.t", "v = t.v; rows t.*"},
		{"an expression", "select v + w as sum from x.t", "sum = t.v t.w; rows t.*"},
		{"without an alias DuckDB makes up the name", "select v + w from x.t", " = t.v t.w; rows t.*"},
		{"nothing but a literal", "select 1 as one", "one = ; rows "},
		{"a condition", "select v from x.t where w > 0", "v = t.v; rows t.* t.w"},
		{"a case takes its conditions for values", "select case when k = 1 then v else w end as c from x.t", "c = t.k t.v t.w; rows t.*"},
		{"from first", "from x.t select v where k = 1", "v = t.v; rows t.* t.k"},
		{"from alone", "from x.u", "k = u.k; v = u.v; name = u.name; rows u.*"},
		{"capitals and quotes", `select T."V", "w" as "W W" from X.t`, "V = t.v; W W = t.w; rows t.*"},
		{"a parameter", "select getvariable('as_of') as as_of from x.t", "as_of = parameter.as_of; rows t.*"},
		{"a name with its schema", "select x.t.v from x.t", "v = t.v; rows t.*"},
		{"a number for a place", "select #2 as second from x.t", "second = t.v; rows t.*"},

		{"an alias", "select one.v from x.t as one join x.t as other on one.k = other.w", "v = t.v; rows t.* t.k t.w"},
		{"aliases of columns", "select a, w from x.t as one(a, b)", "a = t.k; w = t.w; rows t.*"},
		{"a later item reads an earlier one", "select v + 1 as a, a * w as b from x.t", "a = t.v; b = t.v t.w; rows t.*"},
		{"an input's column goes before an alias", "select w as v, v as z from x.t", "v = t.w; z = t.v; rows t.*"},
		{"an alias in a condition", "select w + 1 as a from x.t where a > 1", "a = t.w; rows t.* t.w"},

		{"a star", "select * from x.u", "k = u.k; v = u.v; name = u.name; rows u.*"},
		{"star of one relation", "select u.* from x.t, x.u", "k = u.k; v = u.v; name = u.name; rows t.* u.*"},
		{"exclude, replace, rename", "select * exclude (k) replace (v + w as v) rename (w as x) from x.t", "v = t.v t.w; x = t.w; day = t.day; rows t.*"},
		{"exclude of one side", "select * exclude (k, t.v, w, day) from x.t join x.u using (k)", "v = u.v; name = u.name; rows t.* t.k u.* u.k"},
		{"columns by pattern", "select columns('^[kv]$') from x.t", "k = t.k; v = t.v; rows t.*"},
		{"columns by name", "select columns(['w', 'k']) from x.t", "k = t.k; w = t.w; rows t.*"},
		{"an aggregate over columns", "select max(columns(*)) from x.u", "k = u.k; v = u.v; name = u.name; rows u.*"},
		{"columns by a function of the name", "select columns(c -> c like 'n%') from x.u", "… = u.k u.name u.v; rows u.*"},
		{"star with a pattern", "select * like 'n%' from x.u", "… = u.k u.name u.v; rows u.*"},

		{"an inner join", "select t.v, name from x.t inner join x.u on t.k = u.k and t.day > getvariable('from')", "v = t.v; name = u.name; rows parameter.from t.* t.day t.k u.* u.k"},
		{"using: the left one's, once", "select * from x.t left join x.u using (k, v)", "k = t.k; v = t.v; w = t.w; day = t.day; name = u.name; rows t.* t.k t.v u.* u.k u.v"},
		{"using, where the left may be missing", "select k from x.t full join x.u using (k)", "k = t.k u.k; rows t.* t.k u.* u.k"},
		{"a natural join", "select name, w from x.t natural join x.u", "name = u.name; w = t.w; rows t.* t.k t.v u.* u.k u.v"},
		{"a semi join", "select * from x.u semi join x.t using (k)", "k = u.k; v = u.v; name = u.name; rows t.* t.k u.* u.k"},
		{"an anti join", "select name from x.u anti join x.t on u.k = t.w", "name = u.name; rows t.* t.w u.* u.k"},
		{"the nearest earlier row", "select t.v, u.v as was from x.t asof join x.u on t.k = u.k and t.v >= u.v", "v = t.v; was = u.v; rows t.* t.k t.v u.* u.k u.v"},
		{"side by side", "select t.v, name from x.t positional join x.u", "v = t.v; name = u.name; rows t.* u.*"},
		{"two columns of one name", "select k, k_1 from (select t.k, u.k from x.t, x.u)", "k = t.k; k_1 = u.k; rows t.* u.*"},

		{"CTEs", "with a as (select k, v from x.t where w = 1), b as (select k, sum(v) as total from a group by k) select total from b", "total = t.v; rows t.* t.k t.w"},
		{"a CTE hides a CTE", "with a as (select v from x.t), b as (with a as (select name as v from x.u) select v from a) select b.v as inner_v, a.v from a, b", "inner_v = u.name; v = t.v; rows t.* u.*"},
		{"names of a CTE's columns", "with a(one, two) as (select k, v from x.t) select two from a", "two = t.v; rows t.*"},
		{"a CTE before a union", "with a as (select k from x.t) select k from a union all select k from x.u", "k = t.k u.k; rows t.* u.*"},
		{"a recursion", "with recursive r(n, m) as (select k, v from x.t union select r.m, x.u.v from r join x.u on r.n = x.u.k) select n from r", "n = t.k t.v u.v; rows t.* t.k t.v u.* u.k u.v"},
		{"a query in from", "select s.a from (select v as a from x.t where w = 1) as s", "a = t.v; rows t.* t.w"},
		{"a lateral query", "select total from x.t, lateral (select t.v + u.v as total from x.u where u.k = t.k)", "total = t.v u.v; rows t.* t.k u.* u.k"},
		{"a scalar query, correlated", "select (select max(u.v) from x.u where u.k = t.k) as best from x.t", "best = u.v [t.k u.* u.k]; rows t.*"},
		{"exists", "select v from x.t where exists (select 1 from x.u where u.k = t.k)", "v = t.v; rows t.* t.k u.* u.k"},
		{"exists as a value", "select exists (select 1 from x.u where u.k = t.k) as has from x.t", "has = u.* [t.k u.* u.k]; rows t.*"},
		{"in", "select v in (select k from x.u where name = '') as b from x.t", "b = t.v u.k [u.* u.name]; rows t.*"},
		{"a query in limit", "select v from x.t order by day limit (select max(k) from x.u)", "v = t.v; rows t.* t.day u.* u.k"},

		{"group by", "select k, sum(v) as total from x.t group by k having max(w) > 1", "k = t.k; total = t.v; rows t.* t.k t.w"},
		{"group by an alias and a place", "select k as a, w + 1 as b, count(*) as n from x.t group by a, 2", "a = t.k; b = t.w; n = t.*; rows t.* t.k t.w"},
		{"group by all", "select k, sum(v) as total from x.t group by all", "k = t.k; total = t.v; rows t.* t.k"},
		{"grouping sets", "select sum(v) as total from x.t group by rollup (k, day)", "total = t.v; rows t.* t.day t.k"},
		{"having by an alias", "select k, sum(v) as total from x.t group by k having total > 1", "k = t.k; total = t.v; rows t.* t.k t.v"},
		{"an aggregate's filter and order", "select sum(v) filter (where w > 1) as a, list(v order by day) as b from x.t", "a = t.v [t.w]; b = t.v [t.day]; rows t.*"},
		{"the value at the greatest of another", "select max_by(v, day) as last from x.t", "last = t.v [t.day]; rows t.*"},
		{"count of rows", "with a as (select k from x.t where w = 1) select count(*) as n from a", "n = t.*; rows t.* t.w"},
		{"count of values", "select count(distinct v) as n from x.t", "n = t.v; rows t.*"},
		{"distinct", "select distinct k, v from x.t", "k = t.k; v = t.v; rows t.* t.k t.v"},
		{"distinct on", "select distinct on (k) v from x.t order by day", "v = t.v; rows t.* t.day t.k"},
		{"an order alone decides nothing", "select v from x.t order by day", "v = t.v; rows t.*"},
		{"order by all with a limit", "select v, w from x.t order by all limit 3", "v = t.v; w = t.w; rows t.* t.v t.w"},

		{"a window", "select sum(v) over (partition by k order by day) as running from x.t", "running = t.v [t.day t.k]; rows t.*"},
		{"a number in a window", "select row_number() over (order by day) as n from x.t", "n =  [t.day]; rows t.*"},
		{"a count in a window", "select count(*) over (partition by k) as n from x.t", "n = t.* [t.k]; rows t.*"},
		{"lag with its default", "select lag(v, k, w) over (order by day) as before from x.t", "before = t.v t.w [t.day t.k]; rows t.*"},
		{"a frame", "select max(v) over (order by day rows between k preceding and current row) as m from x.t", "m = t.v [t.day t.k]; rows t.*"},
		{"qualify", "select v from x.t qualify row_number() over (partition by k order by day) = 1", "v = t.v; rows t.* t.day t.k"},
		{"a number of a window that a condition reads", "with a as (select v, row_number() over (order by day) as n from x.t) select v from a where n = 1", "v = t.v; rows t.* t.day"},

		{"a union by place", "select k, v from x.t union all select name, v from x.u", "k = t.k u.name; v = t.v u.v; rows t.* u.*"},
		{"a union by name", "select k, v from x.t union all by name select name, v from x.u", "k = t.k; v = t.v u.v; name = u.name; rows t.* u.*"},
		{"a union of different rows", "select k from x.t union select v from x.u", "k = t.k u.v; rows t.* t.k u.* u.v"},
		{"except", "select k from x.t except select v from x.u", "k = t.k; rows t.* t.k u.* u.v"},
		{"intersect", "select k from x.t intersect select v from x.u", "k = t.k; rows t.* t.k u.* u.v"},
		{"values", "select b from (values (1, 2), (3, 4)) as v(a, b)", "b = ; rows "},

		{"a field of a struct", "select data.a.b as c, s.data.a as d, data['x'] as e from x.s", "c = s.data; d = s.data; e = s.data; rows s.*"},
		{"the fields of a struct", "select id, data.* from x.s", "id = s.id; … = s.data; rows s.*"},
		{"a column of a struct whose fields only DuckDB knows", "select a, id from (select id, unnest(data) from x.s)", "a = s.data; id = s.id; rows s.*"},
		{"a whole row", "select u from x.u", "u = u.k u.name u.v; rows u.*"},
		{"unnest in from", "select i.item, id from x.s, unnest(items) as i(item)", "item = s.items; id = s.id; rows s.* s.items"},
		{"range", "select day, range from x.t, range(t.k)", "day = t.day; range = t.k; rows t.* t.k"},
		{"a lambda", "select list_transform(items, lambda id: id + k) as l from x.s, x.t", "l = s.items t.k; rows s.* t.*"},
		{"a list made in a loop", "select [v + 1 for v in items if v > id] as l from x.s", "l = s.id s.items; rows s.*"},
		{"a column that DuckDB named", `select "sum(v)" from (select k, sum(v), max(w) from x.t group by k)`, "sum(v) = t.v t.w; rows t.* t.k"},

		{"a pivot", "select * from (pivot (select k, v, name from x.u) on name in ('a', 'b') using sum(v))", "k = u.k; … = u.v [u.name]; rows u.* u.k"},
		{"a pivot's own column", "select b from (pivot x.t on day in ('a', 'b') using sum(v) group by k)", "b = t.v [t.day]; rows t.* t.k"},
		{"an unpivot", "from (unpivot x.u on k, v into name label value amount)", "name = u.name; label = ; amount = u.k u.v; rows u.* u.k u.v"},
	}
}

func TestSourcesOfColumns(t *testing.T) {
	session := open(t)
	for _, c := range sourceCases() {
		t.Run(c.about, func(t *testing.T) {
			tree, err := session.Serialize(t.Context(), c.query)
			if err != nil {
				t.Fatal(err)
			}
			query, err := lineage.Of(tree, tables)
			if err != nil {
				t.Fatal(err)
			}
			if got := said(query); got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.query, got, c.want)
			}
		})
	}
}

func TestOfRefuses(t *testing.T) {
	session := open(t)
	for query, want := range map[string]string{
		"select wrong from x.t":                              "column wrong: nothing that is read here has it",
		"select t.name from x.t, x.u":                        "column t.name",
		"select v from x.nowhere":                            "table x.nowhere: its columns are not known",
		"select v from (describe x.t)":                       "show ref",
		"select * exclude (t.k) from x.t join x.u using (k)": "exclude (t.k): the join shares this column; write exclude (k)",
		"select #9 from x.t":                                 "#9",
		"select where":                                       "syntax error",
		"select 1; select 2":                                 "want one select statement, got 2",
		"select v from x.t where exists (from x.none)":       "table x.none",
	} {
		tree, err := session.Serialize(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := lineage.Of(tree, tables); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want …%s…", query, err, want)
		}
	}
}
