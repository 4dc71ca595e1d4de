package reader_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// TestAnyFileRoundTrips writes cells with the standard library and reads them back, in every encoding and with every delimiter.
func TestAnyFileRoundTrips(t *testing.T) {
	cells := rapid.OneOf(
		rapid.StringMatching(`[a-z0-9.,;"' \t=-]{0,8}`),
		rapid.SampledFrom([]string{"", "订单,一", "𠮷\n㐀", "\"", "a\"b", "=\"1\"", "`x", " x ", "１２", "it's"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		files := contract.Files{
			Delimiter: rapid.SampledFrom([]string{"", ";", "\t", "|"}).Draw(t, "delimiter"),
			Encoding:  rapid.SampledFrom([]string{"", contract.GB18030, contract.UTF16LE, contract.UTF16BE}).Draw(t, "encoding"),
			Loose:     rapid.Bool().Draw(t, "loose"),
		}
		returns := rapid.Bool().Draw(t, "returns")
		rows := rapid.SliceOfN(rapid.SliceOfN(cells, 3, 3), 0, 20).Draw(t, "rows")
		content, want := write(t, files, returns, rows)
		sink, summary, err := read(feed(files), content)
		if err != nil {
			t.Fatalf("%v\n%q", err, content)
		}
		if got := strings.Join(sink.lines[1:], "\n"); got != strings.Join(want, "\n") {
			t.Fatalf("got  %q\nwant %q\nof   %q", got, strings.Join(want, "\n"), content)
		}
		if summary.Records != int64(len(want)) || summary.Rejects != 0 {
			t.Fatalf("%+v, want %d records", summary, len(want))
		}
	})
}

// write gives a file and the records that it holds: number of the physical line, cells without guards.
func write(t *rapid.T, files contract.Files, returns bool, rows [][]string) ([]byte, []string) {
	var text bytes.Buffer
	writer := csv.NewWriter(&text)
	writer.UseCRLF = returns
	if files.Delimiter != "" {
		writer.Comma = rune(files.Delimiter[0])
	}
	var want []string
	for i, row := range append([][]string{{"订单号", "金额", "时间"}}, rows...) {
		line := 1 + strings.Count(text.String(), "\n")
		if err := writer.Write(row); err != nil {
			t.Fatal(err)
		}
		if writer.Flush(); i > 0 && strings.Trim(strings.Join(row, ""), " \t\"") != "" && !blankLine(row, files) {
			want = append(want, fmt.Sprintf("%d %s", line, strings.Join(stripped(row, returns), "|")))
		}
	}
	switch files.Encoding {
	case contract.GB18030:
		return gb18030(t, text.String()), want
	case contract.UTF16LE:
		return utf16(t, unicode.LittleEndian, unicode.UseBOM, text.String()), want
	case contract.UTF16BE:
		return utf16(t, unicode.BigEndian, unicode.UseBOM, text.String()), want
	default:
		return text.Bytes(), want
	}
}

// blankLine is a row of which only delimiters, blanks and quotes are written.
func blankLine(row []string, files contract.Files) bool {
	return strings.Trim(strings.Join(row, ""), " \t\""+files.Delimiter) == "" || files.Delimiter == "" && strings.Trim(strings.Join(row, ""), " \t\",") == ""
}

func stripped(row []string, returns bool) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		if returns {
			cell = strings.ReplaceAll(cell, "\n", "\r\n")
		}
		cells[i] = string(reader.Strip([]byte(cell)))
	}
	return cells
}

func TestStrip(t *testing.T) {
	for cell, want := range map[string]string{
		"x": "x", "": "", " ": "", "\tx\t": "x", " x ": "x", "'x": "x", "`x": "x", `="x"`: "x", `="` + "\tx\"": "x", "\t'x ": "x", "x'": "x'", "=x": "=x",
		`="`: `="`, `=""`: "", "''": "'", "它's": "它's", `="'1"`: "1",
		"\u00a0x\u00a0": "x", "\u3000订 单\u3000 ": "订 单", "\ufeff\u200bx\u202f\u2009": "x", "\t\u00a0'\u00a0x": "x", "=\"\u00a0x\"\u2003": "x", "\u00a0": "", "a\u00a0b": "a\u00a0b",
		"￥": "￥", "\u2026x": "\u2026x", "é": "é", "，x。": "，x。", "\u200fx\u2060": "x", "\xa0x\xa0": "\xa0x\xa0",
	} {
		if got := string(reader.Strip([]byte(cell))); got != want {
			t.Errorf("Strip(%q) = %q, want %q", cell, got, want)
		}
	}
}

// FuzzCSV: whatever the bytes, the reader gives a problem or as many records as it counts, each as wide as the header, at growing lines.
func FuzzCSV(f *testing.F) {
	for _, c := range csvCases() {
		if len(c.content) < 4096 {
			f.Add([]byte(c.content), uint8(0))
			f.Add([]byte(c.content), uint8(255))
		}
	}
	f.Fuzz(func(t *testing.T, content []byte, options uint8) {
		files := contract.Files{Loose: options&1 != 0}
		if options&2 != 0 {
			files.Preamble = 3
		}
		if options&4 != 0 {
			files.Encoding = contract.GB18030
		}
		if options&8 != 0 {
			files.Delimiter, files.End, files.Drop = ";", "^end", []string{"^#"}
		}
		if options&16 != 0 {
			files.Header = contract.NoHeader
		}
		if options&64 != 0 {
			files.Encoding = contract.AnyEncoding
		}
		if options&32 != 0 {
			files.Delimiter, files.Loose = contract.Blanks, false
		}
		c := feed(files)
		sink := &checker{t: t, split: reader.NewSplitter(c)}
		if bytes.Contains(bytes.ToLower(content), []byte("sep=")) {
			sink.split = nil // the file chooses its delimiter
		}
		summary, err := readInto(c, content, sink)
		var problem *reader.Problem
		if err != nil && !errors.As(err, &problem) {
			t.Fatalf("not a problem: %v", err)
		}
		if err == nil && (summary.Records != sink.records || summary.Rejects != sink.rejects) {
			t.Fatalf("%+v is counted, %d records and %d rejects were given", summary, sink.records, sink.rejects)
		}
	})
}

type checker struct {
	t                *testing.T
	split            *reader.Splitter
	width            int
	line             int64
	records, rejects int64
}

func (c *checker) Header(h reader.Header) error {
	c.width, c.line = len(h.Names), h.Line
	return nil
}

func (c *checker) next(line int64) {
	if line <= c.line {
		c.t.Fatalf("line %d comes after line %d", line, c.line)
	}
	c.line = line
	c.records++
}

func (c *checker) Raw(line int64, record []byte, given [][]byte) error {
	c.next(line)
	if c.split == nil {
		return nil
	}
	fields, reason := c.split.Split(record)
	if reason != "" || len(fields) != c.width || !slices.EqualFunc(fields, given, bytes.Equal) {
		c.t.Fatalf("raw %q: %s, fields %q, given %q", record, reason, fields, given)
	}
	return nil
}

func (c *checker) Fields(line int64, fields [][]byte) error {
	c.next(line)
	if len(fields) != c.width {
		c.t.Fatalf("line %d has %d fields, want %d", line, len(fields), c.width)
	}
	return nil
}

func (c *checker) Reject(line int64, reason string, _ []byte) error {
	c.next(line)
	if c.rejects++; reason == "" {
		c.t.Fatalf("line %d is refused without a reason", line)
	}
	return nil
}
