package selector_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/selector"
)

// shop is a small graph:
//
//	dataset.orders -> core.orders -> mart.pyramid -> mart.wide
//	dataset.refunds ----^     `----> mart.points --------^
//	seed.layers ------------------------^
func shop() []selector.Node {
	return []selector.Node{
		{Name: "dataset.orders", Inputs: []string{"feed.tmall"}},
		{Name: "dataset.refunds", Changed: true},
		{Name: "seed.layers", Kind: "seed", Path: "sql/seeds/layers.csv", Owner: "crm"},
		{Name: "core.orders", Kind: "table", Path: "sql/core/orders.sql", Owner: "crm", Tags: []string{"core"}, Inputs: []string{"dataset.orders", "dataset.refunds"}},
		{Name: "mart.pyramid", Kind: "table", Path: "sql/mart/pyramid.sql", Owner: "crm", Tags: []string{"customer"}, Inputs: []string{"core.orders"}},
		{Name: "mart.points", Kind: "view", Path: "sql/mart/points.sql", Owner: "finance", Tags: []string{"points", "finance"}, Inputs: []string{"core.orders", "seed.layers"}},
		{Name: "mart.wide", Kind: "view", Path: "sql/mart/wide.sql", Owner: "finance", Tags: []string{"customer"}, Inputs: []string{"mart.pyramid", "mart.points"}},
	}
}

func TestSelect(t *testing.T) {
	const all = "core.orders dataset.orders dataset.refunds mart.points mart.pyramid mart.wide seed.layers"
	for include, want := range map[string]string{
		"":                                  all,
		"  ":                                all,
		"mart.pyramid":                      "mart.pyramid",
		"pyramid":                           "mart.pyramid",
		"MART.Pyramid":                      "mart.pyramid",
		"core.orders":                       "core.orders",
		"mart.p*":                           "mart.points mart.pyramid",
		"p*":                                "mart.points mart.pyramid",
		"*.orders":                          "core.orders dataset.orders",
		"order?":                            "core.orders dataset.orders",
		"*":                                 all,
		"+pyramid":                          "core.orders dataset.orders dataset.refunds mart.pyramid",
		"1+pyramid":                         "core.orders mart.pyramid",
		"0+pyramid":                         "mart.pyramid",
		"pyramid+":                          "mart.pyramid mart.wide",
		"core.orders+1":                     "core.orders mart.points mart.pyramid",
		"1+core.orders+1":                   "core.orders dataset.orders dataset.refunds mart.points mart.pyramid",
		"+points+":                          "core.orders dataset.orders dataset.refunds mart.points mart.wide seed.layers",
		"tag:finance":                       "mart.points",
		"tag:customer":                      "mart.pyramid mart.wide",
		"tag:c*":                            "core.orders mart.pyramid mart.wide",
		"owner:finance":                     "mart.points mart.wide",
		"kind:view":                         "mart.points mart.wide",
		"path:sql/mart":                     "mart.points mart.pyramid mart.wide",
		"path:./sql/mart/":                  "mart.points mart.pyramid mart.wide",
		"path:sql/mart/p*":                  "mart.points mart.pyramid",
		"path:sql/*/orders.sql":             "core.orders",
		"path:sql/c*":                       "core.orders",
		"path:.":                            "core.orders mart.points mart.pyramid mart.wide seed.layers",
		"state:changed":                     "dataset.refunds",
		"state:changed+2":                   "core.orders dataset.refunds mart.points mart.pyramid",
		"pyramid points":                    "mart.points mart.pyramid",
		"tag:customer,owner:finance":        "mart.wide",
		"tag:customer,owner:finance points": "mart.points mart.wide",
		"+mart.pyramid,+mart.points":        "core.orders dataset.orders dataset.refunds",
		"tag:points,owner:crm":              "",
	} {
		t.Run(include, func(t *testing.T) { selects(t, want, []string{include}, nil) })
	}
}

func selects(t *testing.T, want string, include, exclude []string) {
	t.Helper()
	picked, err := selector.Select(shop(), include, exclude)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(slices.Sorted(maps.Keys(picked)), " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestExclude(t *testing.T) {
	selects(t, "mart.points mart.wide", []string{"mart.*"}, []string{"pyramid"})
	selects(t, "mart.points mart.pyramid mart.wide seed.layers", nil, []string{"+core.orders"})
	selects(t, "mart.pyramid", []string{"pyramid", "wide"}, []string{"owner:finance,tag:customer"})
	selects(t, "", []string{"pyramid"}, []string{"pyramid+", "points"})
}

func TestNothingChangedIsNoError(t *testing.T) {
	nodes := shop()
	for i := range nodes {
		nodes[i].Changed = false
	}
	picked, err := selector.Select(nodes, []string{"state:changed+"}, nil)
	if err != nil || picked == nil || len(picked) != 0 {
		t.Errorf("%v, %v", picked, err)
	}
}

func TestSelectRefuses(t *testing.T) {
	for word, want := range map[string]string{
		"mart.pyramids":                `--select mart.pyramids: no table is called so; did you mean "mart.pyramid"?`,
		"2+wdie+":                      `did you mean "wide"?`,
		"orders":                       "write core.orders or dataset.orders",
		"mart.z*":                      "no table is called so",
		"tag:crm":                      `no table has the tag "crm"; there are: core, customer, finance, points`,
		"tag:":                         `no table has the tag ""`,
		"owner:nobody":                 `no table has the owner "nobody"; there are: crm, finance`,
		"kind:by_month":                `no table has the kind "by_month"`,
		"path:sql/stage":               "no table has its file at sql/stage",
		"path:mart":                    "no table has its file at mart",
		"state:new":                    "want state:changed",
		"tags:finance":                 "want tag, owner, path, kind or state",
		"mart.[":                       "not a pattern",
		"+":                            "is no selector",
		"a++":                          "is no selector",
		"pyramid,":                     "is no selector",
		"99999999999999999999+pyramid": "too many steps",
	} {
		if _, err := selector.Select(shop(), []string{word}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want …%s…", word, err, want)
		}
	}
	if _, err := selector.Select(shop(), nil, []string{"tag:none"}); err == nil || !strings.HasPrefix(err.Error(), "--exclude tag:none: ") {
		t.Errorf("got %v", err)
	}
}
