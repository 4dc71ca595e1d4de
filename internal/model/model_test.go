package model_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/model"

	"github.com/google/go-cmp/cmp"
)

const ordersModel = `/* ---
about: One order.
grain: [order_id]
columns:
  order_id: {zh: 订单号}
  amount: {zh: 金额, unit: CNY}
audits:
  amount_is_positive: "amount < 0"
  adds_up: "select 1 from dataset.orders having count(*) <> (select count(*) from core.orders)"
--- */
select order_id, amount from dataset.orders where day <= getvariable('as_of')
`

func files(pairs ...string) fstest.MapFS {
	tree := fstest.MapFS{"parameters.yaml": {Data: []byte("as_of: {type: date}\n")}}
	for i := 0; i < len(pairs); i += 2 {
		tree[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return tree
}

func load(t *testing.T, sources ...model.Source) (*model.Library, error) {
	t.Helper()
	serialize, _ := serializer(t)
	return model.Load(serialize, sources...)
}

func TestLoad(t *testing.T) {
	library, err := load(t, model.Source{Files: files("core/orders.sql", ordersModel, "core/testdata/x.sql", "no model"), Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	orders := library.Models[0]
	if orders.Name != "core.orders" || orders.Inputs[0] != "dataset.orders" || orders.Parameters[0] != "as_of" {
		t.Errorf("%+v", orders)
	}
	if len(orders.Audits) != 3 || orders.Audits[0].Name != "grain" || orders.Audits[1].Query != "select * from core.orders where amount < 0" {
		t.Errorf("audits %+v", orders.Audits)
	}
	if orders.Columns[1].Chinese != "金额" || orders.Columns[1].Unit != "CNY" {
		t.Errorf("columns %+v", orders.Columns)
	}
}

func TestProjectReplacesByName(t *testing.T) {
	own := strings.Replace(ordersModel, "One order.", "One order of ours.", 1)
	library, err := load(t,
		model.Source{Files: files("core/orders.sql", ordersModel), Label: "sql"},
		model.Source{Files: files("core/orders.sql", own, "mart/mine.sql", "/* ---\nabout: Mine.\ngrain: [a]\n--- */\nselect 1 as a"), Label: "project"})
	if err != nil {
		t.Fatal(err)
	}
	if len(library.Models) != 2 || library.Models[0].Header.About != "One order of ours." || library.Models[0].File != "project/core/orders.sql" {
		t.Errorf("%+v", library.Models[0])
	}
}

// byMonth is a model that reads core.b, with more keys in its header.
func byMonth(keys string) string {
	return "/* ---\nabout: A day.\ngrain: [day]\n" + keys + "\ncolumns: {day: , amount: }\n--- */\nselect day, sum(amount) as amount from core.b group by day"
}

func TestKinds(t *testing.T) {
	library, err := load(t, model.Source{Label: "sql", Files: files(
		"mart/a.sql", byMonth("owner: crm"),
		"mart/b.sql", byMonth("kind: view"),
		"mart/c.sql", byMonth("kind: by_month\nmonth: day\nreads: {core.b: {by: paid_on, back: 365}}"),
	)})
	if err != nil {
		t.Fatal(err)
	}
	want := []model.Header{{Kind: "table"}, {Kind: "view"}, {Kind: "by_month", Month: "day", Reads: map[string]model.Read{"core.b": {By: "paid_on", Back: 365}}}}
	for i, m := range library.Models {
		got := model.Header{Kind: m.Header.Kind, Month: m.Header.Month, Reads: m.Header.Reads}
		if difference := cmp.Diff(want[i], got); difference != "" {
			t.Errorf("%s (-want +got):\n%s", m.Name, difference)
		}
	}
}

func TestSeedsHaveNoKind(t *testing.T) {
	_, err := load(t, model.Source{Label: "sql", Files: files("seeds/s.csv", "a\n1\n", "seeds/s.yaml", "about: x\nkind: view\ncolumns: {a: {type: integer}}\n")})
	if err == nil || !strings.Contains(err.Error(), "a seed is stored as its CSV says") {
		t.Errorf("got %v", err)
	}
}

func TestTwoFilesMakeOneTable(t *testing.T) {
	const text = "/* ---\nabout: x\ngrain: [a]\n--- */\nselect 1 as a"
	_, err := load(t, model.Source{Files: files("mart/a.sql", text), Label: "sql"}, model.Source{Files: files("mart/A.sql", text), Label: "own"})
	if err == nil || !strings.Contains(err.Error(), "mart.a is made by") || !strings.Contains(err.Error(), "own/mart/A.sql") || !strings.Contains(err.Error(), "sql/mart/a.sql") {
		t.Errorf("got %v", err)
	}
}

func TestWhatEditorsLeaveIsNoModel(t *testing.T) {
	library, err := load(t, model.Source{Files: files("mart/.a.sql.swp", "x", "mart/.#a.sql", "x", "mart/客户_1.sql", "/* ---\nabout: x\ngrain: [a]\n--- */\nselect 1 as a"), Label: "sql"})
	if err != nil || len(library.Models) != 1 || library.Models[0].Name != "mart.客户_1" {
		t.Errorf("%v, %+v", err, library)
	}
}

// TestAProjectsParametersCountMost whatever the folders are called: the built-in sql sorts after an absolute path.
func TestAProjectsParametersCountMost(t *testing.T) {
	own := fstest.MapFS{"parameters.yaml": {Data: []byte("as_of: {type: date, about: ours}\n")}}
	library, err := load(t, model.Source{Files: files(), Label: "sql"}, model.Source{Files: own, Label: "/brand/sql"})
	if err != nil || library.Parameters["as_of"].About != "ours" {
		t.Errorf("%v, %+v", err, library.Parameters)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ path, text, want string }{
		"no header":                        {"mart/a.sql", "select 1", "begins with its header"},
		"an open header":                   {"mart/a.sql", "/* ---\nabout: x\nselect 1", "has no end"},
		"no grain":                         {"mart/a.sql", "/* ---\nabout: x\n--- */\nselect 1 as a", "grain is missing"},
		"an unknown key":                   {"mart/a.sql", "/* ---\nabout: x\ngrian: [a]\n--- */\nselect 1 as a", "grian"},
		"an unknown column key":            {"mart/a.sql", "/* ---\nabout: x\ngrain: [a]\ncolumns:\n  a: {chinese: y}\n--- */\nselect 1 as a", "column a"},
		"itself":                           {"mart/a.sql", "/* ---\nabout: x\ngrain: [a]\n--- */\nselect a from mart.a", "reads itself"},
		"an unknown parameter":             {"mart/a.sql", "/* ---\nabout: x\ngrain: [a]\n--- */\nselect getvariable('asof') as a", `parameter "asof" is not declared`},
		"an unknown parameter in an audit": {"mart/a.sql", "/* ---\nabout: x\ngrain: [a]\naudits: {late: \"a > getvariable('asof')\"}\n--- */\nselect 1 as a", `parameter "asof" is not declared`},
		"a broken audit":                   {"mart/a.sql", "/* ---\nabout: x\ngrain: [a]\naudits: {bad: 'now() > a'}\n--- */\nselect 1 as a", "audit bad"},
		"no folder":                        {"a.sql", "select 1", "a model is sql/<schema>/<table>.sql"},
		"a folder in a folder":             {"mart/finance/a.sql", "select 1", "a model is sql/<schema>/<table>.sql"},
		"a name with a space":              {"mart/my mart.sql", "select 1", "letters, digits and _ only"},
		"a name that begins with a digit":  {"mart/360.sql", "select 1", "letters, digits and _ only"},
		"an unknown kind":                  {"mart/a.sql", byMonth("kind: monthly"), `a.sql:4: header: kind "monthly": want table, view, by_month`},
		"a month for a view":               {"mart/a.sql", byMonth("kind: view\nmonth: day"), "for kind: by_month only"},
		"reads without a kind":             {"mart/a.sql", byMonth("reads: {core.b: {by: day}}"), "this model's kind is table"},
		"by_month without month":           {"mart/a.sql", byMonth("kind: by_month"), "month is missing"},
		"a month that is no column":        {"mart/a.sql", byMonth("kind: by_month\nmonth: days"), `a.sql:5: header: month: "days" is none of the columns; did you mean "day"?`},
		"reads of what is not read":        {"mart/a.sql", byMonth("kind: by_month\nmonth: day\nreads: {core.c: {by: day}}"), "core.c is not read by the query, which reads core.b"},
		"reads without by":                 {"mart/a.sql", byMonth("kind: by_month\nmonth: day\nreads: {core.b: {back: 1}}"), "by is missing"},
		"reads into the future":            {"mart/a.sql", byMonth("kind: by_month\nmonth: day\nreads: {core.b: {by: day, back: -1}}"), "0 or more, got -1"},
		"a seed without types":             {"seeds/s.csv", "a\n1\n", "needs its header beside it"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, model.Source{Files: files(c.path, c.text), Label: "sql"})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "sql/"+c.path) {
				t.Errorf("got %v, want …%s… with the file's name", err, c.want)
			}
		})
	}
}

func TestValues(t *testing.T) {
	tree := fstest.MapFS{"parameters.yaml": {Data: []byte("as_of: {type: date}\nwindow_days: {type: integer, default: 365}\nshare: {type: decimal, default: 0.5}\nbasis: {type: text, default: sale, accepted: [sale, month]}\n")}}
	library, err := load(t, model.Source{Files: tree, Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	values, err := library.Values(map[string]any{"as_of": "2026-10-31", "window_days": 30, "basis": "month"})
	if err != nil {
		t.Fatal(err)
	}
	if values["as_of"] != time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC) || values["window_days"] != 30 || values["share"] != 0.5 || values["basis"] != "month" {
		t.Errorf("%v", values)
	}
	for name, set := range map[string]map[string]any{
		"unknown":    {"windows_days": 30},
		"wrong type": {"window_days": "many"},
		"no date":    {"as_of": "31.10.2026"},
		"no word":    {"basis": "year"},
	} {
		if _, err := library.Values(set); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}
