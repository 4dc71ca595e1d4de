package ledger

import "fmt"

// recredit gives points back to where the redemptions of the same order took them, what was taken last first. What they did not take becomes a
// new lot.
func (k *Kernel) recredit(m *Movement) {
	a := &k.account
	by := consumer{entry: k.enter(m, Recredited, m.Points), txn: m.TxnID, kind: Recredited, day: m.OccurredAt.Day()}
	rest, fresh := m.Points, int64(0)
	toNewLot := k.policy(by.day).RecreditTo == NewLot
	for index := a.lastRedeemed(m.OrderID); index != none && rest > 0; index = a.dropUndone(index) {
		rest = a.forgive(index, rest)
		left := k.giveBack(m, by, index, rest, toNewLot)
		if toNewLot {
			fresh += rest - left
		}
		rest = left
	}
	if rest > 0 {
		k.except(m, RecreditWithoutRedemption, fmt.Sprintf("%d of %d points are a new lot", rest, m.Points))
	}
	if rest+fresh > 0 {
		k.addLot(m, Recredited, rest+fresh)
	}
}

// forgive cancels arrears of a redemption that is undone.
func (a *account) forgive(index int32, points int64) int64 {
	forgiven := min(points, a.debits[index].unpaid)
	a.debits[index].unpaid -= forgiven
	a.arrears -= forgiven
	return points - forgiven
}

// giveBack returns points to the lots that a redemption took them from, unless they are to be a new lot, and gives how many are left over.
func (k *Kernel) giveBack(m *Movement, by consumer, index int32, points int64, toNewLot bool) int64 {
	a := &k.account
	for points > 0 && a.debits[index].lastUse != none {
		use := &a.uses[a.debits[index].lastUse]
		back := min(points, use.points)
		points -= back
		use.points -= back
		lot := use.lot
		if use.points == 0 {
			a.debits[index].lastUse = use.previous
		}
		if !toNewLot {
			k.returnTo(m, by, lot, back)
		}
	}
	return points
}

func (k *Kernel) returnTo(m *Movement, by consumer, index int32, points int64) {
	lot := &k.account.lots[index]
	lot.move(Recredited, points)
	k.link(by, Recredited, index, points)
	if lot.ExpiresOn < by.day {
		k.except(m, RecreditedAfterExpiry, fmt.Sprintf("%d points of lot %s, last valid day %v", points, lot.ID, lot.ExpiresOn))
		k.expire(index, m.OccurredAt)
		return
	}
	k.makeAvailable(index, by.day)
}

// lastRedeemed is the latest redemption of an order that can still be undone.
func (a *account) lastRedeemed(order string) int32 {
	if a.redeemedBy == nil {
		a.redeemedBy = make(map[string]int32)
		for index := range a.debits {
			a.linkRedeemed(int32(index))
		}
	}
	if index, found := a.redeemedBy[order]; found {
		return index
	}
	return none
}

func (a *account) linkRedeemed(index int32) {
	debit := &a.debits[index]
	if debit.kind != Redeemed || debit.order == "" {
		return
	}
	if before, found := a.redeemedBy[debit.order]; found {
		debit.sameOrder = before
	}
	a.redeemedBy[debit.order] = index
}

// dropUndone takes a redemption that is wholly undone off its order, and gives the one before it.
func (a *account) dropUndone(index int32) int32 {
	debit := &a.debits[index]
	if debit.lastUse != none || debit.unpaid > 0 {
		return none
	}
	a.redeemedBy[debit.order] = debit.sameOrder
	return debit.sameOrder
}
