package linkage

import (
	"cmp"
	"slices"
)

// Candidate is a pair of two lists, and how alike the two are in all that they say, 0 to 1.
type Candidate struct {
	Pair
	Alike float64
}

// Mutual is a pair of which each is the best of the other's list for the other; Weight is log2 of the odds that they are one thing.
type Mutual struct {
	Pair
	Weight float64
}

// alikeLevels are the least likenesses of the levels of all that two records say, but for the last.
func alikeLevels() []float64 { return []float64{.95, .85, .7, .55, .4, .25, .1} }

// AlikeField is what LearnLists adds to the fields of a pair.
func AlikeField(name string) Field {
	field := Field{Name: name}
	for _, level := range []string{"equal", "nearly equal", "most", "more than half", "half", "some", "little", "different"} {
		field.Levels = append(field.Levels, Level{Name: level})
	}
	return field
}

const (
	// turns are how often the best of each record is found, by what the turn before has learnt.
	turns = 4
	// priorLevel is how many pairs each level of a list's field begins with.
	priorLevel = .5
	// surest bounds the probability that a pair is begun with, which is by its rank.
	surest = .98
)

// LearnLists finds which records of lists that have no doubles are one thing. A record then has one partner in another list, or none: the pairs of which each
// is the other's best are matches and mistakes, and what mistakes look like is known, from the pairs of which one has a better partner. So u is counted in
// those, which holds what things of one kind have in common, m is fitted by expectation maximisation in the mutual ones; they are found anew by the
// weights, and so on. The last of the fields is that of AlikeField; list gives each record's.
func LearnLists(fields []Field, candidates []Candidate, list []int32) (Model, []Mutual) {
	levels, last := make([]Pattern, len(candidates)), len(fields)-1
	scores := make([]float64, len(candidates))
	for i, candidate := range candidates {
		level := 0
		for level < len(alikeLevels()) && candidate.Alike < alikeLevels()[level] {
			level++
		}
		levels[i], scores[i] = candidate.Pattern.with(last, level), candidate.Alike
	}
	var model Model
	var mutual []int
	for turn := range turns {
		places := rank(candidates, scores, list)
		mutual = mutual[:0]
		others := believed(fields, func(Level) float64 { return priorLevel })
		for i, place := range places {
			switch {
			case place[0] == 0 && place[1] == 0:
				mutual = append(mutual, i)
			case place[0] <= 1 || place[1] <= 1:
				addLevels(others, levels[i], 1, nil)
			}
		}
		model.U = normalised(fields, others, believedM)
		model.fitMutual(fields, levels, mutual, scores, turn == 0)
		for i, candidate := range candidates {
			scores[i] = model.weighList(levels[i]) + candidate.Alike
		}
	}
	found := make([]Mutual, len(mutual))
	for i, at := range mutual {
		found[i] = Mutual{candidates[at].Pair, scores[at] - candidates[at].Alike}
		found[i].Pattern = levels[at]
	}
	return model, found
}

// rank gives, of each pair, its place among those of each of its records with the other's list, by the scores.
func rank(candidates []Candidate, scores []float64, list []int32) [][2]int {
	order := make([]int, len(candidates))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return -cmp.Compare(scores[a], scores[b]) })
	type side struct{ record, list int32 }
	seen, places := map[side]int{}, make([][2]int, len(candidates))
	for _, i := range order {
		a, b := candidates[i].A, candidates[i].B
		one, other := side{a, list[b]}, side{b, list[a]}
		places[i] = [2]int{seen[one], seen[other]}
		seen[one]++
		seen[other]++
	}
	return places
}

// fitMutual finds m, and which share of the mutual pairs are one thing. At first the pairs are believed by their rank.
func (m *Model) fitMutual(fields []Field, levels []Pattern, mutual []int, scores []float64, first bool) {
	if first {
		m.believeRanks(fields, levels, mutual, scores)
	}
	for range rounds {
		sums := believed(fields, func(Level) float64 { return priorLevel })
		matches := 1.0
		for _, i := range mutual {
			odds := exp2(m.weighList(levels[i]))
			share := odds / (1 + odds)
			matches += share
			addLevels(sums, levels[i], share, nil)
		}
		m.M = normalised(fields, sums, believedM)
		m.Match = matches / float64(len(mutual)+2)
	}
}

func (m *Model) believeRanks(fields []Field, levels []Pattern, mutual []int, scores []float64) {
	order := slices.Clone(mutual)
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	sums := believed(fields, func(Level) float64 { return priorLevel })
	for place, i := range order {
		share := (float64(place) + .5) / float64(len(order))
		addLevels(sums, levels[i], min(max(share, 1-surest), surest), nil)
	}
	m.M, m.Match = normalised(fields, sums, believedM), .5
}

// weighList is log2 of the odds that a mutual pair of these levels is one thing.
func (m *Model) weighList(pattern Pattern) float64 {
	odds := m.Match / (1 - m.Match)
	for field := range m.M {
		if level := pattern.Level(field); level >= 0 {
			odds *= m.M[field][level] / m.U[field][level]
		}
	}
	return log2(odds)
}
