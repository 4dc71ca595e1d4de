package ledger_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"countinghouse/pipelines/ledger"
)

// booked is all that the kernel posted for one account.
type booked struct {
	entries     []ledger.Entry
	consumption []ledger.Consumption
	lots        []ledger.Lot
	balance     ledger.Balance
	exceptions  []ledger.Exception
}

// checker is a test or a rapid property.
type checker interface {
	Helper()
	Fatal(args ...any)
}

// book runs the kernel over the movements of one account, which it sorts, emptying the postings every few movements.
func book(t checker, rules []ledger.Programme, asOf ledger.Day, movements []ledger.Movement) booked {
	t.Helper()
	kernel, err := ledger.NewKernel(rules, asOf)
	if err != nil {
		t.Fatal(err)
	}
	var all booked
	sorted := slices.Clone(movements)
	slices.SortStableFunc(sorted, inLedgerOrder)
	kernel.Open("shop", "A", "points")
	for i := range sorted {
		if err := kernel.Post(&sorted[i]); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			all.gather(kernel)
		}
	}
	if err := kernel.Close(); err != nil {
		t.Fatal(err)
	}
	all.gather(kernel)
	return all
}

func (b *booked) gather(kernel *ledger.Kernel) {
	p := kernel.Postings()
	b.entries = append(b.entries, p.Entries...)
	b.consumption = append(b.consumption, p.Consumption...)
	b.lots = append(b.lots, p.Lots...)
	b.exceptions = append(b.exceptions, p.Exceptions...)
	for _, balance := range p.Balances {
		b.balance = balance
	}
	kernel.Empty()
}

// start of the histories: near the end of a year, so that calendar years end in them.
const firstDay = 20_432 // 2025-12-10

// instants are few, so that many movements share one.
func instant(day, slot int) ledger.Instant {
	return ledger.Instant(int64(firstDay+day)*86_400_000_000 + int64(slot)*43_199_000_000)
}

var kindNames = map[ledger.Kind]string{
	ledger.Expire: "expire", ledger.Earn: "earn", ledger.ClawBack: "claw_back", ledger.Redeem: "redeem", ledger.Recredit: "recredit",
	ledger.Adjust: "adjust", ledger.Transfer: "transfer", ledger.Opening: "opening", ledger.Reinstate: "reinstate", ledger.Extend: "extend",
	ledger.UnknownKind: "gift",
}

// drawHistory draws movements of a few kinds and orders only, so that histories meet in which one rule is used again and again.
func drawHistory(t *rapid.T) []ledger.Movement {
	kinds := rapid.SliceOfN(rapid.SampledFrom([]ledger.Kind{
		ledger.Redeem, ledger.Recredit, ledger.ClawBack, ledger.Adjust, ledger.Expire, ledger.UnknownKind,
		ledger.Transfer, ledger.Opening, ledger.Reinstate, ledger.Extend,
	}), 0, 5).Draw(t, "kinds")
	orders := rapid.SliceOfN(rapid.SampledFrom([]string{"O1", "O2", "O3", ""}), 1, 3).Draw(t, "orders")
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ledger.Movement {
		return drawMovement(t, append(kinds, ledger.Earn, ledger.Earn), orders)
	}), 1, 40).Draw(t, "movements")
}

func drawMovement(t *rapid.T, kinds []ledger.Kind, orders []string) ledger.Movement {
	day := rapid.IntRange(0, 40).Draw(t, "day")
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	m := ledger.Movement{
		TxnID:      fmt.Sprintf("T%02d", rapid.IntRange(0, 99).Draw(t, "txn")),
		OccurredAt: instant(day, rapid.IntRange(0, 2).Draw(t, "slot")),
		Kind:       kind, KindName: kindNames[kind],
		Points:     rapid.Int64Range(-1, 12).Draw(t, "points"),
		OrderID:    rapid.SampledFrom(orders).Draw(t, "order"),
		SourceFile: "points.csv", SourceRow: rapid.Int64Range(2, 99).Draw(t, "row"),
	}
	if kind == ledger.Adjust || kind == ledger.Transfer {
		m.Points = rapid.Int64Range(-12, 12).Draw(t, "adjustment")
	}
	if kind == ledger.Transfer && rapid.Bool().Draw(t, "answered") {
		m.CounterTxn = "other"
	}
	if rapid.IntRange(0, 2).Draw(t, "exported expiry") > 0 {
		m.Lacks = ledger.LacksExpiry
	} else {
		m.ExpiresOn = ledger.Day(firstDay + day + rapid.IntRange(-2, 25).Draw(t, "last day"))
	}
	return m
}

