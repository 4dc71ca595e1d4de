package linkage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/grams"
	"countinghouse/internal/linkage"
)

// Lists of things that each have a thing once, such as the catalogues of two shops: what is alike within one is of one kind and not one thing, and a record
// has one partner in another list, or none. That says more than all comparisons do.
const (
	// nearestOf each record are compared, of each other list, by all that they say and by the text that says most.
	nearestOf = 5
	// productsOfPair are how many products of weights may be made to find the nearest, for each pair that may be compared.
	productsOfPair = 40
)

// findLists tells of which list each record is, if the file is of things and has several: by the files, or by how two lists in one write.
func (m *matcher) findLists() {
	switch {
	case !m.things:
		m.lists = nil
	case len(m.options.Files) < 2:
		m.lists = m.styles.Tell(partners(m.whole()))
	}
	m.styles = nil
}

// partners are records that are likely one thing, each in one pair: two that nobody else shares a word with, and two of them, or one like the number of a
// model or a phone.
func partners(texts []string) [][2]int32 {
	having := map[string][]int32{}
	for record, text := range texts {
		words := strings.Fields(text)
		slices.Sort(words)
		for _, word := range slices.Compact(words) {
			if among := having[word]; len(among) < 3 {
				having[word] = append(among, int32(record)) //nolint:gosec // a record's number
			}
		}
	}
	shared := map[[2]int32]int{}
	for word, among := range having {
		if len(among) != 2 {
			continue
		}
		shared[[2]int32{among[0], among[1]}]++
		if len(word) >= 5 && strings.ContainsAny(word, "0123456789") {
			shared[[2]int32{among[0], among[1]}]++
		}
	}
	pairs := slices.SortedFunc(maps.Keys(shared), func(a, b [2]int32) int {
		return cmp.Or(-cmp.Compare(shared[a], shared[b]), cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	taken := make([]bool, len(texts))
	return slices.DeleteFunc(pairs, func(pair [2]int32) bool {
		if shared[pair] < 2 || taken[pair[0]] || taken[pair[1]] {
			return true
		}
		taken[pair[0]], taken[pair[1]] = true, true
		return false
	})
}

// fitLists links the records of lists.
func (m *matcher) fitLists(context.Context) (linked, error) {
	candidates := m.nearest()
	m.report.Compared = int64(len(candidates))
	m.report.Blocks = []Block{{Rule: "nearest by all texts", SQL: "one of l and r is among the five of its list that are most alike the other", Pairs: m.report.Compared}}
	fields := append(m.table.Fields[:len(m.table.Fields):len(m.table.Fields)], linkage.AlikeField("all"))
	model, mutual := linkage.LearnLists(fields, candidates, m.lists)
	made := linked{model: model}
	for _, pair := range mutual {
		made.pairs = append(made.pairs, pair.Pair)
		made.edges = append(made.edges, linkage.Edge{A: pair.A, B: pair.B, Weight: pair.Weight})
	}
	records := m.table.Records()
	made.graph = linkage.NewGraph(records, made.edges)
	made.clusters = linkage.ClusterIn(made.graph, records, made.edges, linkage.Clustering{
		Join: joinWeight, Unknown: m.unknown, Cap: capWeight, Single: m.onceInEachList(),
	})
	m.table.Fields = fields
	m.table.Words = append(m.table.Words, []string{""})
	return made, nil
}

// nearest gives the pairs that are compared, by two measures: by all the texts, which no one column's gaps can hide, and by the one that says most.
func (m *matcher) nearest() []linkage.Candidate {
	index := grams.New(m.whole())
	work := m.options.Budget * productsOfPair
	found := index.Nearest(m.lists, nearestOf, work, m.options.Threads)
	comparer := linkage.NewComparer(&m.table.Table)
	candidates := make([]linkage.Candidate, len(found))
	for i, near := range found {
		candidates[i] = linkage.Candidate{Pair: linkage.Pair{A: near.A, B: near.B, Pattern: comparer.Pattern(near.A, near.B)}, Alike: near.Alike}
	}
	return candidates
}

// whole gives all that each record says.
func (m *matcher) whole() []string {
	whole := make([]string, m.table.Records())
	for record := range whole {
		var parts []string
		for field := range m.table.Fields {
			if code := m.table.Codes[field][record]; code >= 0 {
				parts = append(parts, m.table.Words[field][code])
			}
		}
		whole[record] = strings.ReplaceAll(strings.Join(parts, " "), "|", " ")
	}
	return whole
}

// onceInEachList keeps two records of one list apart.
func (m *matcher) onceInEachList() [][]int32 {
	var single [][]int32
	for record, list := range m.lists {
		for list >= 0 && int(list) >= len(single) {
			none := make([]int32, len(m.lists))
			for i := range none {
				none[i] = linkage.NotKnown
			}
			single = append(single, none)
		}
		if list >= 0 {
			single[list][record] = int32(record)
		}
	}
	return single
}
