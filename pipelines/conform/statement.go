package conform

import (
	"fmt"
	"strings"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/warehouse"
)

// A plan is the SQL that reads one file's records.
type plan struct {
	contract *contract.Contract
	header   reader.Header
	zone     string
	columns  []typing // per column of the contract; empty for computed ones
	quicks   []*quick // per column of the contract; nil where there is none
}

// newPlan reads a file that was exported at this time, which is in the brand's zone.
func newPlan(c *contract.Contract, header reader.Header, exported time.Time) plan {
	in := setting{container: c.Files.Container, comma: c.Files.Decimal == contract.DecimalComma, zone: exported.Location().String(), exported: exported}
	p := plan{contract: c, header: header, zone: in.zone, columns: make([]typing, len(c.Columns)), quicks: make([]*quick, len(c.Columns))}
	for i, column := range c.Columns {
		if !column.Computed() {
			p.columns[i] = newTyping(column, cellName(i), in)
		}
	}
	return p
}

// withQuicks is the plan for records that come with their plain values beside them.
func (p plan) withQuicks() plan {
	p.quicks = quicksOf(p.contract, p.header)
	for i, q := range p.quicks {
		if q == nil {
			continue
		}
		value := quickName(i)
		if from := p.contract.Columns[i].Zone; p.contract.Columns[i].Type == contract.Timestamp {
			value = move(value, from, p.zone)
		}
		p.columns[i].typed = fmt.Sprintf("case when %s is not null then %s else %s end", quickName(i), value, p.columns[i].typed)
	}
	return p
}

// Names with a blank cannot be columns of a contract.
func cellName(i int) string  { return fmt.Sprintf(`"cell %d"`, i) }
func valueName(i int) string { return fmt.Sprintf(`"value %d"`, i) }

// accept writes the rows of which every cell fits its type.
//
// Whether a row is good is computed beside its values, which DuckDB then computes once. random() keeps the optimizer from moving the
// condition below the casts, where they would all be computed twice, and from asking the stream of batches to apply it.
func (p plan) accept(from, to string) string {
	if len(p.contract.UnknownFields(p.header.Names)) > 0 {
		return p.acceptWith(from, to, []string{extraName}, ", "+extraName)
	}
	return p.acceptWith(from, to, nil, "")
}

// acceptTogether does so for records of several files, whose numbers stand above those of the lines (lineBits). lineage is SQL for further
// columns, over file_no.
func (p plan) acceptTogether(from, to, lineage string) string {
	lines := fmt.Sprintf("(select source_row >> %[1]d as file_no, source_row & %[2]d as source_row, * exclude (source_row) from %[3]s)", lineBits, int64(1)<<lineBits-1, from)
	return p.acceptWith(lines, to, []string{"file_no", extraName}, ", "+extraName+", "+lineage)
}

func (p plan) acceptWith(from, to string, carried []string, lineage string) string {
	checks := []string{"random() >= 0"}
	for i, column := range p.contract.Columns {
		if check := p.check(i, column); check != "" {
			checks = append(checks, check)
		}
	}
	if split := p.contract.Split; split != nil {
		checks = append(checks, split.Holds())
	}
	names := strings.Join(append([]string{"source_row", p.names()}, carried...), ", ")
	return fmt.Sprintf(`copy (
    select source_row, %[1]s%[6]s
    from (
        select %[7]s,
            %[2]s as "is good"
        from %[3]s
    )
    where "is good"
) to %[4]s %[5]s`,
		p.names(), strings.Join(checks, "\n            and "), p.typed(from, carried), contract.Quote(to), warehouse.WorkingParquet, lineage, names)
}

func (p plan) names() string {
	names := make([]string, len(p.contract.Columns))
	for i, column := range p.contract.Columns {
		names[i] = contract.Name(column.Name)
	}
	return strings.Join(names, ", ")
}

func (p plan) check(i int, column contract.Column) string {
	name := contract.Name(column.Name)
	switch {
	case column.Computed():
		return fmt.Sprintf("%[1]s is not distinct from %[2]s", name, valueName(i))
	case column.RefusesEmpty():
		return name + " is not null"
	case p.columns[i].sure || p.header.Fields[i] < 0:
		return ""
	case p.quicks[i] != nil:
		return fmt.Sprintf("(%s is not null or (%s is null and %s is null))", name, cellName(i), quickName(i))
	default:
		return fmt.Sprintf("(%s is not null or %s is null)", name, cellName(i))
	}
}

