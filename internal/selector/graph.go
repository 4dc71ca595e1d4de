package selector

// graph is the nodes with their edges in both directions.
type graph struct {
	nodes           []Node
	inputs, readers map[string][]string
}

func newGraph(nodes []Node) graph {
	g := graph{nodes: nodes, inputs: map[string][]string{}, readers: map[string][]string{}}
	known := g.all()
	for _, node := range nodes {
		for _, input := range node.Inputs {
			if known[input] {
				g.inputs[node.Name] = append(g.inputs[node.Name], input)
				g.readers[input] = append(g.readers[input], node.Name)
			}
		}
	}
	return g
}

func (g graph) all() map[string]bool {
	all := make(map[string]bool, len(g.nodes))
	for _, node := range g.nodes {
		all[node.Name] = true
	}
	return all
}

// walk adds what can be reached from start in so many steps along the edges, start itself included. It goes breadth first, so that each
// node is met by its shortest way, and visits each once: a long chain with many short cuts costs no more than its edges.
func walk(start map[string]bool, edges map[string][]string, steps int, reached map[string]bool) {
	met := make(map[string]bool, len(start))
	var front []string
	for name := range start {
		front, met[name] = append(front, name), true
	}
	for ; len(front) > 0; steps-- {
		var next []string
		for _, name := range front {
			reached[name] = true
			for _, neighbour := range edges[name] {
				if steps > 0 && !met[neighbour] {
					next, met[neighbour] = append(next, neighbour), true
				}
			}
		}
		front = next
	}
}
