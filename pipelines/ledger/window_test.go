package ledger_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"countinghouse/pipelines/ledger"
)

// window is the closed form of first in, first out with expiry, for lots that expire in the order of their issue and redemptions within the
// balance. Points are numbered as they are earned. With R redeemed so far and X points in lots whose last day has passed, the points up to number
// P = R + max(0, running max of (X - R)) are gone.
type window struct {
	earned, redeemed, passed int64
	gone, highest            int64
	lots                     []windowLot
}

// windowLot holds the points numbered from+1 to to.
type windowLot struct {
	from, to int64
	lastDay  ledger.Day
	expired  int64
}

func (w *window) earn(points int64, lastDay ledger.Day) {
	w.lots = append(w.lots, windowLot{from: w.earned, to: w.earned + points, lastDay: lastDay})
	w.earned += points
}

func (w *window) redeem(points int64) {
	w.redeemed += points
	w.gone = w.redeemed + w.highest
}

// begin is the start of a day. Where the pointer moves then, points expire.
func (w *window) begin(day ledger.Day) {
	w.passed = 0
	for _, lot := range w.lots {
		if lot.lastDay < day {
			w.passed += lot.to - lot.from
		}
	}
	w.highest = max(w.highest, w.passed-w.redeemed)
	before := w.gone
	w.gone = w.redeemed + w.highest
	for i := range w.lots {
		w.lots[i].expired += max(0, min(w.lots[i].to, w.gone)-max(w.lots[i].from, before))
	}
}

func (w *window) result() [][3]int64 {
	var lots [][3]int64
	for _, lot := range w.lots {
		left := lot.to - min(lot.to, max(w.gone, lot.from))
		lots = append(lots, [3]int64{lot.to - lot.from - left - lot.expired, lot.expired, left})
	}
	return lots
}

// TestAgainstWindow compares redeemed, expired and remaining points of each lot with the closed form.
func TestAgainstWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := []ledger.Programme{{ValidFrom: firstDay, Validity: ledger.Rolling, ValidityDays: rapid.Int64Range(0, 40).Draw(t, "validity")}}
		if rapid.Bool().Draw(t, "calendar year") {
			rules[0].Validity = ledger.CalendarYear
		}
		var w window
		var movements []ledger.Movement
		today := ledger.Day(firstDay)
		for i := range rapid.IntRange(1, 60).Draw(t, "movements") {
			today += ledger.Day(rapid.SampledFrom([]int{0, 1, 1, 3, 9}).Draw(t, "days"))
			w.begin(today)
			m := ledger.Movement{TxnID: fmt.Sprintf("T%02d", i), OccurredAt: midnight(today) + ledger.Instant(i), Lacks: ledger.LacksExpiry}
			m.Points = rapid.Int64Range(1, 1000).Draw(t, "points")
			if outstanding := w.earned - w.gone; outstanding > 0 && rapid.Bool().Draw(t, "redeem") {
				m.Kind, m.Points = ledger.Redeem, min(m.Points, outstanding)
				w.redeem(m.Points)
			} else {
				m.Kind = ledger.Earn
				w.earn(m.Points, refer(rules, today, []ledger.Movement{{TxnID: "T", OccurredAt: m.OccurredAt, Kind: ledger.Earn, Points: 1, Lacks: ledger.LacksExpiry}}).lots[0].lastDay)
			}
			movements = append(movements, m)
		}
		asOf := today + ledger.Day(rapid.IntRange(0, 50).Draw(t, "as of"))
		w.begin(asOf)
		var got [][3]int64
		for _, lot := range book(t, rules, asOf, movements).lots {
			got = append(got, [3]int64{lot.Redeemed, lot.Expired, lot.Remaining})
		}
		if difference := cmp.Diff(w.result(), got); difference != "" {
			t.Fatal(difference)
		}
	})
}
