package estimate_test

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/schemas"
	"countinghouse/sql"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// modelTables are what the deferral's models read, with the columns that they read of them.
var modelTables = map[string]string{
	"core.point_sales": "currency varchar default 'points', channel varchar, account_id varchar, order_id varchar, issue_month date, issued_on date, points bigint, sale_channel varchar, " +
		"transaction_price decimal(18, 2), list_price decimal(18, 2)",
	"core.point_rules":     "currency varchar, holds_from date, holds_until date, redemption_points bigint, expected_redemption_rate decimal(9, 6), standalone_price_per_point decimal(18, 6)",
	"seed.point_accounts":  "event varchar, debit_account varchar, debit_name varchar, credit_account varchar, credit_name varchar, memo varchar",
	"core.point_estimates": "currency varchar default 'points', scope_kind varchar, scope varchar, month date, rate_without_hand double",
	"estimate.vintages": "currency varchar default 'points', month date, channel varchar, with_sale boolean, issue_month date, last_month date, points_issued bigint, points_withdrawn bigint, " +
		"points_redeemed bigint, points_remaining bigint, expected_points bigint, expected_within_year bigint",
}

// sale is one order's row; step is a vintage at the end of one month.
type sale struct {
	order         string
	issued        int // month
	points, price int64
}

type step struct{ withdrawn, redeemed, remaining, expected, within int64 }

const pricePerPoint = 3 // in 1/10000 of the currency

// firstMonth is month 0 of a random history.
var firstMonth = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func monthText(m int) string { return firstMonth.AddDate(0, m, 0).Format(time.DateOnly) }

// deferrals is a brand with the models of the deferral, to run again and again.
func deferrals(t *testing.T) brand {
	b := newBrand(t, map[string]any{
		"as_of": firstMonth.AddDate(0, 12, -1), "allocation_basis": "sale", "goods_price": "paid",
	})
	for table, columns := range modelTables {
		b.exec("create or replace table " + table + " (" + columns + ")")
	}
	for table, columns := range closedTables(t) {
		b.exec("create table " + table + " (" + columns + ")")
	}
	b.exec("insert into core.point_rules values ('points', '0001-01-01', '9999-12-31', 100, null, 0.0003)")
	for _, event := range []string{"deferral", "reversal", "redemption", "catch_up", "run_off"} {
		b.exec("insert into seed.point_accounts values ('" + event + "', '1', 'one', '2', 'two', '')")
	}
	return b
}

func (b brand) makeModels(names ...string) {
	b.Helper()
	for _, name := range names {
		text, err := sql.Files.ReadFile(strings.ReplaceAll(name, ".", "/") + ".sql")
		if err != nil {
			b.Fatal(err)
		}
		b.exec("create or replace table " + name + " as " + string(text))
	}
}

// TestDeferralOfAnyHistory holds the models against a reference with rational numbers that knows one vintage at a time, and looks at what must
// hold of every history: parts add up to the cent, the liability is what was allocated less what is revenue and never negative, debits are credits.
func TestDeferralOfAnyHistory(t *testing.T) {
	b := deferrals(t)
	rapid.Check(t, func(t *rapid.T) {
		sales := drawSales(t)
		vintages := drawVintages(t, sales)
		b.fill(sales, vintages)
		b.makeModels(deferralModels()...)
		if got, want := b.rows("select order_id, allocated_goods, allocated_points from mart.point_allocations order by order_id"), wantedAllocations(sales); !slices.Equal(got, want) {
			t.Fatalf("allocations: %s", cmp.Diff(want, got))
		}
		got := b.rows(`select issue_month, month, reversed, recognised, liability, revenue_redemption, revenue from mart.point_deferred_revenue order by issue_month, month`)
		if want := wantedDeferrals(sales, vintages); !slices.Equal(got, want) {
			t.Fatalf("deferrals: %s", cmp.Diff(want, got))
		}
		for what, query := range map[string]string{
			"unbalanced months":    "select month from mart.point_journal group by month having sum(debit) <> sum(credit)",
			"negative":             "select * from mart.point_deferred_revenue where liability < 0 or recognised < 0 or liability_current < 0 or liability_noncurrent < 0 or liability_rate_up < liability_rate_down",
			"parts":                "select * from mart.point_deferred_revenue where liability <> allocated - reversed - recognised or revenue <> revenue_redemption + revenue_catch_up + revenue_run_off",
			"prices":               "select * from mart.point_allocations where transaction_price <> allocated_goods + allocated_points",
			"months and totals":    "select issue_month from mart.point_deferred_revenue group by issue_month having sum(allocated_in_month - reversed_in_month - revenue) <> max_by(liability, month)",
			"journal and deferral": "select 1 from (select sum(if(account_code = '2', credit - debit, 0)) as moved from mart.point_journal where event = 'deferral') as j, (select sum(allocated_in_month) as moved from mart.point_deferred_revenue) as d where j.moved <> d.moved",
		} {
			if rows := b.rows(query); len(rows) > 0 {
				t.Fatalf("%s: %v", what, rows)
			}
		}
	})
}

