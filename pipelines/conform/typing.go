package conform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/contract"
)

// A typing is how one column's cells become values. Each cell is tried in its common form first, and only what does not have that form
// goes through the dear clean-up, so that clean files cost what a bare cast costs.
type typing struct {
	typed  string // SQL expression of the type, NULL where the cell does not fit
	sure   bool   // every cell fits
	want   string // what a cell that does not fit is not
	reason string // optional SQL expression for a more exact reason, NULL if it has none
}

const digits = `(?:[0-9]{1,3}(?:[,，][0-9]{3})+|[0-9]+)`

func newTyping(column contract.Column, cell, container, zone string) typing {
	switch column.Type {
	case contract.ID:
		return idTyping(cell)
	case contract.Integer:
		return typing{typed: integerSQL(cell), want: "not a whole number"}
	case contract.Count:
		return typing{typed: countSQL(cell), want: "not a count"}
	case contract.Money:
		return moneyTyping(column, cell)
	case contract.Decimal:
		return typing{typed: decimalSQL(cell, column.Scale), want: "not a number", reason: decimalsReason(cell, column.Scale)}
	case contract.Percent:
		return typing{typed: percentSQL(cell), want: "not a percentage"}
	case contract.Boolean:
		return typing{typed: booleanSQL(cell), want: "not yes or no"}
	case contract.Date:
		layouts := layoutsOf(column, container)
		return typing{typed: dateSQL(cell, layouts), want: "not a date as " + strings.Join(layouts, " or ")}
	case contract.Timestamp:
		layouts := layoutsOf(column, container)
		return typing{typed: timestampSQL(cell, layouts, column.Zone, zone), want: "not a time as " + strings.Join(layouts, " or ")}
	case contract.Enum:
		return typing{typed: enumSQL(column, cell), want: "not a known value"}
	default:
		return typing{typed: cell, sure: true}
	}
}

func fullMatch(cell, pattern string) string {
	return fmt.Sprintf("regexp_full_match(%s, %s)", cell, contract.Quote(pattern))
}

// bareNumber leaves digits, point and minus.
func bareNumber(cell string) string {
	return fmt.Sprintf("regexp_replace(%s, '[^0-9.-]', '', 'g')", cell)
}

func idTyping(cell string) typing {
	damaged := fullMatch(cell, `[0-9](\.[0-9]+)?[eE]\+[0-9]+|[0-9]\.[0-9]+[eE][0-9]+`)
	return typing{
		// Most identifiers are digits: looking for the letter spares them the pattern.
		typed: fmt.Sprintf("case when (contains(%[1]s, 'E') or contains(%[1]s, 'e')) and %[2]s then null else %[1]s end", cell, damaged),
		want:  "an identifier damaged by a spreadsheet: export the column as text",
	}
}

// canonical reads what the type itself writes, which takes less time to compare than a pattern takes to match. A cast alone would also
// take 1e3 and 1_000.
func canonical(cell, sqlType string) string {
	value := fmt.Sprintf("try_cast(%s as %s)", cell, sqlType)
	return fmt.Sprintf("case when cast(%[1]s as VARCHAR) = %[2]s then %[1]s end", value, cell)
}

func integerSQL(cell string) string {
	return fmt.Sprintf(`coalesce(
            %s,
            case when %s then try_cast(split_part(%s, '.', 1) as BIGINT) end)`,
		canonical(cell, "BIGINT"), fullMatch(cell, `[+-]?`+digits+`(?:\.0*)?`), bareNumber(cell))
}

// countSQL reads 3.2万 exactly: a unit takes as many decimals as it has zeros.
func countSQL(cell string) string {
	var units strings.Builder
	for _, unit := range []struct {
		names string
		zeros int
	}{{"千|k|K", 3}, {"万|w|W", 4}, {"亿", 8}} {
		form := fmt.Sprintf(`[+-]?%s(?:\.[0-9]{1,%d})?\s?(?:%s)\+?`, digits, unit.zeros, unit.names)
		fmt.Fprintf(&units, ",\n            case when %s then try_cast(try_cast(%s || 'e%d' as DECIMAL(38,0)) as BIGINT) end",
			fullMatch(cell, form), bareNumber(cell), unit.zeros)
	}
	return fmt.Sprintf("coalesce(%s%s)", integerSQL(cell), units.String())
}

// decimalSQL reads amounts. DuckDB rounds a text with more decimals than the type; the patterns let only zeros be more.
func decimalSQL(cell string, scale int) string {
	plain := fmt.Sprintf(`-?[0-9]{1,%d}`, 18-scale)
	if scale > 0 {
		plain += fmt.Sprintf(`(?:\.[0-9]{1,%d})?`, scale)
	}
	return fmt.Sprintf(`coalesce(
            %s,
            case when %s then try_cast(%s as DECIMAL(18,%d)) end,
            case when %s then try_cast(%s as DECIMAL(18,%d)) end)`,
		canonical(cell, fmt.Sprintf("DECIMAL(18,%d)", scale)), fullMatch(cell, plain), cell, scale, fullMatch(cell, amountForm(fmt.Sprintf(`{0,%d}0*`, scale))), signed(cell), scale)
}

