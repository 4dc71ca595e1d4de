package catalogue

import (
	"testing"

	"pgregory.net/rapid"
)

// anyGraph draws a graph, in one of ten cases with circles; else edges go from lower to higher numbers.
func anyGraph(t *rapid.T) graph {
	g := graph{nodes: rapid.IntRange(1, 30).Draw(t, "nodes")}
	circles := rapid.IntRange(0, 9).Draw(t, "circles") == 9
	seen := map[[2]int]bool{}
	for range rapid.IntRange(0, 60).Draw(t, "edges") {
		from, to := rapid.IntRange(0, g.nodes-1).Draw(t, "from"), rapid.IntRange(0, g.nodes-1).Draw(t, "to")
		edge := [2]int{min(from, to), max(from, to)} // as between tables: once, and no table reads itself
		if circles {
			edge = [2]int{from, to}
		}
		if from != to && !seen[edge] {
			seen[edge] = true
			g.edges = append(g.edges, edge)
		}
	}
	return g
}

// TestLayoutCanBeRead: whatever the graph, edges go from left to right (but for one that closes a circle), begin and end at their nodes, and no
// two nodes share a place.
func TestLayoutCanBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := anyGraph(t)
		p := layOut(g)
		for i, edge := range g.edges {
			path := p.paths[i]
			from, to := point{p.column[edge[0]], p.row[edge[0]]}, point{p.column[edge[1]], p.row[edge[1]]}
			if path[0] != from || path[len(path)-1] != to {
				t.Fatalf("edge %v runs %v, its nodes stand at %v and %v", edge, path, from, to)
			}
			for j := 1; j < len(path); j++ {
				if path[j].column != path[j-1].column+1 && !hasCircle(g) {
					t.Fatalf("edge %v leaves out a column: %v", edge, path)
				}
			}
		}
		for a := range g.nodes {
			if p.row[a] < 0 || p.row[a] > p.rows || p.column[a] < 0 || p.column[a] >= p.columns {
				t.Fatalf("node %d stands outside: column %d of %d, row %g of %g", a, p.column[a], p.columns, p.row[a], p.rows)
			}
			for b := range a {
				if p.column[a] == p.column[b] && abs(p.row[a]-p.row[b]) < 0.999 {
					t.Fatalf("nodes %d and %d overlap: rows %g and %g", a, b, p.row[a], p.row[b])
				}
			}
		}
	})
}

// TestCrossingsAreCounted against the definition: two edges cross when their ends are in another order than their beginnings.
func TestCrossingsAreCounted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLayering(anyGraph(t))
		type edge struct{ column, from, to int }
		var edges []edge
		for node, others := range l.next {
			for _, other := range others {
				edges = append(edges, edge{l.column[node], l.place[node], l.place[other]})
			}
		}
		want := 0
		for i, a := range edges {
			for _, b := range edges[:i] {
				if a.column == b.column && (a.from-b.from)*(a.to-b.to) < 0 {
					want++
				}
			}
		}
		if got := l.crossings(); got != want {
			t.Fatalf("%d crossings, want %d", got, want)
		}
	})
}

// TestUntangling: two rails that are drawn crossed come out straight, and a graph never comes out worse than it was.
func TestUntangling(t *testing.T) {
	crossed := graph{nodes: 4, edges: [][2]int{{0, 3}, {1, 2}}}
	l := newLayering(crossed)
	if before := l.crossings(); before != 1 {
		t.Fatalf("%d crossings before: the case proves nothing", before)
	}
	p := layOut(crossed)
	for _, path := range p.paths {
		if path[0].row != path[1].row {
			t.Errorf("the edge %v is not level", path)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		l := newLayering(anyGraph(t))
		before := l.crossings()
		l.untangle()
		if after := l.crossings(); after > before {
			t.Fatalf("%d crossings, %d before", after, before)
		}
	})
}

// hasCircle looks for a node that can be reached from itself.
func hasCircle(g graph) bool {
	for start := range g.nodes {
		reached := map[int]bool{}
		for range g.nodes {
			for _, edge := range g.edges {
				if edge[0] == start || reached[edge[0]] {
					reached[edge[1]] = true
				}
			}
		}
		if reached[start] {
			return true
		}
	}
	return false
}

func abs(x float64) float64 { return max(x, -x) }