// throughTheYear keeps every vintage as it was last, to the end of the year: there is a state of each at every month end.
func throughTheYear(vintages map[int][]step) map[int][]step {
	for m, steps := range vintages {
		for m+len(steps) < 12 {
			steps = append(steps, steps[len(steps)-1])
		}
		vintages[m] = steps
	}
	return vintages
}

// deferralModels are the models of the deferral, in the order in which they are made.
func deferralModels() []string {
	return []string{"mart.point_allocations", "core.point_deferral_states", "mart.point_deferred_revenue", "mart.point_journal"}
}

// closedTables are the datasets of what was closed, without rows, with the columns that their files declare.
func closedTables(t *testing.T) map[string]string {
	t.Helper()
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]string{}
	for _, name := range []string{"closed_allocations", "closed_deferrals", "closed_files", "closed_journal"} {
		dataset, found := registry.Dataset(name)
		if !found {
			t.Fatalf("no dataset %s", name)
		}
		var columns []string
		for _, column := range dataset.Columns {
			columns = append(columns, column.Name+" "+column.SQLType())
		}
		tables["dataset."+name] = strings.Join(columns, ", ")
	}
	return tables
}

// TestClosedMonthsStand closes a random history at a random month and goes on with another one, which tells the closed months otherwise: what was
// closed stays in the marts to the last cell, the liability of open months is that of a history that was never closed, and the first open month takes
// the difference.
func TestClosedMonthsStand(t *testing.T) {
	b := deferrals(t)
	rapid.Check(t, func(t *rapid.T) {
		for table := range closedTables(b.T) {
			b.exec("delete from " + table)
		}
		sales := drawSales(t)
		b.fill(sales, throughTheYear(drawVintages(t, sales)))
		b.makeModels(deferralModels()...)
		month := rapid.IntRange(0, 8).Draw(t, "closed")
		closed := monthText(month)
		b.exec("insert into dataset.closed_files values ('f', date '" + monthText(month+1) + "' - 1)")
		b.exec("insert into dataset.closed_allocations by name select * exclude (as_of, is_closed) from mart.point_allocations where issue_month <= '" + closed + "'")
		b.exec("insert into dataset.closed_deferrals by name select * exclude (as_of) from mart.point_deferred_revenue where month <= '" + closed + "'")
		b.exec("insert into dataset.closed_journal by name select * exclude (as_of) from mart.point_journal where month <= '" + closed + "'")

		sales = append(sales[rapid.IntRange(0, 1).Draw(t, "gone"):], sale{order: "late", points: 500, price: 7000})
		b.fill(sales, throughTheYear(drawVintages(t, sales)))
		b.makeModels(deferralModels()...)
		for what, query := range map[string]string{
			"a closed month changed": "select * exclude (as_of) from mart.point_deferred_revenue where month <= '" + closed + "' except all select * from dataset.closed_deferrals",
			"a closed month is gone": "select * from dataset.closed_deferrals except all select * exclude (as_of) from mart.point_deferred_revenue",
			"a closed line changed":  "select * from dataset.closed_journal except all select * exclude (as_of) from mart.point_journal",
			"an allocation was made again": "select order_id from mart.point_allocations join dataset.closed_allocations as closed using (currency, channel, account_id, order_id, issue_month) " +
				"where closed.allocated_points <> mart.point_allocations.allocated_points",
			"the liability of an open month": "select month from core.point_deferral_states as states join mart.point_deferred_revenue as marts using (month, currency, channel, issue_month) " +
				"where month > (select max(closed_through) from dataset.closed_files) and marts.liability * 100 <> states.kept - states.recognised",
			"parts":  "select * from mart.point_deferred_revenue where revenue <> revenue_redemption + revenue_catch_up + revenue_run_off + revenue_prior_period or liability < 0",
			"months": "select issue_month from mart.point_deferred_revenue group by issue_month having sum(allocated_in_month + prior_allocated - reversed_in_month - prior_reversed - revenue) <> max_by(liability, month)",
			"journal": "select 1 from (select sum(case when account_code <> '2' then 0 when event in ('deferral', 'prior_deferral') then credit - debit else debit - credit end) as moved from mart.point_journal) as lines, " +
				"(select sum(allocated_in_month + prior_allocated - reversed_in_month - prior_reversed - revenue) as moved from mart.point_deferred_revenue) as deferrals where coalesce(lines.moved, 0) <> coalesce(deferrals.moved, 0)",
		} {
			if rows := b.rows(query); len(rows) > 0 {
				t.Fatalf("%s: %v", what, rows)
			}
		}
	})
}

func drawSales(t *rapid.T) []sale {
	var sales []sale
	for i := range rapid.IntRange(1, 6).Draw(t, "sales") {
		sales = append(sales, sale{
			order: fmt.Sprintf("S%d", i), issued: rapid.IntRange(0, 3).Draw(t, "issued"),
			points: rapid.Int64Range(1, 50000).Draw(t, "points"), price: rapid.Int64Range(1, 1_000_000).Draw(t, "price"),
		})
	}
	return sales
}

