package diff

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/warehouse"
)

// comparison is one table's two versions while they are compared. In its SQL the shared columns go by short names, so that no column of
// a table can be taken for one of ours: k0, k1… are the grain, and b0, b1… and a0, a1… the other columns before and after.
type comparison struct {
	Options
	table         *Table
	before, after version
	keys, values  []column
	// numbered says that rows share a key: they are numbered, and the number is one more key.
	numbered bool
	// dayless says that the as-of day is left out.
	dayless bool
	file    string // the rows that differ
}

// prepare compares the schemas and decides how rows are told apart.
func (c *comparison) prepare(ctx context.Context) error {
	old, err := c.Session.Columns(ctx, c.before.all)
	if err != nil {
		return err
	}
	fresh, err := c.Session.Columns(ctx, c.after.all)
	if err != nil {
		return err
	}
	changes, shared := compareSchemas(old, fresh)
	c.table.Schema = changes
	if shared, err = c.withoutDay(ctx, shared); err != nil {
		return err
	}
	c.chooseKeys(shared)
	if c.hasGrain() {
		return c.lookForDuplicates(ctx)
	}
	return nil
}

// hasGrain says that rows are told to be the same one by some of their columns.
func (c *comparison) hasGrain() bool { return c.table.Grain != nil }

// chooseKeys parts the shared columns into the grain and those to compare.
func (c *comparison) chooseKeys(shared []column) {
	grain := c.Grain(c.table.Name)
	for _, name := range grain {
		at := slices.IndexFunc(shared, func(s column) bool { return strings.EqualFold(s.name, name) })
		if at < 0 && (!c.dayless || !isDay(name)) {
			c.note("column %s of the grain is not on both sides: whole rows are compared", name)
			c.keys, grain = nil, nil
			break
		}
		if at >= 0 {
			c.keys = append(c.keys, shared[at])
		}
	}
	if len(grain) > 0 {
		c.table.Grain = namesOf(c.keys)
	}
	for _, other := range shared {
		if !slices.Contains(c.keys, other) && c.isWanted(other) {
			c.values = append(c.values, other)
		}
	}
}

func (c *comparison) isWanted(other column) bool {
	return len(c.Columns) == 0 || slices.ContainsFunc(c.Columns, func(name string) bool { return strings.EqualFold(name, other.name) })
}

func (c *comparison) note(format string, args ...any) {
	c.table.Notes = append(c.table.Notes, fmt.Sprintf(format, args...))
}

// dayColumn is the column that says for which day all rows of a table are.
const dayColumn = "as_of"

func isDay(name string) bool { return strings.EqualFold(name, dayColumn) }

// withoutDay leaves out the as-of day when all rows of each side are for one day and the two days differ: otherwise every row would be
// added or missing.
func (c *comparison) withoutDay(ctx context.Context, shared []column) ([]column, error) {
	at := slices.IndexFunc(shared, func(s column) bool { return isDay(s.name) })
	if at < 0 {
		return shared, nil
	}
	var days [2]*string
	for i, relation := range []string{c.before.all, c.after.all} {
		query := "select case when count(*) = count(as_of) and min(as_of) = max(as_of) then min(as_of)::varchar end from " + relation
		if err := c.Session.QueryRow(ctx, query).Scan(&days[i]); err != nil {
			return nil, err
		}
	}
	if days[0] == nil || days[1] == nil || *days[0] == *days[1] {
		return shared, nil
	}
	c.dayless = true
	c.note("as_of is %s before and %s after: rows are compared without it", *days[0], *days[1])
	return slices.Delete(shared, at, at+1), nil
}

// lookForDuplicates says how many keys several rows of a side share, and has such rows numbered.
func (c *comparison) lookForDuplicates(ctx context.Context) error {
	sides := []string{"before", "after"}
	for i, relation := range []string{c.before.suspect, c.after.suspect} {
		var duplicates int64
		query := fmt.Sprintf("select count(*) from (select 1 from %s group by %s having count(*) > 1)", relation, listOrUnit(c.keyColumns()))
		if err := c.Session.QueryRow(ctx, query).Scan(&duplicates); err != nil {
			return err
		}
		if duplicates > 0 {
			c.numbered = true
			c.note("%d values of the grain are shared by several rows %s: such rows are paired in the order of their other columns", duplicates, sides[i])
		}
	}
	return nil
}

func (c *comparison) keyColumns() []string {
	keys := make([]string, len(c.keys))
	for i, key := range c.keys {
		keys[i] = key.value()
	}
	return keys
}

// listOrUnit is a list for group by; without a column all rows are one group.
func listOrUnit(list []string) string {
	if len(list) == 0 {
		return "()"
	}
	return strings.Join(list, ", ")
}

// findRows counts the rows, and writes those that differ to a scratch file.
func (c *comparison) findRows(ctx context.Context) error {
	count := "select (select count(*) from " + c.before.all + "), (select count(*) from " + c.after.all + ")"
	if err := c.Session.QueryRow(ctx, count).Scan(&c.table.RowsBefore, &c.table.RowsAfter); err != nil {
		return err
	}
	c.file = filepath.Join(c.Scratch, "diff-"+c.table.Name+".parquet")
	if _, err := c.Session.Exec(ctx, "copy (\n"+c.differing()+"\n) to "+warehouse.Quote(c.file)+" "+warehouse.WorkingParquet); err != nil {
		return err
	}
	states := "select count(*) filter (where state = 'added'), count(*) filter (where state = 'missing'), count(*) filter (where state = 'changed') from "
	return c.Session.QueryRow(ctx, states+readParquet(c.file)).Scan(&c.table.Added, &c.table.Missing, &c.table.Changed)
}

