package ledger_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"countinghouse/pipelines/ledger"
)

// What the reference makes of several accounts that give points to each other: it carries single points from one to the other.

// world is the points that are on their way, by account and transaction of the sender.
type world struct {
	going map[[2]string][]underway
	gone  map[[2]string]bool
	pools []ledger.Membership
	books map[string]*reference
}

// underway is a point that has left, and the day until which it was good then.
type underway struct {
	lot     *refLot
	lastDay ledger.Day
}

func newWorld() *world { return &world{going: map[[2]string][]underway{}, gone: map[[2]string]bool{}} }

// rank orders movements of one time and kind: by id, and both sides of a transfer by the id that comes first of theirs, what goes out before what comes in.
func rank(m ledger.Movement) string {
	if m.Kind != ledger.Transfer {
		return m.TxnID
	}
	first, side := m.TxnID, "in"
	if m.CounterTxn != "" && m.CounterTxn < first {
		first = m.CounterTxn
	}
	if m.Points < 0 {
		side = " out"
	}
	return first + "\x00" + side + "\x00" + m.TxnID
}

// leaves notes a point that a debit takes, if it goes to another account.
func (r *reference) leaves(p *point, m ledger.Movement) {
	if m.Kind == ledger.Transfer {
		way := [2]string{r.account, m.TxnID}
		r.among.going[way] = append(r.among.going[way], underway{p.lot, p.lot.lastDay})
	}
}

// receive lets points come in as they were, point by point.
func (r *reference) receive(m ledger.Movement, today ledger.Day) {
	way := [2]string{m.CounterAccount, m.CounterTxn}
	coming := r.among.going[way]
	switch {
	case m.CounterTxn == "":
		r.answered(m)
		coming = nil
	case r.rule().TransferExpiry == ledger.Renew:
		coming = nil
	case !r.among.gone[way]:
		r.remarks[remark{m.TxnID, ledger.TransferNotSentYet}] = true
	}
	made, left := 0, m.Points
	id := func() string {
		made++
		if made == 1 {
			return m.TxnID
		}
		return fmt.Sprintf("%s#%d", m.TxnID, made)
	}
	for len(coming) > 0 {
		from := coming[0].lot
		count := slices.IndexFunc(coming, func(p underway) bool { return p.lot != from })
		if count < 0 {
			count = len(coming)
		}
		lot := &refLot{
			id: id(), at: from.at, lastDay: coming[0].lastDay, from: today, outlive: from.outlive, wasTo: ledger.NoExpiry, order: m.OrderID,
			earned: [2]string{m.CounterAccount, from.id}, origin: ledger.Transfer, size: int64(count),
		}
		if from.earned != [2]string{} {
			lot.earned = from.earned
		}
		if m.Lacks&ledger.LacksExpiry == 0 {
			lot.lastDay, lot.outlive = m.ExpiresOn, 0
		}
		r.links[link{m.TxnID, lot.id, "received", today}] += int64(count)
		r.fill(lot, m, int64(count), today)
		coming, left = coming[count:], left-int64(count)
	}
	if left > 0 {
		r.bringAs(id(), m, left, today)
	}
}

// referTogether books the movements of several accounts, day by day.
func referTogether(rules []ledger.Programme, pools []ledger.Membership, asOf ledger.Day, movements map[string][]ledger.Movement) map[string]*reference {
	among, books := newWorld(), map[string]*reference{}
	among.pools, among.books = pools, books
	type one struct {
		account string
		ledger.Movement
	}
	var all []one
	for account, own := range movements {
		books[account] = newReference(rules, account, among)
		for _, m := range own {
			all = append(all, one{account, m})
		}
	}
	slices.SortStableFunc(all, func(a, b one) int {
		if order := inLedgerOrder(a.Movement, b.Movement); order != 0 {
			return order
		}
		return strings.Compare(a.account, b.account)
	})
	for today := ledger.Day(firstDay); today <= asOf; today++ {
		for _, r := range books {
			r.startOf(today)
		}
		for _, m := range all {
			if calendarDay(m.OccurredAt) == today {
				books[m.account].post(m.Movement, today)
				among.gone[[2]string{m.account, m.TxnID}] = true
			}
		}
	}
	return books
}

