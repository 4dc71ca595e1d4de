package linkage

import (
	"cmp"
	"iter"
	"slices"
)

// Clustering says what joins.
type Clustering struct {
	// Join is the least weight of an edge that may join two clusters.
	Join float64
	// Unknown is the weight of a pair that was not compared, or whose weight was too low to be kept.
	Unknown float64
	// Cap bounds an edge's weight, so that one strong edge is no bridge between many that do not fit.
	Cap float64
	// Single are values of which one person has one, by kind and record (jr and sr, a birthday); two clusters with different ones are never joined.
	Single [][]int32
	// Evidence, if set, is what two records that have no edge say, in bits, without the share of pairs that are of one person: where they contradict each other
	// by more than Unknown, that counts in its place.
	Evidence func(a, b int32) float64
}

// The values of Single that are none: not known, and more than one of a record by itself, which then joins nothing.
const (
	NotKnown      int32 = -1
	Contradictory int32 = -2
)

// Cluster gives each record the lowest record of its cluster. Edges are taken by descending weight, then by records; two clusters are joined if the
// mean weight over all pairs across them is not negative (average linkage). So a chain of near neighbours does not grow.
func Cluster(records int, edges []Edge, how Clustering) []int32 {
	return ClusterIn(NewGraph(records, edges), records, edges, how)
}

// ClusterIn is Cluster for edges whose graph is there already.
func ClusterIn(graph *Graph, records int, edges []Edge, how Clustering) []int32 {
	sorted := above(edges, func(weight float64) bool { return weight >= how.Join })
	slices.SortFunc(sorted, func(a, b Edge) int {
		return cmp.Or(-cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	clusters := newClusters(graph, records, how)
	for _, edge := range sorted {
		clusters.join(edge)
	}
	for record := range clusters.first {
		clusters.first[record] = clusters.root(int32(record))
	}
	return clusters.first
}

type clusters struct {
	how    Clustering
	graph  *Graph
	first  []int32
	next   []int32 // the records of a cluster are a ring
	size   []int32 // by root
	single [][]int32
	// refused remembers two clusters, by their roots, that did not join with their sizes of then: they need not be looked at again until one grows.
	refused map[uint64]uint64
}

func newClusters(graph *Graph, records int, how Clustering) *clusters {
	c := &clusters{how: how, graph: graph, first: make([]int32, records), next: make([]int32, records), size: make([]int32, records), refused: map[uint64]uint64{}}
	for i := range c.first {
		c.first[i], c.next[i], c.size[i] = int32(i), int32(i), 1
	}
	for _, values := range how.Single {
		c.single = append(c.single, slices.Clone(values))
	}
	return c
}

func packed(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

func (c *clusters) root(record int32) int32 {
	for c.first[record] != record {
		c.first[record] = c.first[c.first[record]]
		record = c.first[record]
	}
	return record
}

func (c *clusters) join(edge Edge) {
	a, b := c.root(edge.A), c.root(edge.B)
	if a == b {
		return
	}
	low, high := min(a, b), max(a, b)
	if Conflicts(c.single, low, high) || c.refusedBefore(low, high) {
		return
	}
	if !c.fit(low, high) {
		c.refused[packed(low, high)] = packed(c.size[low], c.size[high])
		return
	}
	c.first[high] = low
	c.size[low] += c.size[high]
	c.next[low], c.next[high] = c.next[high], c.next[low]
	for _, values := range c.single {
		if values[low] == NotKnown {
			values[low] = values[high]
		}
	}
}

func (c *clusters) refusedBefore(low, high int32) bool {
	sizes, before := c.refused[packed(low, high)]
	return before && sizes == packed(c.size[low], c.size[high])
}

// Conflicts tells whether two records have different values of a kind of which one person has one.
func Conflicts(single [][]int32, a, b int32) bool {
	for _, values := range single {
		x, y := values[a], values[b]
		if x == Contradictory || y == Contradictory || x >= 0 && y >= 0 && x != y {
			return true
		}
	}
	return false
}

// mostAsked bounds how many pairs across two clusters are asked for what they say: more records than that are no one person's.
const mostAsked = 4096

// fit tells whether the mean weight over all pairs across two clusters is not negative. It is found from the edges of the one that has fewer records; the
// pairs that have none are asked only if all hangs on them.
func (c *clusters) fit(a, b int32) bool {
	if c.size[a] > c.size[b] {
		a, b = b, a
	}
	sum, known := 0.0, 0
	for record := range c.records(a) {
		to, weights := c.graph.Of(record)
		for i, other := range to {
			if c.root(other) == b {
				sum += min(max(weights[i], -c.how.Cap), c.how.Cap)
				known++
			}
		}
	}
	pairs := int(c.size[a]) * int(c.size[b])
	sum += float64(pairs-known) * c.how.Unknown
	if sum >= 0 && known < pairs && pairs <= mostAsked && c.how.Evidence != nil {
		sum += c.contradictions(a, b)
	}
	return sum >= 0
}

// contradictions is by how much the pairs across two clusters that have no edge say less than Unknown.
func (c *clusters) contradictions(a, b int32) float64 {
	sum := 0.0
	for one := range c.records(a) {
		for other := range c.records(b) {
			if _, known := c.graph.Weight(one, other); !known {
				sum += min(max(c.how.Evidence(one, other), -c.how.Cap)-c.how.Unknown, 0)
			}
		}
	}
	return sum
}

// records are those of a cluster.
func (c *clusters) records(root int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for record, first := root, true; first || record != root; record, first = c.next[record], false {
			if !yield(record) {
				return
			}
		}
	}
}
