package lint_test

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/lint"
	"countinghouse/sql"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func serializer(t *testing.T) model.Serializer {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return func(text string) ([]byte, error) { return session.Serialize(context.Background(), text) }
}

func TestFormat(t *testing.T) {
	serialize := serializer(t)
	for name, c := range map[string]struct{ text, want string }{
		"keywords, functions and types":  {"SELECT SUM(a) AS total, CAST(b AS DECIMAL(18,2)), c::DATE, DATE '2026-10-31' FROM core.t WHERE NOT d IS NULL", "select sum(a) as total, cast(b as decimal(18, 2)), c::date, date '2026-10-31' from core.t where not d is null\n"},
		"names are nobody else's":        {"Select Name, T.Order_Id As Date, Range From core.T As T", "select Name, T.Order_Id as Date, Range from core.T as T\n"},
		"windows":                        {"select sum(a) OVER (PARTITION BY b ORDER BY c NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) from c.t", "select sum(a) over (partition by b order by c nulls first rows between unbounded preceding and current row) from c.t\n"},
		"texts, comments, quoted names":  {"select 'It''s  , a',\"A  ,B\",$$X  ,y$$,e'a\\'  ,B' /* Select  ,  */ from c.t -- Where  ,\n", "select 'It''s  , a', \"A  ,B\", $$X  ,y$$, e'a\\'  ,B' /* Select  ,  */ from c.t -- Where  ,\n"},
		"blanks":                         {"select  a ,b,( c ),f( x )  from\tc.t  where a=1 and b<>'x'and c>=-1 and d||'x'<e", "select a, b, (c), f(x) from c.t where a = 1 and b <> 'x'and c >= -1 and d || 'x' < e\n"},
		"a comma behind the last column": {"select\n    a,\n    b as c -- why\nfrom c.t", "select\n    a,\n    b as c, -- why\nfrom c.t\n"},
		"no comma in one line":           {"select a, b from c.t", "select a, b from c.t\n"},
		"a comma in a subquery":          {"select\n    a,\n    (\n        select\n            max(b)\n        from c.u\n    ) as d\nfrom c.t", "select\n    a,\n    (\n        select\n            max(b),\n        from c.u\n    ) as d,\nfrom c.t\n"},
		"before a union":                 {"select\n    a\nfrom c.t\nunion all\nselect\n    b is distinct from d\nfrom c.u", "select\n    a,\nfrom c.t\nunion all\nselect\n    b is distinct from d,\nfrom c.u\n"},
		"within group":                   {"select\n    percentile_cont(0.5) within group (order by a) as b\nfrom c.t", "select\n    percentile_cont(0.5) within group (order by a) as b,\nfrom c.t\n"},
		"a star alone has no comma":      {"select\n    *\nfrom c.t", "select\n    *\nfrom c.t\n"},
		"commas before":                  {"select\n    a -- first\n    , b\n    , c\nfrom c.t", "select\n    a, -- first\n    b,\n    c,\nfrom c.t\n"},
		"a comma alone":                  {"select\n    a\n    ,\n    b,\nfrom c.t", "select\n    a,\n    b,\nfrom c.t\n"},
		"line ends":                      {"\n\n  select a   \r\n\t\tfrom c.t\n\n\n\nwhere b -- c  \n\n\n", "select a\n        from c.t\n\nwhere b -- c\n"},
		"the end":                        {"select a from c.t ; ; -- done", "select a from c.t -- done\n"},
		"a long bracket is no step":      {"select\n    f(\n        a\n    ),\n    b,\nfrom c.t", "select\n    f(\n        a\n    ),\n    b,\nfrom c.t\n"},
		"a step behind an import":        {"with\nt as (select * from c.t),\na as (\n    select x from t\n)\nselect x from a", "with\nt as (select * from c.t),\n\na as (\n    select x from t\n)\n\nselect x from a\n"},
		"steps are apart":                {"with\nt as (select * from c.t),\na as (\n    select x from t\n),\n-- then\nb as (\n    select x from a\n)\nselect x from b", "with\nt as (select * from c.t),\n\na as (\n    select x from t\n),\n\n-- then\nb as (\n    select x from a\n)\n\nselect x from b\n"},
		"the header stays":               {"/* ---\nabout:  A ,b   \n--- */\n\n\nSELECT a FROM c.t", "/* ---\nabout:  A ,b   \n--- */\nselect a from c.t\n"},
		"a header that names a glob":     {"/* ---\nabout: sql/*.sql\n--- */\nSELECT a FROM c.t", "/* ---\nabout: sql/*.sql\n--- */\nselect a from c.t\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := lint.Format(serialize, c.text)
			if err != nil {
				t.Fatal(err)
			}
			if difference := cmp.Diff(c.want, got); difference != "" {
				t.Errorf("- want, + got\n%s", difference)
			}
		})
	}
}

