package reader_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

func TestFilesWithoutAHeader(t *testing.T) {
	blanks := contract.Files{Header: contract.NoHeader, Delimiter: contract.Blanks}
	commas := contract.Files{Header: contract.NoHeader}
	with := func(files contract.Files, change func(*contract.Files)) contract.Files {
		change(&files)
		return files
	}
	preamble := func(f *contract.Files) {
		f.Preamble = 3
		f.ExportedAt = &contract.ExportedAt{Preamble: `as of (\S+)`, Layout: "x"}
	}
	cases := map[string]struct {
		files   contract.Files
		content string
		want    string
		problem string
		dropped int64
		raw     int
	}{
		"commas":            {files: commas, content: "A1,1,x\nA2,\"2\n\",y\n", want: "1 A1|1|x;2 A2|2|y", raw: 1},
		"blanks, CRLF":      {files: blanks, content: " 00004 0001  29.33\r\n 00018 0002  14.96\r\n", want: "1 00004|0001|29.33;2 00018|0002|14.96"},
		"blanks and TABs":   {files: blanks, content: "a \t b\tc\t \n\t\n  \r\nd e f", want: "1 a|b|c;4 d|e|f"},
		"quotes are text":   {files: blanks, content: "\"a b c\"\n\" \" \"\n\"a,b c,d e;f\"\n", want: "1 \"a|b|c\";2 \"|\"|\";3 \"a,b|c,d|e;f\""},
		"guards":            {files: blanks, content: "'007 =\"12\" `x\n", want: "1 007|12|x"},
		"delimiters only":   {files: blanks, content: ",,, ,, ,\n", want: "1 ,,,|,,|,"},
		"too few":           {files: blanks, content: "a b\nd e f\n", want: "1 ! want 3 fields as in the contract, got 2: a b;2 d|e|f"},
		"too many":          {files: blanks, content: "a b c d\n", want: "1 ! want 3 fields as in the contract, got 4: a b c d"},
		"too many, loose":   {files: with(commas, func(f *contract.Files) { f.Loose = true }), content: "a,b,c,,\na,b,c,d\n", want: "1 a|b|c;2 ! want 3 fields as in the contract, got 4: a,b,c,d"},
		"cut in a row":      {files: blanks, content: "a b c\nd e", problem: "line 2: the file ends in the middle of a row"},
		"drop and end":      {files: with(blanks, func(f *contract.Files) { f.Drop, f.End = []string{"^#"}, "^total" }), content: "# x\na b c\ntotal 1\nd e f\n", want: "2 a|b|c", dropped: 3},
		"only a footer":     {files: with(blanks, func(f *contract.Files) { f.End = "^total" }), content: "total 0\n", dropped: 1},
		"preamble":          {files: with(blanks, preamble), content: "x y z\n\nas of 1998-06-30\na b c\n", want: "4 a|b|c"},
		"only a preamble":   {files: with(blanks, preamble), content: "x\ny\nz\n", problem: "the file holds no row"},
		"part of it":        {files: with(blanks, preamble), content: "x\ny\n", problem: "the file holds no row"},
		"nothing":           {files: blanks, content: "", problem: "the file is empty"},
		"only blank lines":  {files: blanks, content: " \n\n", problem: "the file holds no row"},
		"only a mark":       {files: commas, content: "\ufeff", problem: "the file holds no row"},
		"a mark":            {files: commas, content: "\ufeffa,b,c\n", want: "1 a|b|c", raw: 1},
		"a workbook":        {files: blanks, content: "PK\x03\x04", problem: "an xlsx workbook"},
		"old Macintosh":     {files: commas, content: "\ufeffa,b,c\rd,\"e\rf\",g\r\rh,i,j", want: "1 a|b|c;2 d|e\nf|g;5 h|i|j", raw: 2},
		"names and blanks":  {files: contract.Files{Delimiter: contract.Blanks}, content: "\n 时间\t\"x  订单号\r\n 1 2 A1\r\n", want: "header 2 [2 -1 0] ;3 1|2|A1"},
		"names and old end": {content: "\ufeff订单号,金额\rA1,1\r", want: "header 1 [0 1 -1] ;2 A1|1", raw: 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sink, summary, err := read(feed(c.files), []byte(c.content))
			if c.problem != "" {
				var problem *reader.Problem
				if !errors.As(err, &problem) || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("got %v\nwant a problem: %s", err, c.problem)
				}
				return
			}
			want := c.want
			if !strings.HasPrefix(want, "header") {
				want = strings.TrimSuffix("header 0 [0 1 2] "+summary.Header.ExportedAt+";"+want, ";")
			}
			if got := strings.Join(sink.lines, ";"); err != nil || got != want {
				t.Errorf("got  %q, %v\nwant %q", got, err, want)
			}
			if name == "preamble" && summary.Header.ExportedAt != "1998-06-30" {
				t.Errorf("exported at %q", summary.Header.ExportedAt)
			}
			if summary.Dropped != c.dropped || sink.raw != c.raw || summary.Records != int64(len(sink.lines)-1) {
				t.Errorf("%+v and %d raw, want %d dropped and %d raw", summary, sink.raw, c.dropped, c.raw)
			}
		})
	}
}

