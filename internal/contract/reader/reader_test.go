package reader_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// A recorder writes down what a sink is given, one line a record.
type recorder struct {
	lines []string
	raw   int // how many came untouched
	split *reader.Splitter
}

func (r *recorder) Header(h reader.Header) error {
	r.lines = append(r.lines, fmt.Sprintf("header %d %v %s", h.Line, h.Fields, h.ExportedAt))
	return nil
}

func (r *recorder) Raw(line int64, record []byte, fields [][]byte) error {
	r.raw++
	if r.split == nil { // the file has chosen its delimiter
		return r.Fields(line, fields)
	}
	again, reason := r.split.Split(record)
	if reason != "" || !slices.EqualFunc(fields, again, bytes.Equal) {
		return fmt.Errorf("raw %q: %s, fields %q, given %q", record, reason, again, fields)
	}
	return r.Fields(line, fields)
}

func (r *recorder) Fields(line int64, fields [][]byte) error {
	r.lines = append(r.lines, fmt.Sprintf("%d %s", line, bytes.Join(fields, []byte("|"))))
	return nil
}

func (r *recorder) Reject(line int64, reason string, raw []byte) error {
	r.lines = append(r.lines, fmt.Sprintf("%d ! %s: %s", line, reason, raw))
	return nil
}

// feed is a contract with the required header a, and b and c.
func feed(files contract.Files) *contract.Contract {
	if files.Container == "" {
		files.Container = contract.CSV
	}
	return &contract.Contract{Files: files, Columns: []contract.Column{
		{Name: "a", Header: []string{"订单号", "编号"}, Type: contract.ID, Required: true},
		{Name: "b", Header: []string{"金额"}, Type: contract.Money},
		{Name: "c", Header: []string{"时间"}, Type: contract.Timestamp},
	}}
}

func read(c *contract.Contract, content []byte) (*recorder, reader.Summary, error) {
	sink := &recorder{split: reader.NewSplitter(c)}
	if bytes.Contains(bytes.ToLower(content[:min(len(content), 8)]), []byte("sep=")) {
		sink.split = nil
	}
	summary, err := readInto(c, content, sink)
	return sink, summary, err
}

