package jobs

import (
	"context"
	"slices"
	"strings"

	"countinghouse/internal/selector"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/build"
)

// Select gives the tables that selectors pick, less those that the second list picks; without any selector all tables. state:changed is against
// what is current in the environment.
func (w *Workshop) Select(ctx context.Context, environment string, include, exclude []string) (map[string]bool, error) {
	graph, err := w.Graph(ctx)
	if err != nil {
		return nil, err
	}
	var changed map[string]bool
	if slices.ContainsFunc(slices.Concat(include, exclude), func(text string) bool { return strings.Contains(text, "state:") }) {
		current, _, err := snapshot.Read(ctx, w.Bucket, environment)
		if err != nil {
			return nil, err
		}
		was, err := snapshot.OfEnvironment(ctx, w.Bucket, current)
		if err != nil {
			return nil, err
		}
		changed = graph.ChangedDefinitions(was)
	}
	picked, err := selector.Select(w.nodes(graph, changed), include, exclude)
	if err != nil {
		return nil, ProjectError{err}
	}
	return picked, nil
}

// nodes are the tables of a graph as selectors see them, their files as seen from the project's folder.
func (w *Workshop) nodes(graph *build.Graph, changed map[string]bool) []selector.Node {
	nodes := graph.Nodes(changed)
	for i := range nodes {
		nodes[i].Path = strings.TrimPrefix(nodes[i].Path, w.Project.Dir+"/")
	}
	return nodes
}