// differing is the query for the rows that differ.
func (c *comparison) differing() string {
	switch {
	case c.hasGrain():
		return c.joined()
	case len(c.values) == 0:
		return "select null::varchar as state where false" // nothing that both versions have
	}
	return c.wholeRows()
}

func (c *comparison) removeFile() {
	_ = os.Remove(c.file) // the scratch folder goes as a whole anyway
}

// joined gives the rows of both sides side by side where they differ, state saying how, and d0, d1… which values.
func (c *comparison) joined() string {
	on, selected := []string{"b.one = a.one"}, []string{"case when a.one is null then 'missing' when b.one is null then 'added' else 'changed' end as state"}
	for i := range c.keyNames() {
		on = append(on, fmt.Sprintf("b.k%[1]d is not distinct from a.k%[1]d", i))
		selected = append(selected, fmt.Sprintf("coalesce(b.k%[1]d, a.k%[1]d) as k%[1]d", i))
	}
	differs := []string{"a.one is null", "b.one is null"}
	for i, value := range c.values {
		different := value.different(fmt.Sprintf("b.b%d", i), fmt.Sprintf("a.a%d", i))
		differs = append(differs, different)
		selected = append(selected, fmt.Sprintf("b.b%[1]d, a.a%[1]d, a.one is not null and b.one is not null and %[2]s as d%[1]d", i, different))
	}
	return "select " + strings.Join(selected, ",\n    ") +
		"\nfrom (" + c.side("b", c.before.suspect) + ") as b\nfull join (" + c.side("a", c.after.suspect) + ") as a\n    on " + strings.Join(on, " and ") +
		"\nwhere " + strings.Join(differs, "\n    or ")
}

// different is the condition under which two values of the column are not the same. Floating-point numbers are when their first nine
// digits are, as in a table's digest: the last ones depend on the order in which threads add up.
func (c column) different(before, after string) string {
	plain := before + " is distinct from " + after
	if c.kind() != floating {
		return plain
	}
	near := fmt.Sprintf("abs(%[1]s::double - %[2]s) <= 1e-9 * least(abs(%[1]s::double), abs(%[2]s::double)) and not isinf(%[1]s::double)", before, after)
	return "(" + plain + " and not coalesce(" + near + ", false))"
}

// side is one version with the short names. one is never NULL: it says that the side has the row.
func (c *comparison) side(letter, relation string) string {
	selected := []string{"1 as one"}
	for i, key := range c.keys {
		selected = append(selected, fmt.Sprintf("%s as k%d", key.value(), i))
	}
	if c.numbered {
		partition, order := strings.Join(append(c.keyColumns(), "1"), ", "), strings.Join(append(c.valueColumns(), "1"), ", ")
		selected = append(selected, fmt.Sprintf("row_number() over (partition by %s order by %s) as k%d", partition, order, len(c.keys)))
	}
	for i, value := range c.values {
		selected = append(selected, fmt.Sprintf("%s as %s%d", value.value(), letter, i))
	}
	return "select " + strings.Join(selected, ", ") + " from " + relation
}

func (c *comparison) valueColumns() []string {
	values := make([]string, len(c.values))
	for i, value := range c.values {
		values[i] = value.value()
	}
	return values
}

// keyNames are the short names of the keys, with the number of rows that share one.
func (c *comparison) keyNames() []string {
	names := make([]string, len(c.keys))
	if c.numbered {
		names = append(names, "")
	}
	for i := range names {
		names[i] = fmt.Sprintf("k%d", i)
	}
	return names
}

// wholeRows counts each row on both sides: one that occurs more often on one side is added or missing as often as that. It gives a row per
// occurrence, with its values as b0… if it is missing and as a0… if it is added.
func (c *comparison) wholeRows() string {
	var listed, before, after []string
	for i, value := range c.values {
		listed = append(listed, fmt.Sprintf("%s as v%d", value.whole(), i))
		before = append(before, fmt.Sprintf("case when difference < 0 then v%[1]d end as b%[1]d", i))
		after = append(after, fmt.Sprintf("case when difference > 0 then v%[1]d end as a%[1]d, false as d%[1]d", i))
	}
	one := "select " + strings.Join(listed, ", ")
	return "select case when difference > 0 then 'added' else 'missing' end as state, " + strings.Join(append(before, after...), ", ") +
		"\nfrom (\n    select *, unnest(range(abs(difference)::bigint)) as occurrence from (\n        select * exclude (side), sum(side) as difference from (\n" +
		one + ", 1 as side from " + c.after.suspect + "\nunion all by name\n" + one + ", -1 as side from " + c.before.suspect +
		"\n        ) group by all having sum(side) <> 0\n    )\n)"
}

// whole is the column as it counts in a comparison of whole rows.
func (c column) whole() string {
	if c.kind() == floating {
		return fmt.Sprintf("format('{:.9e}', %s::double)::double", c.value())
	}
	return c.value()
}

func namesOf(columns []column) []string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.name
	}
	return names
}