// typed is a relation of source_row, the carried columns, every cell and every column by its name.
func (p plan) typed(from string, carried []string) string {
	cells := append([]string{"source_row"}, carried...)
	values := append([]string{}, cells...)
	for i, column := range p.contract.Columns {
		if column.Computed() {
			continue
		}
		cells = append(cells, p.cell(i, column)+" as "+cellName(i))
		if p.quicks[i] != nil {
			cells, values = append(cells, quickField(i)+" as "+quickName(i)), append(values, quickName(i))
		}
		values = append(values, cellName(i), fmt.Sprintf("cast(%s as %s) as %s", p.columns[i].typed, column.SQLType(), contract.Name(column.Name)))
	}
	relation := fmt.Sprintf("(\n        select %s\n        from %s\n        )", strings.Join(cells, ", "), from)
	values = append(values, contract.Quote(p.zone)+" as "+contract.BrandZone)
	relation = fmt.Sprintf("(\n        select %s\n        from %s\n        )", strings.Join(values, ",\n            "), relation)
	for i, column := range p.contract.Columns {
		if column.Computed() {
			relation = fmt.Sprintf("(\n        select *, try_cast(%s as %s) as %s\n        from (select *, (%s\n            ) as %s from %s)\n        )",
				valueName(i), column.SQLType(), contract.Name(column.Name), column.Value, valueName(i), relation)
		}
	}
	return relation
}

// cell is the text of a column's cell, NULL where it stands for no value.
func (p plan) cell(i int, column contract.Column) string {
	field := p.header.Fields[i]
	if field < 0 {
		return "cast(null as VARCHAR)"
	}
	text := fieldName(field)
	for _, null := range column.Nulls {
		text = fmt.Sprintf("nullif(%s, %s)", text, contract.Quote(null))
	}
	return text
}

// explain writes what is wrong with each record: source_row, reason (NULL if nothing is) and raw. To order by every cell changes nothing,
// since no two records have one line; it uses all columns of the batches, as warehouse.Stream demands.
func (p plan) explain(from, to string) string {
	var reasons []string
	order := []string{"source_row"}
	for i, column := range p.contract.Columns {
		if !column.Computed() {
			order = append(order, cellName(i))
		}
		if reason := p.reason(i, column); reason != "" {
			reasons = append(reasons, reason)
		}
	}
	if split := p.contract.Split; split != nil {
		reasons = append(reasons, fmt.Sprintf("case when not %s then %s end", split.Holds(), split.Reason()))
	}
	return fmt.Sprintf(`copy (
    select source_row, coalesce("given reason", nullif(concat_ws('; ', %s), '')) as reason, "raw text" as raw
    from %s
    order by %s
) to %s %s`,
		strings.Join(append(reasons, "null"), ",\n        "), p.typed(from, []string{`"given reason"`, `"raw text"`}), strings.Join(order, ", "), contract.Quote(to), warehouse.WorkingParquet)
}

// maxShown is how many characters of a cell a reason shows.
const maxShown = 60

func (p plan) reason(i int, column contract.Column) string {
	check := p.check(i, column)
	if check == "" {
		return ""
	}
	title := fmt.Sprintf("column %q: ", p.title(i, column))
	if column.Computed() {
		return fmt.Sprintf("case when not (%s) then %s || cast(%s as VARCHAR) || ')' end", check, contract.Quote(title+"computed, but not exact in its type (got "), valueName(i))
	}
	want := contract.Quote(p.columns[i].want)
	if p.columns[i].reason != "" {
		want = fmt.Sprintf("coalesce(%s, %s)", p.columns[i].reason, want)
	}
	return fmt.Sprintf("case when %[1]s is null and %[2]s then %[3]s when not (%[4]s) then %[5]s || %[6]s || %[7]s end",
		cellName(i), sqlBool(column.RefusesEmpty()), contract.Quote(title+"no value"), check, contract.Quote(title), want, shown(column, cellName(i)))
}

func sqlBool(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// shown quotes the cell in a reason, unless it is personal: reasons are printed and logged.
func shown(column contract.Column, cell string) string {
	if column.Personal {
		return fmt.Sprintf("' (got ' || length(%s) || ' characters, not shown: personal)'", cell)
	}
	return fmt.Sprintf(`' (got "' || left(%s, %d) || '")'`, cell, maxShown)
}

// title is the column's header as the file writes it.
func (p plan) title(i int, column contract.Column) string {
	if field := p.header.Fields[i]; field >= 0 {
		return strings.TrimSpace(strings.TrimPrefix(p.header.Names[field], "\ufeff"))
	}
	if len(column.Header) > 0 {
		return column.Header[0]
	}
	return column.Name
}