// drawTransfer draws both sides of a transfer, or one: mostly at one time, sometimes later or earlier, with ids in any order.
func drawTransfer(t *rapid.T, n int, to map[string][]ledger.Movement) {
	from := rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "from")
	at := rapid.SampledFrom([]string{"A", "B", "C"}).Filter(func(s string) bool { return s != from }).Draw(t, "to")
	ids := rapid.Permutation([]string{fmt.Sprintf("X%02da", n), fmt.Sprintf("X%02db", n)}).Draw(t, "ids")
	day, slot := rapid.IntRange(1, 40).Draw(t, "day"), rapid.IntRange(0, 2).Draw(t, "slot")
	points := rapid.Int64Range(1, 20).Draw(t, "points")
	out := ledger.Movement{
		TxnID: ids[0], OccurredAt: instant(day, slot), Kind: ledger.Transfer, KindName: "transfer", Points: -points, Lacks: ledger.LacksExpiry,
		CounterAccount: at, CounterTxn: ids[1], SourceFile: "points.csv", SourceRow: 2,
	}
	in := out
	in.TxnID, in.Points, in.CounterAccount, in.CounterTxn = ids[1], points, from, ids[0]
	in.OccurredAt = instant(day+rapid.SampledFrom([]int{0, 0, 0, 0, 3, -1}).Draw(t, "later"), slot)
	if rapid.IntRange(0, 3).Draw(t, "exported expiry") == 0 {
		in.Lacks, in.ExpiresOn = 0, ledger.Day(firstDay+day+rapid.IntRange(-2, 25).Draw(t, "last day"))
	}
	switch rapid.IntRange(0, 7).Draw(t, "sides") {
	case 0:
		out.CounterTxn = ""
		to[from] = append(to[from], out)
	case 1:
		in.CounterTxn = ""
		to[at] = append(to[at], in)
	default:
		to[from], to[at] = append(to[from], out), append(to[at], in)
	}
}

// TestTransfersAgainstReference books three accounts that give points to each other and may be in pools, as a run does, and compares them with the reference.
func TestTransfersAgainstReference(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rules := drawProgramme(rt)
		movements := map[string][]ledger.Movement{"A": nil, "B": nil, "C": nil}
		for _, account := range []string{"A", "B", "C"} {
			for _, m := range drawHistory(rt) {
				again := func(other ledger.Movement) bool { return other.TxnID == m.TxnID }
				if m.Kind != ledger.Transfer && m.Kind != ledger.UnknownKind && !slices.ContainsFunc(movements[account], again) {
					movements[account] = append(movements[account], m)
				}
			}
		}
		for n := range rapid.IntRange(0, 8).Draw(rt, "transfers") {
			drawTransfer(rt, n, movements)
		}
		asOf := ledger.Day(firstDay + 50)
		pools := drawPools(rt)
		given := history{asOf: asOf.String(), programme: rulesAsText(rules), pools: pools, movements: movementsAsText(movements)}
		got, err := given.try(t)
		if err != nil {
			rt.Fatal(err)
		}
		if difference := cmp.Diff(tell(referTogether(rules, pools, asOf, movements)), retell(got)); difference != "" {
			rt.Fatal(difference)
		}
	})
}

func rulesAsText(rules []ledger.Programme) []map[string]string {
	var all []map[string]string
	for _, rule := range rules {
		all = append(all, map[string]string{
			"valid_from": rule.ValidFrom.String(), "validity": string(rule.Validity), "validity_days": fmt.Sprint(rule.ValidityDays),
			"grace_days": fmt.Sprint(rule.GraceDays), "pending_days": fmt.Sprint(rule.PendingDays), "burn_order": string(rule.BurnOrder),
			"negative_balance": rule.NegativeBalance, "recredit_to": rule.RecreditTo, "transfer_expiry": rule.TransferExpiry,
		})
	}
	return all
}

