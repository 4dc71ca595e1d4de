// Package publish makes a set of tables current, with one compare-and-set: a checked candidate, what another environment has (promote), or
// what was current before (rollback). Then it renews the published copies: one Parquet file per mart at a fixed place, one DuckDB file with
// all marts, and the report. The copies follow the environment: a run that dies between the two leaves the last whole set of copies, and
// the next run renews it.
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

// ErrRefused says that a set may not be made current: the error tells why, and what to do. Nothing was changed.
var ErrRefused = errors.New("refused, and nothing was changed")

// refused is an ErrRefused whose text is only the reason.
type refused struct{ error }

func (r refused) Unwrap() []error { return []error{ErrRefused, r.error} }

func refuse(format string, args ...any) error { return refused{fmt.Errorf(format, args...)} }

// Run publishes the candidate. published is false if nothing had changed. The error wraps objectstore.ErrPrecondition if somebody else
// published meanwhile: then their set is current and this one is not; ErrRefused if a table of the candidate is not there any more.
func Run(ctx context.Context, candidate snapshot.Environment, options Options) (environment snapshot.Environment, published bool, err error) {
	environment, generation, err := snapshot.Read(ctx, options.Bucket, candidate.Name)
	if err != nil {
		return environment, false, fmt.Errorf("publish: %w", err)
	}
	if same(environment, candidate) {
		return environment, false, follow(ctx, environment, options)
	}
	environment, err = replace(ctx, environment, generation, candidate, options)
	return environment, err == nil, err
}

// same says whether a publication would change nothing. A set that was built again on a newer version of the main environment is a new
// one, also with the same tables: it may take that version's place.
func same(a, b snapshot.Environment) bool {
	rebuilt := b.Base != nil && (a.Base == nil || *a.Base != *b.Base)
	return a.Version > 0 && a.AsOf == b.AsOf && !rebuilt && maps.Equal(a.Tables, b.Tables)
}

// replace makes next current in place of the environment as it was read, and has the copies follow.
func replace(ctx context.Context, before snapshot.Environment, generation int64, next snapshot.Environment, options Options) (snapshot.Environment, error) {
	missing, err := snapshot.Missing(ctx, options.Bucket, next.Tables, before.Tables)
	if err != nil {
		return before, fmt.Errorf("publish %s: %w", before.Name, err)
	}
	if len(missing) > 0 {
		return before, refuse("publish %s: the store does not have %s any more: run `countinghouse build` again", before.Name, some(missing))
	}
	next.Name, next.Version = before.Name, before.Version+1
	next.RunID, next.PublishedAt = options.RunID, options.Now().UTC()
	if err := snapshot.Publish(ctx, options.Bucket, next, generation); err != nil {
		return before, err
	}
	crash.Point(crash.PublishSwitched)
	return next, follow(ctx, next, options)
}

// some names the first few.
func some(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more tables", strings.Join(names[:few], ", "), len(names)-few)
}

// follow renews the copies of the environment that has some.
func follow(ctx context.Context, environment snapshot.Environment, options Options) error {
	if environment.Name != snapshot.Main {
		return nil
	}
	return renewCopies(ctx, environment, options)
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
		path, err := rowsOf(ctx, table, environment.Tables[table], options)
		if err != nil {
			return fmt.Errorf("publish a copy of %s: %w", table, err)
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

// rowsOf is a Parquet file with the rows of a table: its own, or one made of a view or of monthly parts.
func rowsOf(ctx context.Context, name string, table snapshot.Table, options Options) (string, error) {
	if table.Data != "" {
		return options.Bucket.LocalPath(ctx, snapshot.DataKey(name, table))
	}
	if err := snapshot.Attach(ctx, options.Session, options.Bucket, name, table); err != nil {
		return "", err
	}
	path := filepath.Join(options.Scratch, name+".parquet")
	_, err := options.Session.Exec(ctx, "copy (from "+name+") to "+warehouse.Quote(path)+" "+warehouse.PublishedParquet)
	return path, err
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
		return !snapshot.IsMart(table)
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
	// One transaction, since each one waits for the disk: tables and their comments are several hundred statements.
	statements := []string{"attach " + warehouse.Quote(path) + " as published", "begin transaction"}
	for _, table := range marts {
		name := strings.TrimPrefix(table, "mart.")
		rows := "read_parquet(" + warehouse.Quote(copies[name+"/data.parquet"]) + ")"
		columns, err := options.Session.Columns(ctx, rows)
		if err != nil {
			return err
		}
		statements = append(statements, "create table published."+warehouse.QuoteName(name)+" as from "+rows)
		statements = append(statements, commentStatements(name, options.Comments[table], columns)...)
	}
	statements = append(statements, "commit", "checkpoint published", "detach published")
	for _, statement := range statements {
		if _, err := connection.ExecContext(ctx, statement); err != nil {
			after := context.WithoutCancel(ctx)
			_, _ = connection.ExecContext(after, "rollback") // fails if there is nothing to take back
			_, detachErr := connection.ExecContext(after, "detach database if exists published")
			return errors.Join(fmt.Errorf("%s: %w", statement, err), detachErr)
		}
	}
	return nil
}

// commentStatements describe a table. One that was rolled back to may lack columns that its model has now.
func commentStatements(name string, comment Comment, columns []warehouse.Column) []string {
	table := "published." + warehouse.QuoteName(name)
	statements := []string{"comment on table " + table + " is " + warehouse.Quote(comment.Table)}
	for _, column := range columns {
		if text := comment.Columns[column.Name]; text != "" {
			statements = append(statements, "comment on column "+table+"."+warehouse.QuoteName(column.Name)+" is "+warehouse.Quote(text))
		}
	}
	return statements
}
