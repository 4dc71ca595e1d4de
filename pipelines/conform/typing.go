package conform

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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

// A setting is what cells are read in besides their column.
type setting struct {
	container string
	comma     bool      // stands before decimals
	zone      string    // the brand's
	exported  time.Time // the file, in the brand's zone
}

const digits = `(?:[0-9]{1,3}(?:[,，][0-9]{3})+|[0-9]+)`

func newTyping(column contract.Column, cell string, in setting) typing {
	if in.comma && slices.Contains([]contract.Type{contract.Integer, contract.Count, contract.Money, contract.Decimal, contract.Percent}, column.Type) {
		cell = pointForComma(cell)
	}
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
		return typing{typed: percentSQL(cell, column.Unit), want: "not a percentage"}
	case contract.Boolean:
		return typing{typed: booleanSQL(cell), want: "not yes or no"}
	case contract.Date:
		layouts := layoutsOf(column, in.container)
		return typing{typed: dateSQL(cell, layouts, in), want: "not a date as " + strings.Join(layouts, " or ")}
	case contract.Timestamp:
		layouts := layoutsOf(column, in.container)
		return typing{typed: timestampSQL(cell, layouts, column.Zone, in), want: "not a time as " + strings.Join(layouts, " or ")}
	case contract.Enum:
		return typing{typed: enumSQL(column, cell), want: "not a known value"}
	default:
		return typing{typed: cell, sure: true}
	}
}