func readInto(c *contract.Contract, content []byte, sink reader.Sink) (reader.Summary, error) {
	in := reader.Input{Size: int64(len(content)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
	return reader.Read(context.Background(), c, in, sink)
}

type csvCase struct {
	files   contract.Files
	content string
	want    string // lines of the recorder
	dropped int64
	problem string
	raw     int
}

func csvCases() map[string]csvCase {
	return map[string]csvCase{
		"plain":                   {content: "订单号,金额\nA1,1\nA2,2\n", want: "header 1 [0 1 -1] ;2 A1|1;3 A2|2", raw: 2},
		"mark and returns":        {content: "\ufeff订单号,金额\r\nA1,1\r\nA2,2\r\n", want: "header 1 [0 1 -1] ;2 A1|1;3 A2|2", raw: 2},
		"no line end at the end":  {content: "订单号,金额\nA1,1", want: "header 1 [0 1 -1] ;2 A1|1", raw: 1},
		"header only":             {content: "订单号,金额\n", want: "header 1 [0 1 -1] "},
		"blank lines":             {content: "\n\n订单号,金额\n\nA1,1\n,\n \t\nA2,2\n", want: "header 3 [0 1 -1] ;5 A1|1;8 A2|2", raw: 2},
		"other order and aliases": {content: "时间,没用,编号 \n08:00,x,A1\n", want: "header 1 [2 -1 0] ;2 08:00|x|A1", raw: 1},
		"quotes":                  {content: "订单号,金额\n\"A,1\",\"1\"\"0\"\n", want: `header 1 [0 1 -1] ;2 A,1|1"0`, raw: 1},
		"quote within a cell":     {content: "订单号,金额\n5\" pipe,1\n\"x\",6\"\n", want: `header 1 [0 1 -1] ;2 5" pipe|1;3 x|6"`},
		"quotes within two cells": {content: "订单号,金额\nA\"1,x\"\n\"A\"\"2\",x\"\nA\"3\",45\n", want: `header 1 [0 1 -1] ;2 ! quotes within the unquoted cells 1 and 2: a delimiter may be lost: A"1,x";3 ! a quote within the unquoted cell 2: another one, a delimiter or a line end may be lost: "A""2",x";4 A"3"|45`},
		"blanks before quotes":    {content: "订单号, 金额\nA1, \"1\"\nA2, 2\n", want: `header 1 [0 1 -1] ;2 ! blanks before the quotes of a cell: loose in the contract lets them pass: A1, "1";3 A2|2`},
		"the header again":        {content: "订单号,\"金额\",x\nA1,1,订单号\n订单号,金额,x\n\"订单号\",\"金额\",\"y\"\n订单号,2,x\n", want: `header 1 [0 1 -1] ;2 A1|1|订单号;3 ! the header again: are these two files in one?: 订单号,金额,x;4 ! the header again: are these two files in one?: "订单号","金额","y";5 订单号|2|x`, raw: 0},
		"line ends in a cell":     {content: "订单号,金额\n\"A\n1\",2\nA2,3\n", want: "header 1 [0 1 -1] ;2 A\n1|2;4 A2|3", raw: 1},
		"returns in a cell":       {content: "订单号,金额\r\n\"A\r\n1\",2\r\nA2,3\r\n", want: "header 1 [0 1 -1] ;2 A\r\n1|2;4 A2|3", raw: 1},
		"empty quotes":            {content: "订单号,金额\n\"\",1\n", want: "header 1 [0 1 -1] ;2 |1", raw: 1},
		"guards": {
			content: "订单号,金额\n\"\t6917926768823643751\",1\n'123,`2\n=\"007\",\t3\t\n\"=\"\"008\"\"\",4 \n 9,\" 5\"\n",
			want:    "header 1 [0 1 -1] ;2 6917926768823643751|1;3 123|2;4 007|3;5 008|4;6 9|5",
		},
		"no guards":       {content: "订单号,金额\nit's a=b `c` d,1\n", want: "header 1 [0 1 -1] ;2 it's a=b `c` d|1", raw: 1},
		"too few":         {content: "订单号,金额\nA1\nA2,2\n", want: "header 1 [0 1 -1] ;2 ! want 2 fields as in the header, got 1: A1;3 A2|2", raw: 1},
		"too many":        {content: "订单号,金额\nA1,1,\nA2,2\n", want: "header 1 [0 1 -1] ;2 ! want 2 fields as in the header, got 3: A1,1,;3 A2|2", raw: 1},
		"too many, loose": {files: contract.Files{Loose: true}, content: "订单号,金额\nA1,1,,\nA2,2,x\n", want: "header 1 [0 1 -1] ;2 A1|1;3 ! want 2 fields as in the header, got 3: A2,2,x"},
		"trailing comma":  {files: contract.Files{Loose: true}, content: "订单号,金额,\nA1,1,\nA2,2\n", want: "header 1 [0 1 -1] ;2 A1|1|;3 A2|2|", raw: 1},
		"after the quote": {content: "订单号,金额\n\"A1\"\t,1\n\"A\"2,2\n", want: "header 1 [0 1 -1] ;2 ! text after the closing quote of a cell: \"A1\"\t,1;3 ! text after the closing quote of a cell: \"A\"2,2"},
		"after it, loose": {files: contract.Files{Loose: true}, content: "订单号,金额\n\"A1\"\t, \"1\"\n\"A\"2,2\n", want: "header 1 [0 1 -1] ;2 A1|1;3 ! text after the closing quote of a cell: \"A\"2,2"},
		"semicolons":      {files: contract.Files{Delimiter: ";"}, content: "订单号;金额\nA,1;1,5\n", want: "header 1 [0 1 -1] ;2 A,1|1,5", raw: 1},
		"tabs":            {files: contract.Files{Delimiter: "\t"}, content: "订单号\t金额\nA1\t1\n\t2\n", want: "header 1 [0 1 -1] ;2 A1|1;3 |2", raw: 1},
		"drop and end":    {files: contract.Files{Drop: []string{"^#"}, End: "^合计"}, content: "#x\n订单号,金额\n# y\nA1,1\n合计,9\n\n备注,\nA9,9\n", want: "header 2 [0 1 -1] ;4 A1|1", dropped: 4, raw: 1},
		"preamble":        {files: contract.Files{Preamble: 5}, content: "\"账单\n订单号说明\n,,,\n  订单号 ,金额,\nA1,1,\n", want: "header 4 [0 1 -1] ;5 A1|1|", raw: 1},
		"header over lines in a preamble": {
			files: contract.Files{Preamble: 5}, content: "\"账单\nx\r\n\"订\r\n单号\",\"金\n额\",\"时间\"\r\nA1,1,\n", want: "header 3 [0 1 2] ;6 A1|1|", raw: 1,
		},
		"quotes before the header": {
			files: contract.Files{Preamble: 5}, content: "\"账单\n\"\"\"x\n订单号,金额\n\"A\n1\",1\n", want: "header 3 [0 1 -1] ;4 A\n1|1",
		},
		"a quote in a preamble that ends": {files: contract.Files{Preamble: 5}, content: "订单号说明\n\"账单", problem: `the required header "订单号" is missing`},
		"export time":                     {files: contract.Files{Preamble: 5, ExportedAt: &contract.ExportedAt{Preamble: `导出时间：\[(.*?)\]`, Layout: "x"}}, content: "导出时间：[2026-11-01 08:00:00],,\n订单号,金额\n", want: "header 2 [0 1 -1] 2026-11-01 08:00:00"},
		"empty":                           {content: "", problem: "the file is empty"},
		"only a mark":                     {content: "\ufeff", problem: "no line that could be a header"},
		"only blank lines":                {content: "\n \n", problem: "no line that could be a header"},
		"missing header":                  {content: "订单编,金额\nA1,1\n", problem: `line 1: the required header "订单号" is missing (the closest one is "订单编"`},
		"nothing alike":                   {content: "id,amount\n", problem: `line 1: the required header "订单号" is missing`},
		"preamble too long": {
			files: contract.Files{Preamble: 2}, content: "x\ny\n订单号\n",
			problem: `the required header "订单号" is missing`,
		},
		"header twice":       {content: "订单号,金额,订单号\n", problem: `line 1: header "订单号" is there twice`},
		"cut in a quote":     {content: "订单号,金额\nA1,1\n\"A2,2\nA3,3\n", problem: "line 3: the file ends inside a quoted cell that begins here"},
		"cut in a row":       {content: "订单号,金额\nA1,1\nA2", problem: "line 3: the file ends in the middle of a row"},
		"never-ending quote": {content: "订单号,金额\nA1,\"" + strings.Repeat("x\n", 1<<20), problem: "a row of more than 1048576 bytes"},
		"not utf-8":          {content: "订单号,金额\nA1,1\nA\xff,2\n", problem: "line 3: byte 24 of the file is not utf-8"},
		"sep":                {content: "sep=;\r\n订单号;金额\r\nA,1;1\r\n", want: "header 2 [0 1 -1] ;3 A,1|1", raw: 1},
		"sep, quoted":        {files: contract.Files{Delimiter: "\t"}, content: "\"SEP=,\"\n订单号,金额\nA1,1\n", want: "header 2 [0 1 -1] ;3 A1|1", raw: 1},
		"sep, padded":        {files: contract.Files{Preamble: 3}, content: "sep=,,\nx\n订单号,金额\nA1,1\n", want: "header 3 [0 1 -1] ;4 A1|1", raw: 1},
		"sep as a value":     {content: "订单号,金额\nsep=;,1\n", want: "header 1 [0 1 -1] ;2 sep=;|1", raw: 1},
		"no sep":             {content: "sep=x\n订单号\n", problem: "line 1: the required header"},
		"sep, no header":     {files: contract.Files{Header: contract.NoHeader, Preamble: 1}, content: "sep=;\nx\nA1;1;2\n", want: "header 0 [0 1 2] ;3 A1|1|2", raw: 1},
		"control characters": {content: "订单号,金额\nA\x011,1\nA2,2\n\"A\x1b3\",3\nA4\x7f,4\n\"A\n5\",5\n", want: "header 1 [0 1 -1] ;2 ! the control character U+0001: A\x011,1;3 A2|2;4 ! the control character U+001B: \"A\x1b3\",3;5 ! the control character U+007F: A4\x7f,4;6 A\n5|5", raw: 1},
		"a page":             {content: "<html><body>订单号", problem: "the file is a web page"},
		"a workbook":         {content: "PK\x03\x04rest", problem: "the file is an xlsx workbook or a zip"},
		"an old workbook":    {content: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", problem: "old .xls workbook"},
		"zero bytes":         {content: "\x00a\x00b", problem: "utf-16 (it holds zero bytes)"},
		"a zero byte":        {content: "订单号,金额\nA\x001,1\nA2,2\n", want: "header 1 [0 1 -1] ;2 ! the control character U+0000: A\x001,1;3 A2|2", raw: 1},
		"a zero byte, any":   {files: contract.Files{Encoding: contract.AnyEncoding}, content: "订单号,金额\nA\x001,1\nA2,2\n", want: "header 1 [0 1 -1] ;2 ! the control character U+0000: A\x001,1;3 A2|2", raw: 1},
	}
}

func TestCSV(t *testing.T) {
	for name, c := range csvCases() {
		t.Run(name, func(t *testing.T) {
			sink, summary, err := read(feed(c.files), []byte(c.content))
			if c.problem != "" {
				var problem *reader.Problem
				if !errors.As(err, &problem) || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("got %v\nwant a problem: %s", err, c.problem)
				}
				return
			}
			if got := strings.Join(sink.lines, ";"); err != nil || got != c.want {
				t.Errorf("got  %q, %v\nwant %q", got, err, c.want)
			}
			if summary.Dropped != c.dropped || sink.raw != c.raw {
				t.Errorf("%d dropped and %d raw, want %d and %d", summary.Dropped, sink.raw, c.dropped, c.raw)
			}
			if got := int64(len(sink.lines) - 1); summary.Records != got {
				t.Errorf("%d records are counted, %d were given", summary.Records, got)
			}
		})
	}
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
}

func gb18030(t failer, text string) []byte {
	t.Helper()
	return encoded(t, simplifiedchinese.GB18030, text)
}

func utf16(t failer, order unicode.Endianness, mark unicode.BOMPolicy, text string) []byte {
	t.Helper()
	return encoded(t, unicode.UTF16(order, mark), text)
}

func encoded(t failer, in encoding.Encoding, text string) []byte {
	t.Helper()
	content, err := in.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestEncodings(t *testing.T) {
	text := "订单号,金额\nA1,１２\nA2,𠮷㐀é\n"
	want := "header 1 [0 1 -1] ;2 A1|１２;3 A2|𠮷㐀é"
	cases := map[string]struct {
		encoding string
		content  []byte
		problem  string
	}{
		"utf-8":                 {"", []byte(text), ""},
		"gb18030":               {contract.GB18030, gb18030(t, text), ""},
		"utf-16le, mark":        {contract.UTF16LE, utf16(t, unicode.LittleEndian, unicode.UseBOM, text), ""},
		"utf-16le":              {contract.UTF16LE, utf16(t, unicode.LittleEndian, unicode.IgnoreBOM, text), ""},
		"utf-16be, mark":        {contract.UTF16BE, utf16(t, unicode.BigEndian, unicode.UseBOM, text), ""},
		"gb18030 as utf-8":      {"", gb18030(t, text), "line 1: byte 1 of the file is not utf-8, but looks like gb18030"},
		"utf-8 as gb18030":      {contract.GB18030, []byte(text), "says encoding gb18030, but the bytes are utf-8"},
		"utf-16 as utf-8":       {"", utf16(t, unicode.LittleEndian, unicode.UseBOM, text), "says encoding utf-8, but the file is utf-16le"},
		"utf-16 as gb18030":     {contract.GB18030, utf16(t, unicode.BigEndian, unicode.IgnoreBOM, text), "holds zero bytes"},
		"utf-8 mark as utf-16":  {contract.UTF16LE, []byte("\ufeff" + text), "says encoding utf-16le, but the file is utf-8"},
		"bad gb18030":           {contract.GB18030, append(gb18030(t, "订单号,金额\nA1,1\n"), 0xff, 0xff, '\n'), "line 3: byte 18 of the file is not gb18030"},
		"gb18030 cut short":     {contract.GB18030, append(gb18030(t, "订单号,金额\nA1,1\n"), 0xb6), "line 3: byte 18 of the file is not gb18030"},
		"utf-8 cut short":       {"", []byte(text[:len("订单号,金额\nA1,１")-1]), "line 2: byte 21 of the file is not utf-8"},
		"utf-16 behind pairs":   {contract.UTF16BE, append(utf16(t, unicode.BigEndian, unicode.UseBOM, "订单号\n𠮷𠮷\n"), 0xd8, 0x00, 0x00, 0x0a), "line 3: byte 21 of the file is not utf-16be"},
		"gb18030 behind a euro": {contract.GB18030, append(gb18030(t, "订单号\nA1,\n"), 0x80, '0', 0x9d, ' ', '\n'), "line 3: byte 14 of the file is not gb18030"},
		"any, utf-8":            {contract.AnyEncoding, []byte(text), ""},
		"any, utf-8, mark":      {contract.AnyEncoding, []byte("\ufeff" + text), ""},
		"any, gb18030":          {contract.AnyEncoding, gb18030(t, text), ""},
		"any, utf-16le, mark":   {contract.AnyEncoding, utf16(t, unicode.LittleEndian, unicode.UseBOM, text), ""},
		"any, utf-16be, mark":   {contract.AnyEncoding, utf16(t, unicode.BigEndian, unicode.UseBOM, text), ""},
		"any, utf-16le":         {contract.AnyEncoding, utf16(t, unicode.LittleEndian, unicode.IgnoreBOM, text), ""},
		"any, utf-16be":         {contract.AnyEncoding, utf16(t, unicode.BigEndian, unicode.IgnoreBOM, text), ""},
		"any, neither":          {contract.AnyEncoding, append([]byte("订单号\n"), 0xff, 0xff), "line 1: byte 9 of the file is not gb18030"},
		"any, first utf-8":      {contract.AnyEncoding, append([]byte("订单号\n"+strings.Repeat("订单,1\n", 1000)), 0xff, 0xff), "line 1002: byte 9011 of the file is not utf-8"},
		"utf-16 half character": {contract.UTF16LE, append(utf16(t, unicode.LittleEndian, unicode.UseBOM, "订单号\nA1\n"), 0x00, 0xd8, 0x0a, 0x00), "line 3: byte 17 of the file is not utf-16le"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			sink, _, err := read(feed(contract.Files{Encoding: c.encoding}), c.content)
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("got %v, want %s", err, c.problem)
				}
				return
			}
			if got := strings.Join(sink.lines, ";"); err != nil || got != want {
				t.Errorf("got %q, %v\nwant %q", got, err, want)
			}
		})
	}
}

