package ledger_test

import (
	"slices"
	"strings"
	"time"

	"countinghouse/pipelines/ledger"
)

// The reference keeps every single point as a thing of its own and lives through every day, so that each rule is one obvious step. It shares the
// kernel's input and output types, and no code.

type fate int

const (
	inLot fate = iota
	redeemed
	clawedBack
	cut // by a negative adjustment
	sent
	expired
)

type point struct {
	lot   *refLot
	fate  fate
	by    *refDebit
	taken int // when it was taken, counting all takings
}

type refLot struct {
	id      string
	at      ledger.Instant
	lastDay ledger.Day
	from    ledger.Day // its first usable day
	outlive int64      // days that it outlives the account's last activity, if that counts
	wasTo   ledger.Day // its last day before it was extended
	order   string
	earned  [2]string // account and lot, of points from another account
	origin  ledger.Kind
	size    int64
	points  []*point
}

// owed is a point that a debit took from nowhere.
type owed struct{ by *refDebit }

type refDebit struct {
	txn, order string
	kind       ledger.Kind
}

type link struct {
	txn, lot, kind string
	day            ledger.Day
}

type refEntry struct {
	at      ledger.Instant
	kind    string
	points  int64
	balance int64
	txn     string
}

type remark struct {
	txn  string
	code ledger.Code
}

type reference struct {
	account     string
	among       *world
	rules       []ledger.Programme
	today       ledger.Day
	lots        []*refLot
	debts       []owed
	debits      []*refDebit
	takings     int
	unconfirmed int
	seen        map[string]ledger.Movement
	entries     []refEntry
	links       map[link]int64
	remarks     map[remark]bool
}

// refer books the movements of an account, in any order, day by day up to asOf.
func refer(rules []ledger.Programme, asOf ledger.Day, movements []ledger.Movement) *reference {
	r := newReference(rules, "A", newWorld())
	sorted := slices.Clone(movements)
	slices.SortStableFunc(sorted, inLedgerOrder)
	if len(sorted) == 0 {
		return r
	}
	for today := calendarDay(sorted[0].OccurredAt); today <= asOf; today++ {
		r.startOf(today)
		for _, m := range sorted {
			if calendarDay(m.OccurredAt) == today {
				r.post(m, today)
			}
		}
	}
	return r
}

func newReference(rules []ledger.Programme, account string, among *world) *reference {
	return &reference{
		rules: rules, account: account, among: among, seen: map[string]ledger.Movement{}, links: map[link]int64{}, remarks: map[remark]bool{},
	}
}

func inLedgerOrder(a, b ledger.Movement) int {
	order := []ledger.Kind{ledger.Expire, ledger.Opening, ledger.Extend, ledger.Reinstate, ledger.Earn, ledger.ClawBack, ledger.Transfer, ledger.Redeem, ledger.Recredit, ledger.Adjust, ledger.UnknownKind}
	if a.OccurredAt != b.OccurredAt {
		return int(a.OccurredAt - b.OccurredAt)
	}
	if a.Kind != b.Kind {
		return slices.Index(order, a.Kind) - slices.Index(order, b.Kind)
	}
	return strings.Compare(rank(a), rank(b))
}

func calendarDay(at ledger.Instant) ledger.Day {
	return ledger.DayOf(time.UnixMicro(int64(at)).UTC())
}

func midnight(day ledger.Day) ledger.Instant {
	return ledger.Instant(time.Unix(0, 0).UTC().AddDate(0, 0, int(day)).UnixMicro())
}

// startOf expires what was good until yesterday.
func (r *reference) startOf(today ledger.Day) {
	r.today = today
	soonest := func() *point { return r.best(func(*refLot) bool { return true }, sooner) }
	for p := soonest(); p != nil && p.lot.lastDay < today; p = soonest() {
		r.expire(p, midnight(today), "")
		r.unconfirmed++
	}
	for _, lot := range r.lots {
		for _, p := range lot.points {
			if lot.from == today && p.fate == inLot {
				r.arrive(p, midnight(today), today)
			}
		}
	}
}

