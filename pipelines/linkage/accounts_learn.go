package linkage

import (
	"math"
	"math/bits"
	"slices"

	"countinghouse/internal/linkage"
)

// learnt is all that is learnt from the accounts that there were when the month began.
type learnt struct {
	accounts, records int64
	limits            map[int]limit // by the rule's bit
	model             linkage.Model
	has               []bool // by field: whether anybody had a value
	// rare is, by field, the probability that a stranger has a value that nobody was seen with, and share what one more person who has a value adds.
	rare, share []float64
	// values are, by field and value, the probability that a stranger has it, and the records that had it.
	values [][]known
}

// known is what was learnt of a value.
type known struct {
	frequency float64
	records   int32
}

// enoughFor says whether what was learnt of so many records still holds.
func (l *learnt) enoughFor(records int64) bool {
	return float64(records) <= mostGrowth*float64(l.records)
}

// learn fits the model to the pairs of when the month began, and counts values by people as the model tells them.
func (a *accounts) learn(found found) {
	was := func(record int32) bool { return a.flags[record]&isEarlier != 0 }
	pairs := a.pairsOfThen(found)
	records := int(a.learnt.records)
	all := float64(records) * float64(records-1) / 2
	made := linked{model: linkage.Learn(a.table.Fields, a.random().Sorted(), found.counts.Sorted(), a.learntRules(), max(all, 1), records, false)}
	owners := a.owners()
	a.earlier.fill(owners)
	a.table.single.fill(owners)
	by := a.clusterTwice(&made, pairs, was, a.earlier.values)
	a.learnt.model = made.model
	a.learnt.rare, a.learnt.share = linkage.Rare(&a.table.Table, made.model, by)
	frequencies, counts := linkage.Frequencies(&a.table.Table, made.model, by), a.then
	a.learnt.values, a.learnt.has = make([][]known, len(frequencies)), make([]bool, len(frequencies))
	for field := range counts {
		for code, records := range counts[field] {
			a.learnt.has[field] = a.learnt.has[field] || records > 0
			if frequencies[field] != nil {
				a.learnt.values[field] = append(a.learnt.values[field], known{frequencies[field][code], records})
			}
		}
	}
}

// pairsOfThen are the pairs of records that were there when the month began.
func (a *accounts) pairsOfThen(found found) []linkage.Pair {
	then := func(pair linkage.Pair) bool {
		return a.flags[pair.A]&a.flags[pair.B]&isEarlier != 0 && a.promisingPair(pair, isEarlier)
	}
	count := len(found.learnt)
	for _, pair := range found.pairs {
		if then(pair) {
			count++
		}
	}
	if count == len(found.pairs) && len(found.learnt) == 0 {
		return found.pairs
	}
	pairs := append(make([]linkage.Pair, 0, count), found.learnt...)
	for _, pair := range found.pairs {
		if then(pair) {
			pairs = append(pairs, pair)
		}
	}
	if len(found.learnt) > 0 {
		slices.SortFunc(pairs, a.compareOwners)
	}
	return pairs
}

// random are the patterns of random pairs of records of when the month began.
func (a *accounts) random() linkage.Counter {
	var records []int32
	for record, flags := range a.flags {
		if flags&isEarlier != 0 {
			records = append(records, int32(record)) //nolint:gosec // records are numbered by int32
		}
	}
	most := randomPairs
	if !a.everyPair {
		most = min(randomPairs, randomPerRecord*len(records))
	}
	random, comparer := linkage.Counter{}, linkage.NewComparer(&a.table.Table)
	linkage.Random(len(records), most, func(one, other int32) {
		if one, other := records[one], records[other]; a.table.OwnerOf(one) != a.table.OwnerOf(other) {
			random.Add(comparer.Pattern(one, other), 0)
		}
	})
	return random
}

// countValues counts, by field and value, the records with a flag.
func (a *accounts) countValues(flag uint8) [][]int32 {
	counts := make([][]int32, len(a.table.Fields))
	for field, codes := range a.table.Codes {
		counts[field] = make([]int32, len(a.table.Words[field]))
		for record, code := range codes {
			if code >= 0 && a.flags[record]&flag != 0 {
				counts[field][code]++
			}
		}
	}
	return counts
}

const (
	// crowd is how many records make one of a value that hardly any had when the month began, and grown how many times more than then.
	crowd = 20
	grown = 4
)

// crowdOf says how large a crowd has come to a value since the month began, by powers of two, so that what it weighs seldom moves; 0: none.
func crowdOf(records, earlier int32) int32 {
	if records < crowd || records < grown*earlier {
		return 0
	}
	return 1 << (bits.Len32(uint32(records)) - 1)
}

// frequencies are the probabilities that a stranger has a value, by what was learnt and the crowds that have come since.
func (a *accounts) frequencies() [][]float64 {
	frequencies := make([][]float64, len(a.table.Fields))
	for field, definition := range a.table.Fields {
		if !definition.Frequency {
			continue
		}
		frequencies[field] = make([]float64, len(a.table.Words[field]))
		for code := range frequencies[field] {
			value := known{frequency: a.learnt.rare[field]}
			if code < len(a.learnt.values[field]) {
				value = a.learnt.values[field][code]
			}
			frequencies[field][code] = value.frequency
			if people := crowdOf(a.now[field][code], value.records); people > 0 {
				frequencies[field][code] = math.Max(value.frequency, a.learnt.rare[field]+float64(people-1)*a.learnt.share[field])
			}
		}
	}
	return frequencies
}
