package build

import (
	"countinghouse/internal/selector"
	"countinghouse/internal/snapshot"
)

// Nodes are the tables as selectors see them, in build order. changed says which have another definition than the current table, or none yet.
func (g *Graph) Nodes(changed map[string]bool) []selector.Node {
	var nodes []selector.Node
	for _, n := range g.nodes {
		for _, table := range n.tables {
			node := selector.Node{Name: table, Inputs: n.inputs, Kind: n.kind, Changed: changed[table]}
			switch {
			case n.model != nil:
				node.Path, node.Owner, node.Tags = n.model.File, n.model.Header.Owner, n.model.Header.Tags
			case n.seed != nil:
				node.Path, node.Owner, node.Tags, node.Kind = n.seed.File, n.seed.Header.Owner, n.seed.Header.Tags, "seed"
			case n.step != nil:
				node.Kind = "step"
			case n.dataset != nil:
				node.Kind = "dataset"
			}
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// ChangedDefinitions are the tables whose own definition is not that of the manifest, or that have none.
func (g *Graph) ChangedDefinitions(was map[string]snapshot.Manifest) map[string]bool {
	changed := map[string]bool{}
	for table, maker := range g.makers {
		manifest, found := was[table]
		changed[table] = !found || manifest.Definition != maker.definition
	}
	return changed
}