func TestFormatRefuses(t *testing.T) {
	serialize := serializer(t)
	for text, want := range map[string]string{
		"select a\nfrom c.t where b = 'x": "line 2: what begins here has no end",
		"select a /* b":                   "what begins here has no end",
		"SELECT where":                    "syntax error",
		"/* ---\na: b\n--- */\nSELECT a,\n  b from where": "line 5: ",
	} {
		got, err := lint.Format(serialize, text)
		if err == nil || !strings.Contains(err.Error(), want) || got != text {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

// TestFormatLeavesWhatItWouldChange has a parser that sees a difference in everything.
func TestFormatLeavesWhatItWouldChange(t *testing.T) {
	serialize := serializer(t)
	suspicious := func(text string) ([]byte, error) {
		return serialize("select " + "'" + strings.ReplaceAll(text, "'", "''") + "' as x")
	}
	if got, err := lint.Format(suspicious, "SELECT a"); !errors.Is(err, lint.ErrMeaning) || got != "SELECT a" {
		t.Errorf("%q, %v", got, err)
	}
}

// builtin are the models of the product by file.
func builtin(t interface{ Fatal(...any) }) map[string]string {
	names, err := fs.Glob(sql.Files, "*/*.sql")
	if err != nil || len(names) < 30 {
		t.Fatal(names, err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(sql.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

func TestBuiltinModelsAreFormatted(t *testing.T) {
	serialize := serializer(t)
	for name, text := range builtin(t) {
		got, err := lint.Format(serialize, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if difference := cmp.Diff(text, got); difference != "" {
			t.Errorf("%s is not formatted: - is, + should be\n%s", name, difference)
		}
	}
}

// TestFormatMendsWhatWasSpoilt spoils the layout of built-in models in ways that change nothing, and wants them back.
func TestFormatMendsWhatWasSpoilt(t *testing.T) {
	serialize, models := serializer(t), builtin(t)
	spoils := []func(string) string{
		func(q string) string { return strings.ReplaceAll(q, "\n", "\r\n") },
		func(q string) string { return strings.ReplaceAll(q, "\n", " \t\n") },
		func(q string) string { return strings.ReplaceAll(q, "\n\n", "\n\n\n\n") },
		func(q string) string { return strings.ReplaceAll(q, "    ", "\t") },
		func(q string) string { return strings.ReplaceAll(q, ",\nfrom ", "\nfrom ") },
		func(q string) string { return strings.ReplaceAll(q, ",\n    from ", "\n    from ") },
		func(q string) string {
			return strings.NewReplacer("\n    select", "\n    SELECT", "\nselect", "\nSELECT", " as (", " AS (").Replace(q)
		},
		func(q string) string {
			return strings.NewReplacer("coalesce(", "COALESCE( ", "cast(", "Cast(", " inner join ", " INNER JOIN ").Replace(q)
		},
		func(q string) string { return strings.ReplaceAll(q, "),\n\n", "),\n") },
		func(q string) string { return "\n\n" + q + "\n;\n" },
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"core/orders.sql", "core/customers.sql", "mart/customer_pyramid.sql", "mart/point_lots.sql", "mart/tier_migration.sql"}).Draw(t, "model")
		header, query, _ := strings.Cut(models[name], "\n--- */\n")
		for _, spoil := range rapid.SliceOfDistinct(rapid.IntRange(0, len(spoils)-1), rapid.ID).Draw(t, "spoils") {
			query = spoils[spoil](query)
		}
		got, err := lint.Format(serialize, header+"\n--- */\n"+query)
		if err != nil {
			t.Fatal(err)
		}
		if difference := cmp.Diff(models[name], got); difference != "" {
			t.Fatal(difference)
		}
	})
}
