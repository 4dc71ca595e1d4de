package model_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/model"

	"github.com/google/go-cmp/cmp"
)

const promising = `/* ---
about: One order.
grain: [order_id, order]
columns:
  order_id: {not_null: true}
  "order": {accepted: [it's, "b\"c", paid], severity: warning}
  tier: {accepted: [1, 2.50, -3]}
  customer_id: {references: core.customers.customer_id}
  share: {range: {min: 0, max: 0.995}}
  paid_on: {range: {min: 2026-01-31}}
  is_paid: {accepted: [true]}
  points: {range: {max: 12345678901234567.89}}
audits:
  short: share < 0 or share > 1
  long:
    about: Nobody pays twice.
    severity: warning
    query: |
      select order_id from core.orders
      where paid_on > getvariable('as_of')
  where: {where: tier is null}
--- */
select 1 as order_id
`

// TestWhatColumnsPromiseIsAudited runs the audits over rows of which it is known which are bad.
func TestWhatColumnsPromiseIsAudited(t *testing.T) {
	serialize, session := serializer(t)
	library, err := model.Load(serialize, model.Source{Files: files("core/orders.sql", promising, "core/customers.sql", orderModel), Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"create schema core", "create table core.customers as select * from (values (1), (2), (null)) as t(customer_id)",
		`create table core.orders as select * from (values
			('o1', 'it''s', 1::decimal(4,2), 1,    0.995::decimal(9,6), date '2026-01-31', true,  12345678901234567.89::decimal(22,2)),
			('o2', 'b"c',   2.5,             null, 0,                   date '2026-02-01', true,  null),
			('o3', null,    null,            2,    null,                null,              null,  -1),
			(null, 'its',   2.51,            3,    -0.000001,           date '2026-01-30', false, 12345678901234567.90),
			('o5', 'Paid',  3,               null, 0.995001,            date '2025-12-31', true,  0)
		) as t(order_id, "order", tier, customer_id, share, paid_on, is_paid, points)`,
	} {
		if _, err := session.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	session.SetVariables(map[string]any{"as_of": "2026-01-31"})
	bad := map[string]int{}
	for _, audit := range library.Models[1].Audits {
		count := 0
		if err := session.QueryRow(t.Context(), "select count(*) from ("+audit.Query+")").Scan(&count); err != nil {
			t.Errorf("%s: %v", audit.Name, err)
		}
		bad[audit.Name] = count
	}
	want := map[string]int{
		"grain": 2, "order_id.not_null": 1, "order.accepted": 2, "tier.accepted": 2, "customer_id.references": 1, "share.range": 2, "paid_on.range": 2,
		"is_paid.accepted": 1, "points.range": 1, "short": 1, "long": 1, "where": 1,
	}
	if difference := cmp.Diff(want, bad); difference != "" {
		t.Errorf("bad rows (-want +got):\n%s", difference)
	}
}

func TestAuditsSayWhatTheyAre(t *testing.T) {
	library, err := load(t, model.Source{Files: files("core/orders.sql", promising, "core/customers.sql", orderModel), Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	m := library.Models[1]
	lines, warnings := map[string]int{}, []string{}
	for _, audit := range m.Audits {
		lines[audit.Name] = audit.Line
		if audit.Severity == model.SeverityWarning {
			warnings = append(warnings, audit.Name)
		}
	}
	if !slices.Equal(warnings, []string{"order.accepted", "long"}) || m.Audits[slices.Index(slices.Collect(namesOf(m.Audits)), "long")].About != "Nobody pays twice." {
		t.Errorf("warnings %v, %+v", warnings, m.Audits)
	}
	if lines["grain"] != 3 || lines["tier.accepted"] != 7 || lines["short"] != 14 || lines["long"] != 19 {
		t.Errorf("lines %v", lines)
	}
	if !slices.Equal(m.AuditInputs, []string{"core.customers"}) || !slices.Equal(m.AuditParameters, []string{"as_of"}) {
		t.Errorf("read by the audits: %v, %v", m.AuditInputs, m.AuditParameters)
	}
	text, err := json.Marshal(m.Columns[1:5])
	if want := `[{"name":"order","accepted":["it's","b\"c","paid"],"severity":"warning"},{"name":"tier","accepted":[1,2.50,-3]},` +
		`{"name":"customer_id","references":"core.customers.customer_id"},{"name":"share","range":{"min":0,"max":0.995}}]`; err != nil || string(text) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, text, want)
	}
}

func namesOf(audits []model.Audit) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, audit := range audits {
			if !yield(audit.Name) {
				return
			}
		}
	}
}

