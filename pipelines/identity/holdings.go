package identity

import (
	"math/bits"
	"slices"
)

// holdings are the values that count against a customer's limits: of each customer a list without repetition, sorted by kind and then by value, so that
// what two customers would have together is found by walking along both lists. The lists of accounts lie side by side in the order of the accounts,
// so that one look at memory finds a whole list; joining two customers changes only what follows what.
type holdings struct {
	shift uint     // a key is a kind, in the bits from here on, and a value
	first []uint32 // by root: an entry, plus one; 0 ends a list
	all   []holding
}

type holding struct {
	key  uint32
	next uint32 // the entry after it, plus one
}

func (h *holdings) kind(key uint32) uint8 { return uint8(key >> h.shift) } //nolint:gosec // there are less than 256 rules

// mostValues is how many values a graph can have with so many rules.
func mostValues(rules int) int { return 1 << (32 - bits.Len(uint(rules))) }

func (g *Graph) holdings() *holdings {
	h := &holdings{shift: 32 - uint(bits.Len(uint(len(g.rules)))), first: make([]uint32, len(g.channels)+1)}
	counted := g.counted()
	for edge, value := range g.edgeValue {
		if counted[g.kinds[value]] && g.statuses[value] == Used {
			h.first[g.edgeAccount[edge]+1]++
		}
	}
	for account := 1; account < len(h.first); account++ {
		h.first[account] += h.first[account-1]
	}
	h.all = make([]holding, h.first[len(g.channels)])
	for edge, value := range g.edgeValue {
		if kind := g.kinds[value]; counted[kind] && g.statuses[value] == Used {
			at := &h.first[g.edgeAccount[edge]]
			h.all[*at].key = uint32(kind)<<h.shift | value
			*at++
		}
	}
	start := uint32(0)
	for account, end := range h.first[:len(g.channels)] {
		h.first[account] = h.list(start, end)
		start = end
	}
	return h
}

// counted says of each rule whether its values count.
func (g *Graph) counted() []bool {
	counted := make([]bool, len(g.rules))
	for i, rule := range g.rules {
		counted[i] = rule.ValuesPerCustomer > 0
	}
	return counted
}

// list makes a list of the entries of one account, and gives its first one, plus one.
func (h *holdings) list(start, end uint32) uint32 {
	own := h.all[start:end]
	if len(own) == 0 {
		return 0
	}
	slices.SortFunc(own, func(a, b holding) int { return int(int64(a.key) - int64(b.key)) })
	own = slices.CompactFunc(own, func(a, b holding) bool { return a.key == b.key })
	for i := range own[:len(own)-1] {
		own[i].next = start + uint32(i) + 2 //nolint:gosec // less than end
	}
	return start + 1
}

// over gives the first kind of which two customers would have more values together than a limit.
func (h *holdings) over(a, b uint32, limit func(kind uint8) int) (over uint8, broken bool) {
	one, other := h.first[a], h.first[b]
	if one == 0 || other == 0 {
		return h.overAlone(max(one, other), limit)
	}
	count, most := 0, 0
	for last := uint32(0); one > 0 || other > 0; {
		key := h.least(&one, &other)
		if kind := h.kind(key); count == 0 || kind != h.kind(last) {
			count, most = 0, limit(kind)
		}
		if count++; count > most {
			return h.kind(key), true
		}
		last = key
	}
	return 0, false
}

// overAlone is over for a customer and one that has nothing.
func (h *holdings) overAlone(at uint32, limit func(kind uint8) int) (over uint8, broken bool) {
	count := 0
	for last := uint32(0); at > 0; at = h.all[at-1].next {
		kind := h.kind(h.all[at-1].key)
		if kind != h.kind(last) {
			count = 0
		}
		if count++; count > limit(kind) {
			return kind, true
		}
		last = h.all[at-1].key
	}
	return 0, false
}

// least takes the least key of the heads of two lists off them.
func (h *holdings) least(one, other *uint32) uint32 {
	switch {
	case *other == 0 || *one > 0 && h.all[*one-1].key < h.all[*other-1].key:
		key := h.all[*one-1].key
		*one = h.all[*one-1].next
		return key
	case *one == 0 || h.all[*one-1].key > h.all[*other-1].key:
		key := h.all[*other-1].key
		*other = h.all[*other-1].next
		return key
	default:
		key := h.all[*one-1].key
		*one, *other = h.all[*one-1].next, h.all[*other-1].next
		return key
	}
}

// counts is how many values of each kind two customers have together.
func (h *holdings) counts(a, b uint32, rules int) []int {
	counts := make([]int, rules)
	for one, other := h.first[a], h.first[b]; one > 0 || other > 0; {
		counts[h.kind(h.least(&one, &other))]++
	}
	return counts
}

// unite gives the older customer what both have.
func (h *holdings) unite(older, younger uint32) {
	one, other := h.first[older], h.first[younger]
	last := &h.first[older]
	for one > 0 && other > 0 {
		a, b := &h.all[one-1], &h.all[other-1]
		if a.key > b.key {
			*last, last, other = other, &b.next, b.next
			continue
		}
		if a.key == b.key {
			other = b.next
		}
		*last, last, one = one, &a.next, a.next
	}
	*last = one + other // one of them has ended
	h.first[younger] = 0
}
