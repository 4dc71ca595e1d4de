package ledger_test

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"countinghouse/pipelines/ledger"
)

// What the reference makes of pools: it lays out every point of the household and picks those that burn first.

// household are the others with whom the account shares its points today, by name.
func (r *reference) household() []*reference {
	in := func(account string) string {
		for _, one := range r.among.pools {
			if one.AccountID == account && one.JoinedOn <= r.today && (one.LeftOn == ledger.NoExpiry || one.LeftOn > r.today) {
				return one.Pool
			}
		}
		return ""
	}
	var others []*reference
	for _, account := range []string{"A", "B", "C"} {
		if other := r.among.books[account]; other != nil && other != r && in(r.account) != "" && in(account) == in(r.account) {
			others = append(others, other)
		}
	}
	return others
}

func (r *reference) usableTogether() int64 {
	points := r.usable()
	for _, other := range r.household() {
		points += other.usable()
	}
	if len(r.household()) == 0 {
		return points
	}
	return max(0, points-int64(len(r.debts)))
}

// share brings the others' points that a redemption needs into lots of the account.
func (r *reference) share(m ledger.Movement, today ledger.Day) {
	others := r.household()
	if m.Kind != ledger.Redeem || len(others) == 0 {
		return
	}
	type held struct {
		of *reference
		p  *point
	}
	var all []held
	for _, of := range append(slices.Clone(others), r) {
		for _, lot := range of.lots {
			for _, p := range lot.points {
				if p.fate == inLot && lot.from <= today {
					all = append(all, held{of, p})
				}
			}
		}
	}
	order := func(one held) string {
		last, whose := fmt.Sprintf("%012d ", one.p.lot.lastDay), one.of.account
		if r.rule().BurnOrder == ledger.OldestFirst {
			last = ""
		}
		if one.of == r {
			whose = ""
		}
		return last + fmt.Sprintf("%020d %s %s", one.p.lot.at, whose, one.p.lot.id)
	}
	slices.SortStableFunc(all, func(a, b held) int { return strings.Compare(order(a), order(b)) })
	all = all[:min(int64(len(all)), m.Points+int64(len(r.debts)))]
	made := 0
	for _, of := range others {
		var count int64
		for _, one := range all {
			if one.of == of {
				count++
			}
		}
		if count == 0 {
			continue
		}
		of.enter(m, "transferred", -count)
		r.enter(m, "transferred", count)
		for len(all) > 0 {
			at := slices.IndexFunc(all, func(one held) bool { return one.of == of })
			if at < 0 {
				break
			}
			from := all[at].p.lot
			var size int64
			all = slices.DeleteFunc(all, func(one held) bool {
				if one.p.lot != from {
					return false
				}
				size++
				one.p.fate = sent
				return true
			})
			of.links[link{m.TxnID, from.id, "transferred", today}] += size
			r.takeOver(of, from, size, made, m, today)
			made++
		}
	}
}

// takeOver is a lot of points that come from one of another account as they were.
func (r *reference) takeOver(of *reference, from *refLot, size int64, made int, m ledger.Movement, today ledger.Day) {
	lot := &refLot{
		id: m.TxnID, at: from.at, lastDay: from.lastDay, from: today, outlive: from.outlive, wasTo: ledger.NoExpiry, order: m.OrderID, earned: [2]string{of.account, from.id},
		origin: ledger.Transfer, size: size,
	}
	if made > 0 {
		lot.id = fmt.Sprintf("%s#%d", m.TxnID, made+1)
	}
	if from.earned != [2]string{} {
		lot.earned = from.earned
	}
	r.links[link{m.TxnID, lot.id, "received", today}] += size
	r.fill(lot, m, size, today)
}

// drawPools puts some of the accounts into a household, for a time.
func drawPools(t *rapid.T) []ledger.Membership {
	var all []ledger.Membership
	for _, account := range []string{"A", "B", "C"} {
		if !rapid.Bool().Draw(t, "in a pool") {
			continue
		}
		one := ledger.Membership{
			Channel: "shop", AccountID: account, Pool: rapid.SampledFrom([]string{"home", "home", "home", "away"}).Draw(t, "pool"),
			JoinedOn: firstDay + ledger.Day(rapid.IntRange(-1, 20).Draw(t, "joined")), LeftOn: ledger.NoExpiry,
		}
		if rapid.IntRange(0, 2).Draw(t, "leaves") == 0 {
			one.LeftOn = one.JoinedOn + ledger.Day(rapid.IntRange(1, 30).Draw(t, "stays"))
		}
		all = append(all, one)
	}
	return all
}