// amountForm is an amount with its sign, currency, thousands and unit; in brackets it is negative.
func amountForm(decimals string) string {
	number := fmt.Sprintf(`(?:%s(?:\.[0-9]%s)?|\.[0-9]%s)`, digits, decimals, decimals)
	return fmt.Sprintf(`(?:[+-]?\s?[¥￥$]?|[¥￥$]\s?[+-])\s?%[1]s\s?元?|[(（]\s?[¥￥$]?\s?%[1]s\s?元?\s?[)）]`, number)
}

func signed(cell string) string {
	return fmt.Sprintf("(case when %s[1] in ('(', '（') then '-' else '' end || %s)", cell, bareNumber(cell))
}

func decimalsReason(cell string, scale int) string {
	return fmt.Sprintf("case when %s then 'more than %d decimals' end", fullMatch(cell, amountForm("*")), scale)
}

func moneyTyping(column contract.Column, cell string) typing {
	if column.Unit != "fen" {
		return typing{typed: decimalSQL(cell, 2), want: "not an amount in yuan", reason: decimalsReason(cell, 2)}
	}
	return typing{
		typed: fmt.Sprintf("case when %s then try_cast(split_part(%s, '.', 1) || 'e-2' as DECIMAL(18,2)) end",
			fullMatch(cell, amountForm(`{0,0}0*`)), signed(cell)),
		want: "not an amount in fen",
	}
}

func percentSQL(cell string) string {
	return fmt.Sprintf(`case
            when %s then try_cast(%s as DOUBLE)
            when %s then try_cast(%s || 'e-2' as DOUBLE) end`,
		fullMatch(cell, `[+-]?`+digits+`(?:\.[0-9]+)?`), bareNumber(cell), fullMatch(cell, `[+-]?`+digits+`(?:\.[0-9]+)?\s?[%％]`), bareNumber(cell))
}

func booleanSQL(cell string) string {
	return fmt.Sprintf(`case
            when lower(%[1]s) in ('是', 'y', 'yes', 'true', '1') then true
            when lower(%[1]s) in ('否', 'n', 'no', 'false', '0') then false end`, cell)
}

const (
	isoDate      = "%Y-%m-%d"
	isoTimestamp = "%Y-%m-%d %H:%M:%S"
)

// layoutsOf adds, for a workbook, the two forms that its serial dates are given in.
func layoutsOf(column contract.Column, container string) []string {
	layouts := column.Layouts
	if len(layouts) == 0 {
		layouts = contract.DefaultLayouts(column.Type)
	}
	if container != contract.XLSX {
		return layouts
	}
	layouts = slices.Clone(layouts)
	for _, layout := range []string{isoTimestamp, isoDate} {
		if !slices.Contains(layouts, layout) {
			layouts = append(layouts, layout)
		}
	}
	return layouts
}

func dateSQL(cell string, layouts []string) string {
	parsed := fmt.Sprintf("try_cast(%s as DATE)", timestampSQL(cell, layouts, "", ""))
	if !slices.Contains(layouts, isoDate) {
		return parsed
	}
	return fmt.Sprintf("coalesce(case when %[1]s like '____-__-__' then try_cast(%[1]s as DATE) end, %[2]s)", cell, parsed)
}

// timestampSQL reads a time and moves it from the zone that it was written in to the brand's.
func timestampSQL(cell string, layouts []string, from, zone string) string {
	move := func(parsed string) string {
		if from == "" || from == zone {
			return parsed
		}
		return fmt.Sprintf("timezone(%s, timezone(%s, %s))", contract.Quote(zone), contract.Quote(from), parsed)
	}
	var forms, plain, zoned []string
	for _, layout := range layouts {
		switch {
		case layout == "unix":
			forms = append(forms, unixSQL(cell, `[0-9]{1,11}`, 1_000_000, zone))
		case layout == "unix_ms":
			forms = append(forms, unixSQL(cell, `[0-9]{12,14}`, 1_000, zone))
		case strings.Contains(layout, "%z"):
			zoned = append(zoned, contract.Quote(layout))
		default:
			plain = append(plain, contract.Quote(layout))
		}
	}
	if slices.Contains(layouts, isoTimestamp) {
		forms = append(forms, move(fmt.Sprintf("case when %[1]s like '____-__-__ __:__:__' then try_cast(%[1]s as TIMESTAMP) end", cell)))
	}
	if len(plain) > 0 {
		forms = append(forms, move(fmt.Sprintf("try_strptime(%s, [%s])", cell, strings.Join(plain, ", "))))
	}
	if len(zoned) > 0 {
		forms = append(forms, fmt.Sprintf("timezone(%s, try_strptime(%s, [%s]))", contract.Quote(zone), cell, strings.Join(zoned, ", ")))
	}
	return "coalesce(" + strings.Join(forms, ", ") + ")"
}

func unixSQL(cell, form string, microseconds int, zone string) string {
	if zone == "" {
		zone = "UTC"
	}
	return fmt.Sprintf("case when %s then timezone(%s, timezone('UTC', make_timestamp(try_cast(%s as BIGINT) * %d))) end",
		fullMatch(cell, form), contract.Quote(zone), cell, microseconds)
}

func enumSQL(column contract.Column, cell string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "case when %s is null then null", cell)
	for _, spelling := range slices.Sorted(maps.Keys(column.Values)) {
		fmt.Fprintf(&text, " when %s = %s then %s", cell, contract.Quote(spelling), contract.Quote(column.Values[spelling]))
	}
	if column.Other != nil {
		fmt.Fprintf(&text, " else %s", contract.Quote(*column.Other))
	}
	return text.String() + " end"
}
