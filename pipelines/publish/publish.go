// Package publish makes a checked candidate current, with one compare-and-set, and then renews the published copies: one Parquet file
// per mart at a fixed place, one DuckDB file with all marts, and the report. The copies follow the environment: a run that dies between the
// two leaves the last whole set of copies, and the next run renews it.
package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// Copied is the environment whose marts are copied to marts/ for tools that read files at a fixed place.
const Copied = "prod"

const folder = "marts"

// Options are what a publication works on.
type Options struct {
	Bucket  *objectstore.Bucket
	Session *warehouse.Session // with access to the bucket's root and Scratch
	Scratch string
	// Comments give a mart its description and its columns theirs, for the DuckDB file.
	Comments map[string]Comment
	// Report writes the HTML report to a path; it is called when the copies are renewed.
	Report func(ctx context.Context, environment snapshot.Environment, path string) error
	RunID  string
	Now    func() time.Time
}

// Comment describes a table for those who find it in a BI tool.
type Comment struct {
	Table   string
	Columns map[string]string
}

// current says which version the published copies are.
type current struct {
	Version int64             `json:"version"`
	AsOf    string            `json:"as_of"`
	DuckDB  string            `json:"duckdb"`
	Digests map[string]string `json:"digests"`
}

// Run publishes the candidate. published is false if nothing had changed. The error wraps objectstore.ErrPrecondition if somebody else
// published meanwhile: then their set is current and this one is not.
func Run(ctx context.Context, candidate snapshot.Environment, options Options) (environment snapshot.Environment, published bool, err error) {
	environment, generation, err := snapshot.Read(ctx, options.Bucket, candidate.Name)
	if err != nil {
		return environment, false, fmt.Errorf("publish: %w", err)
	}
	if !same(environment, candidate) {
		candidate.Version = environment.Version + 1
		candidate.RunID, candidate.PublishedAt = options.RunID, options.Now().UTC()
		if err := snapshot.Publish(ctx, options.Bucket, candidate, generation); err != nil {
			return environment, false, err
		}
		environment, published = candidate, true
		crash.Point(crash.PublishSwitched)
	}
	if environment.Name != Copied {
		return environment, published, nil
	}
	return environment, published, renewCopies(ctx, environment, options)
}

func same(a, b snapshot.Environment) bool {
	return a.Version > 0 && a.AsOf == b.AsOf && maps.Equal(a.Tables, b.Tables)
}

// renewCopies brings marts/ to the environment's version, as one exchange of the folder where the store can do that.
func renewCopies(ctx context.Context, environment snapshot.Environment, options Options) error {
	upToDate, err := copiesAre(ctx, options.Bucket, environment.Version)
	if err != nil || upToDate {
		return err
	}
	copies := map[string]string{}
	marts := martsOf(environment)
	for _, table := range marts {
		path, err := options.Bucket.LocalPath(ctx, snapshot.DataKey(table, environment.Tables[table]))
		if err != nil {
			return fmt.Errorf("publish copies: %w", err)
		}
		copies[strings.TrimPrefix(table, "mart.")+"/data.parquet"] = path
	}
	database := fmt.Sprintf("marts-%d.duckdb", environment.Version)
	copies[database] = filepath.Join(options.Scratch, database)
	if err := writeDatabase(ctx, marts, copies[database], copies, options); err != nil {
		return fmt.Errorf("publish %s: %w", database, err)
	}
	copies["report.html"] = filepath.Join(options.Scratch, "report.html")
	if err := options.Report(ctx, environment, copies["report.html"]); err != nil {
		return fmt.Errorf("publish report: %w", err)
	}
	copies["current.json"] = filepath.Join(options.Scratch, "current.json")
	if err := writeCurrent(environment, database, copies["current.json"]); err != nil {
		return fmt.Errorf("publish copies: %w", err)
	}
	crash.Point(crash.PublishCopying)
	return options.Bucket.ReplaceFolder(ctx, folder, copies)
}

func copiesAre(ctx context.Context, bucket *objectstore.Bucket, version int64) (bool, error) {
	data, _, err := bucket.Read(ctx, folder+"/current.json")
	if errors.Is(err, objectstore.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("publish copies: %w", err)
	}
	var copied current
	// A damaged file is not up to date: it is written again.
	return json.Unmarshal(data, &copied) == nil && copied.Version == version, nil
}

func writeCurrent(environment snapshot.Environment, database, path string) error {
	copied := current{Version: environment.Version, AsOf: environment.AsOf, DuckDB: database, Digests: map[string]string{}}
	for _, table := range martsOf(environment) {
		copied.Digests[table] = environment.Tables[table].Digest
	}
	text, err := json.MarshalIndent(copied, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}

func martsOf(environment snapshot.Environment) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(environment.Tables)), func(table string) bool {
		return !strings.HasPrefix(table, "mart.")
	})
}

// writeDatabase makes one DuckDB file of all marts, with the labels of the dictionary as comments.
func writeDatabase(ctx context.Context, marts []string, path string, copies map[string]string, options Options) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	connection, err := options.Session.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	statements := []string{"attach " + warehouse.Quote(path) + " as published"}
	for _, table := range marts {
		name := strings.TrimPrefix(table, "mart.")
		statements = append(statements, "create table published."+warehouse.QuoteName(name)+" as from read_parquet("+warehouse.Quote(copies[name+"/data.parquet"])+")")
		statements = append(statements, commentStatements(name, options.Comments[table])...)
	}
	statements = append(statements, "checkpoint published", "detach published")
	for _, statement := range statements {
		if _, err := connection.ExecContext(ctx, statement); err != nil {
			_, detachErr := connection.ExecContext(context.WithoutCancel(ctx), "detach database if exists published")
			return errors.Join(fmt.Errorf("%s: %w", statement, err), detachErr)
		}
	}
	return nil
}

func commentStatements(name string, comment Comment) []string {
	table := "published." + warehouse.QuoteName(name)
	statements := []string{"comment on table " + table + " is " + warehouse.Quote(comment.Table)}
	for _, column := range slices.Sorted(maps.Keys(comment.Columns)) {
		statements = append(statements, "comment on column "+table+"."+warehouse.QuoteName(column)+" is "+warehouse.Quote(comment.Columns[column]))
	}
	return statements
}
