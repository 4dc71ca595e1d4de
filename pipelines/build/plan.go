package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
)

// Action is what a build would do with a table.
type Action string

// The actions of a plan.
const (
	Unchanged Action = "unchanged" // current already
	Reuse     Action = "reuse"     // not current, but stored: an earlier build made it
	New       Action = "new"       // never built in this environment
	Rebuild   Action = "rebuild"
	Removed   Action = "removed" // current, and nothing makes it any more
)

// Change is one line of a plan.
type Change struct {
	Table  string   `json:"table"`
	Action Action   `json:"action"`
	Why    []string `json:"why,omitempty"`
}

// Plan says what a build would do for an environment, and why. Nothing is run.
func Plan(ctx context.Context, graph *Graph, bucket *objectstore.Bucket, current snapshot.Environment) ([]Change, error) {
	var changes []Change
	for _, n := range graph.nodes {
		for _, table := range n.tables {
			change, err := graph.change(ctx, bucket, n, table, current)
			if err != nil {
				return nil, fmt.Errorf("plan %s: %w", table, err)
			}
			changes = append(changes, change)
		}
	}
	for _, table := range slices.Sorted(maps.Keys(current.Tables)) {
		if graph.makers[table] == nil {
			changes = append(changes, Change{Table: table, Action: Removed})
		}
	}
	return changes, nil
}

func (g *Graph) change(ctx context.Context, bucket *objectstore.Bucket, n *node, table string, current snapshot.Environment) (Change, error) {
	was, found := current.Tables[table]
	if found && was.Fingerprint == n.fingerprint {
		return Change{Table: table, Action: Unchanged}, nil
	}
	change := Change{Table: table, Action: New}
	if found {
		change.Action = Rebuild
		manifest, err := snapshot.ReadManifest(ctx, bucket, table, was.Fingerprint)
		if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
			return Change{}, err
		}
		change.Why = g.reasons(n, manifest)
	}
	_, err := snapshot.ReadManifest(ctx, bucket, table, n.fingerprint)
	if err == nil {
		change.Action = Reuse
	} else if !errors.Is(err, objectstore.ErrNotFound) {
		return Change{}, err
	}
	return change, nil
}

// reasons tells what is not as it was when the current table was made.
func (g *Graph) reasons(n *node, was snapshot.Manifest) []string {
	var reasons []string
	if was.Definition != n.definition {
		reasons = append(reasons, definitionChange(n, was))
	}
	inputs := g.inputsOf(n)
	for _, input := range slices.Sorted(maps.Keys(inputs)) {
		if old, had := was.Inputs[input]; !had || old != inputs[input] {
			reasons = append(reasons, input+" changed")
		}
	}
	parameters := g.parametersOf(n)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if was.Parameters[name] != parameters[name] {
			reasons = append(reasons, fmt.Sprintf("%s: %s -> %s", name, was.Parameters[name], parameters[name]))
		}
	}
	if len(reasons) == 0 {
		reasons = append(reasons, "the engine writes tables in another way")
	}
	return reasons
}

func definitionChange(n *node, was snapshot.Manifest) string {
	switch {
	case n.step != nil:
		return "the Go step changed"
	case len(n.files) > 0 || len(was.Files) > 0:
		return fmt.Sprintf("export files: %d -> %d, or their contract changed", len(was.Files), len(n.files))
	}
	return "its definition changed"
}
