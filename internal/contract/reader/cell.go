package reader

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/xuri/excelize/v2"

	"countinghouse/internal/contract"
)

// maxExact is the first whole number with more than the 15 digits that a spreadsheet keeps.
const maxExact = 1e15

// Serial dates that mean what they say: before March 1900 spreadsheets count a day that never was; the other end is 9999-12-31. Greater
// numbers are something else, such as 20261101.
const minSerial, maxSerial = 61, 2958466

// value gives a cell's text, or why the row cannot be read. What no column reads is not looked at.
func (r *workbookReader) value(cell sheetCell, column *contract.Column) (text []byte, reason string) {
	if column == nil {
		return Strip(cell.text), ""
	}
	switch cell.kind {
	case formulaCell:
		return nil, "a formula whose value the workbook does not hold: open it in a spreadsheet program and save it"
	case errorCell:
		if !slices.Contains(column.Nulls, string(cell.text)) {
			return nil, "the cell holds the error " + string(cell.text[:min(len(cell.text), 20)])
		}
		return cell.text, ""
	case booleanCell:
		if column.Type == contract.ID {
			return nil, "true or false where an identifier should be"
		}
		return booleanText(cell.text)
	case numberCell:
		return r.number(cell.text, column.Type == contract.Date || column.Type == contract.Timestamp)
	case dateCell:
		return isoText(cell.text), ""
	default:
		return Strip(cell.text), ""
	}
}

func booleanText(stored []byte) ([]byte, string) {
	switch string(stored) {
	case "1", "true":
		return []byte("TRUE"), ""
	case "0", "false":
		return []byte("FALSE"), ""
	default:
		return nil, "neither true nor false, as the cell says it is"
	}
}

// isoText writes 2026-11-01T10:00:00.000 as other cells write times.
func isoText(stored []byte) []byte {
	text := bytes.Replace(stored, []byte("T"), []byte(" "), 1)
	if before, zeros, found := bytes.Cut(text, []byte(".")); found && len(bytes.Trim(zeros, "0Z")) == 0 {
		text = before
	}
	return bytes.TrimSuffix(text, []byte("Z"))
}

// number writes a stored number as the workbook shows it: dates for serial dates, and at most the 15 digits that its numbers have, so that
// 0.30000000000000004 is the 0.3 that was meant and 1.2345678E7 is 12345678.
func (r *workbookReader) number(stored []byte, date bool) ([]byte, string) {
	if !date && len(stored) <= 15 && isDigits(stored) {
		return stored, ""
	}
	value, err := strconv.ParseFloat(string(stored), 64)
	switch {
	case err != nil || math.IsInf(value, 0) || math.IsNaN(value):
		return nil, "not a number, as the cell says it is"
	case math.Abs(value) >= maxExact:
		return nil, "a number of more than 15 digits, which a workbook does not keep: export the column as text"
	case date && value >= minSerial && value < maxSerial:
		return r.serialDate(stored, value)
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 15, 64), 64)
	if err != nil {
		rounded = value
	}
	if rounded == 0 {
		rounded = 0 // no -0
	}
	return strconv.AppendFloat(nil, rounded, 'f', -1, 64), ""
}

func isDigits(text []byte) bool {
	for _, b := range text {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}

func (r *workbookReader) serialDate(stored []byte, value float64) ([]byte, string) {
	when, err := excelize.ExcelDateToTime(value, r.book.from1904)
	if err != nil {
		return stored, ""
	}
	if when = when.Round(time.Second); value == math.Trunc(value) {
		return when.AppendFormat(nil, time.DateOnly), ""
	}
	return when.AppendFormat(nil, time.DateTime), ""
}
