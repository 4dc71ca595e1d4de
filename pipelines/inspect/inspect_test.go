package inspect_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/pipelines/inspect"
	"countinghouse/schemas"
)

func look(t *testing.T, name string, content []byte) []inspect.Report {
	t.Helper()
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(place, content, 0o600); err != nil {
		t.Fatal(err)
	}
	reports, err := inspect.File(t.Context(), registry, place, "")
	if err != nil {
		t.Fatal(err)
	}
	return reports
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	if _, err := writer.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPreambleGuardsAndNullsAreSeen(t *testing.T) {
	text := "微信支付账单明细,,,\r\n共3笔,,,\r\n说明：\"没有\r\n流水编号,收款,备注,交易完成日\r\n`A001,¥12.50,/,2026-10-01\r\n'A002,\"1,300.00\",/,2026-10-02\r\n=\"A003\",7,好,2026-10-03\r\n"
	got := look(t, "账单.csv.gz", packed(t, text))[0]
	if got.Packed != "gzip" || got.Container != "csv" || got.Encoding != "utf-8" || got.LineEnds != "CRLF" || got.HeaderLine != 4 || got.Preamble != 3 || got.Rows != 3 || got.Sampled != 3 {
		t.Fatalf("%+v", got)
	}
	id, amount, note, day := got.Columns[0], got.Columns[1], got.Columns[2], got.Columns[3]
	if id.Type != contract.ID || strings.Join(id.Guards, " ") != "` ' =\"…\"" || !id.Identifier {
		t.Errorf("the id is %+v", id)
	}
	if amount.Type != contract.Money || day.Type != contract.Date || day.Layouts[0] != "%Y-%m-%d" {
		t.Errorf("amount and day are %+v and %+v", amount, day)
	}
	if note.Type != contract.Text || strings.Join(note.Nulls, "") != "/" || note.Empty != 2 || note.Distinct != 1 {
		t.Errorf("the note is %+v", note)
	}
}

func TestPersonalCellsAreMasked(t *testing.T) {
	text := "收货人,联系,e,微信,金额\n王小明,13812345678,xiaoming@example.com,110101199003077758,12.50\n李四,13900001111,li@example.org,11010119900307775X,3\n"
	got := look(t, "x.csv", []byte(text))[0]
	all := got.Draft
	for _, column := range got.Columns {
		all += strings.Join(column.Examples, " ")
		if (column.Personal == "") != (column.Header == "金额") {
			t.Errorf("%s is personal because of %q", column.Header, column.Personal)
		}
	}
	for _, secret := range []string{"小明", "李四", "12345678", "9000", "ming", "example.org", "0307775"} {
		if strings.Contains(strings.ReplaceAll(all, "11111111111", ""), secret) {
			t.Errorf("%q is shown:\n%s", secret, all)
		}
	}
	if !strings.Contains(all, "王**") || !strings.Contains(all, "12.50") {
		t.Errorf("the shape is not shown:\n%s", all)
	}
}

func TestNearFeedsAreNamedWithWhatIsMissing(t *testing.T) {
	got := look(t, "x.csv", []byte("积分流水号,x\nA,1\n"))[0]
	if got.Feed != "" || got.Reason == "" {
		t.Errorf("%+v", got)
	}
	renamed := look(t, "x.csv", []byte("Name,Email,Financial Status,Paid at,Currency,Subtotal,Total,Created At Time,Lineitem quantity,Lineitem name,Lineitem price\n#1,a@b.co,paid,,USD,1,1,,1,x,1\n"))[0]
	if len(renamed.Near) == 0 || renamed.Near[0].Feed != "shopify_orders" || len(renamed.Near[0].Missing) == 0 {
		t.Errorf("near are %+v (feed %q)", renamed.Near, renamed.Feed)
	}
}

func TestEachMemberOfAnArchiveIsLookedAt(t *testing.T) {
	var out bytes.Buffer
	writer := zip.NewWriter(&out)
	for name, text := range map[string]string{"a.csv": "编号,数量\nA1,2\n"} {
		entry, err := writer.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = entry.Write([]byte(text))
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	got := look(t, "x.zip", out.Bytes())
	if len(got) != 1 || !strings.HasSuffix(got[0].Path, "x.zip!a.csv") || got[0].Columns[1].Type != contract.Integer {
		t.Errorf("%+v", got)
	}
}

func TestWhatCannotBeReadIsSaidSo(t *testing.T) {
	for name, c := range map[string]struct{ content, container, problem string }{
		"nothing":    {"", "", "the file is empty"},
		"a picture":  {"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x02", "", "not a text"},
		"an old xls": {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls", "save it as xlsx"},
		"a web page": {"<html><table><tr><td>1</td></tr></table></html>", "html", "a web page"},
		"half a zip": {"PK\x03\x04 cut", "zip", "cut short"},
		"half a gz":  {"\x1f\x8b\x08", "", "gzip file is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			got := look(t, "x", []byte(c.content))[0]
			if got.Container != c.container || !strings.Contains(got.Problem, c.problem) || got.Draft != "" {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestRecordsOfJSON(t *testing.T) {
	for name, c := range map[string]struct{ text, container, records string }{
		"lines":          {`{"id": 9007199254740993, "n": 1, "deep": {"x": 1}}` + "\n" + `{"id": 2, "title": "a"}` + "\n", "jsonl", ""},
		"a list":         {`[{"id": 9007199254740993, "n": 1}, {"id": 2, "title": "a"}]`, "json", "[]"},
		"a list in some": {`{"errcode": 0, "list": [{"id": 9007199254740993, "n": 1}, {"id": 2, "title": "a"}]}`, "json", "list[]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := look(t, "x.json", []byte(c.text))[0]
			if got.Container != c.container || got.Records != c.records || got.Sampled != 2 || len(got.Columns) != 3 {
				t.Fatalf("%+v", got)
			}
			if id := got.Columns[0]; id.Header != "id" || id.Examples[0] != "9007199254740993" {
				t.Errorf("the id is %+v", id)
			}
		})
	}
}

// TestALargeFileIsCountedAndNotKept has more rows than are looked at, and more bytes than are kept.
func TestALargeFileIsCountedAndNotKept(t *testing.T) {
	row := "A,12," + strings.Repeat("x", 200) + "\n"
	rows := 12<<20/len(row) + 1
	got := look(t, "x.csv", []byte("编号,数量,说明\n"+strings.Repeat(row, rows)))[0]
	if got.Rows != int64(rows) || got.Sampled != 1000 || got.Columns[1].Type != contract.Integer {
		t.Errorf("%d rows, %d looked at; want %d and 1000", got.Rows, got.Sampled, rows)
	}
}
