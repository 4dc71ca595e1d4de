package identity

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
)

// group is the accounts that share one value at one time: a piece of groups.entries, by seniority.
type group struct {
	value        uint32
	start, count uint32
}

// groups are all groups of a graph, in the order in which they are joined.
type groups struct {
	graph *Graph
	// entries are an account, in the upper half, and the number of the edge that shows the value on it: so they sort by account.
	entries []uint64
	all     []group
}

func accountOf(entry uint64) uint32 { return uint32(entry >> 32) }
func edgeOf(entry uint64) uint32    { return uint32(entry) } //nolint:gosec // the lower half is meant

// of gives the entries of a group.
func (s *groups) of(g group) []uint64 { return s.entries[g.start : g.start+g.count] }

// pairs is how many pairs there are to look at: one less than the accounts of each group.
func (s *groups) pairs() int {
	pairs := 0
	for _, one := range s.all {
		pairs += int(one.count) - 1
	}
	return pairs
}

// grouped gives the accounts of each value that links, most trusted kinds first, then oldest accounts first.
func (g *Graph) grouped() *groups {
	s := &groups{graph: g}
	s.collect()
	s.sort()
	return s
}

// alone marks a value that one edge shows: it has nobody to join.
const alone = ^uint32(0)

// collect puts the edges of each value side by side, by counting them.
func (s *groups) collect() {
	g := s.graph
	next := g.holders() // and then, by value, the place of the next edge
	if g.crowds == nil {
		g.crowds = g.spreadOf(next).crowds()
	}
	total := uint32(0)
	for value, count := range next {
		if count < 2 || !g.links(uint32(value)) {
			next[value] = alone
			continue
		}
		next[value] = total
		total += count
	}
	s.entries = make([]uint64, total)
	for edge, value := range g.edgeValue {
		if at := next[value]; at != alone {
			s.entries[at] = uint64(g.edgeAccount[edge])<<32 | uint64(edge)
			next[value]++
		}
	}
	start := uint32(0)
	for value, end := range next {
		if end != alone {
			s.add(uint32(value), start, end)
			start = end
		}
	}
}

// add makes groups of the accounts of one value.
func (s *groups) add(value, start, end uint32) {
	entries := s.entries[start:end]
	slices.Sort(entries)
	for _, part := range s.inTime(value, entries) {
		if part > 1 {
			s.all = append(s.all, group{value: value, start: start, count: part})
		}
		start += part
	}
}

// inTime sorts the accounts of one value into parts between which so much time lies that the value has changed hands, and gives the sizes of
// these.
func (s *groups) inTime(value uint32, entries []uint64) []uint32 {
	g, valid := s.graph, int64(s.graph.rule(value).ValidDays)
	if valid == 0 {
		return []uint32{uint32(len(entries))}
	}
	slices.SortFunc(entries, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(g.firstDay[edgeOf(a)], g.firstDay[edgeOf(b)]), cmp.Compare(a, b))
	})
	var parts []uint32
	start, last := 0, g.lastDay[edgeOf(entries[0])]
	for i, entry := range entries {
		if int64(g.firstDay[edgeOf(entry)]) > int64(last)+valid {
			parts, start = append(parts, uint32(i-start)), i
		}
		last = max(last, g.lastDay[edgeOf(entry)])
	}
	parts = append(parts, uint32(len(entries)-start))
	start = 0
	for _, part := range parts {
		slices.Sort(entries[start : start+int(part)])
		start += int(part)
	}
	return parts
}

// sort orders the groups by trust and then by the seniority of their accounts. The kinds of one trust are told apart by their second account and so
// on; what nothing else tells apart, the hash of the value does, which no order of arrival changes.
func (s *groups) sort() {
	byTrust := map[int][]group{}
	for _, one := range s.all {
		trust := s.graph.rule(one.value).Trust
		byTrust[trust] = append(byTrust[trust], one)
	}
	ordered := s.all[:0]
	for _, trust := range slices.Sorted(maps.Keys(byTrust)) {
		ordered = append(ordered, s.bySeniority(byTrust[trust])...)
	}
	s.all = ordered
}

// bySeniority sorts groups by their oldest account, by counting; the few that have the same one are compared.
func (s *groups) bySeniority(some []group) []group {
	oldest := func(g group) uint32 { return accountOf(s.entries[g.start]) }
	next := make([]uint32, len(s.graph.channels)+1)
	for _, one := range some {
		next[oldest(one)+1]++
	}
	for account := 1; account < len(next); account++ {
		next[account] += next[account-1]
	}
	ordered := make([]group, len(some))
	for _, one := range some {
		ordered[next[oldest(one)]] = one
		next[oldest(one)]++
	}
	for start := 0; start < len(ordered); {
		end := int(next[oldest(ordered[start])])
		slices.SortFunc(ordered[start:end], s.compare)
		start = end
	}
	return ordered
}

func (s *groups) compare(a, b group) int {
	g := s.graph
	return cmp.Or(
		cmp.Compare(accountOf(s.entries[a.start+1]), accountOf(s.entries[b.start+1])),
		cmp.Compare(g.kinds[a.value], g.kinds[b.value]),
		bytes.Compare(g.values.hashes[a.value][:], g.values.hashes[b.value][:]),
		cmp.Compare(g.firstDay[edgeOf(s.entries[a.start])], g.firstDay[edgeOf(s.entries[b.start])]),
	)
}