// pointForComma writes 1.234,56 as 1,234.56. Commas and points change places, so that what is wrong in the one notation is wrong in the other: the
// patterns for amounts then see to it that thousands stand in groups of three. Of the other marks between thousands only those between a digit
// and three more are taken for one; twice, since one match takes the digits that the next would begin with.
func pointForComma(cell string) string {
	const mark = `([0-9])[\x{a0}\x{202f}\x{2009}\x{2019}\']([0-9]{3})`
	for range 2 {
		cell = fmt.Sprintf("regexp_replace(%s, %s, %s, 'g')", cell, contract.Quote(mark), contract.Quote(`\1.\2`))
	}
	return fmt.Sprintf("translate(%s, '.,', ',.')", cell)
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

// A unit is how large numbers are written short, with the zeros that it stands for.
type unit struct {
	names string // a part of a pattern
	zeros int
}

func units() []unit {
	return []unit{{"千|k|K", 3}, {"万|w|W", 4}, {"M", 6}, {"亿", 8}}
}

// countSQL reads 3.2万 exactly: a unit takes as many decimals as it has zeros.
func countSQL(cell string) string {
	var forms strings.Builder
	for _, unit := range units() {
		form := fmt.Sprintf(`[+-]?%s(?:\.[0-9]{1,%d})?\s?(?:%s)\+?`, digits, unit.zeros, unit.names)
		fmt.Fprintf(&forms, ",\n            case when %s then try_cast(try_cast(%s || 'e%d' as DECIMAL(38,0)) as BIGINT) end",
			fullMatch(cell, form), bareNumber(cell), unit.zeros)
	}
	return fmt.Sprintf("coalesce(%s%s)", integerSQL(cell), forms.String())
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
            case when %s then try_cast(%s as DECIMAL(18,%d)) end,
            %s)`,
		canonical(cell, fmt.Sprintf("DECIMAL(18,%d)", scale)), fullMatch(cell, plain), cell, scale,
		fullMatch(cell, amountForm(fmt.Sprintf(`{0,%d}0*`, scale), "元?")), signed(cell), scale, shortSQL(cell, scale))
}

// shortSQL reads amounts such as ¥1.2万, if they are exact in the scale.
func shortSQL(cell string, scale int) string {
	var names []string
	var zeros strings.Builder
	for _, unit := range units() {
		names = append(names, unit.names)
		fmt.Fprintf(&zeros, " when regexp_matches(%s, %s) then 'e%d'", cell, contract.Quote(`[0-9.]\s?(?:`+unit.names+`)`), unit.zeros)
	}
	value := fmt.Sprintf("try_cast(%s || case%s end as DECIMAL(38,12))", signed(cell), zeros.String())
	return fmt.Sprintf("case when %[1]s and %[2]s = try_cast(%[2]s as DECIMAL(18,%[3]d)) then try_cast(%[2]s as DECIMAL(18,%[3]d)) end",
		fullMatch(cell, amountForm("{0,12}", `(?:`+strings.Join(names, "|")+`)元?`)), value, scale)
}

// currency is a sign or a code, before or behind an amount. Which one is for another column to say: a column of amounts has one currency.
const currency = `(?:(?:HK|US|NT|AU|CA|SG|A|C|S)?\$|[¥￥€£]|CNY|RMB|USD|EUR|GBP|HKD|TWD|MOP|JPY|SGD|AUD|CAD|NZD|CHF|人民币)`

// amountForm is an amount with its sign, currency, thousands and unit; in brackets it is negative.
func amountForm(decimals, unit string) string {
	number := fmt.Sprintf(`(?:%s(?:\.[0-9]%s)?|\.[0-9]%s)\s?%s\s?%s?`, digits, decimals, decimals, unit, currency)
	return fmt.Sprintf(`(?:[+−-]?\s?%[2]s?|%[2]s\s?[+−-])\s?%[1]s|[(（]\s?%[2]s?\s?%[1]s\s?[)）]`, number, currency)
}

// signed is the bare number of an amount, negative also in brackets and behind the minus sign that is no hyphen.
func signed(cell string) string {
	return fmt.Sprintf("(case when %[1]s[1] in ('(', '（') or contains(%[1]s, '−') then '-' else '' end || %[2]s)", cell, bareNumber(cell))
}

func decimalsReason(cell string, scale int) string {
	return fmt.Sprintf("case when %s then 'too large a number' when %s then 'more than %d decimals' end",
		fullMatch(cell, amountForm(fmt.Sprintf(`{0,%d}0*`, scale), "元?")), fullMatch(cell, amountForm("*", "元?")), scale)
}

func moneyTyping(column contract.Column, cell string) typing {
	if column.Unit != "fen" {
		return typing{typed: decimalSQL(cell, 2), want: "not an amount in yuan", reason: decimalsReason(cell, 2)}
	}
	return typing{
		typed: fmt.Sprintf("case when %s then try_cast(split_part(%s, '.', 1) || 'e-2' as DECIMAL(18,2)) end",
			fullMatch(cell, amountForm(`{0,0}0*`, "")), signed(cell)),
		want: "not an amount in fen",
	}
}

// percentSQL reads 8.75% and, without the sign, shares of one; of a hundred where the column's unit is percent.
func percentSQL(cell, unit string) string {
	bare := bareNumber(cell)
	if unit == contract.PercentUnit {
		bare += " || 'e-2'"
	}
	return fmt.Sprintf(`case
            when %s then try_cast(%s as DOUBLE)
            when %s then try_cast(%s || 'e-2' as DOUBLE) end`,
		fullMatch(cell, `[+-]?`+digits+`(?:\.[0-9]+)?`), bare, fullMatch(cell, `[+-]?`+digits+`(?:\.[0-9]+)?\s?[%％]`), bareNumber(cell))
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

func dateSQL(cell string, layouts []string, in setting) string {
	parsed := fmt.Sprintf("try_cast(%s as DATE)", timestampSQL(cell, layouts, "", in))
	if !slices.Contains(layouts, isoDate) {
		return parsed
	}
	return fmt.Sprintf("coalesce(case when %[1]s like '____-__-__' then try_cast(%[1]s as DATE) end, %[2]s)", cell, parsed)
}

// timestampSQL reads a time and moves it from the zone that it was written in, if one is given, to the brand's.
func timestampSQL(cell string, layouts []string, from string, in setting) string {
	var forms, plain, zoned, yearless []string
	for _, layout := range layouts {
		switch {
		case layout == contract.UnixSeconds:
			forms = append(forms, unixSQL(cell, `[0-9]{1,11}`, 1_000_000, in.zone))
		case layout == contract.UnixMilliseconds:
			forms = append(forms, unixSQL(cell, `[0-9]{12,14}`, 1_000, in.zone))
		case layout == contract.UnixMicroseconds:
			forms = append(forms, unixSQL(cell, `[0-9]{15,17}`, 1, in.zone))
		case layout == contract.ExcelSerial:
			forms = append(forms, move(excelSQL(cell), from, in.zone))
		case contract.HasZone(layout):
			zoned = append(zoned, contract.Quote(layout))
		case contract.LacksYear(layout):
			yearless = append(yearless, contract.Quote(layout+" %Y"))
		default:
			plain = append(plain, contract.Quote(layout))
		}
	}
	if slices.Contains(layouts, isoTimestamp) {
		forms = append(forms, move(fmt.Sprintf("case when %[1]s like '____-__-__ __:__:__' then try_cast(%[1]s as TIMESTAMP) end", cell), from, in.zone))
	}
	if len(plain) > 0 {
		forms = append(forms, move(strptimeSQL(cell, plain), from, in.zone))
	}
	if len(zoned) > 0 {
		forms = append(forms, fmt.Sprintf("timezone(%s, %s)", contract.Quote(in.zone), strptimeSQL(cell, zoned)))
	}
	if len(yearless) > 0 {
		forms = append(forms, yearlessSQL(cell, strings.Join(yearless, ", "), from, in))
	}
	return "coalesce(" + strings.Join(forms, ", ") + ")"
}

// strptimeSQL reads a time by any of the layouts. DuckDB takes "epoch" and "infinity" for times by every layout, and 26 for the year 26: what has
// no digit, or lies before 1900, is no time of an export.
//
// A list of one is filtered because the time is then named once. Named twice, as nullif or a case would have it, DuckDB computes it ahead for every
// row, also where a cheaper form has read the cell already.
func strptimeSQL(cell string, layouts []string) string {
	list, zoned := strings.Join(layouts, ", "), ""
	if strings.Contains(list, "%z") || strings.Contains(list, "%Z") {
		zoned = "tz"
	}
	return fmt.Sprintf("list_filter([case when regexp_matches(%[1]s, '[0-9]') then try_strptime(%[1]s, [%[2]s]) end], lambda found: found >= timestamp%[3]s '1900-01-01')[1]",
		cell, list, zoned)
}

// move takes a wall clock time from one zone to another. A time that the clocks of its zone have left out has no meaning and is NULL; of the
// two that one time stands for when clocks are put back, it is the second.
func move(parsed, from, zone string) string {
	if from == "" || from == zone {
		return parsed
	}
	instant := fmt.Sprintf("timezone(%s, %s)", contract.Quote(from), parsed)
	return fmt.Sprintf("case when timezone(%[1]s, %[2]s) = %[3]s then timezone(%[4]s, %[2]s) end", contract.Quote(from), instant, parsed, contract.Quote(zone))
}

// excelSQL reads the serial numbers of dates, to the second. Before March 1900 spreadsheets count a day that never was.
func excelSQL(cell string) string {
	number := fmt.Sprintf("try_cast(%s as DOUBLE)", cell)
	return fmt.Sprintf("case when %s and %[2]s >= 61 and %[2]s < 2958466 then timestamp '1899-12-30' + to_microseconds(cast(round(%[2]s * 86400) as BIGINT) * 1000000) end",
		fullMatch(cell, `[0-9]{2,7}(?:\.[0-9]+)?`), number)
}

// yearlessSQL gives a date without a year the latest one that does not put it behind the day of the export.
func yearlessSQL(cell, layouts, from string, in setting) string {
	var forms []string
	for _, year := range []int{in.exported.Year(), in.exported.Year() - 1} {
		parsed := move(fmt.Sprintf("try_strptime(%s || ' %d', [%s])", cell, year, layouts), from, in.zone)
		forms = append(forms, fmt.Sprintf("case when try_cast(%[1]s as DATE) <= date %[2]s then %[1]s end", parsed, contract.Quote(in.exported.Format(time.DateOnly))))
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
