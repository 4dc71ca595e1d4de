package ledger

import "fmt"

func remaining(lots []Lot) int64 {
	var sum int64
	for i := range lots {
		sum += lots[i].Remaining
	}
	return sum
}

// in is what came into a lot; adjustments and transfers count with their sign.
func (l *Lot) in() int64 { return l.Issued + l.Opening + l.Adjusted + l.Transferred + l.Reinstated }

// check proves what must hold of an account whose last movement has been booked. A failure is a fault of the ledger, not of the data.
func (a *account) check(balance Balance, notYetUsable int64) error {
	if balance.LotsRemaining-balance.Arrears != a.balance {
		return fmt.Errorf("lots %d less arrears %d are not the sum of entries %d", balance.LotsRemaining, balance.Arrears, a.balance)
	}
	if balance.Arrears < 0 || (balance.Arrears > 0 && balance.LotsRemaining > notYetUsable) {
		return fmt.Errorf("arrears %d beside %d points in lots", balance.Arrears, balance.LotsRemaining)
	}
	var lots [entryKinds]int64
	for i := range a.lots {
		lot := &a.lots[i]
		if lot.Remaining < 0 || lot.in()-lot.Redeemed-lot.ClawedBack-lot.Expired != lot.Remaining {
			return fmt.Errorf("lot %q does not add up: %+v", lot.ID, *lot)
		}
		lots[Issued] += lot.Issued
		lots[Redeemed] -= lot.Redeemed
		lots[Expired] -= lot.Expired
		lots[ClawedBack] -= lot.ClawedBack
		lots[Adjusted] += lot.Adjusted
		lots[Transferred] += lot.Transferred
		lots[Reinstated] += lot.Reinstated
		lots[OpeningBalance] += lot.Opening
	}
	return a.checkKinds(lots)
}

// checkKinds compares lots with entries, kind by kind: entries are lots and what is still owed.
func (a *account) checkKinds(lots [entryKinds]int64) error {
	for i := a.nextUnpaid; i < len(a.unpaid); i++ {
		debit := &a.debits[a.unpaid[i]]
		lots[debit.kind] -= debit.unpaid
	}
	entries := a.totals
	entries[Redeemed] += entries[Recredited] // a lot's redeemed points are net of re-credits
	entries[Recredited] = 0
	if lots != entries {
		return fmt.Errorf("lots by kind %v are not entries by kind %v", lots, entries)
	}
	return nil
}
