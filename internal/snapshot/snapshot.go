// Package snapshot says which tables are current. A table is stored under the fingerprint of what made it and described by a
// manifest; an environment is one small object that names a fingerprint for each table, and changes by compare-and-set only.
package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/warehouse"
)

// Table is what an environment says of one table.
type Table struct {
	Fingerprint string `json:"fingerprint"`
	// Data is the name of the file with the rows, beside the manifest. Each attempt to make a table writes a file of its own, so
	// that what a killed one left is never in the way; the first manifest decides which file is the table.
	Data string `json:"data"`
	Rows int64  `json:"rows"`
	// Digest is of the rows as a set: two tables with the same rows have the same digest, however they are stored.
	Digest string `json:"digest"`
	// Audits is the hash of the audits that the table has passed, with all that they read; empty while it has passed none.
	Audits string `json:"audits,omitempty"`
}

// SourceFile is one conformed export that a dataset was made from.
type SourceFile struct {
	Feed       string `json:"feed"`
	SourceFile string `json:"source_file"`
	SHA256     string `json:"sha256"`
	Rows       int64  `json:"rows"`
}

// Manifest describes a stored table and what it was made from.
type Manifest struct {
	Name string `json:"name"`
	Table
	Columns []warehouse.Column `json:"columns"`
	// Definition is the hash of the SQL, the contracts or the Go step that made the table.
	Definition string            `json:"definition"`
	Inputs     map[string]string `json:"inputs"` // table: fingerprint
	Parameters map[string]string `json:"parameters"`
	Files      []SourceFile      `json:"files,omitempty"`
	Seconds    float64           `json:"seconds"`
}

// Environment is a whole set of tables that belong together.
type Environment struct {
	Name        string           `json:"name"`
	Version     int64            `json:"version"`
	AsOf        string           `json:"as_of"`
	RunID       string           `json:"run_id"`
	PublishedAt time.Time        `json:"published_at"`
	Tables      map[string]Table `json:"tables"`
}

// DataKey is where a table's rows are.
func DataKey(name string, table Table) string {
	return tableFolder(name, table.Fingerprint) + table.Data
}

// ManifestKey is where a table's manifest is; the table exists when this object does.
func ManifestKey(table, fingerprint string) string {
	return tableFolder(table, fingerprint) + "manifest.json"
}

// AuditsKey is where the results of a set of audits over a table are.
func AuditsKey(table, fingerprint, audits string) string {
	return tableFolder(table, fingerprint) + "audits-" + audits + ".json"
}

func tableFolder(table, fingerprint string) string {
	return "tables/" + strings.ReplaceAll(table, ".", "/") + "/" + fingerprint + "/"
}

// CandidateKey is where a build leaves the set that is to be checked and published.
func CandidateKey(environment string) string {
	return "environments/" + environment + ".candidate.json"
}

func environmentKey(environment string) string { return "environments/" + environment + ".json" }

// Read gives an environment and the generation to compare with when it is set. One that was never published is empty, with
// generation 0.
func Read(ctx context.Context, bucket *objectstore.Bucket, name string) (Environment, int64, error) {
	return readEnvironment(ctx, bucket, name, environmentKey(name))
}

// ReadCandidate gives the set that the last build of an environment left.
func ReadCandidate(ctx context.Context, bucket *objectstore.Bucket, name string) (Environment, error) {
	candidate, _, err := readEnvironment(ctx, bucket, name, CandidateKey(name))
	return candidate, err
}

func readEnvironment(ctx context.Context, bucket *objectstore.Bucket, name, key string) (Environment, int64, error) {
	data, attributes, err := bucket.Read(ctx, key)
	if errors.Is(err, objectstore.ErrNotFound) {
		return Environment{Name: name, Tables: map[string]Table{}}, 0, nil
	}
	if err != nil {
		return Environment{}, 0, fmt.Errorf("read environment %s: %w", name, err)
	}
	var environment Environment
	if err := json.Unmarshal(data, &environment); err != nil {
		return Environment{}, 0, fmt.Errorf("read environment %s: %s: %w", name, key, err)
	}
	return environment, attributes.Generation, nil
}

// Publish makes the environment current if nobody has changed it since the generation was read; otherwise
// objectstore.ErrPrecondition, and the environment stays as the other one left it.
func Publish(ctx context.Context, bucket *objectstore.Bucket, environment Environment, generation int64) error {
	if err := set(ctx, bucket, environmentKey(environment.Name), environment, generation); err != nil {
		return fmt.Errorf("publish %s: %w", environment.Name, err)
	}
	return nil
}

func set(ctx context.Context, bucket *objectstore.Bucket, key string, environment Environment, generation int64) error {
	data, err := json.MarshalIndent(environment, "", "  ")
	if err != nil {
		return err
	}
	_, err = bucket.CompareAndSet(ctx, key, data, generation)
	return err
}

// LeaveCandidate stores a set for the steps after the build. Only the holder of the run's lease calls it.
func LeaveCandidate(ctx context.Context, bucket *objectstore.Bucket, candidate Environment) error {
	key := CandidateKey(candidate.Name)
	_, generation, err := readEnvironment(ctx, bucket, candidate.Name, key)
	if err != nil {
		return err
	}
	if err := set(ctx, bucket, key, candidate, generation); err != nil {
		return fmt.Errorf("leave candidate: %w", err)
	}
	return nil
}

// ReadManifest gives a table's manifest; objectstore.ErrNotFound if the table is not stored.
func ReadManifest(ctx context.Context, bucket *objectstore.Bucket, table, fingerprint string) (Manifest, error) {
	data, _, err := bucket.Read(ctx, ManifestKey(table, fingerprint))
	if err != nil {
		return Manifest{}, fmt.Errorf("read manifest of %s: %w", table, err)
	}
	var manifest Manifest
	if err := json.Unmarshal(data, &manifest); err != nil {
		return Manifest{}, fmt.Errorf("read manifest of %s: %w", table, err)
	}
	return manifest, nil
}

// Attach makes a stored table readable in a session under its own name.
func Attach(ctx context.Context, session *warehouse.Session, bucket *objectstore.Bucket, name string, table Table) error {
	path, err := bucket.LocalPath(ctx, DataKey(name, table))
	if err != nil {
		return fmt.Errorf("attach %s: %w", name, err)
	}
	return session.CreateView(ctx, name, path)
}
