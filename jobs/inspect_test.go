package jobs_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/inspect"
	"countinghouse/pipelines/land"
	"countinghouse/schemas"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

// A drawnTable is a made-up export: how it is written, and its cells.
type drawnTable struct {
	name, encoding, delimiter string
	preamble                  int
	records                   [][]string // the header first
}

// drawColumn gives a header and a generator of cells.
func drawColumn(t *rapid.T, i int) (string, *rapid.Generator[string]) {
	number := func(low, high int, format string) *rapid.Generator[string] {
		return rapid.Map(rapid.IntRange(low, high), func(n int) string { return fmt.Sprintf(format, n) })
	}
	moment := func(layout string) *rapid.Generator[string] {
		return rapid.Map(rapid.IntRange(0, 60_000_000), func(n int) string {
			return time.Date(2025, 1, 1, 0, 0, n, 0, time.UTC).Format(layout)
		})
	}
	kinds := []struct {
		header string
		cells  *rapid.Generator[string]
	}{
		{"订单号", rapid.StringMatching(`[0-9]{18}`)},
		{"order id", rapid.StringMatching(`[A-Z]{2}[0-9]{1,9}`)},
		{"SKU", rapid.StringMatching(`0?[0-9]{3}`)},
		{"数量", number(-5, 12_000, "%d")},
		{"实付金额（元）", rapid.StringMatching(`-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,2})?`)},
		{"price", rapid.StringMatching(`¥[1-9][0-9]{0,2}\.[0-9]{2}`)},
		{"重量", rapid.StringMatching(`[1-9][0-9]?\.[0-9]{3,5}`)},
		{"完播率", rapid.StringMatching(`[1-9]?[0-9](\.[0-9]{1,3})?%`)},
		{"播放量", rapid.StringMatching(`[0-9]{1,3}|[1-9]\.[0-9]万`)},
		{"付款时间", moment("2006-01-02 15:04:05")},
		{"created at", moment("2006-01-02T15:04:05-07:00")},
		{"下单时间", moment("2006/01/02 15:04")},
		{"日期", moment("2006-01-02")},
		{"day", moment("20060102")},
		{"手机", rapid.StringMatching(`1[3-9][0-9]{9}`)},
		{"买家邮箱", rapid.StringMatching(`[a-z]{1,6}@[a-z]{3}\.com`)},
		{"备注", rapid.StringMatching(`[ -~一-十]{0,12}`)},
		{"是否会员", rapid.SampledFrom([]string{"是", "否"})},
		{"select", rapid.StringMatching(`[a-z]{0,3}`)},
		{"收件人", rapid.StringMatching(`[甲-癸]{2,3}`)},
		{"姓 名\n第二行", rapid.StringMatching(`[a-z "',;]{0,5}`)},
		{"Title (HTML)", rapid.StringMatching(`<b>[a-z]{1,4}\n?[a-z]</b>`)},
	}
	kind := rapid.SampledFrom(kinds).Draw(t, "kind")
	cells := kind.cells
	if rapid.Bool().Draw(t, "nulls") {
		cells = rapid.OneOf(cells, cells, rapid.SampledFrom([]string{"", "-", "--", "/"}))
	}
	return fmt.Sprintf("%s%s", kind.header, strings.Repeat("i", i)), cells // no two are called the same
}

func drawTable(t *rapid.T) drawnTable {
	drawn := drawnTable{
		name:      rapid.SampledFrom([]string{"corner 20261101.csv", "报表[1].csv", "x.csv", "42.csv"}).Draw(t, "name"),
		encoding:  rapid.SampledFrom([]string{"utf-8", "utf-8 with mark", "gb18030", "utf-16le"}).Draw(t, "encoding"),
		delimiter: rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "delimiter"),
		preamble:  rapid.IntRange(0, 3).Draw(t, "preamble"),
	}
	columns := rapid.IntRange(2, 7).Draw(t, "columns")
	header := make([]string, columns)
	cells := make([]*rapid.Generator[string], columns)
	for i := range columns {
		header[i], cells[i] = drawColumn(t, i)
	}
	drawn.records = [][]string{header}
	for range rapid.IntRange(1, 30).Draw(t, "rows") {
		row := make([]string, columns)
		for i := range columns {
			row[i] = cells[i].Draw(t, "cell")
		}
		row[0] = strings.Trim(row[0], "- /") + "1" // no row is empty
		drawn.records = append(drawn.records, row)
	}
	return drawn
}

