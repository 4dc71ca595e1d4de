package lint_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"countinghouse/internal/model"
	"countinghouse/pipelines/lint"
	"countinghouse/sql"

	"github.com/google/go-cmp/cmp"
)

func TestBuiltinModelsKeepTheRules(t *testing.T) {
	serialize := serializer(t)
	library, err := model.Load(serialize, model.Source{Files: sql.Files, Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range library.Models {
		findings, err := lint.Check(serialize, subject, true)
		if err != nil {
			t.Fatal(err)
		}
		for _, finding := range findings {
			t.Error(finding)
		}
	}
}

const header = `/* ---
about: A made-up mart.
zh: 样例
owner: crm
grain: [k]
columns:
  k: {zh: 键}
  v: {zh: 值}
--- */
`

// good is a query that keeps every rule; it begins in line 10 of the file.
const good = `with
orders as (select * from core.orders),
refunds as (select * from core.refunds where amount > 0),

joined as (
    select
        orders.k,
        refunds.v,
    from orders
    inner join refunds
        on orders.k = refunds.k
),

final as (
    select
        k,
        sum(v) as v,
    from joined
    group by k
)

select * from final
`

// check gives the findings of a mart of this text, each as line: rule, with a star for a warning.
func check(t *testing.T, serialize model.Serializer, text string, tested bool) []string {
	t.Helper()
	library, err := model.Load(serialize, model.Source{Files: fstest.MapFS{
		"mart/sample.sql": {Data: []byte(text)},
		"core/orders.sql": {Data: []byte("/* ---\nabout: x\ngrain: [k]\n--- */\nselect 1 as k")}, "core/refunds.sql": {Data: []byte("/* ---\nabout: x\ngrain: [k]\n--- */\nselect 1 as k")},
	}, Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range library.Models {
		if subject.Name != "mart.sample" {
			continue
		}
		findings, err := lint.Check(serialize, subject, tested)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, finding := range findings {
			warning := ""
			if finding.Warning {
				warning = "*"
			}
			found = append(found, fmt.Sprintf("%d: %s%s", finding.Line, finding.Rule, warning))
		}
		return found
	}
	t.Fatal("the sample is not there")
	return nil
}

func TestRules(t *testing.T) {
	serialize := serializer(t)
	// Each case replaces a part of the good query, once, and names the findings.
	for name, c := range map[string]struct {
		part, by string
		want     []string
	}{
		"good":                        {"", "", nil},
		"capitals":                    {"sum(v)", "SUM(v)", []string{"26: lower-case"}},
		"capitals in a text":          {"amount > 0", "amount > 0 and kind <> 'Odd'", nil},
		"indented by three":           {"        refunds.v,", "       refunds.v,", []string{"17: indent"}},
		"indented by a TAB":           {"        refunds.v,", "\trefunds.v,", []string{"17: indent"}},
		"a long line":                 {"sum(v) as v", "sum(v" + strings.Repeat(" + 1", 40) + ") as v", []string{"26: long-line"}},
		"a long line of Chinese":      {"sum(v) as v", "sum(v) /* " + strings.Repeat("积分", 60) + " */ as v", nil},
		"many lines":                  {"        sum(v) as v,", "        sum(v) as v," + strings.Repeat("\n", 100), []string{"10: long-model"}},
		"many steps":                  {"final as (", steps(8) + "final as (", []string{"10: long-model"}},
		"just enough steps":           {"final as (", steps(6) + "final as (", nil},
		"no final":                    {"final as (", "last as (", []string{"23: shape", "31: shape"}},
		"something after final":       {"select * from final", "select * from final where k > 0", []string{"31: shape"}},
		"an order after final":        {"select * from final", "select * from final order by k", []string{"31: shape"}},
		"another end":                 {"select * from final", "select k, v from final", []string{"31: shape"}},
		"an import behind a step":     {"final as (", "more as (select * from core.orders),\n\nfinal as (", []string{"23: imports"}},
		"a table imported twice":      {"refunds as (select * from core.refunds where", "refunds as (select * from core.orders where", []string{"12: imports"}},
		"an import of some columns":   {"refunds as (select * from core.refunds", "refunds as (select k, v from core.refunds", nil},
		"the key is not first":        {"        k,\n        sum(v) as v,", "        sum(v) as v,\n        k,", []string{"23: keys-first"}},
		"the key has another name":    {"        k,\n        sum(v)", "        k as key,\n        sum(v)", []string{"23: keys-first"}},
		"a star of a step":            {"orders.k,", "orders.*,", nil},
		"a star of a table":           {"    from orders\n", "    from core.orders as orders\n", nil},
		"a star of a joined table":    {"orders.k,\n        refunds.v,\n    from orders\n", "orders.*,\n        refunds.v,\n    from core.orders as orders\n", []string{"16: star"}},
		"a bare star of a join":       {"        orders.k,\n        refunds.v,", "        *,", []string{"16: star"}},
		"a star in final":             {"        k,\n        sum(v) as v,\n    from joined\n    group by k", "        *,\n    from joined", []string{"23: keys-first", "25: star"}},
		"exclude":                     {"orders.k,", "orders.* exclude (v),", []string{"16: star"}},
		"a bare join":                 {"inner join", "join", []string{"19: joins"}},
		"a comma":                     {"    inner join refunds\n        on orders.k = refunds.k", "        , refunds", []string{"19: joins"}},
		"a cross join":                {"inner join refunds\n        on orders.k = refunds.k", "cross join refunds", nil},
		"natural":                     {"inner join refunds\n        on orders.k = refunds.k", "natural inner join refunds", []string{"19: joins"}},
		"using":                       {"on orders.k = refunds.k", "using (k)", []string{"19: joins"}},
		"a left join":                 {"inner join", "left join", nil},
		"group by all":                {"group by k", "group by all", []string{"28: group-by"}},
		"group by a place":            {"group by k", "group by 1", []string{"28: positions"}},
		"order by a place":            {"group by k", "group by k order by 2", []string{"28: positions"}},
		"order by a name":             {"group by k", "group by k order by k", nil},
		"a list comprehension":        {"sum(v) as v", "sum([x + 1 for x in [v]][1]) as v", []string{"26: comprehension", "26: functions*", "26: functions*"}},
		"a list":                      {"sum(v) as v", "sum([v, 1][1]) as v", []string{"26: functions*"}},
		"a function of one engine":    {"sum(v) as v", "sum(len(v)) + sum(len(v)) as v,\n        sum(list_sum(v)) as u", []string{"26: functions*", "27: functions*"}},
		"a function that is allowed":  {"sum(v) as v", "-- lint: allow functions because nothing else counts letters\n        sum(len(v)) as v", nil},
		"a short alias":               {"    from orders\n", "    from orders as o\n", []string{"18: whole-names"}},
		"a short step":                {"joined as (", "j as (", []string{"14: whole-names"}},
		"allowed":                     {"inner join", "-- lint: allow joins because the sample needs a bad join\n    join", nil},
		"allowed without a reason":    {"inner join", "-- lint: allow joins\n    join", []string{"19: allow", "20: joins"}},
		"allowed for one word":        {"inner join", "-- lint: allow joins because so\n    join", []string{"19: allow", "20: joins"}},
		"allowed without need":        {"inner join", "-- lint: allow joins because it was bad before\n    inner join", []string{"19: allow"}},
		"an unknown rule":             {"inner join", "-- lint: allow join because it was bad before\n    inner join", []string{"19: allow"}},
		"a misspelt permission":       {"inner join", "-- lint: joins\n    join", []string{"19: allow", "20: joins"}},
		"a permission is of the file": {"inner join", "-- lint: allow star because this is about something else\n    join", []string{"19: allow", "20: joins"}},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(good, c.part) {
				t.Fatalf("the good query has no %q", c.part)
			}
			text := strings.Replace(good, c.part, c.by, 1)
			if name == "a short step" {
				text = strings.Replace(text, "from joined", "from j", 1)
			}
			if name == "no final" {
				text = strings.Replace(text, "* from final", "* from last", 1)
			}
			if difference := cmp.Diff(c.want, check(t, serialize, header+text, true)); difference != "" {
				t.Errorf("- want, + got\n%s", difference)
			}
		})
	}
}

func steps(count int) string {
	var text strings.Builder
	for i := range count {
		fmt.Fprintf(&text, "step%d as (\n    select k, v from joined\n),\n\n", i)
	}
	return text.String()
}

func TestAModelWithoutSteps(t *testing.T) {
	got := check(t, serializer(t), header+"select k, v from core.orders\n", true)
	if difference := cmp.Diff([]string{"10: shape"}, got); difference != "" {
		t.Error(difference)
	}
}

func TestWarningsOfMarts(t *testing.T) {
	serialize := serializer(t)
	for name, c := range map[string]struct {
		part, by string
		tested   bool
		want     []string
	}{
		"no owner":      {"owner: crm\n", "", true, []string{"1: owner*"}},
		"no zh":         {"zh: 样例\n", "", true, []string{"1: labels*"}},
		"a column's zh": {"v: {zh: 值}", "v:", true, []string{"8: labels*"}},
		"no test":       {"", "", false, []string{"1: unit-test*"}},
		"no columns":    {"columns:\n  k: {zh: 键}\n  v: {zh: 值}\n", "", true, []string{"1: columns"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := check(t, serialize, strings.Replace(header, c.part, c.by, 1)+good, c.tested)
			if difference := cmp.Diff(c.want, got); difference != "" {
				t.Errorf("- want, + got\n%s", difference)
			}
		})
	}
	allowed := strings.Replace(good, "with\n", "-- lint: allow unit-test because the sample is none\nwith\n", 1)
	if got := check(t, serialize, header+allowed, false); got != nil {
		t.Errorf("got %v", got)
	}
}
