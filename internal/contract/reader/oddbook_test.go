package reader_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// A rawBook is a workbook written part by part, as no library would.
type rawBook struct {
	sheets []string // the rows of each, as XML; they are called S1, S2 …
	texts  string   // the si elements
	book   string   // what stands in the workbook part before the sheets
	states []string // of the sheets, if any
	behind string   // what stands behind the rows of each sheet
	more   []entry
}

func (b rawBook) bytes(t testing.TB) []byte {
	t.Helper()
	const relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
	var sheets, links strings.Builder
	entries := []entry{plainEntry("[Content_Types].xml", "<Types/>"), plainEntry("_rels/.rels", `<Relationships><Relationship Id="r" Type="`+relation+`officeDocument" Target="xl/workbook.xml"/></Relationships>`)}
	for i, rows := range b.sheets {
		state := ""
		if i < len(b.states) {
			state = b.states[i]
		}
		fmt.Fprintf(&sheets, `<sheet name="S%d" sheetId="%d" state="%s" r:id="r%d"/>`, i+1, i+1, state, i)
		fmt.Fprintf(&links, `<Relationship Id="r%d" Type="%sworksheet" Target="worksheets/sheet%d.xml"/>`, i, relation, i+1)
		entries = append(entries, plainEntry(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), `<?xml version="1.0" encoding="UTF-8"?><worksheet><sheetData>`+rows+"</sheetData>"+b.behind+"</worksheet>"))
	}
	if b.texts != "" {
		links.WriteString(`<Relationship Id="t" Type="` + relation + `sharedStrings" Target="/xl/sharedStrings.xml"/>`)
		entries = append(entries, plainEntry("xl/sharedStrings.xml", "<sst>"+b.texts+"</sst>"))
	}
	entries = append(entries, plainEntry("xl/workbook.xml", `<workbook>`+b.book+`<sheets>`+sheets.String()+`</sheets></workbook>`),
		plainEntry("xl/_rels/workbook.xml.rels", `<Relationships>`+links.String()+`</Relationships>`))
	return archive(t, append(entries, b.more...)...)
}

// headerRow is 订单号, 金额, 时间.
const headerRow = `<row r="1"><c r="A1" t="inlineStr"><is><t>订单号</t></is></c><c r="B1" t="inlineStr"><is><t>金额</t></is></c><c r="C1" t="inlineStr"><is><t>时间</t></is></c></row>`

func one(rows string) rawBook { return rawBook{sheets: []string{headerRow + rows}} }

