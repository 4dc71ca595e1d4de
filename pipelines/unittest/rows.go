package unittest

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"countinghouse/internal/warehouse"
)

// create makes an empty table in the connection's transaction.
func create(name string, columns []warehouse.Column) string {
	parts := make([]string, len(columns))
	for i, column := range columns {
		parts[i] = warehouse.QuoteName(column.Name) + " " + column.Type
	}
	return "create or replace table " + quoted(name) + " (" + strings.Join(parts, ", ") + ");\n"
}

func quoted(table string) string {
	schema, name, _ := strings.Cut(table, ".")
	return warehouse.QuoteName(schema) + "." + warehouse.QuoteName(name)
}

// misfit is a cell that is no value of its column's type, or another one.
type misfit struct {
	row  int
	what error
}

func (m misfit) Error() string { return m.what.Error() }

// fill puts rows of texts into some columns of a table. A text that does not fit its type is a misfit.
func fill(ctx context.Context, connection *sql.Conn, name string, columns []warehouse.Column, rows [][]*string) error {
	if len(rows) == 0 {
		return nil
	}
	for i, cells := range rows {
		for j, cell := range cells {
			if err := fits(cell, columns[j]); err != nil {
				return misfit{i, err}
			}
		}
	}
	if _, err := connection.ExecContext(ctx, insertion(name, columns, rows)); err != nil {
		return fmt.Errorf("fill %s: %w", name, err)
	}
	return wholly(ctx, connection, name, columns, rows)
}

func insertion(name string, columns []warehouse.Column, rows [][]*string) string {
	names, casts, texts := make([]string, len(columns)), make([]string, len(columns)), make([]string, len(columns))
	for i, column := range columns {
		names[i], texts[i] = warehouse.QuoteName(column.Name), fmt.Sprintf("c%d", i)
		casts[i] = "try_cast(" + texts[i] + "::varchar as " + column.Type + ")"
	}
	lines := make([]string, len(rows))
	for i, cells := range rows {
		lines[i] = literals(cells)
	}
	return "insert into " + quoted(name) + " (" + strings.Join(names, ", ") + ")\nselect " + strings.Join(casts, ", ") +
		" from (values\n" + strings.Join(lines, ",\n") + ") as given(" + strings.Join(texts, ", ") + ")"
}

func literals(cells []*string) string {
	values := make([]string, len(cells))
	for i, cell := range cells {
		values[i] = "null"
		if cell != nil {
			values[i] = warehouse.Quote(*cell)
		}
	}
	return "(" + strings.Join(values, ", ") + ")"
}

// wholly finds a cell that became null because its type could not take it.
func wholly(ctx context.Context, connection *sql.Conn, name string, columns []warehouse.Column, rows [][]*string) error {
	counts := make([]string, len(columns))
	for i, column := range columns {
		counts[i] = "count(" + warehouse.QuoteName(column.Name) + ")"
	}
	found := make([]int, len(columns))
	if err := connection.QueryRowContext(ctx, "select "+strings.Join(counts, ", ")+" from "+quoted(name)).Scan(pointers(found)...); err != nil {
		return fmt.Errorf("fill %s: %w", name, err)
	}
	for i, column := range columns {
		if cells := columnOf(rows, i); found[i] != len(cells)-nulls(cells) {
			return firstMisfit(ctx, connection, column, cells)
		}
	}
	return nil
}

func firstMisfit(ctx context.Context, connection *sql.Conn, column warehouse.Column, cells []*string) error {
	for i, cell := range cells {
		if cell == nil {
			continue
		}
		var fits bool
		err := connection.QueryRowContext(ctx, "select try_cast(?::varchar as "+column.Type+") is not null", *cell).Scan(&fits)
		if err != nil {
			return fmt.Errorf("column %s: %w", column.Name, err)
		}
		if !fits {
			return misfit{i, notA(column, *cell)}
		}
	}
	return nil
}

func columnOf(rows [][]*string, index int) []*string {
	cells := make([]*string, len(rows))
	for i, row := range rows {
		cells[i] = row[index]
	}
	return cells
}

func nulls(cells []*string) int {
	count := 0
	for _, cell := range cells {
		if cell == nil {
			count++
		}
	}
	return count
}

func pointers[T any](values []T) []any {
	targets := make([]any, len(values))
	for i := range values {
		targets[i] = &values[i]
	}
	return targets
}

func notA(column warehouse.Column, text string) error {
	return fmt.Errorf("column %s: %q is no %s", column.Name, text, column.Type)
}

// exact are the types that DuckDB rounds texts to without a word.
var exact = regexp.MustCompile(`^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,(\d+)\))$`)

// plain is a number as a person writes it.
var plain = regexp.MustCompile(`^-?\d+(?:\.(\d+))?$`)

// fits refuses what a cast would take, and change: 12.345 for a DECIMAL(18,2), 1e3 for an integer, a time of day for a DATE.
func fits(cell *string, column warehouse.Column) error {
	if cell == nil {
		return nil
	}
	if column.Type == "DATE" {
		if _, err := time.Parse(time.DateOnly, *cell); err != nil {
			return notA(column, *cell)
		}
		return nil
	}
	number := exact.FindStringSubmatch(column.Type)
	if number == nil {
		return nil
	}
	digits := plain.FindStringSubmatch(*cell)
	if digits == nil {
		return notA(column, *cell)
	}
	if scale, _ := strconv.Atoi(number[4]); len(strings.TrimRight(digits[1], "0")) > scale {
		return fmt.Errorf("column %s: %s has more decimals than its type, %s", column.Name, *cell, column.Type)
	}
	return nil
}

// asCompared writes a column's values so that equal values are equal texts. Floating point has ten significant digits, as in the digest
// of a table: the order of additions does not count.
func asCompared(column warehouse.Column) string {
	if column.Type == "DOUBLE" || column.Type == "FLOAT" {
		return "printf('%.10g', " + warehouse.QuoteName(column.Name) + ")"
	}
	return asText(column)
}

// asText writes a column's values so that they can be read back.
func asText(column warehouse.Column) string { return warehouse.QuoteName(column.Name) + "::varchar" }

// read gives some columns of a table as texts, sorted. Nil is null.
func read(ctx context.Context, connection *sql.Conn, name string, columns []warehouse.Column, written func(warehouse.Column) string) ([][]*string, error) {
	texts := make([]string, len(columns))
	for i, column := range columns {
		texts[i] = written(column)
	}
	result, err := connection.QueryContext(ctx, "select "+strings.Join(texts, ", ")+" from "+quoted(name))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { _ = result.Close() }()
	var rows [][]*string
	for result.Next() {
		cells := make([]*string, len(columns))
		if err := result.Scan(pointers(cells)...); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		rows = append(rows, cells)
	}
	slices.SortFunc(rows, func(a, b []*string) int { return strings.Compare(csvLine(a), csvLine(b)) })
	return rows, result.Err()
}