func TestAuditsRefused(t *testing.T) {
	for written, want := range map[string]string{
		"columns: {a: {accepted: [null]}}":                            "null is always accepted",
		"columns: {a: {accepted: [[1]]}}":                             "want a number, a text, true or false",
		"columns: {a: {accepted: [0x10]}}":                            "write the number in plain digits",
		"columns: {a: {range: {min: .inf}}}":                          "want a number, a text, true or false",
		"columns: {a: {range: {}}}":                                   "column a: range: give min, max or both",
		"columns: {a: {range: {minimum: 1}}}":                         `unknown key "minimum"`,
		"columns: {a: {references: core.customers}}":                  "want schema.table.column",
		"columns: {a: {references: 'core.customers.x) or (1=1'}}":     "want schema.table.column",
		"columns: {a: {references: core.customers.x y}}":              "want schema.table.column",
		"columns: {a: {not_null: true, severity: warn}}":              `severity "warn": want warning`,
		"columns: {a: {not_null: true}}\naudits: {a.not_null: a > 1}": "another one has that name already",
		"audits: {grain: a > 1}":                                      "another one has that name already",
		"columns: {a: {references: mart.b.a}}":                        `audit reads mart.b, which nothing makes; did you mean "mart.a"?`,
		"audits: {x: 'select a from mart.a join mart.b using (a)'}":   "audit reads mart.b",

		"audits: {x: 1}":                               "audit x: want a text, got a number",
		"audits: {x: }":                                "audit x: want a condition",
		"audits: {x: ''}":                              "audit x: want a condition",
		"audits: {x: {severity: warning}}":             "audit x: want a condition",
		"audits: {x: {where: a > 1, query: select 1}}": "audit x: want a condition",
		"audits: {x: {where: a > 1, severity: info}}":  `severity "info": want warning`,
		"audits: {x: {were: a > 1}}":                   `unknown key "were"; did you mean "where"?`,
		"audits: {x: 'a > 1) or (select 1'}":           "audit x: syntax error",
		"audits: {x: 'a > 1; drop table core.a'}":      "want one select statement that reads",
		"audits: [a > 1]":                              "want keys with values, got a list",
	} {
		_, err := load(t, model.Source{Files: files("mart/a.sql", "/* ---\nabout: x\ngrain: [a]\n"+written+"\n--- */\nselect 1 as a"), Label: "sql"})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "sql/mart/a.sql:") {
			t.Errorf("%s:\n\tgot %v\n\twant …%s…", written, err, want)
		}
	}
}

const (
	orderModel = "/* ---\nabout: x\ngrain: [a]\n--- */\nselect 1 as a"
	anAudit    = "/* ---\nabout: Totals agree.\nowner: finance\n--- */\nselect t.a from mart.totals as t\njoin core.orders as o on t.a = o.a and o.a < getvariable('as_of')\njoin dataset.orders using (a)"
)

func TestAuditFiles(t *testing.T) {
	warning := strings.Replace(anAudit, "owner: finance", "severity: warning\ntable: core.orders", 1)
	library, err := load(t, model.Source{Label: "sql", Files: files("core/orders.sql", orderModel, "mart/totals.sql", orderModel,
		"audits/totals_agree.sql", anAudit, "audits/orders_agree.sql", warning)})
	if err != nil {
		t.Fatal(err)
	}
	if len(library.Models) != 2 || len(library.Audits) != 2 || library.Audits[1].Header.Owner != "finance" || library.Audits[1].Header.Table != "mart.totals" {
		t.Fatalf("%+v", library)
	}
	orders, totals := library.Models[0], library.Models[1]
	if got := orders.Audits[1]; got.Name != "orders_agree" || got.Severity != model.SeverityWarning || got.File != "sql/audits/orders_agree.sql" || got.Line != 6 {
		t.Errorf("%+v", got)
	}
	if got := totals.Audits[1]; got.Name != "totals_agree" || got.Severity != "" || got.About != "Totals agree." || got.Line != 5 {
		t.Errorf("%+v", got)
	}
	if !slices.Equal(totals.AuditInputs, []string{"core.orders", "dataset.orders"}) || !slices.Equal(totals.AuditParameters, []string{"as_of"}) {
		t.Errorf("%+v", totals)
	}
}

// TestAProjectReplacesAnAuditFile by its name, also to be rid of it: an audit that never finds a row.
func TestAProjectReplacesAnAuditFile(t *testing.T) {
	own := strings.Replace(anAudit, "Totals agree.", "Ours do.", 1)
	library, err := load(t,
		model.Source{Label: "sql", Files: files("mart/totals.sql", orderModel, "audits/totals_agree.sql", anAudit)},
		model.Source{Label: "own", Files: files("audits/totals_agree.sql", own)})
	if err != nil || len(library.Audits) != 1 || library.Models[0].Audits[1].About != "Ours do." || library.Audits[0].File != "own/audits/totals_agree.sql" {
		t.Errorf("%v, %+v", err, library)
	}
}

