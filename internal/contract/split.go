package contract

import (
	"fmt"
	"slices"
	"strings"
)

// A Split says how a row that stands for several lines falls apart: cells such as "a1;a2" hold one value of each line, and numbers of the row
// are shared among them.
type Split struct {
	Columns []string `json:"columns"         yaml:"columns"` // whose cells hold a value of each line, or none at all
	By      string   `json:"by"              yaml:"by"`      // what stands between values
	Share   []string `json:"share,omitempty" yaml:"share"`   // numbers of the whole row
}

// Columns that the expressions of a give with split may use besides the contract's.
const (
	PartNumber  = "part_no"      // BIGINT, from 1
	PartCount   = "parts"        // BIGINT, of the row
	PartsUneven = "parts_uneven" // BOOLEAN, a number of the row could not be shared evenly: what was left is with part 1
)

func (c *Contract) validateSplit(found *problems) {
	for name, give := range c.Gives {
		if give.Split && c.Split == nil {
			found.add("$.gives."+name+".split", "say above, under split, which columns hold the values of several lines")
		}
	}
	if c.Split == nil {
		return
	}
	c.validateNames(found, "$.split.columns", c.Split.Columns)
	c.validateNames(found, "$.split.share", c.Split.Share)
	if len(c.Split.Columns) == 0 || c.Split.By == "" {
		found.add("$.split", "want columns, and by: what stands between their values")
	}
	for i, name := range c.Split.Columns {
		if column, ok := c.Column(name); ok && (column.SQLType() != "VARCHAR" || column.Computed()) {
			found.add(fmt.Sprintf("$.split.columns[%d]", i), "column %q is no text of the file", name)
		}
	}
	for i, name := range c.Split.Share {
		column, ok := c.Column(name)
		if ok && !slices.Contains([]Type{Integer, Count, Money, Decimal}, column.Type) {
			found.add(fmt.Sprintf("$.split.share[%d]", i), "column %q is no number that adds up", name)
		}
	}
}

// Values is SQL for the number of values in a column's cell, NULL where it is empty.
func (s Split) values(column string) string {
	return fmt.Sprintf("len(string_split(%s, %s))", Name(column), Quote(s.By))
}

func (s Split) eachCount() string {
	counts := make([]string, len(s.Columns))
	for i, column := range s.Columns {
		counts[i] = s.values(column)
	}
	return strings.Join(counts, ", ")
}

// Holds is SQL that says whether a row can be split: all cells that are not empty hold as many values, and none of those is empty.
func (s Split) Holds() string {
	whole := make([]string, len(s.Columns))
	for i, column := range s.Columns {
		// As many as there are: trimmed, none is empty.
		whole[i] = fmt.Sprintf("coalesce(not regexp_matches(%[2]s || %[1]s || %[2]s, %[3]s), true)", Name(column), Quote(s.By), Quote(pattern(s.By)+`\s*`+pattern(s.By)))
	}
	return fmt.Sprintf("(coalesce(greatest(%[1]s) = least(%[1]s), true) and %[2]s)", s.eachCount(), strings.Join(whole, " and "))
}

// pattern matches a text as it stands.
func pattern(text string) string {
	var escaped strings.Builder
	for _, r := range text {
		fmt.Fprintf(&escaped, `\x{%x}`, r)
	}
	return escaped.String()
}

// Reason is SQL that says why a row cannot be split.
func (s Split) Reason() string {
	counts := make([]string, len(s.Columns))
	for i, column := range s.Columns {
		counts[i] = fmt.Sprintf("coalesce(%s, 0)", s.values(column))
	}
	return fmt.Sprintf("%s || concat_ws(', ', %s) || %s", Quote("columns "+strings.Join(s.Columns, ", ")+": "), strings.Join(counts, ", "),
		Quote(" values joined by "+quoted(s.By)+": want as many in each, and none empty"))
}

// splitSQL gives each part of each row a row of its own. Numbers are shared in units of their last decimal; what is left after that is with the
// first part, so that the parts always add up to the row.
func (c *Contract) splitSQL(from string) string {
	split := c.Split
	var parts []string
	for _, name := range split.Columns {
		parts = append(parts, fmt.Sprintf("trim(string_split(%[1]s, %[2]s)[%[3]s]) as %[1]s", Name(name), Quote(split.By), PartNumber))
	}
	uneven := []string{"false"}
	for _, name := range split.Share {
		column, _ := c.Column(name)
		units := fmt.Sprintf("cast(cast(%s as DECIMAL(38,%d)) * %s as HUGEINT)", Name(name), column.decimals(), "1"+strings.Repeat("0", column.decimals()))
		share := fmt.Sprintf("((%[1]s - %[1]s %% %[2]s) // %[2]s + case when %[3]s = 1 then %[1]s %% %[2]s else 0 end)", units, PartCount, PartNumber)
		parts = append(parts, fmt.Sprintf("cast(cast(%s as DECIMAL(25,0)) * %s as %s) as %s", share, column.lastDecimal(), column.SQLType(), Name(name)))
		uneven = append(uneven, fmt.Sprintf("coalesce(%s %% %s <> 0, false)", units, PartCount))
	}
	return fmt.Sprintf("(\n        select * replace (%[1]s), %[2]s as %[3]s\n        from (\n            select *, unnest(generate_series(1, %[4]s)) as %[5]s\n            from (select *, cast(greatest(%[6]s, 1) as BIGINT) as %[4]s from %[7]s)\n        )\n    )",
		strings.Join(parts, ", "), strings.Join(uneven, " or "), PartsUneven, PartCount, PartNumber, split.eachCount(), from)
}

func (c Column) decimals() int {
	switch c.Type {
	case Money:
		return 2
	case Decimal:
		return c.Scale
	default:
		return 0
	}
}

// lastDecimal writes one unit of the column's last decimal, such as 0.01.
func (c Column) lastDecimal() string {
	if c.decimals() == 0 {
		return "1"
	}
	return "0." + strings.Repeat("0", c.decimals()-1) + "1"
}