func (r *reference) post(m ledger.Movement, today ledger.Day) {
	if code := r.refuse(m); code != "" {
		r.remarks[remark{m.TxnID, code}] = true
		return
	}
	if m.Kind == ledger.Redeem && r.rule().NegativeBalance == ledger.Refuse && m.Points > r.usableTogether() {
		r.remarks[remark{m.TxnID, ledger.RedemptionRefused}] = true
		return
	}
	r.seen[m.TxnID] = m
	if m.Kind == ledger.Earn || m.Kind == ledger.Redeem {
		r.prolong()
	}
	switch {
	case m.Kind == ledger.Earn:
		r.enter(m, "issued", m.Points)
		r.bring(m, m.Points, today)
	case m.Kind == ledger.Adjust && m.Points > 0:
		r.enter(m, "adjusted", m.Points)
		r.bring(m, m.Points, today)
	case m.Kind == ledger.Transfer && m.Points > 0:
		r.enter(m, "transferred", m.Points)
		r.receive(m, today)
	case m.Kind == ledger.Transfer:
		r.debit(m, today)
		r.answered(m)
	case m.Kind == ledger.Opening:
		r.enter(m, "opening", m.Points)
		r.bring(m, m.Points, today)
	case m.Kind == ledger.Reinstate:
		if m.Points > r.expiredForGood() {
			r.remarks[remark{m.TxnID, ledger.ReinstatedMoreThanExpired}] = true
		}
		r.enter(m, "reinstated", m.Points)
		r.bring(m, m.Points, today)
	case m.Kind == ledger.Extend:
		r.enter(m, "extended", 0)
		r.extend(m)
	case m.Kind == ledger.Recredit:
		r.enter(m, "recredited", m.Points)
		r.recredit(m, today)
	case m.Kind == ledger.Expire:
		r.exported(m, today)
	default:
		r.share(m, today)
		r.debit(m, today)
	}
}

func (r *reference) refuse(m ledger.Movement) ledger.Code {
	first, again := r.seen[m.TxnID]
	switch {
	case m.Kind == ledger.UnknownKind:
		return ledger.UnknownKindName
	case m.Kind == ledger.Extend && m.Lacks != 0:
		return ledger.MissingExpiry
	case m.Points == 0 && m.Kind != ledger.Extend:
		return ledger.ZeroPoints
	case m.Points < 0 && m.Kind != ledger.Adjust && m.Kind != ledger.Transfer:
		return ledger.NegativePoints
	case !again:
		return ""
	}
	m.Reason, m.SourceFile, m.SourceRow = first.Reason, first.SourceFile, first.SourceRow
	if m == first {
		return ledger.DuplicateTransaction
	}
	return ledger.ConflictingTransaction
}

func (r *reference) enter(m ledger.Movement, kind string, points int64) {
	r.entries = append(r.entries, refEntry{at: m.OccurredAt, kind: kind, points: points, balance: r.balance() + points, txn: m.TxnID})
}

func (r *reference) balance() int64 {
	if len(r.entries) == 0 {
		return 0
	}
	return r.entries[len(r.entries)-1].balance
}

// next is the point in a lot that burns first.
func (r *reference) next() *point {
	return r.best(r.isUsable, sooner)
}

func (r *reference) best(eligible func(*refLot) bool, first func(a, b *refLot) bool) *point {
	var best *point
	for _, lot := range r.lots {
		if !eligible(lot) {
			continue
		}
		for _, p := range lot.points {
			if p.fate == inLot && (best == nil || first(lot, best.lot)) {
				best = p
			}
		}
	}
	return best
}

func sooner(a, b *refLot) bool {
	switch {
	case a.lastDay != b.lastDay:
		return a.lastDay < b.lastDay
	case a.at != b.at:
		return a.at < b.at
	default:
		return a.id < b.id
	}
}

func (r *reference) expire(p *point, at ledger.Instant, txn string) {
	p.fate = expired
	r.links[link{txn, p.lot.id, "expired", calendarDay(at)}]++
	if txn == "" {
		r.entries = append(r.entries, refEntry{at: at, kind: "expired", points: -1, balance: r.balance() - 1})
	}
}

func (r *reference) bring(m ledger.Movement, points int64, today ledger.Day) {
	r.bringAs(m.TxnID, m, points, today)
}

func (r *reference) bringAs(id string, m ledger.Movement, points int64, today ledger.Day) {
	lot := &refLot{id: id, at: m.OccurredAt, lastDay: r.lastDay(m, today), wasTo: ledger.NoExpiry, origin: m.Kind, size: points, order: m.OrderID}
	lot.from = today + ledger.Day(r.rule().PendingDays)
	if m.Lacks&ledger.LacksExpiry != 0 && r.rule().Validity == ledger.Activity {
		lot.outlive = r.rule().ValidityDays + r.rule().GraceDays
	}
	r.fill(lot, m, points, today)
}

func (r *reference) fill(lot *refLot, m ledger.Movement, points int64, today ledger.Day) {
	r.lots = append(r.lots, lot)
	if lot.lastDay < today {
		r.remarks[remark{m.TxnID, ledger.EarnedAfterExpiry}] = true
	}
	for range points {
		p := &point{lot: lot}
		lot.points = append(lot.points, p)
		r.arrive(p, m.OccurredAt, today)
	}
}

// arrive is what becomes of a point that has just come into a lot.
func (r *reference) arrive(p *point, at ledger.Instant, today ledger.Day) {
	switch {
	case p.lot.lastDay < today:
		r.expire(p, at, "")
		r.unconfirmed++
	case p.lot.from > today:
		// it waits
	case len(r.debts) > 0:
		by := r.debts[0].by
		r.debts = r.debts[1:]
		r.give(p, by)
		r.links[link{by.txn, p.lot.id, "arrears", today}]++
	}
}