func (d drawnTable) bytes(t *rapid.T) []byte {
	var text bytes.Buffer
	for range d.preamble {
		text.WriteString("导出说明：本表由后台生成\n")
	}
	writer := csv.NewWriter(&text)
	writer.Comma = []rune(d.delimiter)[0]
	if err := writer.WriteAll(d.records); err != nil {
		t.Fatal(err)
	}
	content := text.Bytes()
	var err error
	switch d.encoding {
	case "utf-8 with mark":
		content = append([]byte("\xef\xbb\xbf"), content...)
	case "gb18030":
		content, err = simplifiedchinese.GB18030.NewEncoder().Bytes(content)
	case "utf-16le":
		content, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(content)
	}
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestDraftsReadTheFilesThatTheyAreDraftedFrom draws tables, drafts a contract for each, and reads the table by it: every row, and no reject. The
// draft's own example passes too.
func TestDraftsReadTheFilesThatTheyAreDraftedFrom(t *testing.T) {
	dir := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 2, ScratchDir: filepath.Join(dir, "scratch"), AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	known, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		drawn := drawTable(rt)
		place := filepath.Join(dir, fmt.Sprint("in", n), drawn.name)
		if err := os.MkdirAll(filepath.Dir(place), 0o700); err != nil {
			rt.Fatal(err)
		}
		if err := os.WriteFile(place, drawn.bytes(rt), 0o600); err != nil {
			rt.Fatal(err)
		}
		reports, err := inspect.File(t.Context(), known, place, "corner")
		if err != nil || len(reports) != 1 || reports[0].Draft == "" {
			rt.Fatalf("%+v, %v", reports, err)
		}
		readByDraft(t, rt, session, filepath.Join(dir, fmt.Sprint("store", n)), place, reports[0].Draft, int64(len(drawn.records)-1))
	})
}

func readByDraft(t *testing.T, rt *rapid.T, session *warehouse.Session, dir, place, draft string, rows int64) {
	datasets, err := fs.Sub(schemas.Files, "datasets")
	if err != nil {
		rt.Fatal(err)
	}
	files := fstest.MapFS{"feeds/corner.yaml": {Data: []byte(draft)}}
	orders, err := fs.ReadFile(datasets, "orders.yaml")
	if err != nil {
		rt.Fatal(err)
	}
	files["datasets/orders.yaml"] = &fstest.MapFile{Data: orders}
	registry, err := contract.Load(files, nil)
	if err != nil {
		rt.Fatalf("the draft does not load: %v\n%s", err, draft)
	}
	scratch := filepath.Join(dir, "scratch")
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		rt.Fatal(err)
	}
	feed, _ := registry.Feed("corner")
	if err := conform.RunExample(t.Context(), session, registry, feed, scratch, time.UTC); err != nil {
		rt.Fatalf("the example does not pass: %v\n%s", err, draft)
	}
	bucket, err := open.Bucket(t.Context(), filepath.Join(dir, "store"), "")
	if err != nil {
		rt.Fatal(err)
	}
	landed, err := land.Land(t.Context(), bucket, registry, []string{place}, land.Options{Scratch: scratch, Zone: time.UTC})
	if err != nil || landed[0].Manifest.Feed != "corner" {
		rt.Fatalf("landed %+v, %v\n%s", landed, err, draft)
	}
	report, err := conform.Run(t.Context(), bucket, session, registry, conform.Options{Scratch: scratch, Zone: time.UTC, Threads: 2})
	if err != nil {
		rt.Fatalf("%v\n%s", err, draft)
	}
	if got := report.Files[0]; got.Accepted != rows || got.Rejected != 0 || got.Quarantine != "" {
		rt.Fatalf("%d of %d rows are read (%s): %q\n%s", got.Accepted, rows, got.Quarantine, got.Reasons, draft)
	}
}