func TestSeedsMayBeAudited(t *testing.T) {
	library, err := load(t, model.Source{Label: "sql", Files: files(
		"seeds/s.csv", "a\n1\n", "seeds/other.csv", "a\n1\n", "seeds/other.yaml", "about: x\ncolumns: {a: {type: integer}}\n", "seeds/s.yaml", "about: x\ncolumns: {a: {type: integer, references: seed.other.a}}\naudits: {late: a > getvariable('as_of')}\n",
		"audits/in_order.sql", "/* ---\nabout: x\n--- */\nselect a from seed.s, dataset.orders")})
	if err != nil {
		t.Fatal(err)
	}
	seed := library.Seeds[1]
	if got := slices.Collect(namesOf(seed.Audits)); !slices.Equal(got, []string{"a.references", "late", "in_order"}) {
		t.Errorf("%v", got)
	}
	if !slices.Equal(seed.AuditInputs, []string{"dataset.orders", "seed.other"}) || !slices.Equal(seed.AuditParameters, []string{"as_of"}) {
		t.Errorf("%+v", seed)
	}
}

func TestAuditFilesRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text, want string
		line       string
	}{
		"no about":              {"/* ---\nowner: x\n--- */\nselect a from mart.totals", "about is missing", "1"},
		"an unknown key":        {"/* ---\nabout: x\nserverity: warning\n--- */\nselect a from mart.totals", `unknown key "serverity"; did you mean "severity"?`, "3"},
		"an unknown severity":   {"/* ---\nabout: x\nseverity: error\n--- */\nselect a from mart.totals", `severity "error"`, "3"},
		"a table it reads not":  {"/* ---\nabout: x\ntable: mart.total\n--- */\nselect a from mart.totals", `table mart.total is not read by the query; did you mean "mart.totals"?`, "3"},
		"no table":              {"/* ---\nabout: x\n--- */\nselect 1 as a", "it reads no table", "4"},
		"no table of ours":      {"/* ---\nabout: x\n--- */\n\nselect a from dataset.orders", "it reads no model and no seed of this project, only dataset.orders", "5"},
		"a table that is not":   {"/* ---\nabout: x\n--- */\nselect a\nfrom mart.totals\njoin mart.totasl using (a)", `an audit reads mart.totasl, which nothing makes; did you mean "mart.totals"?`, "6"},
		"a name that is taken":  {"/* ---\nabout: x\n--- */\nselect a from mart.totals", "mart.totals has an audit twice already, at sql/mart/totals.sql:5", "4"},
		"a file":                {"/* ---\nabout: x\n--- */\nselect a from mart.totals, read_csv('x')", "table function read_csv", "4"},
		"an unknown parameter":  {"/* ---\nabout: x\n--- */\nselect a from mart.totals\nwhere a > getvariable('asof')", `did you mean "as_of"?`, "5"},
		"no header":             {"select a from mart.totals", "the file begins with its header", "1"},
		"two selects":           {"/* ---\nabout: x\n--- */\nselect a from mart.totals;\nselect 2 as b", "want one select statement, got 2", "5"},
		"a statement of change": {"/* ---\nabout: x\n--- */\ndelete from mart.totals", "want one select statement that reads", "4"},
	} {
		t.Run(name, func(t *testing.T) {
			totals := orderModel
			if name == "a name that is taken" {
				totals = strings.Replace(orderModel, "grain: [a]\n", "grain: [a]\naudits:\n  twice: a > 1\n", 1)
			}
			_, err := load(t, model.Source{Files: files("mart/totals.sql", totals, "audits/twice.sql", c.text), Label: "sql"})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "sql/audits/twice.sql:"+c.line+": ") {
				t.Errorf("got  %v\nwant line %s …%s…", err, c.line, c.want)
			}
		})
	}
}

// TestAuditsAreInTheOrderOfTheFile so that messages and pages show them as their author did.
func TestAuditsAreInTheOrderOfTheFile(t *testing.T) {
	library, err := load(t, model.Source{Files: files("core/orders.sql", promising, "core/customers.sql", orderModel), Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	lines := map[int]bool{}
	last := 0
	for _, audit := range library.Models[1].Audits {
		if audit.Line < last {
			t.Errorf("%s in line %d comes after line %d", audit.Name, audit.Line, last)
		}
		last, lines[audit.Line] = audit.Line, true
	}
	if len(slices.Collect(maps.Keys(lines))) != 12 {
		t.Errorf("lines %v", lines)
	}
}
