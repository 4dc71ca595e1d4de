package diff

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// frequentPairs is how many of a column's changes are shown.
const frequentPairs = 3

// describeColumns says of each column how many of its values differ, and by how much.
func (c *comparison) describeColumns(ctx context.Context) error {
	columns := make([]ColumnChange, len(c.values))
	if err := c.countChanges(ctx, columns); err != nil {
		return err
	}
	sumsDiffer, err := c.addUp(ctx, columns)
	if err != nil {
		return err
	}
	for i := range columns {
		if err := c.describe(ctx, i, &columns[i]); err != nil {
			return err
		}
		if columns[i].Rows > 0 || sumsDiffer[i] {
			c.table.Columns = append(c.table.Columns, columns[i])
		}
	}
	return nil
}

func (c *comparison) countChanges(ctx context.Context, columns []ColumnChange) error {
	counts, targets := []string{"count(*)"}, []any{new(int64)}
	for i, value := range c.values {
		columns[i].Column = value.name
		counts = append(counts, fmt.Sprintf(
			"count(*) filter (where d%[1]d), count(*) filter (where d%[1]d and a%[1]d is null), count(*) filter (where d%[1]d and b%[1]d is null)", i))
		targets = append(targets, &columns[i].Rows, &columns[i].ToNull, &columns[i].FromNull)
	}
	return c.Session.QueryRow(ctx, "select "+strings.Join(counts, ", ")+" from "+readParquet(c.file)).Scan(targets...)
}

// addUp sums the columns of numbers over all rows of each side, and says which sums differ.
func (c *comparison) addUp(ctx context.Context, columns []ColumnChange) ([]bool, error) {
	differ := make([]bool, len(columns))
	sums, shown, targets := []string{"count(*) as rows"}, []string{"1"}, []any{new(int)}
	for i, value := range c.values {
		if value.kind() == anything {
			continue
		}
		columns[i].Sum = &Sum{}
		sums = append(sums, fmt.Sprintf("coalesce(sum(%s), 0) as s%d", value.value(), i))
		before, after := fmt.Sprintf("b.s%d", i), fmt.Sprintf("a.s%d", i)
		shown = append(shown, value.shown(before), value.shown(after), value.shown(after+" - "+before), value.different(before, after))
		targets = append(targets, &columns[i].Sum.Before, &columns[i].Sum.After, &columns[i].Sum.Difference, &differ[i])
	}
	one := "select " + strings.Join(sums, ", ") + " from "
	query := "select " + strings.Join(shown, ", ") + " from (" + one + c.before.all + ") as b, (" + one + c.after.all + ") as a"
	return differ, c.Session.QueryRow(ctx, query).Scan(targets...)
}

// shown is a number of the column as text.
func (c column) shown(number string) string {
	if c.kind() == floating {
		return "format('{:.10g}', (" + number + ")::double)"
	}
	return "(" + number + ")::varchar"
}

func (c *comparison) describe(ctx context.Context, at int, change *ColumnChange) (err error) {
	if change.Rows == 0 {
		return nil
	}
	kind := c.values[at].kind()
	if kind != anything {
		if change.Largest, err = c.largest(ctx, at); err != nil {
			return err
		}
	}
	if kind == anything || kind == integer {
		change.Pairs, err = c.pairs(ctx, at)
	}
	return err
}

// largest finds the row whose number changed most; of several the first by grain.
func (c *comparison) largest(ctx context.Context, at int) (*Largest, error) {
	value := c.values[at]
	before, after := value.number(fmt.Sprintf("b%d", at)), value.number(fmt.Sprintf("a%d", at))
	difference := after + " - " + before
	query := fmt.Sprintf("select %s, %s, %s, [%s] from %s where d%d and b%[6]d is not null and a%[6]d is not null order by abs(%s) desc, %s limit 1",
		value.shown(before), value.shown(after), value.shown(difference), strings.Join(asTexts(c.keyNames()), ", "), readParquet(c.file), at, difference,
		strings.Join(append(c.keyNames(), "1"), ", "))
	var found Largest
	var key []any
	err := c.Session.QueryRow(ctx, query).Scan(&found.Before, &found.After, &found.Difference, (*anyList)(&key))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	found.Key = textsOf(key[:min(len(key), len(c.keys))])
	return &found, err
}

// anyList takes a list as the driver gives it.
type anyList []any

// Scan implements sql.Scanner.
func (l *anyList) Scan(value any) error {
	list, isList := value.([]any)
	if !isList {
		return fmt.Errorf("want a list, got %T", value)
	}
	*l = list
	return nil
}

func textsOf(list []any) []*string {
	texts := make([]*string, len(list))
	for i, value := range list {
		if text, isText := value.(string); isText {
			texts[i] = &text
		}
	}
	return texts
}

func asTexts(names []string) []string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = name + "::varchar"
	}
	return texts
}

// pairs are the column's most frequent changes.
func (c *comparison) pairs(ctx context.Context, at int) (pairs []Pair, err error) {
	query := fmt.Sprintf(
		"select b%[1]d::varchar as b, a%[1]d::varchar as a, count(*) as rows from %[2]s where d%[1]d group by 1, 2 order by 3 desc, 1 nulls first, 2 nulls first limit %[3]d",
		at, readParquet(c.file), frequentPairs)
	rows, err := c.Session.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var pair Pair
		if err := rows.Scan(&pair.Before, &pair.After, &pair.Rows); err != nil {
			return nil, err
		}
		pairs = append(pairs, pair)
	}
	return pairs, rows.Err()
}