func (r *reference) give(p *point, by *refDebit) {
	r.takings++
	p.by, p.taken = by, r.takings
	p.fate = map[ledger.Kind]fate{ledger.Redeem: redeemed, ledger.ClawBack: clawedBack, ledger.Adjust: cut, ledger.Transfer: sent}[by.kind]
}

func (r *reference) lastDay(m ledger.Movement, today ledger.Day) ledger.Day {
	if m.Lacks&ledger.LacksExpiry == 0 {
		return m.ExpiresOn
	}
	last := ledger.NoExpiry
	if len(r.rules) == 0 || r.rules[0].ValidFrom > today {
		r.remarks[remark{m.TxnID, ledger.NoProgrammeInForce}] = true
	}
	for i, rule := range r.rules {
		if i > 0 && rule.ValidFrom > today {
			break
		}
		if rule.Validity != ledger.CalendarYear {
			last = today + ledger.Day(rule.ValidityDays+rule.GraceDays)
			continue
		}
		for last = today; time.Unix(0, 0).UTC().AddDate(0, 0, int(last)+1).Month() != time.January || !firstOfMonth(last+1); last++ {
		}
		last += ledger.Day(rule.GraceDays)
	}
	return last
}

func firstOfMonth(day ledger.Day) bool {
	return time.Unix(0, 0).UTC().AddDate(0, 0, int(day)).Day() == 1
}

func (r *reference) debit(m ledger.Movement, today ledger.Day) {
	names := map[ledger.Kind]string{ledger.Redeem: "redeemed", ledger.ClawBack: "claw_back", ledger.Adjust: "adjusted", ledger.Transfer: "transferred"}
	codes := map[ledger.Kind]ledger.Code{
		ledger.Redeem: ledger.RedeemedMoreThanBalance, ledger.ClawBack: ledger.ClawedBackSpentPoints, ledger.Adjust: ledger.AdjustedMoreThanBalance,
		ledger.Transfer: ledger.TransferredMoreThanHeld,
	}
	points := max(m.Points, -m.Points)
	r.enter(m, names[m.Kind], -points)
	by := &refDebit{txn: m.TxnID, order: m.OrderID, kind: m.Kind}
	r.debits = append(r.debits, by)
	for range points {
		var p *point
		if m.Kind == ledger.ClawBack && m.OrderID != "" {
			p = r.best(func(lot *refLot) bool { return lot.origin == ledger.Earn && lot.order == m.OrderID }, sooner)
		}
		if p == nil {
			p = r.burns()
		}
		if p == nil {
			r.debts = append(r.debts, owed{by})
			r.remarks[remark{m.TxnID, codes[m.Kind]}] = true
			continue
		}
		r.give(p, by)
		r.leaves(p, m)
		r.links[link{m.TxnID, p.lot.id, names[m.Kind], today}]++
	}
}

func (r *reference) recredit(m ledger.Movement, today ledger.Day) {
	var fresh int64
	defer func() {
		if fresh > 0 {
			r.bring(m, fresh, today)
		}
	}()
	for left := m.Points; left > 0; left-- {
		by, debt, p := r.undoable(m.OrderID)
		switch {
		case by == nil:
			r.remarks[remark{m.TxnID, ledger.RecreditWithoutRedemption}] = true
			fresh += left
			return
		case debt >= 0:
			r.debts = slices.Delete(r.debts, debt, debt+1)
		case r.rule().RecreditTo == ledger.NewLot:
			p.by = nil // it stays redeemed, and cannot be given back again
			fresh++
		default:
			if p.lot.lastDay < today {
				r.remarks[remark{m.TxnID, ledger.RecreditedAfterExpiry}] = true
			}
			r.links[link{m.TxnID, p.lot.id, "recredited", today}]++
			p.fate, p.by = inLot, nil
			r.arrive(p, m.OccurredAt, today)
		}
	}
}

// undoable is the latest redemption of the order with something to undo: a point it owes, or else the point it took last.
func (r *reference) undoable(order string) (*refDebit, int, *point) {
	for _, by := range slices.Backward(r.debits) {
		if order == "" || by.order != order || by.kind != ledger.Redeem {
			continue
		}
		if debt := slices.IndexFunc(r.debts, func(d owed) bool { return d.by == by }); debt >= 0 {
			return by, debt, nil
		}
		var latest *point
		for _, lot := range r.lots {
			for _, p := range lot.points {
				if p.fate == redeemed && p.by == by && (latest == nil || p.taken > latest.taken) {
					latest = p
				}
			}
		}
		if latest != nil {
			return by, -1, latest
		}
	}
	return nil, -1, nil
}