// TestEncodingErrorFarIntoAFile checks that the place is right behind the first buffers.
func TestEncodingErrorFarIntoAFile(t *testing.T) {
	const rows = 100_000
	good := "订单号,金额\n" + strings.Repeat("订单,1\n", rows)
	for encoding, content := range map[string][]byte{contract.UTF8: []byte(good), contract.GB18030: gb18030(t, good)} {
		want := fmt.Sprintf("line %d: byte %d of the file is not %s", rows+2, len(content)+1, encoding)
		_, summary, err := read(feed(contract.Files{Encoding: encoding}), append(content, 0xff, 0xff, '\n'))
		if err == nil || !strings.Contains(err.Error(), want) || summary.Records != rows {
			t.Errorf("got %v after %d rows, want %s", err, summary.Records, want)
		}
	}
}

// TestEncodingIsToldLate has more ASCII before the first other character than is looked at at once.
func TestEncodingIsToldLate(t *testing.T) {
	for name, text := range map[string][]byte{"utf-8": []byte("𠮷,1\n"), "gb18030": gb18030(t, "𠮷,1\n")} {
		c := feed(contract.Files{Encoding: contract.AnyEncoding})
		c.Columns[0].Header = []string{"id"}
		content := append([]byte("id,x\n"+strings.Repeat("A1,1\n", 50_000)), text...)
		sink, _, err := read(c, content)
		if err != nil || sink.lines[50_001] != "50002 𠮷|1" {
			t.Errorf("%s: %v, %d lines", name, err, len(sink.lines))
		}
	}
}

