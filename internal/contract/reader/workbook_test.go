package reader_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"countinghouse/internal/contract"
)

// workbook makes an xlsx file: sheets in order, each with rows of cells.
func workbook(t *testing.T, sheets map[string][][]any, order ...string) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer func() { _ = book.Close() }()
	for i, name := range order {
		if i == 0 {
			if err := book.SetSheetName("Sheet1", name); err != nil {
				t.Fatal(err)
			}
		} else if _, err := book.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for r, row := range sheets[name] {
			if row == nil {
				continue
			}
			if err := book.SetSheetRow(name, fmt.Sprintf("A%d", r+1), &row); err != nil {
				t.Fatal(err)
			}
			if row[0] == nil { // a number as Excel stores it
				if err := book.SetCellDefault(name, fmt.Sprintf("A%d", r+1), "6.9179267688236401E+18"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	content, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}

func xlsx(files contract.Files) *contract.Contract {
	files.Container = contract.XLSX
	return feed(files)
}

func TestWorkbook(t *testing.T) {
	noon := time.Date(2026, 9, 10, 8, 0, 1, 0, time.UTC)
	rows := [][]any{
		{"导出时间：2026-11-01"},
		nil,
		{"订单号", " 金额", "时间"},
		{"6917926768823643751", 0.1 + 0.2, noon},
		{"A2", 1298.5, "2026/9/10 8:00"},
		nil,
		{"\tA3", "¥1,298.50", 46275},
		{nil, 3, 20260910},
		{"A5", 1, nil, "stray"},
		{"合计", 9},
		{"更多", 1},
	}
	c := xlsx(contract.Files{Preamble: 5, Drop: []string{"^A2$"}, End: "^合计", ExportedAt: &contract.ExportedAt{Preamble: "导出时间：(.*)", Layout: "x"}})
	sink, summary, err := read(c, workbook(t, map[string][][]any{"汇总": {{"别的"}}, "订单": rows}, "汇总", "订单"))
	want := "header 3 [0 1 2] 2026-11-01;4 6917926768823643751|0.3|2026-09-10 08:00:01;7 A3|¥1,298.50|2026-09-10;" +
		"8 ! column \"订单号\": a number of more than 15 digits, which a workbook does not keep: export the column as text: 6.9179267688236401E+18,3,20260910;9 ! want 3 fields as in the header, got 4: A5,1,,stray"
	if got := strings.Join(sink.lines, ";"); err != nil || got != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if summary.Records != 4 || summary.Rejects != 2 || summary.Dropped != 3 {
		t.Errorf("%+v, want 4 records, 2 rejects, and A2, the total and the row behind it dropped", summary)
	}
}

func TestWorkbookProblems(t *testing.T) {
	good := workbook(t, map[string][][]any{"订单": {{"订单号"}, {"A1"}}}, "订单")
	cases := map[string]struct {
		files   contract.Files
		content []byte
		problem string
	}{
		"not one":       {contract.Files{}, []byte("订单号,金额\nA1,1\n"), "the contract says xlsx, but the file is text"},
		"an old one":    {contract.Files{}, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"), "an old .xls workbook, or one with a password"},
		"another zip":   {contract.Files{}, zipped(t, map[string]string{"a.csv": "x"}), "not a workbook that can be read"},
		"no such sheet": {contract.Files{Sheet: "包裹"}, good, `there is no sheet "包裹"; there are 订单`},
		"no header":     {contract.Files{}, workbook(t, map[string][][]any{"订单": {{"订单编"}, {"A1"}}}, "订单"), `line 1: the required header "订单号" is missing (the closest one is "订单编"`},
		"empty sheet":   {contract.Files{}, workbook(t, map[string][][]any{"订单": nil}, "订单"), "no line that could be a header"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if _, _, err := read(xlsx(c.files), c.content); err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("got %v, want %s", err, c.problem)
			}
		})
	}
	for cut := 2; cut < len(good); cut += 97 {
		if sink, _, err := read(xlsx(contract.Files{}), good[:cut]); err == nil || !strings.Contains(err.Error(), "cut short or damaged") {
			t.Fatalf("cut to %d of %d bytes: %v, %v", cut, len(good), sink.lines, err)
		}
	}
}

func zipped(t *testing.T, entries map[string]string) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer := zip.NewWriter(&packed)
	for name, content := range entries {
		entry, err := writer.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
