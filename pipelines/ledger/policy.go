package ledger

import (
	"cmp"
	"fmt"
	"slices"
)

// policy is the rule of a day; without any rule, one that leaves all as it is by default.
func (k *Kernel) policy(day Day) *Programme {
	if rule, _ := ruleFor(k.rules, day); rule != nil {
		return rule
	}
	return &Programme{}
}

func (p Programme) burnsByAge() bool { return p.BurnOrder == OldestFirst }

// activityDays is how long a lot outlives the account's last activity; 0 where activity does not matter.
func (p Programme) activityDays() Day {
	if p.Validity != Activity {
		return 0
	}
	return Day(p.ValidityDays + p.GraceDays)
}

// enqueue makes a lot's points available to debits.
func (a *account) enqueue(index int32) {
	if a.lots[index].Remaining == 0 {
		return
	}
	a.queue.add(a.lots, index)
	if a.burnsByAge {
		a.ages.add(a.lots, index)
	}
}

// prolong moves the last valid days that depend on activity.
func (a *account) prolong(day Day) {
	if !a.byActivity {
		return
	}
	moved := false
	for i := range a.lots {
		lot := &a.lots[i]
		if lot.prolongedBy > 0 && lot.Remaining > 0 && lot.ExpiresOn < day+lot.prolongedBy {
			lot.ExpiresOn, moved = day+lot.prolongedBy, true
		}
	}
	if moved {
		a.requeue()
	}
}

// release lets lots be used whose pending days are over by the given day. They pay arrears on the day on which they come free; a lot that expires
// before that only joins the others to expire.
func (k *Kernel) release(day Day) {
	a := &k.account
	if len(a.pending) == 0 {
		return
	}
	slices.SortStableFunc(a.pending, func(one, other int32) int {
		return cmp.Or(cmp.Compare(a.lots[one].UsableFrom, a.lots[other].UsableFrom), cmp.Compare(one, other))
	})
	waiting := a.pending[:0]
	for _, index := range a.pending {
		lot := &a.lots[index]
		switch {
		case lot.ExpiresOn < min(day, lot.UsableFrom):
			a.enqueue(index)
		case lot.UsableFrom <= day:
			k.payArrears(index, lot.UsableFrom)
			a.enqueue(index)
		default:
			waiting = append(waiting, index)
		}
	}
	a.pending = waiting
}

// notYetUsable counts the points of lots that are pending on a day.
func (a *account) notYetUsable(day Day) int64 {
	if len(a.pending) == 0 {
		return 0
	}
	var points int64
	for i := range a.lots {
		if a.lots[i].UsableFrom > day {
			points += a.lots[i].Remaining
		}
	}
	return points
}

// usable counts the points that debits can take.
func (a *account) usable(day Day) int64 { return a.balance + a.arrears - a.notYetUsable(day) }

// refusedDebt says why a redemption is refused that the programme does not let go beyond the balance.
func (k *Kernel) refusedDebt(m *Movement, day Day) string {
	if m.Kind != Redeem || k.policy(day).NegativeBalance != Refuse {
		return ""
	}
	usable := k.usablePoints(day)
	if m.Points <= usable {
		return ""
	}
	return fmt.Sprintf("%d of %d points are usable: the programme refuses more", usable, m.Points)
}
