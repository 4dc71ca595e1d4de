package estimate_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// pointLot is a lot with what it gave, in time order.
type pointLot struct {
	issued int // month
	points int64
	sale   bool
	gave   []gift
}

type gift struct {
	month  int
	kind   string
	points int64
}

// TestThePastStaysAsItWas: what was estimated at a month end is the same when it is derived from a later ledger, so that an allocation made with it is
// never made anew. And of every vintage as seen at the as-of day, points add up, and no less is expected than is redeemed, no more than is left.
func TestThePastStaysAsItWas(t *testing.T) {
	b := newBrand(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		lots := drawLots(t)
		early := rapid.IntRange(3, 8).Draw(t, "early")
		then := b.estimatesAt(lots, early)
		if difference := cmp.Diff(then, b.estimatesAt(lots, 14)[:len(then)]); difference != "" {
			t.Fatalf("what was estimated by month %d, then (-) and from a later ledger (+):\n%s", early, difference)
		}
		if wrong := b.rows(`select * from estimate.vintages where points_remaining < 0 or expected_points < points_redeemed
			or expected_points > points_redeemed + points_remaining or expected_within_year > expected_points - points_redeemed or expected_within_year < 0`); len(wrong) > 0 {
			t.Fatalf("expectations beyond what is left: %v", wrong)
		}
		if wrong := b.rows(`select seen.left, lots.left from (select sum(points_remaining) as left from estimate.vintages where valued_on = getvariable('as_of')) as seen,
			(select sum(points_remaining) as left from ledger.lots) as lots where seen.left <> lots.left`); len(wrong) > 0 {
			t.Fatalf("vintages and lots: %v", wrong)
		}
	})
}

func drawLots(t *rapid.T) []pointLot {
	var lots []pointLot
	for i := range rapid.IntRange(1, 8).Draw(t, "lots") {
		lot := pointLot{issued: rapid.IntRange(0, min(6, 6*i)).Draw(t, "issued"), points: rapid.Int64Range(1, 1000).Draw(t, "points"), sale: rapid.Bool().Draw(t, "sale")}
		left, redeemed, month := lot.points, int64(0), lot.issued
		for range rapid.IntRange(0, 4).Draw(t, "gifts") {
			month += rapid.IntRange(0, 2).Draw(t, "later")
			kind := rapid.SampledFrom([]string{"redeemed", "redeemed", "redeemed", "claw_back", "expired", "transferred", "recredited"}).Draw(t, "kind")
			limit := left
			if kind == "recredited" {
				limit = redeemed
			}
			if limit == 0 {
				continue
			}
			points := rapid.Int64Range(1, limit).Draw(t, "given")
			switch kind {
			case "recredited":
				left, redeemed = left+points, redeemed-points
			case "redeemed":
				left, redeemed = left-points, redeemed+points
			default:
				left -= points
			}
			lot.gave = append(lot.gave, gift{month, kind, points})
		}
		lots = append(lots, lot)
	}
	return lots
}

// estimatesAt gives what the step says of all month ends up to one, from the ledger as it was then.
func (b brand) estimatesAt(lots []pointLot, asOf int) []string {
	b.Helper()
	for _, table := range []string{"ledger.lots", "ledger.consumption", "core.point_sales"} {
		b.exec("delete from " + table)
	}
	b.exec("drop table if exists estimate.rates")
	b.exec("drop table if exists estimate.vintages")
	for i, lot := range lots {
		if lot.issued <= asOf {
			b.enter(i, lot, asOf)
		}
	}
	b.settings["as_of"] = firstMonth.AddDate(0, asOf+1, -1)
	b.session.SetVariables(b.settings)
	if err := b.run(); err != nil {
		b.Fatal(err)
	}
	return b.rows("select * from estimate.rates where scope_kind <> 'tier' order by valued_on, scope_kind, scope")
}

func (b brand) enter(number int, lot pointLot, asOf int) {
	b.Helper()
	left, order := lot.points, "null"
	for n, given := range lot.gave {
		if given.month > asOf {
			break
		}
		left -= given.points
		if given.kind == "recredited" {
			left += 2 * given.points
		}
		b.exec(fmt.Sprintf("insert into ledger.consumption values ('pos', 'a', %d, 'l%d', '%s', %d, '%s')", 10*number+n, number, given.kind, given.points, monthText(given.month)))
	}
	if lot.sale {
		order = fmt.Sprintf("'S%d'", number)
		b.exec("insert into core.point_sales values ('pos', 'a', " + order + ")")
	}
	b.exec(fmt.Sprintf("insert into ledger.lots (channel, account_id, lot_id, issued_on, expires_on, points_issued, points_remaining, order_id) values ('pos', 'a', 'l%d', '%s', '%s', %d, %d, %s)",
		number, monthText(lot.issued), monthText(lot.issued+9), lot.points, left, order))
}
