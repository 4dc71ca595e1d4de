package ledger

import "fmt"

// debit is a redemption, claw-back or negative adjustment: what it took from lots, and what it still owes.
type debit struct {
	consumer
	order     string
	unpaid    int64
	lastUse   int32 // the latest lot it took points from, or none
	sameOrder int32 // the redemption of the same order before it, or none
}

// use is points that a redemption took from a lot and that have not been given back, or that went to another account.
type use struct {
	lot      int32
	points   int64
	previous int32
}

// debit books points that leave the account: from lots as far as they go, the rest as arrears.
func (k *Kernel) debit(m *Movement, kind EntryKind, points int64) {
	a := &k.account
	entry := k.enter(m, kind, -points)
	index := int32(len(a.debits))
	a.debits = append(a.debits, debit{
		consumer: consumer{entry: entry, txn: m.TxnID, kind: kind, day: m.OccurredAt.Day()},
		order:    m.OrderID, lastUse: none, sameOrder: none,
	})
	if a.redeemedBy != nil {
		a.linkRedeemed(index)
	}
	rest := points
	if kind == ClawedBack {
		rest = k.takeFromOrder(index, rest)
	}
	rest = k.takeInBurnOrder(index, rest)
	if rest == 0 {
		return
	}
	a.debits[index].unpaid = rest
	a.unpaid = append(a.unpaid, index)
	a.arrears += rest
	k.except(m, overdrawn(kind), fmt.Sprintf("%d of %d points are beyond the balance and become arrears", rest, points))
}

func overdrawn(kind EntryKind) Code {
	switch kind {
	case ClawedBack:
		return ClawedBackSpentPoints
	case Adjusted:
		return AdjustedMoreThanBalance
	case Transferred:
		return TransferredMoreThanHeld
	default:
		return RedeemedMoreThanBalance
	}
}

func (k *Kernel) takeInBurnOrder(index int32, points int64) int64 {
	queue := &k.account.queue
	if k.policy(k.account.debits[index].day).burnsByAge() {
		queue = &k.account.ages
	}
	for points > 0 {
		lot, found := queue.first(k.account.lots)
		if !found {
			break
		}
		points -= k.takeFor(index, lot, points)
	}
	return points
}

// takeFromOrder takes points from the lots that the debit's order has earned.
func (k *Kernel) takeFromOrder(index int32, points int64) int64 {
	a := &k.account
	if a.debits[index].order == "" {
		return points
	}
	var own []int32
	for lot := a.lastEarned(a.debits[index].order); lot != none; lot = a.lots[lot].sameOrder {
		if a.lots[lot].Remaining > 0 {
			own = append(own, lot)
		}
	}
	sortByBurn(a.lots, own)
	for _, lot := range own {
		points -= k.takeFor(index, lot, points)
	}
	return points
}

// takeFor takes up to so many points from a lot for a debit and gives how many.
func (k *Kernel) takeFor(index, lot int32, points int64) int64 {
	points = min(points, k.account.lots[lot].Remaining)
	if points > 0 {
		k.take(k.account.debits[index].consumer, lot, points)
		k.account.remember(index, lot, points)
	}
	return points
}

// remember keeps what a redemption took, in case that it is given back, and what a transfer took, for who gets it.
func (a *account) remember(index, lot int32, points int64) {
	debit := &a.debits[index]
	if debit.kind != Transferred && (debit.kind != Redeemed || debit.order == "") {
		return
	}
	a.uses = append(a.uses, use{lot: lot, points: points, previous: debit.lastUse})
	debit.lastUse = int32(len(a.uses) - 1)
}

// payArrears lets a lot pay the oldest debts.
func (k *Kernel) payArrears(lot int32, day Day) {
	a := &k.account
	for a.arrears > 0 && a.lots[lot].Remaining > 0 {
		index := a.unpaid[a.nextUnpaid]
		debit := &a.debits[index]
		points := min(debit.unpaid, a.lots[lot].Remaining)
		if points > 0 {
			debit.unpaid -= points
			a.arrears -= points
			a.lots[lot].move(debit.kind, -points)
			k.link(consumer{entry: debit.entry, txn: debit.txn, day: day}, Arrears, lot, points)
			a.remember(index, lot, points)
		}
		if debit.unpaid == 0 {
			a.nextUnpaid++
		}
	}
}

// lastEarned is the latest lot that an order earned. The index of orders is made at the first question, as most accounts never ask.
func (a *account) lastEarned(order string) int32 {
	if a.earnedBy == nil {
		a.earnedBy = make(map[string]int32)
		for lot := range a.lots {
			if a.lots[lot].Issued > 0 {
				a.linkEarned(int32(lot))
			}
		}
	}
	if lot, found := a.earnedBy[order]; found {
		return lot
	}
	return none
}

func (a *account) linkEarned(lot int32) {
	order := a.lots[lot].OrderID
	if order == "" {
		return
	}
	if before, found := a.earnedBy[order]; found {
		a.lots[lot].sameOrder = before
	}
	a.earnedBy[order] = lot
}
