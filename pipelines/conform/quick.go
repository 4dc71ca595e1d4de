package conform

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// A quick reads the cells of one column that are written plainly (1299.00, 2026-11-01 10:00:00) while they are cut, and hands them on as values. Only what
// is written otherwise goes to DuckDB as text, where the patterns are that say what else a column takes. It is an opinion on speed alone: a quick never
// reads what the column's typing would refuse, or reads otherwise.
type quick struct {
	parse func(cell []byte) (value int64, ok bool)
	kind  arrow.DataType
	field int // of the records
}

func quickName(i int) string { return fmt.Sprintf(`"quick %d"`, i) }

// quicksOf are those of a contract's columns, nil where a column has none: its type has no plain form, or what stands for no value could be one, or
// another column reads the same field.
func quicksOf(c *contract.Contract, header reader.Header) []*quick {
	quicks := make([]*quick, len(c.Columns))
	readers := map[int]int{}
	for _, field := range header.Fields {
		readers[field]++
	}
	for i, column := range c.Columns {
		field := header.Fields[i]
		if column.Computed() || field < 0 || readers[field] > 1 || c.Files.Decimal == contract.DecimalComma {
			continue
		}
		q := quickOf(column, c.Files.Container)
		if q == nil || slices.ContainsFunc(column.Nulls, func(null string) bool { _, reads := q.parse([]byte(null)); return reads }) {
			continue
		}
		q.field = field
		quicks[i] = q
	}
	return quicks
}

func quickOf(column contract.Column, container string) *quick {
	switch column.Type {
	case contract.Integer, contract.Count:
		return &quick{parse: plainInteger, kind: arrow.PrimitiveTypes.Int64}
	case contract.Money:
		if column.Unit == "fen" {
			return nil
		}
		return decimalQuick(2)
	case contract.Decimal:
		return decimalQuick(column.Scale)
	case contract.Timestamp:
		if slices.Contains(layoutsOf(column, container), isoTimestamp) {
			return &quick{parse: plainTime, kind: &arrow.TimestampType{Unit: arrow.Microsecond}}
		}
	case contract.Date:
		if slices.Contains(layoutsOf(column, container), isoDate) {
			return &quick{parse: plainDate, kind: &arrow.TimestampType{Unit: arrow.Microsecond}}
		}
	}
	return nil
}

// widest is how many digits a DECIMAL of the product has; so many always fit an int64.
const widest = 18

func decimalQuick(scale int) *quick {
	return &quick{
		parse: func(cell []byte) (int64, bool) { return plainDecimal(cell, scale) },
		kind:  &arrow.Decimal64Type{Precision: widest, Scale: int32(scale)},
	}
}

func plainInteger(cell []byte) (int64, bool) { return plainDecimal(cell, 0) }

// plainDecimal reads digits, with at most so many behind a point, as a number of the smallest decimal.
func plainDecimal(cell []byte, scale int) (int64, bool) {
	digits, negative := bytes.CutPrefix(cell, []byte{'-'})
	whole, point := 0, false
	value, decimals := int64(0), 0
	for _, b := range digits {
		switch {
		case b >= '0' && b <= '9' && point:
			value, decimals = value*10+int64(b-'0'), decimals+1
		case b >= '0' && b <= '9':
			value, whole = value*10+int64(b-'0'), whole+1
		case b == '.' && !point && whole > 0:
			point = true
		default:
			return 0, false
		}
		if whole > widest-scale || decimals > scale {
			return 0, false
		}
	}
	if whole == 0 || point && decimals == 0 {
		return 0, false
	}
	for ; decimals < scale; decimals++ {
		value *= 10
	}
	if negative {
		value = -value
	}
	return value, true
}

const (
	dateLength = len("2026-11-01")
	timeLength = len("2026-11-01 10:00:00")

	secondsOfDay = 24 * 60 * 60
	microseconds = 1_000_000
)

// plainTime reads 2026-11-01 10:00:00, as microseconds since 1970.
func plainTime(cell []byte) (int64, bool) {
	if len(cell) != timeLength || cell[10] != ' ' || cell[13] != ':' || cell[16] != ':' {
		return 0, false
	}
	day, ok := plainDay(cell)
	hour, minute, second := twoDigits(cell[11:]), twoDigits(cell[14:]), twoDigits(cell[17:])
	if !ok || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	return (day*secondsOfDay + int64(hour*3600+minute*60+second)) * microseconds, true
}

// plainDate reads 2026-11-01, as microseconds since 1970.
func plainDate(cell []byte) (int64, bool) {
	if len(cell) != dateLength {
		return 0, false
	}
	day, ok := plainDay(cell)
	return day * secondsOfDay * microseconds, ok
}

// plainDay reads the date that a cell begins with, of the years 1900 to 2999, as days since 1970.
func plainDay(cell []byte) (days int64, ok bool) {
	century, year, month, day := twoDigits(cell), twoDigits(cell[2:]), twoDigits(cell[5:]), twoDigits(cell[8:])
	if cell[4] != '-' || cell[7] != '-' || century < 19 || century > 29 || year > 99 || month < 1 || month > 12 || day < 1 {
		return 0, false
	}
	year += century * 100
	if day > daysIn(year, month) {
		return 0, false
	}
	// Days from 1 March of the year 0, since then a leap day is the last of its year.
	if month <= 2 {
		year, month = year-1, month+12
	}
	const before1970 = 719_468
	return int64(365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - before1970), true
}

// twoDigits reads a number of two digits; what is none is above 99.
func twoDigits(text []byte) int {
	tens, ones := text[0]-'0', text[1]-'0'
	if tens > 9 || ones > 9 {
		return 100
	}
	return int(tens)*10 + int(ones)
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}
