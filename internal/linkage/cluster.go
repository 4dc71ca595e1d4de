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

// Clustering says what joins.
type Clustering struct {
	// Join is the least weight of an edge that may join two clusters.
	Join float64
	// Unknown is the weight of a pair that was not compared, or whose weight was too low to be kept.
	Unknown float64
	// Cap bounds an edge's weight, so that one strong edge is no bridge between many that do not fit.
	Cap float64
	// Refuses tells that two clusters, each by its first record, must not be one; joined says that they are. Both may be nil.
	Refuses func(a, b int32) bool
	Joined  func(a, b int32)
}

// Cluster gives each record the lowest record of its cluster. Edges are taken by descending weight, then by records; two clusters are joined if the
// mean weight over all pairs across them is not negative (average linkage). So a chain of near neighbours does not grow.
func Cluster(records int, edges []Edge, how Clustering) []int32 {
	sorted := slices.Clone(edges)
	slices.SortFunc(sorted, func(a, b Edge) int {
		return cmp.Or(-cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	clusters := newClusters(records, edges, how)
	for _, edge := range sorted {
		if edge.Weight < how.Join {
			break
		}
		clusters.join(edge)
	}
	for record := range clusters.first {
		clusters.first[record] = clusters.root(int32(record))
	}
	return clusters.first
}

type clusters struct {
	how     Clustering
	first   []int32
	members map[int32][]int32 // of clusters of two and more
	weights map[uint64]float64
}

func newClusters(records int, edges []Edge, how Clustering) *clusters {
	c := &clusters{how: how, first: make([]int32, records), members: map[int32][]int32{}, weights: make(map[uint64]float64, len(edges))}
	for i := range c.first {
		c.first[i] = int32(i)
	}
	for _, edge := range edges {
		c.weights[pairKey(edge.A, edge.B)] = min(max(edge.Weight, -how.Cap), how.Cap)
	}
	return c
}

func pairKey(a, b int32) uint64 { return uint64(min(a, b))<<32 | uint64(uint32(max(a, b))) }

func (c *clusters) root(record int32) int32 {
	for c.first[record] != record {
		c.first[record] = c.first[c.first[record]]
		record = c.first[record]
	}
	return record
}

func (c *clusters) of(root int32) []int32 {
	if members := c.members[root]; members != nil {
		return members
	}
	return []int32{root}
}

func (c *clusters) join(edge Edge) {
	a, b := c.root(edge.A), c.root(edge.B)
	if a == b || c.how.Refuses != nil && c.how.Refuses(a, b) || c.mean(a, b) < 0 {
		return
	}
	low, high := min(a, b), max(a, b)
	c.members[low] = append(slices.Clone(c.of(low)), c.of(high)...)
	delete(c.members, high)
	c.first[high] = low
	if c.how.Joined != nil {
		c.how.Joined(low, high)
	}
}

func (c *clusters) mean(a, b int32) float64 {
	left, right := c.of(a), c.of(b)
	sum := 0.0
	for _, x := range left {
		for _, y := range right {
			weight, known := c.weights[pairKey(x, y)]
			if !known {
				weight = c.how.Unknown
			}
			sum += weight
		}
	}
	return sum / float64(len(left)*len(right))
}
