package pack_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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

// TestSameBytes: the same pack has the same files, to the byte, so that a close can be held against a pack that was written long ago.
func TestSameBytes(t *testing.T) {
	var before []string
	for range 5 {
		folder := t.TempDir()
		written, err := pack.Write(folder, "close", sample())
		if err != nil {
			t.Fatal(err)
		}
		var now []string
		for _, path := range written {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			now = append(now, filepath.Base(path)+" "+string(text))
		}
		if before != nil && strings.Join(before, "") != strings.Join(now, "") {
			t.Fatal("two packs of the same tables differ")
		}
		before = now
	}
}

// TestWorkbookDifference names the cell that was changed, and tells a change of bytes apart from one of cells.
func TestWorkbookDifference(t *testing.T) {
	folder := t.TempDir()
	if _, err := pack.Write(folder, "close", sample()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "close.xlsx")
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if difference := pack.WorkbookDifference(want, want); difference != "" {
		t.Errorf("the same workbook differs: %s", difference)
	}
	for name, one := range map[string]struct {
		change func(*excelize.File) error
		told   string
	}{
		"a figure":      {func(book *excelize.File) error { return book.SetCellValue("rollforward", "B4", -1234568) }, `sheet rollforward, cell B4: the close says "-1234567", and it is "-1234568"`},
		"a row more":    {func(book *excelize.File) error { return book.SetCellValue("rollforward", "A6", "x") }, `sheet rollforward, cell A6: the close says "", and it is "x"`},
		"a sheet less":  {func(book *excelize.File) error { return book.DeleteSheet("exceptions") }, "the sheet exceptions is not there"},
		"a sheet more":  {func(book *excelize.File) error { _, err := book.NewSheet("mine"); return err }, "other sheets"},
		"only its form": {func(book *excelize.File) error { return book.SetColWidth("rollforward", "A", "A", 99) }, "its cells are what the close says, and its bytes are not"},
	} {
		t.Run(name, func(t *testing.T) {
			book, err := excelize.OpenFile(path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = book.Close() }()
			if err := one.change(book); err != nil {
				t.Fatal(err)
			}
			got, err := book.WriteToBuffer()
			if err != nil {
				t.Fatal(err)
			}
			if difference := pack.WorkbookDifference(want, got.Bytes()); !strings.Contains(difference, one.told) {
				t.Errorf("told %q, want %q", difference, one.told)
			}
		})
	}
	flipped := slices.Clone(want)
	flipped[len(flipped)/3] ^= 1
	if difference := pack.WorkbookDifference(want, flipped); difference == "" {
		t.Error("a byte was changed, and nothing is told")
	}
}

// TestPage: thousands are parted, charts stand above the sheet that has their figures, a bar of a waterfall begins where the one before it ended.
func TestPage(t *testing.T) {
	folder := t.TempDir()
	one := sample()
	one.Tiles = []pack.Tile{{Label: "Outstanding", Value: "1,234", Note: "face value <12.34>"}}
	one.Charts = []pack.Chart{{Sheet: "rollforward", Title: "Points", Steps: true, Bars: []pack.Bar{
		{Label: "opening", Text: "100", Parts: []pack.Part{{Value: 100, Class: "total"}}},
		{Label: "redeemed", Text: "-40", Parts: []pack.Part{{Value: -40, Class: "out"}}},
		{Label: "closing", Text: "60", Parts: []pack.Part{{Value: 60, Class: "total"}}},
	}}}
	if _, err := pack.Write(folder, "close", one); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "close.html"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, want := range []string{
		`<td class="n">-1,234,567</td>`, `<td class="n">-12,345.67</td>`, `<td class="n">0.125</td>`, "face value &lt;12.34&gt;",
		`<rect class="total" x="152.1" y="28" width="80" height="200">`,  // 100 of 100
		`<rect class="out" x="475.3" y="28" width="80" height="80">`,     // from 100 down to 60
		`<rect class="total" x="798.4" y="108" width="80" height="120">`, // 60
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "src=") || strings.Contains(page, `href="http`) {
		t.Error("the page has a script, or needs a network")
	}
}

// TestTicksHaveRoom: what stands left of the axis, at 7.5 units for a digit, does not reach over the edge of the drawing.
func TestTicksHaveRoom(t *testing.T) {
	for _, value := range []float64{3, 1_273_720, 98_765_432_101} {
		folder := t.TempDir()
		sample := sample()
		sample.Charts = []pack.Chart{{Sheet: "rollforward", Title: "Points", Steps: true, Bars: []pack.Bar{{Label: "opening", Text: "1234567", Parts: []pack.Part{{Value: value, Class: "total"}}}}}}
		if _, err := pack.Write(folder, "close", sample); err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(filepath.Join(folder, "close.html"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), ">1,234,567</text>") {
			t.Error("the thousands of a figure above a bar are not parted")
		}
		ticks := regexp.MustCompile(`class="tick" x="([0-9.]+)" dx="-8"[^>]*>([^<]*)<`).FindAllStringSubmatch(string(page), -1)
		if len(ticks) != 5 {
			t.Fatalf("ticks %v", ticks)
		}
		for _, tick := range ticks {
			if right, err := strconv.ParseFloat(tick[1], 64); err != nil || right-8-7.5*float64(len(tick[2])) < 0 {
				t.Errorf("%q ends at %s", tick[2], tick[1])
			}
		}
	}
}
