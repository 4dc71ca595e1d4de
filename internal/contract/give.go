package contract

import (
	"fmt"
	"slices"
	"strings"
)

// rowsPerFile is the room for line numbers in the order of all rows: file_no * rowsPerFile - source_row is greatest
// for the first line of the newest file.
const rowsPerFile = 1 << 40

// GiveSQL selects the rows that the feed gives to a dataset from a relation with the columns of FeedSQL: the dataset's
// columns in its order and of its types, then feed VARCHAR, source_file VARCHAR, source_row BIGINT and exported_at
// TIMESTAMP. A value that is not exact in its type stops the query. The feed must give the dataset.
func (c *Contract) GiveSQL(dataset *Dataset, from string) string {
	give := c.Gives[dataset.Dataset]
	if give.Split {
		from = c.splitSQL(from)
	}
	var inner, outer []string
	for _, column := range dataset.Columns {
		expression, given := give.Columns[column.Name]
		switch {
		case given:
			inner = append(inner, fmt.Sprintf("(%s\n        ) as %s", expression, given_(column.Name)))
			outer = append(outer, fmt.Sprintf("%s as %s", c.exactCast(dataset, column), Name(column.Name)))
		case column.Name == "channel":
			outer = append(outer, fmt.Sprintf("cast(%s as VARCHAR) as channel", Quote(c.Channel)))
		default:
			outer = append(outer, fmt.Sprintf("cast(null as %s) as %s", column.SQLType(), Name(column.Name)))
		}
	}
	inner = append(inner, c.lineage(give)...)
	outer = append(outer, "cast("+Quote(c.Feed)+" as VARCHAR) as feed", "given_source_file as source_file",
		"given_source_row as source_row", "given_exported_at as exported_at")
	return fmt.Sprintf("select\n    %s\nfrom (\n    select\n        %s\n    from %s%s\n)",
		strings.Join(outer, ",\n    "), strings.Join(inner, ",\n        "), from, give.clauses())
}

// given_ keeps the results apart from the feed's columns, which a dataset's columns often share their names with.
func given_(column string) string { return Name("given_" + column) }

func (g Give) clauses() string {
	var text strings.Builder
	if g.Rows != "" {
		fmt.Fprintf(&text, "\n    where (%s\n    )", g.Rows)
	}
	if len(g.GroupBy) > 0 {
		fmt.Fprintf(&text, "\n    group by %s", nameList(g.GroupBy))
	}
	return text.String()
}

// lineage carries file and line. A folded row names its first line; where rows of several files may be folded, the
// first line of the newest of them.
func (c *Contract) lineage(give Give) []string {
	if len(give.GroupBy) == 0 {
		return []string{"source_file as given_source_file", "source_row as given_source_row", "exported_at as given_exported_at"}
	}
	file := "min(source_file)"
	row := "min(source_row)"
	if !c.foldsWithinFile(give) {
		order := fmt.Sprintf("file_no * %d - source_row", int64(rowsPerFile))
		file = fmt.Sprintf("arg_max(source_file, %s)", order)
		row = fmt.Sprintf("arg_max(source_row, %s)", order)
	}
	return []string{file + " as given_source_file", row + " as given_source_row", "max(exported_at) as given_exported_at"}
}

// foldsWithinFile is true where all rows of a group come from one file: the newest that has the key.
func (c *Contract) foldsWithinFile(give Give) bool {
	if len(c.Key) == 0 {
		return false
	}
	for _, column := range c.Key {
		if !slices.Contains(give.GroupBy, column) {
			return false
		}
	}
	return true
}

// exactCast casts to the dataset's type. DuckDB rounds silently where a decimal or an integer is too narrow; here
// that is an error, which names the place in the contract and the value.
func (c *Contract) exactCast(dataset *Dataset, column DatasetColumn) string {
	given := given_(column.Name)
	cast := fmt.Sprintf("cast(%s as %s)", given, column.SQLType())
	if column.Type != "money" && column.Type != "integer" {
		return cast
	}
	place := fmt.Sprintf("feed %s: gives.%s.%s: not exact as %s: ", c.Feed, dataset.Dataset, column.Name, column.Type)
	return fmt.Sprintf("case when %[1]s is null or %[2]s = %[1]s then %[2]s else error(%[3]s || cast(%[1]s as VARCHAR)) end",
		given, cast, Quote(place))
}
