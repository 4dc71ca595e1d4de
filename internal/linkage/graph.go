package linkage

import (
	"cmp"
	"slices"
)

// Edge is a pair with its weight.
type Edge struct {
	A, B   int32
	Weight float64
}

// Graph finds the edges of a record and the weight of a pair, in 24 bytes an edge.
type Graph struct {
	start  []int32 // of each record's neighbours, and the end of the last
	to     []int32
	weight []float64
}

// NewGraph takes each pair once; of a pair that comes twice, both are kept.
func NewGraph(records int, edges []Edge) *Graph {
	g := &Graph{start: make([]int32, records+1), to: make([]int32, 2*len(edges)), weight: make([]float64, 2*len(edges))}
	for _, edge := range edges {
		g.start[edge.A+1]++
		g.start[edge.B+1]++
	}
	for i := range records {
		g.start[i+1] += g.start[i]
	}
	next := slices.Clone(g.start)
	put := func(from, to int32, weight float64) {
		g.to[next[from]], g.weight[next[from]] = to, weight
		next[from]++
	}
	// By the ends, so that each record's neighbours come sorted.
	byEnd, order := edges, func(a, b Edge) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) }
	if !slices.IsSortedFunc(byEnd, order) {
		byEnd = slices.Clone(edges)
		slices.SortFunc(byEnd, order)
	}
	for _, edge := range byEnd {
		put(edge.B, edge.A, edge.Weight)
	}
	for _, edge := range byEnd {
		put(edge.A, edge.B, edge.Weight)
	}
	return g
}

// Of gives the neighbours of a record and the weights.
func (g *Graph) Of(record int32) (to []int32, weights []float64) {
	from, end := g.start[record], g.start[record+1]
	return g.to[from:end], g.weight[from:end]
}

// Weight of a pair, if there is one.
func (g *Graph) Weight(a, b int32) (float64, bool) {
	if g.start[a+1]-g.start[a] > g.start[b+1]-g.start[b] {
		a, b = b, a
	}
	to, weights := g.Of(a)
	at, found := slices.BinarySearch(to, b)
	if !found {
		return 0, false
	}
	return weights[at], true
}

// above gives the edges of some weights, which are few of many.
func above(edges []Edge, enough func(weight float64) bool) []Edge {
	count := 0
	for _, edge := range edges {
		if enough(edge.Weight) {
			count++
		}
	}
	some := make([]Edge, 0, count)
	for _, edge := range edges {
		if enough(edge.Weight) {
			some = append(some, edge)
		}
	}
	return some
}

// NewRivals is the graph of the edges that are rivals of others at all.
func NewRivals(records int, edges []Edge) *Graph {
	return NewGraph(records, above(edges, func(weight float64) bool { return weight > Faint }))
}

// Rivals is how many bits an edge loses because each end has other records that it could be with, and can be with one only: with odds o of the
// edge and r of its rivals together, the probability of the edge is o / (1 + o + r). same tells that two records are one person in any case, and
// so no rivals of each other. Beyond most bits it does not go on: some records have very many rivals.
func (g *Graph) Rivals(edge Edge, same func(a, b int32) bool, most float64) float64 {
	enough := exp2(min(most, strongest))
	odds := g.rivalsOf(edge.A, edge.B, same, enough)
	if odds <= enough {
		odds += g.rivalsOf(edge.B, edge.A, same, enough)
	}
	return log2(1 + odds)
}

func (g *Graph) rivalsOf(record, other int32, same func(a, b int32) bool, enough float64) float64 {
	odds := 0.0
	to, weights := g.Of(record)
	for i, rival := range to {
		if rival != other && weights[i] > Faint && !same(rival, other) {
			if odds += exp2(min(weights[i], strongest)); odds > enough {
				break
			}
		}
	}
	return odds
}

const (
	// Faint is the weight up to which a pair is no rival of others: it changes nothing that can be seen.
	Faint = -10
	// strongest keeps the odds of certain pairs finite.
	strongest = 60
)