func movementsAsText(movements map[string][]ledger.Movement) []map[string]string {
	var all []map[string]string
	for account, own := range movements {
		for _, m := range own {
			row := map[string]string{
				"account_id": account, "txn_id": m.TxnID, "occurred_at": m.OccurredAt.String(), "kind": m.KindName, "points": fmt.Sprint(m.Points), "order_id": m.OrderID,
				"counter_account_id": m.CounterAccount, "counter_txn_id": m.CounterTxn,
			}
			if m.Lacks&ledger.LacksExpiry == 0 {
				row["expires_on"] = m.ExpiresOn.String()
			}
			all = append(all, row)
		}
	}
	return all
}

// tell writes down what the reference has, account by account: entries, lots, what took what, remarks, arrears.
func tell(books map[string]*reference) map[string]map[string]int64 {
	told := map[string]map[string]int64{}
	for account, r := range books {
		lines := map[string]int64{}
		for _, e := range r.entries {
			lines[fmt.Sprintf("entry %v %s %s", e.at, e.kind, e.txn)] += e.points
		}
		for _, lot := range r.lots {
			l := lot.result()
			lines[fmt.Sprintf("lot %s of %v until %v from %v", l.ID, l.IssuedAt, dayOrNone(l.ExpiresOn), lot.earned)] += l.Remaining
			lines[fmt.Sprintf("lot %s: %d %d %d %d %d", l.ID, l.Issued, l.Redeemed, l.Expired, l.ClawedBack, l.Transferred)]++
		}
		for l, points := range r.links {
			lines[fmt.Sprintf("%s took of %s as %s on %v", l.txn, l.lot, l.kind, l.day)] += points
		}
		for one := range r.remarks {
			lines[fmt.Sprintf("%s of %s", one.code, one.txn)] = 1
		}
		lines["arrears"] = int64(len(r.debts))
		lines["balance"] = r.balance()
		told[account] = lines
	}
	return told
}

func dayOrNone(day ledger.Day) string {
	if day == ledger.NoExpiry {
		return ""
	}
	return day.String()
}

// retell writes down the ledger's tables in the same way.
func retell(got tables) map[string]map[string]int64 {
	told := map[string]map[string]int64{}
	for _, account := range []string{"A", "B", "C"} {
		told[account] = map[string]int64{"arrears": 0, "balance": 0}
	}
	add := func(row map[string]string, line, points string) {
		told[row["account_id"]][line] += number(points)
	}
	for _, e := range got[ledger.EntriesTable] {
		add(e, fmt.Sprintf("entry %s %s %s", e["occurred_at"], e["kind"], e["txn_id"]), e["points"])
	}
	for _, l := range got[ledger.LotsTable] {
		earned := [2]string{l["origin_account_id"], l["origin_lot_id"]}
		add(l, fmt.Sprintf("lot %s of %s until %s from %v", l["lot_id"], l["issued_at"], l["expires_on"], earned), l["points_remaining"])
		add(l, fmt.Sprintf("lot %s: %s %s %s %s %s", l["lot_id"], l["points_issued"], l["points_redeemed"], l["points_expired"], l["points_clawed_back"], l["points_transferred"]), "1")
	}
	for _, c := range got[ledger.ConsumptionTable] {
		add(c, fmt.Sprintf("%s took of %s as %s on %s", c["txn_id"], c["lot_id"], c["kind"], c["occurred_on"]), c["points"])
	}
	for _, e := range got[ledger.ExceptionsTable] {
		told[e["account_id"]][fmt.Sprintf("%s of %s", e["code"], e["txn_id"])] = 1
	}
	for _, b := range got[ledger.BalancesTable] {
		add(b, "arrears", b["arrears"])
		add(b, "balance", b["balance"])
	}
	return told
}

func number(text string) int64 {
	var n int64
	if _, err := fmt.Sscan(text, &n); err != nil {
		panic(err)
	}
	return n
}