// TestAnyBlanksRoundTrip pads words in every way and reads them back.
func TestAnyBlanksRoundTrip(t *testing.T) {
	word := rapid.StringMatching(`[a-zA-Z0-9.,;"%-]{1,8}`)
	gap := rapid.StringMatching(`[ \t]{1,4}`)
	edge := rapid.StringMatching(`[ \t]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "end")
		rows := rapid.SliceOfN(rapid.SliceOfN(word, 3, 3), 1, 20).Draw(t, "rows")
		want := []string{"header 0 [0 1 2] "}
		var content strings.Builder
		for i, row := range rows {
			content.WriteString(edge.Draw(t, "edge") + row[0] + gap.Draw(t, "gap") + row[1] + gap.Draw(t, "gap") + row[2] + edge.Draw(t, "edge") + end)
			want = append(want, fmt.Sprintf("%d %s", i+1, strings.Join(row, "|")))
		}
		sink, _, err := read(feed(contract.Files{Header: contract.NoHeader, Delimiter: contract.Blanks}), []byte(content.String()))
		if got := strings.Join(sink.lines, "\n"); err != nil || got != strings.Join(want, "\n") {
			t.Fatalf("got  %q, %v\nwant %q\nof   %q", got, err, want, content.String())
		}
	})
}

// TestOldLineEndsInALargeFile has more text than any one row may have.
func TestOldLineEndsInALargeFile(t *testing.T) {
	const rows = 150_000
	sink, summary, err := read(feed(contract.Files{}), []byte("订单号,金额\r"+strings.Repeat("A1234567,1\r", rows)))
	if err != nil || summary.Records != rows || sink.lines[rows] != fmt.Sprintf("%d A1234567|1", rows+1) {
		t.Errorf("%d records, %v", summary.Records, err)
	}
}

func TestWorkbookWithoutAHeader(t *testing.T) {
	book := excelize.NewFile()
	for i, row := range [][]any{{"as of 1998-06-30"}, {"A1", 1, "x"}, {}, {"A2", 2}, {"A3", 3, "z", "more"}} {
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var content bytes.Buffer
	if err := book.Write(&content); err != nil {
		t.Fatal(err)
	}
	files := contract.Files{Container: contract.XLSX, Header: contract.NoHeader, Preamble: 1}
	sink, _, err := read(feed(files), content.Bytes())
	want := "header 0 [0 1 2] ;2 A1|1|x;4 A2|2|;5 ! want 3 fields as in the contract, got 4: A3,3,z,more"
	if got := strings.Join(sink.lines, ";"); err != nil || got != want {
		t.Errorf("got  %q, %v\nwant %q", got, err, want)
	}
	files.Preamble = 9
	if _, _, err := read(feed(files), content.Bytes()); err == nil || !strings.Contains(err.Error(), "the file holds no row") {
		t.Errorf("a preamble longer than the sheet: %v", err)
	}
}

func TestNoFileFitsByItsHeaderWhereThereIsNone(t *testing.T) {
	in := reader.Input{Open: nil} // not even opened
	if fits, err := reader.Fits(t.Context(), feed(contract.Files{Header: contract.NoHeader}), in); fits || err != nil {
		t.Errorf("fits %v, %v", fits, err)
	}
}