func oddBooks() map[string]struct {
	book    rawBook
	sheet   string
	want    string
	problem string
} {
	return map[string]struct {
		book    rawBook
		sheet   string
		want    string
		problem string
	}{
		"inline, with a prefix": {book: rawBook{sheets: []string{`<x:row><x:c t="inlineStr"><x:is><x:t>订单号</x:t></x:is></x:c></x:row><x:row><x:c t="inlineStr"><x:is><x:t xml:space="preserve"> A&amp;1 &#x4E00;</x:t></x:is></x:c></x:row>`}}, want: "2 A&1 一"},
		"rich text":             {book: rawBook{sheets: []string{headerRow + `<row r="2"><c r="A2" t="s"><v>1</v></c></row>`}, texts: `<si/><si><r><t>A</t></r><r><rPr/><t>1</t></r><rPh><t>読み</t></rPh></si>`}, want: "2 A1||"},
		"two values":            {book: one(`<row r="2"><c r="A2" t="inlineStr"><v>1.0</v><is><t>1.</t></is></c><c r="B2"><v>2</v><is><t>3</t></is></c><c r="C2" t="inlineStr"><is><t>x</t></is><v>y</v></c></row>`), want: "2 1.|2|x"},
		"far cells":             {book: one(`<row r="2"><c r="A2"><v>1</v></c><c r="XFC2"/><c r="XFD2" t="str"><v></v></c></row><row r="3"><c r="B3"><v>1</v></c><c r="X3"><v>2</v></c><c r="XFD3"><v>3</v></c></row>`), want: "2 1||;3 ! want 3 fields as in the header, got 4: ,1,,2"},
		"escapes":               {book: one(`<row r="2"><c r="A2" t="inlineStr"><is><t>A_x000D__x005F_x000D__xZZ</t></is></c></row>`), want: "2 A\r_x000D__xZZ||"},
		"line ends":             {book: one("<row r=\"2\"><c r=\"A2\" t=\"str\"><v>A\r\n1\r2&#13;</v></c></row>"), want: "2 A\n1\n2||"},
		"CDATA and comments":    {book: one(`<!-- <row r="9"> --><row r="2"><c r="A2" t="inlineStr"><is><t><![CDATA[A<&1]]></t></is></c></row>`), want: "2 A<&1||"},
		"the header again":      {book: one(strings.NewReplacer(`r="1"`, "", `1"`, `2"`).Replace(headerRow)), want: "2 ! the header again: are these two files in one?: 订单号,金额,时间"},
		"another header":        {book: one(`<row r="2"><c r="A2" t="str"><v>金额</v></c><c r="B2" t="str"><v>订单号</v></c></row>`), problem: "line 2: the header of another table, with other columns than line 1 has"},
		"gaps":                  {book: one(`<row r="5"><c r="C5" t="str"><v>x</v></c></row><row r="7"/>`), want: "5 ||x"},
		"no places":             {book: one(`<row><c t="str"><v>A1</v></c><c><v>2</v></c></row><row><c/><c><v>3</v></c></row>`), want: "2 A1|2|;3 |3|"},
		"numbers": {
			book: one(`<row r="2"><c r="A2"><v>1.2345678E7</v></c><c r="B2"><v>1234567.8900000001</v></c><c r="C2"><v>46327.333333333336</v></c></row><row r="3"><c r="A3"><v>-0</v></c><c r="B3"><v>1E-3</v></c><c r="C3"><v>20261101</v></c></row>`),
			want: "2 12345678|1234567.89|2026-11-01 08:00:00;3 0|0.001|20261101",
		},
		"long ids":             {book: one(`<row r="2"><c r="A2"><v>6917926768823643751</v></c></row><row r="3"><c r="A3" t="str"><v>6917926768823643751</v></c></row><row r="4"><c r="A4"><v>1E15</v></c></row><row r="5"><c r="A5"><v>999999999999999</v></c></row>`), want: "2 ! column \"订单号\": a number of more than 15 digits, which a workbook does not keep: export the column as text: 6917926768823643751;3 6917926768823643751||;4 ! column \"订单号\": a number of more than 15 digits, which a workbook does not keep: export the column as text: 1E15;5 999999999999999||"},
		"not a number":         {book: one(`<row r="2"><c r="A2"><v>NaN</v></c></row><row r="3"><c r="B3" t="b"><v>maybe</v></c></row>`), want: "2 ! column \"订单号\": not a number, as the cell says it is: NaN;3 ! column \"金额\": neither true nor false, as the cell says it is: ,maybe"},
		"dates of 1904":        {book: rawBook{book: `<workbookPr date1904="1"/>`, sheets: []string{headerRow + `<row r="2"><c r="C2"><v>44865.5</v></c></row>`}}, want: "2 ||2026-11-01 12:00:00"},
		"dates of 1900":        {book: one(`<row r="2"><c r="C2"><v>61</v></c></row><row r="3"><c r="C3"><v>60</v></c></row>`), want: "2 ||1900-03-01;3 ||60"},
		"strict dates":         {book: one(`<row r="2"><c r="C2" t="d"><v>2026-11-01T08:00:00.000</v></c></row><row r="3"><c r="C3" t="d"><v>2026-11-01</v></c></row>`), want: "2 ||2026-11-01 08:00:00;3 ||2026-11-01"},
		"booleans":             {book: one(`<row r="2"><c r="A2"><v>7</v></c><c r="B2" t="b"><v>0</v></c></row><row r="3"><c r="A3" t="b"><v>1</v></c></row>`), want: "2 7|FALSE|;3 ! column \"订单号\": true or false where an identifier should be: 1"},
		"errors":               {book: one(`<row r="2"><c r="A2" t="e"><v>#N/A</v></c></row><row r="3"><c r="A3" t="str"><v>A3</v></c><c r="B3" t="e"><v>#DIV/0!</v></c></row>`), want: "2 ! column \"订单号\": the cell holds the error #N/A: #N/A;3 A3||"},
		"formulas":             {book: one(`<row r="2"><c r="A2" t="str"><f>1&amp;"x"</f><v>1x</v></c><c r="B2"><f>1+1</f><v>2</v></c></row><row r="3"><c r="B3"><f>1+1</f></c></row><row r="4"><c r="A4" t="str"><f>""</f><v></v></c><c r="B4"><v>4</v></c></row>`), want: "2 1x|2|;3 ! column \"金额\": a formula whose value the workbook does not hold: open it in a spreadsheet program and save it: ,;4 |4|"},
		"a control":            {book: one(`<row r="2"><c r="A2" t="inlineStr"><is><t>A_x0008_1</t></is></c></row>`), want: "2 ! the control character U+0008: A\b1"},
		"cells out of order":   {book: one(`<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>`), problem: `sheet "S1" is damaged`},
		"a cell twice":         {book: one(`<row r="2"><c r="B2"><v>1</v></c><c r="B2"><v>2</v></c></row>`), problem: `sheet "S1" is damaged`},
		"rows out of order":    {book: one(`<row r="3"/><row r="2"/>`), problem: `sheet "S1" is damaged`},
		"another row's cell":   {book: one(`<row r="3"><c r="A2"><v>1</v></c></row>`), problem: `sheet "S1" is damaged`},
		"beyond the format":    {book: one(`<row r="2"><c r="XFE2"><v>1</v></c></row>`), problem: `sheet "S1" is damaged`},
		"too many rows":        {book: one(`<row r="1048577"/>`), problem: `sheet "S1" is damaged`},
		"no such text":         {book: rawBook{sheets: []string{headerRow + `<row r="2"><c r="A2" t="s"><v>7</v></c></row>`}, texts: "<si><t>x</t></si>"}, problem: "a cell names a text that the workbook does not have"},
		"no texts":             {book: one(`<row r="2"><c r="A2" t="s"><v>0</v></c></row>`), problem: "a cell names a text"},
		"broken XML":           {book: one(`<row r="2"><c r="A2"><v>1</c></row`), problem: `sheet "S1" is damaged`},
		"an entity of its own": {book: one(`<row r="2"><c r="A2" t="str"><v>&lol;</v></c></row>`), problem: `sheet "S1" is damaged`},
		"a document type":      {book: rawBook{book: `<!DOCTYPE x [<!ENTITY lol "lol">]>`, sheets: []string{headerRow}}, problem: "the workbook is damaged at xl/workbook.xml"},
		"a huge cell":          {book: one(`<row r="2"><c r="A2" t="str"><v>` + strings.Repeat("x", 2<<20) + `</v></c></row>`), problem: "a cell of more than 1048576 bytes"},
		"a huge row":           {book: one(`<row r="2">` + strings.Repeat(`<c t="str"><v>`+strings.Repeat("x", 1<<10)+`</v></c>`, 1<<11) + `</row>`), problem: "a row of more than 1048576 bytes"},
		"merged rows":          {book: rawBook{sheets: []string{headerRow + `<row r="2"><c r="A2" t="str"><v>A</v></c><c r="B2"><v>1</v></c></row><row r="3"><c r="B3"><v>2</v></c></row>`}, behind: `<mergeCells><mergeCell ref="A2:A3"/></mergeCells>`}, problem: `line 2: the cells A2:A3 of sheet "S1" are merged`},
		"merged columns":       {book: rawBook{sheets: []string{headerRow + `<row r="2"><c r="A2" t="str"><v>A</v></c></row>`}, behind: `<mergeCells><mergeCell ref="A2:B2"/><mergeCell ref="E1:E9"/></mergeCells>`}, want: "2 A||"},
		"too many merges":      {book: rawBook{sheets: []string{headerRow}, behind: "<mergeCells>" + strings.Repeat(`<mergeCell ref="E1:E9"/>`, 10_001) + "</mergeCells>"}, problem: "more than 10000 blocks of cells merged"},
		"many merged columns":  {book: rawBook{sheets: []string{headerRow + `<row r="2"><c r="A2" t="str"><v>A</v></c></row>`}, behind: "<mergeCells>" + strings.Repeat(`<mergeCell ref="A2:B2"/>`, 10_001) + "</mergeCells>"}, want: "2 A||"},
		"a part twice":         {book: rawBook{sheets: []string{headerRow}, more: []entry{plainEntry(`xl\WORKBOOK.xml`, "<workbook/>")}}, problem: "twice"},
		"a binary one":         {book: rawBook{more: []entry{plainEntry("xl/workbook.bin", "x"), plainEntry("_rels/.RELS", "x")}}, problem: "twice"},
		"an OpenDocument":      {book: rawBook{more: []entry{plainEntry("mimetype", "application/vnd.oasis.opendocument.spreadsheet")}}, problem: "an OpenDocument sheet"},
		"a hidden sheet":       {book: rawBook{sheets: []string{headerRow + `<row><c t="str"><v>old</v></c></row>`, headerRow + `<row><c t="str"><v>A1</v></c></row>`}, states: []string{"hidden"}}, want: "2 A1||"},
		"a hidden one by name": {book: rawBook{sheets: []string{headerRow + `<row><c t="str"><v>A1</v></c></row>`, headerRow}, states: []string{"veryHidden"}}, sheet: "S1", want: "2 A1||"},
		"two that fit":         {book: rawBook{sheets: []string{headerRow, headerRow}}, problem: `the sheets "S1" and "S2" both have the header`},
		"one that fits":        {book: rawBook{sheets: []string{`<row><c t="str"><v>说明</v></c></row>`, headerRow + `<row><c t="str"><v>A1</v></c></row>`, ""}}, want: "2 A1||"},
		"a pattern":            {book: rawBook{sheets: []string{headerRow + `<row><c t="str"><v>A1</v></c></row>`, headerRow + `<row><c t="str"><v>A2</v></c></row>`, ""}}, sheet: "S?", want: "2 A1||;10000002 A2||"},
		"a pattern, odd one":   {book: rawBook{sheets: []string{headerRow, `<row><c t="str"><v>金额</v></c><c t="str"><v>订单号</v></c></row>`}}, sheet: "S*", problem: `sheet "S2" has other columns than sheet "S1"`},
		"a pattern, no header": {book: rawBook{sheets: []string{headerRow, `<row><c t="str"><v>x</v></c></row>`}}, sheet: "S*", problem: `the required header "订单号" is missing`},
	}
}

