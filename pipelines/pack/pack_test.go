package pack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/pipelines/pack"

	"github.com/xuri/excelize/v2"
)

func sample() pack.Pack {
	return pack.Pack{Title: "October <2026>", Made: time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), Sheets: []pack.Sheet{
		{Name: "rollforward", Title: "Roll-forward", Columns: []pack.Column{
			{Name: "period_start", Kind: pack.Date},
			{Name: "points", Label: "积分", Kind: pack.Integer},
			{Name: "value", Kind: pack.Money},
			{Name: "rate", Kind: pack.Rate},
			{Name: "reason"},
		}, Rows: [][]string{
			{"2026-10-01", "-1234567", "-12345.67", "0.125", `=HYPERLINK("http://x")`},
			{"", "", "12345678901234567.89", "", "@sum"},
		}},
		{Name: "exceptions", Title: "Exceptions", Columns: []pack.Column{{Name: "detail"}}, Rows: [][]string{{"<script>"}}},
	}}
}

// TestNumbersAreNumbers: what a spreadsheet adds up and formats must come as numbers and dates, and text never as a formula.
func TestNumbersAreNumbers(t *testing.T) {
	folder := t.TempDir()
	if _, err := pack.Write(folder, "close", sample()); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenFile(filepath.Join(folder, "close.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	if got := book.GetSheetList(); strings.Join(got, " ") != "rollforward exceptions" {
		t.Errorf("sheets %v", got)
	}
	for cell, want := range map[string]struct {
		shown, raw string
		kind       excelize.CellType
	}{
		"A4": {"2026-10-01", "46296", excelize.CellTypeNumber},
		"B4": {"-1,234,567", "-1234567", excelize.CellTypeNumber},
		"C4": {"-12,345.67", "-12345.67", excelize.CellTypeNumber},
		"D4": {"0.125000", "0.125", excelize.CellTypeNumber},
		"E4": {`=HYPERLINK("http://x")`, `=HYPERLINK("http://x")`, excelize.CellTypeInlineString},
		"C5": {"12345678901234567.89", "12345678901234567.89", excelize.CellTypeInlineString}, // more digits than a workbook keeps
	} {
		shown, err := book.GetCellValue("rollforward", cell)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := book.GetCellValue("rollforward", cell, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		kind, err := book.GetCellType("rollforward", cell)
		if err != nil {
			t.Fatal(err)
		}
		if kind == excelize.CellTypeUnset { // a number needs no type
			kind = excelize.CellTypeNumber
		}
		if shown != want.shown || raw != want.raw || kind != want.kind {
			t.Errorf("%s: %q, %q, type %d; want %+v", cell, shown, raw, kind, want)
		}
		if formula, err := book.GetCellFormula("rollforward", cell); err != nil || formula != "" {
			t.Errorf("%s is a formula: %q, %v", cell, formula, err)
		}
	}
}

func TestTextIsHarmless(t *testing.T) {
	folder := t.TempDir()
	if _, err := pack.Write(folder, "close", sample()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "rollforward.csv"))
	if err != nil {
		t.Fatal(err)
	}
	want := "\ufeffperiod_start,points,value,rate,reason\n2026-10-01,-1234567,-12345.67,0.125,\"'=HYPERLINK(\"\"http://x\"\")\"\n,,12345678901234567.89,,'@sum\n"
	if string(text) != want {
		t.Errorf("CSV %q, want %q", text, want)
	}
	page, err := os.ReadFile(filepath.Join(folder, "close.html"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<script>") || !strings.Contains(string(page), "&lt;script&gt;") || !strings.Contains(string(page), "October &lt;2026&gt;") {
		t.Error("text is not escaped on the page")
	}
}
