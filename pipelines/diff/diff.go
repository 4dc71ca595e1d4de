// Package diff compares the tables of two environments: schema, rows, and which rows are added, missing or changed, by grain; per column
// how many and by how much, with samples.
//
// DuckDB does all of the comparing. Each pair of tables is joined once, by grain, and only the rows that differ are written to a scratch
// file, which everything else is asked of. So memory stays bounded, and the cost hardly depends on how much there is to tell.
package diff

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// The states of a table.
const (
	Same    = "same"
	Differs = "differs"
	Added   = "added"   // only in the second environment
	Removed = "removed" // only in the first environment
)

// Table is how one table differs.
type Table struct {
	Name  string `json:"table"`
	State string `json:"state"`
	// RowsBefore and RowsAfter are snapshot.Uncounted for a view that was not read.
	RowsBefore int64          `json:"rows_before"`
	RowsAfter  int64          `json:"rows_after"`
	Schema     []SchemaChange `json:"schema,omitempty"`
	// Grain are the columns by which rows were told to be the same one; none: rows were compared whole.
	Grain []string `json:"grain,omitempty"`
	// Notes say in what the comparison was not the plain one: a column left out, rows that share a grain.
	Notes   []string `json:"notes,omitempty"`
	Added   int64    `json:"added"`
	Missing int64    `json:"missing"`
	Changed int64    `json:"changed"`
	// Columns are those whose values differ, or whose sum does.
	Columns []ColumnChange `json:"columns,omitempty"`
	Samples Samples        `json:"samples,omitzero"`
}

// SchemaChange is a column that came, went or has another type. Before is empty for one that came, After for one that went.
type SchemaChange struct {
	Column string `json:"column"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// ColumnChange is how the values of a column differ.
type ColumnChange struct {
	Column string `json:"column"`
	// Rows is how many of the rows that both sides have differ in the column; ToNull and FromNull how many of them lost or got a value.
	Rows     int64 `json:"rows"`
	ToNull   int64 `json:"to_null"`
	FromNull int64 `json:"from_null"`
	// Sum is of a column of numbers only, over all rows of each side.
	Sum *Sum `json:"sum,omitempty"`
	// Largest is the row whose number changed most; nil when none changed from a number to a number.
	Largest *Largest `json:"largest_change,omitempty"`
	// Pairs are the most frequent changes, of columns that hold anything but amounts.
	Pairs []Pair `json:"pairs,omitempty"`
}

// Sum is a column's sum on both sides, exact for integers and decimals, with ten digits for floating-point numbers.
type Sum struct {
	Before     string `json:"before"`
	After      string `json:"after"`
	Difference string `json:"difference"`
}

// Largest is the change of a number in one row.
type Largest struct {
	Key        []*string `json:"key"` // in the order of the grain
	Before     string    `json:"before"`
	After      string    `json:"after"`
	Difference string    `json:"difference"`
}

// Pair is a change that occurs in so many rows; nil is NULL.
type Pair struct {
	Before *string `json:"before"`
	After  *string `json:"after"`
	Rows   int64   `json:"rows"`
}

// Samples are a few of the rows that differ, in the order of the grain.
type Samples struct {
	Changed []ChangedRow `json:"changed,omitempty"`
	// Columns heads the rows that only one side has: the grain first.
	Columns []string    `json:"columns,omitempty"`
	Added   [][]*string `json:"added,omitempty"`
	Missing [][]*string `json:"missing,omitempty"`
}

// ChangedRow is a row that both sides have, with the cells that differ.
type ChangedRow struct {
	Key   []*string `json:"key"` // in the order of the grain
	Cells []Cell    `json:"cells"`
}

// Cell is a value that differs; nil is NULL.
type Cell struct {
	Column string  `json:"column"`
	Before *string `json:"before"`
	After  *string `json:"after"`
}

// Options are what a comparison works on. Views are attached to the session under their names, with what they read.
type Options struct {
	Bucket  *objectstore.Bucket
	Session *warehouse.Session
	// Scratch is a folder below which the session may write.
	Scratch string
	// Grain names the columns that identify a row of a table; without one whole rows are compared.
	Grain func(table string) []string
	// Columns are those to compare; empty: all.
	Columns []string
	// Samples is how many rows to show of each kind.
	Samples int
}

// Environments compares the tables that either environment has and whose name is wanted. A table with the same fingerprint or the same
// digest is not read.
func Environments(ctx context.Context, before, after snapshot.Environment, wanted func(string) bool, options Options) ([]Table, error) {
	names := map[string]bool{}
	for _, environment := range []snapshot.Environment{before, after} {
		for name := range environment.Tables {
			if wanted(name) {
				names[name] = true
			}
		}
	}
	tables := make([]Table, 0, len(names))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		compared, err := compare(ctx, before, after, name, options)
		if err != nil {
			return nil, fmt.Errorf("diff %s: %w", name, err)
		}
		tables = append(tables, compared)
	}
	return tables, nil
}

func compare(ctx context.Context, before, after snapshot.Environment, name string, options Options) (Table, error) {
	old, hadOld := before.Tables[name]
	fresh, hasFresh := after.Tables[name]
	table := Table{Name: name, RowsBefore: old.Rows, RowsAfter: fresh.Rows, State: Same}
	switch {
	case !hadOld:
		table.State = Added
	case !hasFresh:
		table.State = Removed
	case old.Fingerprint == fresh.Fingerprint:
	case sameRows(old, fresh):
		return table, table.compareColumns(ctx, old, fresh, options)
	default:
		found, err := versions(ctx, name, before, after, options)
		defer func() { found[0].remove(); found[1].remove() }()
		if err != nil {
			return table, err
		}
		return compareVersions(ctx, name, found[0], found[1], options)
	}
	return table, nil
}

// compareColumns compares the columns of two tables whose rows are the same: a column may have another name or type.
func (t *Table) compareColumns(ctx context.Context, old, fresh snapshot.Table, options Options) error {
	before, err := snapshot.ReadManifest(ctx, options.Bucket, t.Name, old.Fingerprint)
	if err != nil {
		return err
	}
	after, err := snapshot.ReadManifest(ctx, options.Bucket, t.Name, fresh.Fingerprint)
	if err != nil {
		return err
	}
	t.Schema, _ = compareSchemas(before.Columns, after.Columns)
	t.settle()
	return nil
}

// settle says whether anything that was found makes the table another one.
func (t *Table) settle() {
	t.State = Same
	if len(t.Schema) > 0 || t.Added+t.Missing+t.Changed > 0 || t.RowsBefore != t.RowsAfter {
		t.State = Differs
	}
}

// Relations compares two relations, each something that a query can read from, as two versions of one table.
func Relations(ctx context.Context, name, before, after string, options Options) (Table, error) {
	return compareVersions(ctx, name, whole(before), whole(after), options)
}

func compareVersions(ctx context.Context, name string, before, after version, options Options) (Table, error) {
	run := comparison{Options: options, table: &Table{Name: name}, before: before, after: after}
	if err := run.prepare(ctx); err != nil {
		return Table{}, err
	}
	defer run.removeFile()
	if err := run.findRows(ctx); err != nil {
		return Table{}, fmt.Errorf("find the rows that differ: %w", err)
	}
	if err := run.describeColumns(ctx); err != nil {
		return Table{}, fmt.Errorf("compare columns: %w", err)
	}
	if err := run.takeSamples(ctx); err != nil {
		return Table{}, fmt.Errorf("take samples: %w", err)
	}
	run.table.settle()
	return *run.table, nil
}
