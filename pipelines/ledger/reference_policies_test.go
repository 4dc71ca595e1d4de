package ledger_test

import (
	"slices"

	"countinghouse/pipelines/ledger"
)

// What the reference makes of the programme's policies and of the rarer kinds of movements.

func (r *reference) isUsable(lot *refLot) bool { return lot.from <= r.today }

func (r *reference) usable() int64 {
	var count int64
	for _, lot := range r.lots {
		for _, p := range lot.points {
			if r.isUsable(lot) && p.fate == inLot {
				count++
			}
		}
	}
	return count
}

// rule is the one in force today; the first one before any is.
func (r *reference) rule() ledger.Programme {
	var found ledger.Programme
	for i, rule := range r.rules {
		if i == 0 || rule.ValidFrom <= r.today {
			found = rule
		}
	}
	return found
}

// prolong is what an earning or redemption does to lots that live by activity.
func (r *reference) prolong() {
	for _, lot := range r.lots {
		if lot.outlive > 0 && slices.ContainsFunc(lot.points, func(p *point) bool { return p.fate == inLot }) {
			lot.lastDay = max(lot.lastDay, r.today+ledger.Day(lot.outlive))
		}
	}
}

// burns is the point that a debit takes first.
func (r *reference) burns() *point {
	if r.rule().BurnOrder == ledger.OldestFirst {
		return r.best(r.isUsable, func(a, b *refLot) bool { return a.at < b.at || a.at == b.at && a.id < b.id })
	}
	return r.next()
}

func (r *reference) answered(m ledger.Movement) {
	if m.CounterTxn == "" {
		r.remarks[remark{m.TxnID, ledger.TransferUnanswered}] = true
	}
}

// expiredForGood counts the points that have expired and have not been reinstated.
func (r *reference) expiredForGood() int64 {
	var count int64
	for _, lot := range r.lots {
		if lot.origin == ledger.Reinstate {
			count -= lot.size
		}
		for _, p := range lot.points {
			if p.fate == expired {
				count++
			}
		}
	}
	return count
}

func (r *reference) extend(m ledger.Movement) {
	r.remarks[remark{m.TxnID, ledger.ExtendedNothing}] = true
	for _, lot := range r.lots {
		holds := slices.ContainsFunc(lot.points, func(p *point) bool { return p.fate == inLot })
		if !holds || lot.lastDay >= m.ExpiresOn || (m.OrderID != "" && lot.order != m.OrderID) {
			continue
		}
		delete(r.remarks, remark{m.TxnID, ledger.ExtendedNothing})
		if lot.wasTo == ledger.NoExpiry {
			lot.wasTo = lot.lastDay
		}
		lot.lastDay = m.ExpiresOn
	}
}

func (r *reference) exported(m ledger.Movement, today ledger.Day) {
	var booked int64
	for range m.Points {
		p := r.next()
		switch {
		case r.unconfirmed > 0:
			r.unconfirmed--
		case p == nil:
			r.remarks[remark{m.TxnID, ledger.ExpiredMoreThanComputed}] = true
		default:
			if p.lot.lastDay > today {
				r.remarks[remark{m.TxnID, ledger.ExpiredMoreThanComputed}] = true
			}
			r.expire(p, m.OccurredAt, m.TxnID)
			booked++
		}
	}
	if booked > 0 {
		r.enter(m, "expired", -booked)
	}
}

// result is the lot as the ledger reports it.
func (l *refLot) result() ledger.Lot {
	lot := ledger.Lot{ID: l.id, IssuedAt: l.at, ExpiresOn: l.lastDay, ExtendedFrom: l.wasTo, UsableFrom: l.from}
	switch l.origin {
	case ledger.Earn:
		lot.Issued = l.size
	case ledger.Adjust:
		lot.Adjusted = l.size
	case ledger.Transfer:
		lot.Transferred = l.size
	case ledger.Opening:
		lot.Opening = l.size
	case ledger.Reinstate:
		lot.Reinstated = l.size
	default:
		lot.Redeemed = -l.size
	}
	for _, p := range l.points {
		switch p.fate {
		case inLot:
			lot.Remaining++
		case redeemed:
			lot.Redeemed++
		case clawedBack:
			lot.ClawedBack++
		case cut:
			lot.Adjusted--
		case sent:
			lot.Transferred--
		case expired:
			lot.Expired++
		}
	}
	return lot
}