// drawVintages makes a path for each month of issue: points are taken back, redeemed, credited back and expire, and expectations jump.
func drawVintages(t *rapid.T, sales []sale) map[int][]step {
	issued := map[int]int64{}
	for _, s := range sales {
		issued[s.issued] += s.points
	}
	vintages := map[int][]step{}
	for m, points := range issued {
		now := step{remaining: points}
		for range rapid.IntRange(1, 6).Draw(t, "months") {
			taken := rapid.Int64Range(0, now.remaining).Draw(t, "withdrawn")
			now.withdrawn, now.remaining = now.withdrawn+taken, now.remaining-taken
			spent := rapid.Int64Range(-min(now.redeemed, 10), now.remaining).Draw(t, "redeemed")
			now.redeemed, now.remaining = now.redeemed+spent, now.remaining-spent
			now.remaining -= rapid.SampledFrom([]int64{0, 0, 0, now.remaining}).Draw(t, "expired")
			now.expected = now.redeemed + rapid.Int64Range(0, now.remaining).Draw(t, "expected")
			now.within = rapid.Int64Range(0, now.expected-now.redeemed).Draw(t, "within")
			vintages[m] = append(vintages[m], now)
		}
	}
	return vintages
}

func (b brand) fill(sales []sale, vintages map[int][]step) {
	b.Helper()
	b.exec("delete from core.point_sales")
	b.exec("delete from estimate.vintages")
	issued := map[int]int64{}
	for _, s := range sales {
		issued[s.issued] += s.points
		b.exec(fmt.Sprintf("insert into core.point_sales values ('points', 'pos', 'a', '%s', '%s', '%s', %d, 'pos', %s, null)",
			s.order, monthText(s.issued), monthText(s.issued), s.points, money(s.price)))
	}
	for m, steps := range vintages {
		for i, now := range steps {
			b.exec(fmt.Sprintf("insert into estimate.vintages values ('points', '%s', 'pos', true, '%s', null, %d, %d, %d, %d, %d, %d)",
				monthText(m+i), monthText(m), issued[m], now.withdrawn, now.redeemed, now.remaining, now.expected, now.within))
		}
	}
}

// money writes cents.
func money(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// pointsPart is the points' share of a price, rounded to the nearest cent; of two halves the goods have the cent.
func pointsPart(s sale) int64 {
	points := big.NewRat(s.points*pricePerPoint, 100)
	share := new(big.Rat).Quo(points, new(big.Rat).Add(points, big.NewRat(s.price, 1)))
	exact := share.Mul(share, big.NewRat(s.price, 1))
	half := new(big.Rat).Sub(exact, big.NewRat(1, 2))
	return ceiling(half)
}

func ceiling(r *big.Rat) int64 {
	quotient, rest := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() > 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient.Int64()
}

// part is amount x a / b to the nearest cent, halves up.
func part(amount, a, b int64) int64 {
	exact := new(big.Rat).Mul(big.NewRat(amount, 1), big.NewRat(a, b))
	return -ceiling(new(big.Rat).Neg(exact.Add(exact, big.NewRat(1, 2))))
}

func wantedAllocations(sales []sale) []string {
	var lines []string
	for _, s := range sales {
		points := pointsPart(s)
		lines = append(lines, fmt.Sprintf("%s|%s|%s", s.order, money(s.price-points), money(points)))
	}
	return lines
}

// wantedDeferrals follows each vintage by itself: what is kept of the allocation, what is revenue of it, and what it would be at the last estimate.
func wantedDeferrals(sales []sale, vintages map[int][]step) []string {
	allocated, issued := map[int]int64{}, map[int]int64{}
	for _, s := range sales {
		allocated[s.issued] += pointsPart(s)
		issued[s.issued] += s.points
	}
	var lines []string
	for m, steps := range vintages {
		var before step
		var revenueBefore int64
		for i, now := range steps {
			kept := allocated[m] - part(allocated[m], now.withdrawn, issued[m])
			revenue := recognised(kept, now.redeemed, now.expected)
			if now.remaining == 0 {
				revenue = kept
			}
			if i == 0 {
				before = step{expected: now.expected, remaining: 1}
			}
			byRedemption := int64(0)
			if before.remaining > 0 {
				byRedemption = recognised(kept, now.redeemed, before.expected) - recognised(kept, before.redeemed, before.expected)
			}
			lines = append(lines, strings.Join([]string{
				monthText(m), monthText(m + i), money(allocated[m] - kept), money(revenue), money(kept - revenue), money(byRedemption), money(revenue - revenueBefore),
			}, "|"))
			before, revenueBefore = now, revenue
		}
	}
	slices.Sort(lines)
	return lines
}

// recognised is the revenue of so many points of those expected; none while none are.
func recognised(kept, redeemed, expected int64) int64 {
	if expected == 0 {
		return 0
	}
	return part(kept, min(redeemed, expected), expected)
}
