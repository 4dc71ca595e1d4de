package ledger

import "fmt"

// addLot makes a lot of points that came in. It pays arrears, or expires at once if its last valid day has passed.
func (k *Kernel) addLot(m *Movement, kind EntryKind, points int64) {
	k.addLotAs(m.TxnID, m, kind, points)
}

func (k *Kernel) addLotAs(id string, m *Movement, kind EntryKind, points int64) {
	lot := lotOf(m)
	lot.ID = id
	lot.IssuedAt, lot.ExpiresOn = m.OccurredAt, k.lastValidDay(m)
	lot.UsableFrom = m.OccurredAt.Day() + Day(k.policy(m.OccurredAt.Day()).PendingDays)
	if m.lacks(LacksExpiry) {
		lot.prolongedBy = k.policy(m.OccurredAt.Day()).activityDays()
	}
	k.bring(m, k.hold(lot, kind, points), kind)
}

// lotOf is a lot without points, of the movement that brings them.
func lotOf(m *Movement) Lot {
	return Lot{ID: m.TxnID, OrderID: m.OrderID, SourceFile: m.SourceFile, SourceRow: m.SourceRow, sameOrder: none, ExtendedFrom: NoExpiry}
}

// hold adds a lot to the account and gives its index.
func (k *Kernel) hold(lot Lot, kind EntryKind, points int64) int32 {
	lot.move(kind, points)
	k.account.byActivity = k.account.byActivity || lot.prolongedBy > 0
	k.account.lots = append(k.account.lots, lot)
	return int32(len(k.account.lots) - 1)
}

// bring lets a lot that has just come pay arrears, or expire.
func (k *Kernel) bring(m *Movement, index int32, kind EntryKind) {
	a := &k.account
	if kind == Issued && a.earnedBy != nil {
		a.linkEarned(index)
	}
	if last := a.lots[index].ExpiresOn; last < m.OccurredAt.Day() {
		k.except(m, EarnedAfterExpiry, fmt.Sprintf("last valid day %v", last))
		k.expire(index, m.OccurredAt)
		return
	}
	k.makeAvailable(index, m.OccurredAt.Day())
}

// makeAvailable lets points that came into a lot pay arrears first, and be spent then.
func (k *Kernel) makeAvailable(index int32, day Day) {
	a := &k.account
	if a.lots[index].UsableFrom > day {
		a.pending = append(a.pending, index)
		return
	}
	k.payArrears(index, day)
	a.enqueue(index)
}

func (k *Kernel) lastValidDay(m *Movement) Day {
	if !m.lacks(LacksExpiry) {
		return m.ExpiresOn
	}
	rule, inForce := ruleFor(k.rules, m.OccurredAt.Day())
	if rule == nil {
		k.except(m, NoProgrammeInForce, "there is no rule at all: the lot never expires")
		return NoExpiry
	}
	if !inForce {
		k.except(m, NoProgrammeInForce, fmt.Sprintf("the first rule, from %v, is applied", rule.ValidFrom))
	}
	return rule.lastValidDay(m.OccurredAt.Day())
}

// expireUntil expires the lots whose last valid day is before the given day.
func (k *Kernel) expireUntil(day Day) {
	k.release(day)
	for {
		index, found := k.account.queue.first(k.account.lots)
		if !found || k.account.lots[index].ExpiresOn >= day {
			return
		}
		k.expire(index, (k.account.lots[index].ExpiresOn + 1).Start())
	}
}

// expire ends a lot by computation.
func (k *Kernel) expire(index int32, at Instant) {
	lot := &k.account.lots[index]
	k.account.unconfirmed += lot.Remaining
	entry := k.append(Entry{
		OccurredAt: at, Kind: Expired, Points: -lot.Remaining,
		OrderID: lot.OrderID, SourceFile: lot.SourceFile, SourceRow: lot.SourceRow,
	})
	k.take(consumer{entry: entry, kind: Expired, day: at.Day()}, index, lot.Remaining)
}

// consumer is the entry for which lots are consumed.
type consumer struct {
	entry int64
	txn   string
	kind  EntryKind
	day   Day
}

// take moves points out of a lot.
func (k *Kernel) take(by consumer, index int32, points int64) {
	k.account.lots[index].move(by.kind, -points)
	k.link(by, by.kind, index, points)
}

func (k *Kernel) link(by consumer, kind EntryKind, index int32, points int64) {
	lot := &k.account.lots[index]
	k.postings.Consumption = append(k.postings.Consumption, Consumption{
		EntryNo: by.entry, TxnID: by.txn, LotID: lot.ID, Kind: kind, Points: points, PaidOn: by.day, IssuedOn: lot.IssuedAt.Day(),
	})
}

// exportedExpiry compares an expiry that the channel reports with those computed, and expires what it has beyond them.
func (k *Kernel) exportedExpiry(m *Movement) {
	a := &k.account
	confirmed := min(m.Points, a.unconfirmed)
	a.unconfirmed -= confirmed
	excess := m.Points - confirmed
	booked := min(excess, a.usable(m.OccurredAt.Day()))
	if booked <= 0 {
		k.exceptExpiry(m, confirmed, 0, excess)
		return
	}
	by := consumer{entry: k.enter(m, Expired, -booked), txn: m.TxnID, kind: Expired, day: m.OccurredAt.Day()}
	var early int64
	for rest := booked; rest > 0; {
		index, _ := a.queue.first(a.lots) // so much is usable
		points := min(rest, a.lots[index].Remaining)
		if a.lots[index].ExpiresOn > by.day {
			early += points
		}
		k.take(by, index, points)
		rest -= points
	}
	k.exceptExpiry(m, confirmed, early, excess-booked)
}

func (k *Kernel) exceptExpiry(m *Movement, confirmed, early, beyond int64) {
	if early > 0 || beyond > 0 {
		k.except(m, ExpiredMoreThanComputed,
			fmt.Sprintf("%d confirmed, %d expired before their time, %d beyond the balance and not booked", confirmed, early, beyond))
	}
}