func TestOddWorkbooks(t *testing.T) {
	for name, c := range oddBooks() {
		t.Run(name, func(t *testing.T) {
			feed := xlsx(contract.Files{Sheet: c.sheet})
			feed.Columns[1].Nulls = []string{"#DIV/0!"}
			sink, summary, err := read(feed, c.book.bytes(t))
			if c.problem != "" {
				if !isProblem(err) || !strings.Contains(err.Error(), c.problem) {
					t.Errorf("got %q, %v\nwant a problem: %s", sink.lines, err, c.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(sink.lines[1:], ";")
			if name == "errors" {
				got = strings.Replace(got, "#DIV/0!", "", 1) // SQL makes NULL of it
			}
			if got != c.want || summary.Records != int64(len(sink.lines)-1) {
				t.Errorf("got  %q, %+v\nwant %q", got, summary, c.want)
			}
		})
	}
}

// TestDamagedWorkbooks turns over one bit after the other: what is read is either right or refused.
func TestDamagedWorkbooks(t *testing.T) {
	good := rawBook{sheets: []string{headerRow + `<row r="2"><c r="A2" t="s"><v>1</v></c><c r="B2"><v>12.5</v></c></row>`}, texts: `<si><t>x</t></si><si><t>A1</t></si><si><t>y</t></si>`}.bytes(t)
	sound, _, err := read(xlsx(contract.Files{}), good)
	if err != nil || len(sound.lines) != 2 {
		t.Fatal(sound.lines, err)
	}
	for at := range good {
		damaged := bytes.Clone(good)
		damaged[at] ^= 1 << (at % 8)
		sink, _, err := read(xlsx(contract.Files{}), damaged)
		if err == nil && strings.Join(sink.lines, ";") != strings.Join(sound.lines, ";") || err != nil && !isProblem(err) {
			t.Fatalf("byte %d damaged: %q, %v", at, sink.lines, err)
		}
	}
}

// FuzzWorkbook: whatever the parts hold, a problem or as many records as are counted.
func FuzzWorkbook(f *testing.F) {
	for _, c := range oddBooks() {
		if len(c.book.sheets) > 0 && len(c.book.sheets[0]) < 4096 {
			f.Add(c.book.sheets[0], c.book.texts, c.book.behind)
		}
	}
	f.Fuzz(func(t *testing.T, rows, texts, behind string) {
		c := xlsx(contract.Files{Preamble: 3, Drop: []string{"^#"}, End: "^end"})
		sink := &checker{t: t, split: reader.NewSplitter(c)}
		summary, err := readInto(c, rawBook{sheets: []string{rows}, texts: texts, behind: behind}.bytes(t), sink)
		if err != nil && !isProblem(err) {
			t.Fatalf("not a problem: %v", err)
		}
		if err == nil && (summary.Records != sink.records || summary.Rejects != sink.rejects) {
			t.Fatalf("%+v is counted, %d records and %d rejects were given", summary, sink.records, sink.rejects)
		}
	})
}

// FuzzPackedWorkbook damages the zip itself.
func FuzzPackedWorkbook(f *testing.F) {
	f.Add(one(`<row r="2"><c r="A2" t="str"><v>A1</v></c></row>`).bytes(f))
	f.Fuzz(func(t *testing.T, packed []byte) {
		c := xlsx(contract.Files{})
		if _, err := readInto(c, packed, &checker{t: t, split: reader.NewSplitter(c)}); err != nil && !isProblem(err) {
			t.Fatalf("not a problem: %v", err)
		}
	})
}
