package build

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
)

// Lineage is a table and, below it, what it was made from, down to the export files.
type Lineage struct {
	Table       string                `json:"table"`
	Fingerprint string                `json:"fingerprint"`
	Rows        int64                 `json:"rows"`
	Parameters  map[string]string     `json:"parameters,omitempty"`
	Files       []snapshot.SourceFile `json:"files,omitempty"`
	Inputs      []Lineage             `json:"inputs,omitempty"`
}

// Explain reads, from the manifests of the tables that are current, what a table was made from. A table that several read is
// explained at each place.
func Explain(ctx context.Context, bucket *objectstore.Bucket, environment snapshot.Environment, table string) (Lineage, error) {
	current, found := environment.Tables[table]
	if !found {
		return Lineage{}, fmt.Errorf("environment %s has no table %s", environment.Name, table)
	}
	return explain(ctx, bucket, table, current.Fingerprint, map[string]Lineage{})
}

// explain reads each manifest once: known are the tables explained so far.
func explain(ctx context.Context, bucket *objectstore.Bucket, table, fingerprint string, known map[string]Lineage) (Lineage, error) {
	if lineage, found := known[table]; found {
		return lineage, nil
	}
	manifest, err := snapshot.ReadManifest(ctx, bucket, table, fingerprint)
	if err != nil {
		return Lineage{}, err
	}
	lineage := Lineage{Table: table, Fingerprint: fingerprint, Rows: manifest.Rows, Parameters: manifest.Parameters, Files: manifest.Files}
	for _, input := range slices.Sorted(maps.Keys(manifest.Inputs)) {
		below, err := explain(ctx, bucket, input, manifest.Inputs[input], known)
		if err != nil {
			return Lineage{}, err
		}
		lineage.Inputs = append(lineage.Inputs, below)
	}
	known[table] = lineage
	return lineage, nil
}
