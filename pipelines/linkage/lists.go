package linkage

import (
	"context"
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

// findLists tells of which list each record is, if the file is of things and has several.
func (m *matcher) findLists() {
	if !m.things || len(m.options.Files) < 2 {
		m.lists = nil
	}
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
	index := grams.New(whole)
	work := m.options.Budget * productsOfPair
	found := index.Nearest(m.lists, nearestOf, work, m.options.Threads)
	comparer := linkage.NewComparer(&m.table.Table)
	candidates := make([]linkage.Candidate, len(found))
	for i, near := range found {
		candidates[i] = linkage.Candidate{Pair: linkage.Pair{A: near.A, B: near.B, Pattern: comparer.Pattern(near.A, near.B)}, Alike: near.Alike}
	}
	return candidates
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
