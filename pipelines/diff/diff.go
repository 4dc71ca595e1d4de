// Package diff compares the tables of two environments: schema, rows, and which rows are added, missing or changed, by grain.
package diff

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// Table is how one table differs.
type Table struct {
	Name string `json:"table"`
	// State is same, differs, added (only in the second environment) or removed (only in the first).
	State      string         `json:"state"`
	RowsBefore int64          `json:"rows_before"`
	RowsAfter  int64          `json:"rows_after"`
	Schema     []string       `json:"schema,omitempty"` // what changed in the columns
	Added      int64          `json:"added"`
	Missing    int64          `json:"missing"`
	Changed    int64          `json:"changed"`
	Columns    []ColumnChange `json:"columns,omitempty"`
}

// ColumnChange is how many of the rows that both have differ in a column.
type ColumnChange struct {
	Column string `json:"column"`
	Rows   int64  `json:"rows"`
}

// Options are what a comparison works on.
type Options struct {
	Bucket  *objectstore.Bucket
	Session *warehouse.Session
	// Grain names the columns that identify a row of a table; without one only rows and digests are compared.
	Grain func(table string) []string
}

// Environments compares the tables that either environment has and whose name is wanted.
func Environments(ctx context.Context, before, after snapshot.Environment, wanted func(string) bool, options Options) ([]Table, error) {
	names := map[string]bool{}
	for _, environment := range []snapshot.Environment{before, after} {
		for name := range environment.Tables {
			if wanted(name) {
				names[name] = true
			}
		}
	}
	var tables []Table
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
	table := Table{Name: name, RowsBefore: old.Rows, RowsAfter: fresh.Rows}
	switch {
	case !hadOld:
		table.State = "added"
	case !hasFresh:
		table.State = "removed"
	case old.Digest == fresh.Digest:
		table.State = "same"
	default:
		table.State = "differs"
		return table, table.detail(ctx, []snapshot.Table{old, fresh}, options)
	}
	return table, nil
}

// detail joins the two by grain and counts what differs.
func (t *Table) detail(ctx context.Context, versions []snapshot.Table, options Options) (err error) {
	paths := make([]string, len(versions))
	for i, version := range versions {
		path, err := options.Bucket.LocalPath(ctx, snapshot.DataKey(t.Name, version))
		if err != nil {
			return err
		}
		paths[i] = "read_parquet(" + warehouse.Quote(path) + ")"
	}
	oldColumns, err := options.Session.Columns(ctx, paths[0])
	if err != nil {
		return err
	}
	newColumns, err := options.Session.Columns(ctx, paths[1])
	if err != nil {
		return err
	}
	shared := t.compareSchemas(oldColumns, newColumns)
	grain := options.Grain(t.Name)
	if len(grain) == 0 || !containsAll(shared, grain) {
		return nil
	}
	return t.count(ctx, options.Session, paths, grain, slices.DeleteFunc(shared, func(c string) bool { return slices.Contains(grain, c) }))
}

func (t *Table) compareSchemas(before, after []warehouse.Column) (shared []string) {
	types := map[string]string{}
	for _, column := range before {
		types[column.Name] = column.Type
	}
	for _, column := range after {
		old, had := types[column.Name]
		switch {
		case !had:
			t.Schema = append(t.Schema, "+ "+column.Name+" "+column.Type)
		case old != column.Type:
			t.Schema = append(t.Schema, "~ "+column.Name+" "+old+" -> "+column.Type)
		}
		if had {
			shared = append(shared, column.Name)
		}
		delete(types, column.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(types)) {
		t.Schema = append(t.Schema, "- "+name+" "+types[name])
	}
	return shared
}

func containsAll(names, wanted []string) bool {
	for _, name := range wanted {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

func (t *Table) count(ctx context.Context, session *warehouse.Session, paths, grain, values []string) (err error) {
	keys := make([]string, len(grain))
	for i, column := range grain {
		name := warehouse.QuoteName(column)
		keys[i] = "old." + name + " is not distinct from new." + name
	}
	counts := []string{
		"count(*) filter (where old_is_there is null)",
		"count(*) filter (where new_is_there is null)",
	}
	differs := []string{"false"}
	for _, column := range values {
		name := warehouse.QuoteName(column)
		different := fmt.Sprintf("old_is_there and new_is_there and old.%[1]s is distinct from new.%[1]s", name)
		differs = append(differs, "("+different+")")
		counts = append(counts, "count(*) filter (where "+different+")")
	}
	counts = append(counts, "count(*) filter (where "+strings.Join(differs, " or ")+")")
	query := fmt.Sprintf(`select %s
from (select *, true as old_is_there from %s) as old
full join (select *, true as new_is_there from %s) as new on %s`, strings.Join(counts, ",\n    "), paths[0], paths[1], strings.Join(keys, " and "))
	numbers, targets := make([]int64, len(counts)), make([]any, len(counts))
	for i := range numbers {
		targets[i] = &numbers[i]
	}
	if err := session.QueryRow(ctx, query).Scan(targets...); err != nil {
		return errors.Join(errors.New("count the rows that differ"), err)
	}
	t.Added, t.Missing, t.Changed = numbers[0], numbers[1], numbers[len(numbers)-1]
	for i, column := range values {
		if changed := numbers[i+2]; changed > 0 {
			t.Columns = append(t.Columns, ColumnChange{Column: column, Rows: changed})
		}
	}
	return nil
}