// TestControlsFarIntoAFile has a zero byte where nobody looks for UTF-16 any more.
func TestControlsFarIntoAFile(t *testing.T) {
	const rows = 60_000
	sink, summary, err := read(feed(contract.Files{}), []byte("订单号,金额\n"+strings.Repeat("A1,1\n", rows)+"A\x002,2\nA3,3\n"))
	want := []string{fmt.Sprintf("%d ! the control character U+0000: A\x002,2", rows+2), fmt.Sprintf("%d A3|3", rows+3)}
	if err != nil || summary.Rejects != 1 || !slices.Equal(sink.lines[rows+1:], want) {
		t.Errorf("got %q, %v", sink.lines[rows+1:], err)
	}
}

func pack(t *testing.T, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestGzip(t *testing.T) {
	packed := pack(t, []byte("订单号,金额\nA1,1\n"))
	if sink, _, err := read(feed(contract.Files{}), packed); err != nil || strings.Join(sink.lines, ";") != "header 1 [0 1 -1] ;2 A1|1" {
		t.Errorf("got %q, %v", sink.lines, err)
	}
	if _, _, err := read(feed(contract.Files{}), pack(t, nil)); err == nil || err.Error() != "the file is empty: export it again" {
		t.Errorf("nothing, packed: %v", err)
	}
	if _, _, err := read(feed(contract.Files{}), pack(t, packed)); err == nil || !strings.Contains(err.Error(), "packed with gzip twice") {
		t.Errorf("packed twice: %v", err)
	}
	for cut := 2; cut < len(packed); cut++ {
		if _, _, err := read(feed(contract.Files{}), packed[:cut]); err == nil || !strings.Contains(err.Error(), "cut short") {
			t.Fatalf("cut to %d of %d bytes: %v", cut, len(packed), err)
		}
	}
	packed[len(packed)-5] ^= 1
	if _, _, err := read(feed(contract.Files{}), packed); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a wrong checksum: %v", err)
	}
}

func TestFindHeaderReadsNoFurther(t *testing.T) {
	content := io.MultiReader(strings.NewReader("订单号,金额\nA1,1\n"), endless{})
	in := reader.Input{Size: 1, Open: func() (io.ReadCloser, error) { return io.NopCloser(content), nil }}
	header, err := reader.FindHeader(t.Context(), feed(contract.Files{}), in)
	if err != nil || strings.Join(header.Names, "|") != "订单号|金额" {
		t.Errorf("got %v, %v", header, err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

func TestSinkErrorsComeBack(t *testing.T) {
	stop := errors.New("stop")
	in := reader.Input{Size: 1, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("订单号,金额\nA1,1\n")), nil
	}}
	if _, err := reader.Read(t.Context(), feed(contract.Files{}), in, stopper{&recorder{}, stop}); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

type stopper struct {
	*recorder
	err error
}

func (s stopper) Raw(int64, []byte, [][]byte) error { return s.err }
