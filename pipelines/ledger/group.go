package ledger

import (
	"cmp"
	"slices"
)

// owner is whose points a movement moves, and which.
type owner struct{ channel, account, currency string }

func (o owner) sameAccount(other owner) bool {
	return o.account == other.account && o.channel == other.channel
}

// group is the movements of one place: of one account or, very rarely, of several.
type group struct {
	owners    []owner
	movements []Movement
	order     []int32
}

// add gives room for a movement.
func (g *group) add(of owner) *Movement {
	g.owners, g.movements = append(g.owners, of), append(g.movements, Movement{})
	return &g.movements[len(g.movements)-1]
}

func (g *group) at(i int32) (owner, *Movement) { return g.owners[i], &g.movements[i] }

// empty lets go of the texts, which belong to batches, and keeps the room.
func (g *group) empty() {
	clear(g.owners)
	clear(g.movements)
	g.owners, g.movements = g.owners[:0], g.movements[:0]
}

// sorted gives the indices of the movements in the order in which they are booked: by channel, account and currency, then in ledger order. They mostly
// come so.
func (g *group) sorted() []int32 {
	g.order = g.order[:0]
	inOrder := true
	for i := range g.movements {
		g.order = append(g.order, int32(i))
		inOrder = inOrder && (i == 0 || g.compare(int32(i-1), int32(i)) <= 0)
	}
	if !inOrder {
		slices.SortFunc(g.order, g.compare)
	}
	return g.order
}

// hasSeveral says whether the sorted movements are of more than one account.
func (g *group) hasSeveral(order []int32) bool {
	return len(order) > 1 && !g.owners[order[0]].sameAccount(g.owners[order[len(order)-1]])
}

func (g *group) compare(a, b int32) int {
	if one, other := &g.owners[a], &g.owners[b]; *one != *other {
		return cmp.Or(cmp.Compare(one.channel, other.channel), cmp.Compare(one.account, other.account), cmp.Compare(one.currency, other.currency))
	}
	return g.movements[a].compare(&g.movements[b])
}

// compare orders the movements of an account: those without a time first, and of what the ledger holds for the same by where it comes from.
func (m *Movement) compare(other *Movement) int {
	if m.lacks(LacksTime) != other.lacks(LacksTime) {
		if m.lacks(LacksTime) {
			return -1
		}
		return 1
	}
	if m.before(other) {
		return -1
	}
	if other.before(m) {
		return 1
	}
	return cmp.Or(cmp.Compare(m.SourceFile, other.SourceFile), cmp.Compare(m.SourceRow, other.SourceRow))
}
