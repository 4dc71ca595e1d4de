package selector_test

import (
	"fmt"
	"maps"
	"testing"

	"countinghouse/internal/selector"

	"pgregory.net/rapid"
)

// drawn makes a graph of tables t.n0, t.n1, … in which each reads some of those before it.
func drawn(t *rapid.T) []selector.Node {
	nodes := make([]selector.Node, rapid.IntRange(1, 12).Draw(t, "tables"))
	for i := range nodes {
		nodes[i] = selector.Node{Name: fmt.Sprintf("t.n%d", i), Tags: []string{"any"}, Changed: rapid.Bool().Draw(t, "changed")}
		for j := range i {
			if rapid.IntRange(0, 3).Draw(t, "edge") == 0 {
				nodes[i].Inputs = append(nodes[i].Inputs, nodes[j].Name)
			}
		}
	}
	return nodes
}

// distances are the fewest steps from each table up to each of its sources, by Floyd and Warshall: another way than the code's.
func distances(nodes []selector.Node) [][]int {
	const far = 1000
	index := map[string]int{}
	steps := make([][]int, len(nodes))
	for i, node := range nodes {
		index[node.Name], steps[i] = i, make([]int, len(nodes))
		for j := range nodes {
			steps[i][j] = far
		}
		steps[i][i] = 0
		for _, input := range node.Inputs {
			steps[i][index[input]] = 1
		}
	}
	for k := range nodes {
		for i := range nodes {
			for j := range nodes {
				steps[i][j] = min(steps[i][j], steps[i][k]+steps[k][j])
			}
		}
	}
	return steps
}

func pick(t *rapid.T, nodes []selector.Node, include, exclude string) map[string]bool {
	picked, err := selector.Select(nodes, []string{include}, []string{exclude})
	if err != nil {
		t.Fatal(err)
	}
	return picked
}

func TestStepsAreDistances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := drawn(t)
		steps := distances(nodes)
		at := rapid.IntRange(0, len(nodes)-1).Draw(t, "at")
		up, down := rapid.IntRange(0, 4).Draw(t, "up"), rapid.IntRange(0, 4).Draw(t, "down")
		want, above, below := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for i, node := range nodes {
			if steps[at][i] <= up || steps[i][at] <= down {
				want[node.Name] = true
			}
			if steps[at][i] < len(nodes) {
				above[node.Name] = true
			}
			if steps[i][at] < len(nodes) {
				below[node.Name] = true
			}
		}
		name := nodes[at].Name
		same(t, want, pick(t, nodes, fmt.Sprintf("%d+%s+%d", up, name, down), ""))
		same(t, above, pick(t, nodes, "+"+name, ""))
		same(t, below, pick(t, nodes, name+"+", ""))
	})
}

func TestSetsAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := drawn(t)
		words := rapid.SampledFrom([]string{"t.n0", "+t.n0+", "tag:any", "state:changed", "1+state:changed", "n0+1", "t.*"})
		a, b := words.Draw(t, "a"), words.Draw(t, "b")
		inA, inB := pick(t, nodes, a, ""), pick(t, nodes, b, "")
		union, both, onlyA := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, node := range nodes {
			switch name := node.Name; {
			case inA[name] && inB[name]:
				union[name], both[name] = true, true
			case inA[name]:
				union[name], onlyA[name] = true, true
			case inB[name]:
				union[name] = true
			}
		}
		same(t, union, pick(t, nodes, a+" "+b, ""))
		same(t, both, pick(t, nodes, a+","+b, ""))
		same(t, onlyA, pick(t, nodes, a, b))
	})
}

func same(t *rapid.T, want, got map[string]bool) {
	if !maps.Equal(want, got) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
