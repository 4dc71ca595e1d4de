package unittest

import (
	"context"
	"slices"
	"testing"

	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
	"countinghouse/sql"
)

// TestStepsOfTheProductCanBeWanted: the CTEs of each built-in model, which are written all when one is wanted, are written as they were read.
func TestStepsOfTheProductCanBeWanted(t *testing.T) {
	ctx := context.Background()
	session, err := warehouse.Open(ctx, warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	library, err := model.Load(func(text string) ([]byte, error) { return session.Serialize(ctx, text) }, model.Source{Files: sql.Files, Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	connection, err := session.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	steps := 0
	for _, made := range library.Models {
		tree, err := treeOf(ctx, connection, made.Query)
		if err != nil {
			t.Fatal(err)
		}
		_, node := tree.node()
		ctes, _ := node["cte_map"].(map[string]any)
		names := cteNames(ctes)
		steps += len(names)
		last := names[len(names)-1]
		query, err := queryOf(ctx, connection, made.Query, last)
		if err != nil {
			t.Errorf("%s.%s: %v", made.Name, last, err)
			continue
		}
		facts, err := model.Analyse(func(text string) ([]byte, error) { return session.Serialize(ctx, text) }, query)
		if err != nil || !slices.Equal(facts.Inputs, made.Inputs) {
			t.Errorf("%s.%s reads %v, its model %v: %v", made.Name, last, facts.Inputs, made.Inputs, err)
		}
	}
	if steps < 100 {
		t.Errorf("only %d steps: too few to prove anything", steps)
	}
}
