package build_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
)

func TestBindTellsWhatWasMeant(t *testing.T) {
	day := time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ query, want string }{
		"a column of an input":     {"select order_id, amuont\nfrom core.orders", `sql/mart/x.sql:5: Referenced column "amuont" not found in FROM clause!; did you mean "amount"?`},
		"a column of a table":      {"select order_id\nfrom core.orders as o where o.amuont > 0", `sql/mart/x.sql:6: Table "o" does not have a column named "amuont"; did you mean "amount"?`},
		"a column of a named step": {"with a as (select order_id, amount as paid from core.orders)\nselect order_id, a.piad from a", `sql/mart/x.sql:6: Table "a" does not have a column named "piad"; did you mean "paid"?`},
		"a function":               {"select summ(amount) as order_id from core.orders", `sql/mart/x.sql:5: Scalar Function with name summ does not exist! Did you mean "sum"?`},
		"types":                    {"select sum(order_id) as order_id from core.orders", `sql/mart/x.sql:5: No function matches the given name and argument types 'sum(VARCHAR)'. You might need to add explicit type casts.`},
	} {
		t.Run(name, func(t *testing.T) {
			opened := session(t, 1)
			graph, err := resolve(opened, with("mart/x.sql", header("order_id")+c.query), orders, day)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := build.Bind(t.Context(), opened, graph, nil); err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestBindHoldsMonthsToTheirColumns where the header names a column that is not there, or has no months.
func TestBindHoldsMonthsToTheirColumns(t *testing.T) {
	day := time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)
	const sales = "select order_id, date '2026-01-01' as paid_on, timestamptz '2026-01-01 00:00:00' as paid_at from dataset.orders"
	for name, c := range map[string]struct{ month, by, want string }{
		"dates":                  {"paid_on", "paid_on", "<nil>"},
		"times":                  {"paid_at", "paid_at", "<nil>"},
		"a month that is a text": {"order_id", "paid_on", "sql/mart/x.sql:8: header: month: column order_id of mart.x is VARCHAR: want a date or a timestamp"},
		"read by a text":         {"paid_on", "order_id", "sql/mart/x.sql:13: header: reads: column order_id of core.sales is VARCHAR: want a date or a timestamp"},
		"read by nothing":        {"paid_on", "piad_on", `sql/mart/x.sql:13: header: reads: core.sales has no column "piad_on"; did you mean "paid_on"?`},
	} {
		t.Run(name, func(t *testing.T) {
			opened := session(t, 1)
			text := "/* ---\nabout: x\nkind: by_month\nmonth: " + c.month + "\nreads: {core.sales: {by: " + c.by + "}}\ngrain: [order_id]\n" +
				"columns:\n  order_id: {}\n  paid_on: {}\n  paid_at: {}\n--- */\nselect order_id, paid_on, paid_at\nfrom core.sales"
			graph, err := resolve(opened, with("core/sales.sql", header("order_id")+sales, "mart/x.sql", text), orders, day)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := build.Bind(t.Context(), opened, graph, nil); fmt.Sprint(err) != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestPlanHoldsHeadersOfStoredTables though a header's type is no part of the fingerprint.
func TestPlanHoldsHeadersOfStoredTables(t *testing.T) {
	s := newSite(t)
	if done := s.build(shop(), orders, "2026-10-31"); done.err != nil {
		t.Fatal(done.err)
	}
	files := with("mart/tier_count.sql", strings.Replace(header("tiers"), "--- */", "columns: {tiers: {type: varchar}}\n--- */", 1)+"select count(tier) as tiers from seed.tiers")
	for _, all := range []bool{false, true} {
		opened, bench := session(t, 1), session(t, 1)
		graph, err := resolve(opened, files, orders, time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		current := snapshot.Environment{Name: "prod", Tables: s.current}
		changes, err := build.Plan(t.Context(), graph, build.PlanOptions{Bucket: s.bucket, Current: current, Bench: lend(bench), Reader: opened, BindAll: all})
		if want := "sql/mart/tier_count.sql:4: column tiers is BIGINT, its header says varchar"; fmt.Sprint(err) != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
		if len(changes) == 0 || slices.ContainsFunc(changes, func(change build.Change) bool { return !change.Stored }) {
			t.Errorf("something is to be made: %+v", changes)
		}
	}
}

func TestBindFindsMistakesWithoutRows(t *testing.T) {
	opened := session(t, 1)
	day := time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC)
	graph, err := resolve(opened, with("core/orders.sql", header("order_id")+"select order_id, amuont from dataset.orders"), orders, day)
	if err != nil {
		t.Fatal(err)
	}
	_, err = build.Bind(t.Context(), opened, graph, nil)
	if err == nil || !strings.Contains(err.Error(), `sql/core/orders.sql:5: Referenced column "amuont" not found in FROM clause!; did you mean "amount"?`) || !strings.Contains(err.Error(), "amuont") || strings.Contains(err.Error(), "mart.by_day") {
		t.Errorf("want one error, of core.orders: %v", err)
	}
}

func lend(bench *warehouse.Session) func(context.Context, func(*warehouse.Session) error) error {
	return func(_ context.Context, use func(*warehouse.Session) error) error { return use(bench) }
}

// A daily run is tried again after trouble with the store, and not after a mistake in a model: a plan tells the two apart.
func TestPlanTellsWrongModelsFromTrouble(t *testing.T) {
	opened := session(t, 1)
	graph, err := resolve(opened, with("mart/x.sql", header("a")+"select nothing as a from core.orders"), orders, time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	options := build.PlanOptions{Bucket: newSite(t).bucket, Bench: lend(session(t, 1)), Reader: opened}
	var wrong build.ModelError
	if err := build.DryRun(t.Context(), graph, options); !errors.As(err, &wrong) {
		t.Errorf("a wrong column: %v", err)
	}
	options.Bench = func(context.Context, func(*warehouse.Session) error) error { return errors.New("no memory") }
	if err := build.DryRun(t.Context(), graph, options); err == nil || errors.As(err, &wrong) {
		t.Errorf("a bench that does not open: %v", err)
	}
	interrupted, stop := context.WithCancel(t.Context())
	stop()
	if err := build.DryRun(interrupted, graph, options); err == nil || errors.As(err, &wrong) {
		t.Errorf("interrupted: %v", err)
	}
}
