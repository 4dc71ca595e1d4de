package diff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/warehouse"
)

// takeSamples shows a few rows of each kind of difference.
func (c *comparison) takeSamples(ctx context.Context) (err error) {
	samples := &c.table.Samples
	if c.Samples <= 0 {
		return nil
	}
	if c.table.Changed > 0 {
		if samples.Changed, err = c.changedRows(ctx); err != nil {
			return err
		}
	}
	if c.table.Added+c.table.Missing == 0 {
		return nil
	}
	samples.Columns = namesOf(append(slices.Clone(c.keys), c.values...))
	if samples.Added, err = c.rowsOfOneSide(ctx, "added", "a"); err != nil {
		return err
	}
	samples.Missing, err = c.rowsOfOneSide(ctx, "missing", "b")
	return err
}

// changedRows takes the first row by grain of each set of columns that changed together, then the second of each, and so on: five rows
// that show five things are worth more than five that show the same.
func (c *comparison) changedRows(ctx context.Context) ([]ChangedRow, error) {
	cells := make([]string, len(c.values))
	for i := range c.values {
		cells[i] = fmt.Sprintf("d%[1]d::varchar, b%[1]d::varchar, a%[1]d::varchar", i)
	}
	query := fmt.Sprintf("with chosen as (%s)\nselect %s from chosen join %s using (file_row_number) order by nth, %s, 1", c.chosen(),
		strings.Join(append(asTexts(c.keyNames()), cells...), ", "), c.numberedFile(), strings.Join(append(c.keyNames(), "nth"), ", "))
	lines, err := c.texts(ctx, query)
	if err != nil {
		return nil, err
	}
	rows := make([]ChangedRow, len(lines))
	for i, line := range lines {
		rows[i] = ChangedRow{Key: line[:len(c.keys)], Cells: c.changedCells(line[len(c.keyNames()):])}
	}
	return rows, nil
}

// chosen gives the place in the file of each row to show. It keeps a few keys of each set of columns and sorts nothing, so that a million
// changed rows are no matter.
func (c *comparison) chosen() string {
	flags := make([]string, len(c.values))
	for i := range flags {
		flags[i] = fmt.Sprintf("d%d", i)
	}
	return fmt.Sprintf(`
    select nth, entry.at as file_row_number from (
        select unnest(first) as entry, generate_subscripts(first, 1) as nth from (
            select min({'key': row(%s), 'at': file_row_number}, %d) as first from %s where state = 'changed' group by %s
        )
    ) order by nth, entry limit %[2]d
`, strings.Join(append(c.keyNames(), "1"), ", "), c.Samples, c.numberedFile(), strings.Join(flags, ", "))
}

func (c *comparison) numberedFile() string {
	return "read_parquet(" + warehouse.Quote(c.file) + ", file_row_number = true)"
}

// changedCells takes those whose flag is set out of flag, before, after of every column.
func (c *comparison) changedCells(line []*string) (cells []Cell) {
	for i, value := range c.values {
		if flag := line[3*i]; flag != nil && *flag == "true" {
			cells = append(cells, Cell{Column: value.name, Before: line[3*i+1], After: line[3*i+2]})
		}
	}
	return cells
}

// rowsOfOneSide takes the first rows that only one side has, by grain, or else by all columns.
func (c *comparison) rowsOfOneSide(ctx context.Context, state, letter string) ([][]*string, error) {
	names := make([]string, 0, len(c.keys)+len(c.values))
	names = append(names, c.keyNames()[:len(c.keys)]...)
	for i := range c.values {
		names = append(names, fmt.Sprintf("%s%d", letter, i))
	}
	if len(names) == 0 {
		return nil, nil
	}
	order := c.keyNames()
	if !c.hasGrain() {
		order = names
	}
	return c.texts(ctx, fmt.Sprintf("select %s from %s where state = '%s' order by %s limit %d",
		strings.Join(asTexts(names), ", "), readParquet(c.file), state, strings.Join(append(slices.Clone(order), "1"), ", "), c.Samples))
}

// texts reads the rows of a query whose columns are texts.
func (c *comparison) texts(ctx context.Context, query string) (lines [][]*string, err error) {
	rows, err := c.Session.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		line, targets := make([]*string, len(columns)), make([]any, len(columns))
		for i := range line {
			targets[i] = &line[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}