func drawProgramme(t *rapid.T) []ledger.Programme {
	rolling := ledger.Programme{
		ValidFrom: firstDay + ledger.Day(rapid.IntRange(-5, 20).Draw(t, "rolling from")), Validity: ledger.Rolling,
		ValidityDays: rapid.Int64Range(0, 20).Draw(t, "validity"),
	}
	drawPolicies(t, &rolling)
	calendar := ledger.Programme{ValidFrom: rolling.ValidFrom + ledger.Day(rapid.IntRange(1, 9).Draw(t, "gap")), Validity: ledger.CalendarYear}
	drawPolicies(t, &calendar)
	calendar.Validity = ledger.CalendarYear
	switch rapid.IntRange(0, 4).Draw(t, "rules") {
	case 0:
		return nil
	case 1:
		calendar.ValidFrom = rolling.ValidFrom - 7
		return []ledger.Programme{calendar, rolling}
	default:
		return []ledger.Programme{rolling, calendar}
	}
}

// drawPolicies gives half of the rules policies that are not the default.
func drawPolicies(t *rapid.T, rule *ledger.Programme) {
	if rapid.Bool().Draw(t, "default policies") {
		return
	}
	rule.Validity = rapid.SampledFrom([]ledger.Validity{ledger.Rolling, ledger.Activity}).Draw(t, "validity rule")
	rule.GraceDays = rapid.Int64Range(0, 3).Draw(t, "grace")
	rule.PendingDays = rapid.SampledFrom([]int64{0, 0, 1, 5, 12}).Draw(t, "pending")
	rule.BurnOrder = rapid.SampledFrom([]ledger.BurnOrder{"", ledger.FirstExpiring, ledger.OldestFirst}).Draw(t, "burn order")
	rule.NegativeBalance = rapid.SampledFrom([]string{"", ledger.Owe, ledger.Refuse}).Draw(t, "negative balance")
	rule.TransferExpiry = rapid.SampledFrom([]string{"", ledger.Keep, ledger.Renew}).Draw(t, "transfer expiry")
	rule.RecreditTo = rapid.SampledFrom([]string{"", ledger.SameLot, ledger.NewLot}).Draw(t, "recredit to")
}

// TestAgainstReference compares the kernel with the reference that moves single points.
func TestAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawProgramme(t)
		movements := drawHistory(t)
		asOf := ledger.Day(firstDay + 40 + rapid.IntRange(0, 20).Draw(t, "as of"))
		if difference := compare(book(t, rules, asOf, movements), refer(rules, asOf, movements)); difference != "" {
			t.Fatal(difference)
		}
	})
}

// compare gives the differences of a ledger from the reference.
func compare(got booked, want *reference) string {
	lots := make([]ledger.Lot, 0, len(want.lots))
	for _, lot := range want.lots {
		lots = append(lots, lot.result())
	}
	return cmp.Diff(merged(want.entries), merged(entriesOf(got)), cmp.AllowUnexported(refEntry{})) +
		cmp.Diff(lots, lotsOf(got), cmp.AllowUnexported(ledger.Lot{})) +
		cmp.Diff(want.links, linksOf(got)) +
		cmp.Diff(want.remarks, remarksOf(got)) +
		cmp.Diff(int64(len(want.debts)), got.balance.Arrears)
}

func entriesOf(b booked) []refEntry {
	var entries []refEntry
	for _, e := range b.entries {
		entries = append(entries, refEntry{at: e.OccurredAt, kind: e.Kind.String(), points: e.Points, balance: e.BalanceAfter, txn: e.TxnID})
	}
	return entries
}

// merged adds up computed expiries of one moment: the reference expires point by point, the kernel lot by lot.
func merged(entries []refEntry) []refEntry {
	var out []refEntry
	for _, e := range entries {
		if last := len(out) - 1; last >= 0 && e.kind == "expired" && e.txn == "" && out[last].kind == "expired" && out[last].txn == "" && out[last].at == e.at {
			out[last].points += e.points
			out[last].balance = e.balance
			continue
		}
		out = append(out, e)
	}
	return out
}

