package identity

import (
	"cmp"
	"slices"
)

// Stay is a time during which an account belonged to one customer, by what was known then.
type Stay struct {
	Account uint32
	Root    uint32 // the customer's oldest account of that time
	// From and Until are days since 1970-01-01: the first one, and the first one after it; the last stay has Until Open.
	From, Until int32
	Link        int // into the links: what brought the account there; NoLink at the beginning
}

// Open ends a stay that goes on, NoLink is the cause of an account's first stay.
const (
	Open   int32 = 1<<31 - 1
	NoLink       = -1
)

// History replays the links in the order in which they became known, which is that of the evidence and not of the runs: so it is the same
// whenever it is computed. firstDays are the days on which the accounts were first seen. Stays come by account, then by time; of
// several changes on one day the last one counts.
func History(firstDays []int32, links []Link) []Stay {
	replay := newReplay(firstDays)
	order := make([]int, 0, len(links))
	for i, link := range links {
		if link.Outcome == Merged {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(links[a].Day, links[b].Day) })
	for _, i := range order {
		replay.follow(links[i], i)
	}
	for _, stay := range replay.current {
		stay.Until = Open
		replay.stays = append(replay.stays, stay)
	}
	slices.SortFunc(replay.stays, func(a, b Stay) int { return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.From, b.From)) })
	return replay.stays
}

// replay is the state of the accounts at one time. The accounts of a customer are a ring.
type replay struct {
	forest  *forest
	next    []uint32
	current []Stay // by account
	stays   []Stay // that have ended
}

func newReplay(firstDays []int32) *replay {
	r := &replay{forest: newForest(len(firstDays)), next: make([]uint32, len(firstDays)), current: make([]Stay, len(firstDays))}
	for i, day := range firstDays {
		r.next[i] = uint32(i)
		r.current[i] = Stay{Account: uint32(i), Root: uint32(i), From: day, Link: NoLink}
	}
	return r
}

func (r *replay) follow(link Link, number int) {
	a, b := r.forest.root(link.Account), r.forest.root(link.Other)
	if a == b {
		return
	}
	older, younger := min(a, b), max(a, b)
	for account, first := younger, true; first || account != younger; account, first = r.next[account], false {
		r.move(account, older, link.Day, number)
	}
	r.forest.join(older, younger)
	r.next[older], r.next[younger] = r.next[younger], r.next[older] // two rings become one
}

// move ends the account's stay, unless it began on the same day or later.
func (r *replay) move(account, root uint32, day int32, link int) {
	was := r.current[account]
	day = max(day, was.From)
	if was.From < day {
		was.Until = day
		r.stays = append(r.stays, was)
	}
	r.current[account] = Stay{Account: account, Root: root, From: day, Link: link}
}
