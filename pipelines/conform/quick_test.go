package conform

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
)

// TestQuickReadsNothingElseThanTheStatement holds what is read in Go against what DuckDB makes of the same cell: where a quick reads it, both have the same
// value, of cells that are right, nearly right and wrong.
func TestQuickReadsNothingElseThanTheStatement(t *testing.T) {
	session, err := warehouse.Open(t.Context(), warehouse.Options{ScratchDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	columns := []contract.Column{
		{Type: contract.Integer},
		{Type: contract.Count},
		{Type: contract.Money},
		{Type: contract.Decimal},
		{Type: contract.Decimal, Scale: 4},
		{Type: contract.Decimal, Scale: 12},
		{Type: contract.Timestamp},
		{Type: contract.Date},
	}
	cells := append(oddCells(), randomCells(30_000)...)
	in := setting{container: contract.CSV, zone: "UTC"}
	for _, column := range columns {
		t.Run(fmt.Sprint(column.Type, column.Scale), func(t *testing.T) {
			read, want := quickOf(column, contract.CSV), typedTexts(t, session, column, in, cells)
			some := 0
			for i, cell := range cells {
				value, ok := read.parse([]byte(cell))
				if !ok {
					continue
				}
				some++
				if got := shownValue(column, value); got != want[i] {
					t.Errorf("%q is read as %s, and by the statement as %s", cell, got, want[i])
				}
			}
			if some < 1000 {
				t.Errorf("only %d cells were read in Go: nothing is held", some)
			}
		})
	}
}

// typedTexts is what the statement makes of cells, as text.
func typedTexts(t *testing.T, session *warehouse.Session, column contract.Column, in setting, cells []string) []string {
	t.Helper()
	if _, err := session.Exec(t.Context(), "create or replace table cells as select unnest(?::VARCHAR[]) as cell, unnest(range(?)) as n", cells, len(cells)); err != nil {
		t.Fatal(err)
	}
	rows, err := session.Query(t.Context(), fmt.Sprintf("select coalesce(cast(cast(%s as %s) as VARCHAR), 'refused') from cells order by n", newTyping(column, "cell", in).typed, column.SQLType()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if err := rows.Err(); err != nil || len(texts) != len(cells) {
		t.Fatalf("%d rows, %v", len(texts), err)
	}
	return texts
}

// shownValue writes a value as DuckDB does.
func shownValue(column contract.Column, value int64) string {
	switch column.Type {
	case contract.Timestamp:
		return time.UnixMicro(value).UTC().Format(time.DateTime)
	case contract.Date:
		return time.UnixMicro(value).UTC().Format(time.DateOnly)
	}
	scale := column.Scale
	if column.Type == contract.Money {
		scale = 2
	}
	sign := ""
	if value < 0 {
		sign, value = "-", -value
	}
	digits := fmt.Sprintf("%0*d", scale+1, value)
	if scale == 0 {
		return sign + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

func oddCells() []string {
	return []string{
		"", "-", ".", "-.", "0", "-0", "00", "-00.00", "0.", ".5", "-.5", "5.", "1.2.3", "--1", "+1", "1-", "1e3", "1_000", " 1", "1 ", "999999999999999999", "1000000000000000000", "-999999999999999999",
		"9223372036854775807", "9223372036854775808", "9999999999999999.99", "99999999999999999", "9999999999999999.999", "0.000000000001", "0.0000000000001", "123456.123456789012", "1234567.1", "１２", "1\x002", "infinity", "nan",
		"2026-02-28", "2026-02-29", "2024-02-29", "1900-02-29", "2000-02-29", "1899-12-31", "1900-01-01", "2999-12-31", "3000-01-01", "2026-00-10", "2026-13-10", "2026-04-31", "2026-01-00", "2026-1-01", "2026/01/01", "0026-01-01", "-026-01-01", "20260101",
		"2026-01-01 24:00:00", "2026-01-01 23:59:59", "2026-01-01 23:60:00", "2026-01-01 23:59:60", "2026-01-01T23:59:59", "2026-01-01 23:59:5", "2026-01-01  3:59:59", "2026-02-29 00:00:00", "2026-01-01 00:00:00.5", "2026-01-01 -1:00:00", "2026-01-01 00:00", "1970-01-01 00:00:00", "1969-12-31 23:59:59",
	}
}

// randomCells are numbers and times in their plain forms, one in three with a character exchanged.
func randomCells(n int) []string {
	dice := rand.New(rand.NewPCG(1, 2))
	var cells []string
	for len(cells) < n {
		var cell string
		switch dice.IntN(4) {
		case 0:
			cell = fmt.Sprint(dice.Int64N(1<<uint(1+dice.IntN(62))) - dice.Int64N(1000))
		case 1:
			cell = fmt.Sprintf("%d.%0*d", dice.IntN(100_000)-5000, 1+dice.IntN(13), dice.IntN(10))
		case 2:
			cell = time.Unix(dice.Int64N(40_000_000_000)-3_000_000_000, 0).UTC().Format(time.DateTime)
		default:
			cell = fmt.Sprintf("%04d-%02d-%02d", 1890+dice.IntN(1200), dice.IntN(14), dice.IntN(33))
		}
		if dice.IntN(3) == 0 {
			at := dice.IntN(len(cell))
			cell = cell[:at] + string("0123456789.-:/ eT+"[dice.IntN(18)]) + cell[at+1:]
		}
		cells = append(cells, strings.Clone(cell))
	}
	return cells
}
