package ledger

import (
	"fmt"
	"slices"
)

// reinstate gives expired points again, as a lot of their own: what has expired stays expired.
func (k *Kernel) reinstate(m *Movement) {
	expired := -k.account.totals[Expired] - k.account.totals[Reinstated]
	if m.Points > expired {
		k.except(m, ReinstatedMoreThanExpired, fmt.Sprintf("%d of %d points have expired", max(0, expired), m.Points))
	}
	k.signed(m, Reinstated)
}

// extend gives lots with points a later last valid day: those of the movement's order or, if it has none, all.
func (k *Kernel) extend(m *Movement) {
	a := &k.account
	k.enter(m, Extended, 0)
	extended := 0
	for i := range a.lots {
		lot := &a.lots[i]
		if lot.Remaining == 0 || lot.ExpiresOn >= m.ExpiresOn || (m.OrderID != "" && lot.OrderID != m.OrderID) {
			continue
		}
		if lot.ExtendedFrom == NoExpiry {
			lot.ExtendedFrom = lot.ExpiresOn
		}
		lot.ExpiresOn = m.ExpiresOn
		extended++
	}
	if extended == 0 {
		k.except(m, ExtendedNothing, fmt.Sprintf("no lot with points has a last valid day before %v", m.ExpiresOn))
		return
	}
	a.requeue()
}

// requeue puts the lots that can be used into burn order anew, after their last valid days have changed.
func (a *account) requeue() {
	a.queue.reset()
	a.ages.reset()
	for i := range a.lots {
		if !slices.Contains(a.pending, int32(i)) {
			a.enqueue(int32(i))
		}
	}
}