// lotsOf leaves out what is only carried along.
func lotsOf(b booked) []ledger.Lot {
	lots := make([]ledger.Lot, 0, len(b.lots))
	for _, l := range b.lots {
		lots = append(lots, ledger.Lot{
			ID: l.ID, IssuedAt: l.IssuedAt, ExpiresOn: l.ExpiresOn, Issued: l.Issued, Redeemed: l.Redeemed, Expired: l.Expired,
			ClawedBack: l.ClawedBack, Adjusted: l.Adjusted, Remaining: l.Remaining, Transferred: l.Transferred,
			Reinstated: l.Reinstated, Opening: l.Opening, ExtendedFrom: l.ExtendedFrom, UsableFrom: l.UsableFrom,
		})
	}
	return lots
}

func linksOf(b booked) map[link]int64 {
	links := map[link]int64{}
	for _, c := range b.consumption {
		links[link{c.TxnID, c.LotID, c.Kind.String(), c.PaidOn}] += c.Points
	}
	return links
}

func remarksOf(b booked) map[remark]bool {
	remarks := map[remark]bool{}
	for _, e := range b.exceptions {
		remarks[remark{e.TxnID, e.Code}] = true
	}
	return remarks
}

// TestRepetitionChangesNothing posts every movement again: only duplicates are listed more.
func TestRepetitionChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rules := drawProgramme(t)
		var movements []ledger.Movement
		for _, m := range drawHistory(t) {
			if !slices.ContainsFunc(movements, func(other ledger.Movement) bool { return other.TxnID == m.TxnID }) {
				movements = append(movements, m)
			}
		}
		const asOf = firstDay + 60
		once, twice := book(t, rules, asOf, movements), book(t, rules, asOf, slices.Concat(movements, movements))
		difference := cmp.Diff(once.entries, twice.entries) + cmp.Diff(lotsOf(once), lotsOf(twice), cmp.AllowUnexported(ledger.Lot{})) +
			cmp.Diff(once.consumption, twice.consumption) + cmp.Diff(once.balance, twice.balance)
		if difference != "" {
			t.Fatal(difference)
		}
		more := remarksOf(twice)
		maps.DeleteFunc(more, func(r remark, _ bool) bool { return r.code == ledger.DuplicateTransaction })
		if difference := cmp.Diff(remarksOf(once), more); difference != "" {
			t.Fatal(difference)
		}
	})
}

// TestBurnOrder spends lots of any expiry in portions: of all that was ever taken while no lot came in, each came in burn order.
func TestBurnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lots := rapid.IntRange(1, 60).Draw(t, "lots")
		var movements []ledger.Movement
		for i := range lots {
			movements = append(movements, ledger.Movement{
				TxnID: fmt.Sprintf("T%02d", rapid.IntRange(0, 9).Draw(t, "digit")*1000+i), Kind: ledger.Earn, Points: 2,
				OccurredAt: instant(0, rapid.IntRange(0, 1).Draw(t, "slot")),
				ExpiresOn:  ledger.Day(firstDay + 30 + rapid.IntRange(0, 20).Draw(t, "last day")),
			})
		}
		for i := range lots {
			movements = append(movements, ledger.Movement{TxnID: fmt.Sprintf("R%d", i), Kind: ledger.Redeem, Points: 1, OccurredAt: instant(1, 0)})
		}
		got := book(t, nil, firstDay+2, movements)
		var taken []string
		for _, c := range got.consumption {
			taken = append(taken, c.LotID)
		}
		slices.SortFunc(movements[:lots], func(a, b ledger.Movement) int {
			return cmpInts(int64(a.ExpiresOn-b.ExpiresOn), int64(a.OccurredAt-b.OccurredAt), int64(strings.Compare(a.TxnID, b.TxnID)))
		})
		var want []string
		for i := range lots {
			want = append(want, movements[i/2].TxnID)
		}
		if difference := cmp.Diff(want, taken); difference != "" {
			t.Fatal(difference)
		}
	})
}

// cmpInts is the first difference that is not nought.
func cmpInts(differences ...int64) int {
	for _, d := range differences {
		if d != 0 {
			return int(d)
		}
	}
	return 0
}
