package conform_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/land"
)

const ordersDataset = `dataset: orders
grain: [order_id]
columns:
  - {name: order_id, type: text}
  - {name: paid_amount, type: money}
`

const shopFeed = `feed: shop
about: Orders of a shop.
channel: shop
files:
  names: ["*"]
  container: csv
columns:
  - {name: order_id, header: [订单号], type: id, required: true, empty: refuse}
  - {name: amount, header: [实付金额], type: money, nulls: ["-", "--"]}
  - {name: paid_at, header: [付款时间], type: timestamp}
  - {name: phone, header: [手机], type: phone, personal: true}
gives:
  orders: {columns: {order_id: order_id, paid_amount: amount}}
example: {file: x}
`

// A shop is a store, a session and one feed, with exports landed in it.
type shop struct {
	t        *testing.T
	dir      string
	bucket   *objectstore.Bucket
	session  *warehouse.Session
	registry *contract.Registry
}

func newShop(t *testing.T, feed string) *shop {
	t.Helper()
	dir := t.TempDir()
	bucket, err := open.Bucket(t.Context(), filepath.Join(dir, "store"), "")
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, dir: dir, bucket: bucket, session: openSession(t, dir)}
	s.use(feed)
	if err := os.MkdirAll(s.scratch(), 0o700); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) scratch() string { return filepath.Join(s.dir, "scratch") }

func (s *shop) use(feed string) {
	s.t.Helper()
	registry, err := contract.Load(schemasWith(feed), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.registry = registry
}

func schemasWith(feed string) fstest.MapFS {
	const lines = "dataset: order_lines\nzh: 行\ngrain: [channel, order_id, line_no]\ncolumns: [{name: channel, type: text}, {name: order_id, type: text}, {name: line_no, type: integer}, " +
		"{name: product_id, type: text}, {name: quantity, type: integer}, {name: paid_amount, type: money}, {name: shares, type: text}]\n"
	return fstest.MapFS{
		"datasets/orders.yaml": {Data: []byte(ordersDataset)}, "datasets/order_lines.yaml": {Data: []byte(lines)}, "feeds/shop.yaml": {Data: []byte(feed)},
	}
}

// land puts a file into the store and gives its key.
func (s *shop) land(name string, content []byte) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	when := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, when, when); err != nil {
		s.t.Fatal(err)
	}
	landed, err := land.Land(s.t.Context(), s.bucket, s.registry, []string{path}, land.Options{Scratch: s.scratch(), Zone: shanghai(s.t)})
	if err != nil {
		s.t.Fatal(err)
	}
	return landed[0].Manifest.Key
}

func (s *shop) run() conform.Report {
	s.t.Helper()
	report, err := conform.Run(s.t.Context(), s.bucket, s.session, s.registry, conform.Options{Scratch: s.scratch(), Zone: shanghai(s.t), Threads: 2})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, file := range report.Files {
		if file.Rows != file.Accepted+file.Rejected+file.Dropped+file.Withheld {
			s.t.Errorf("%s does not add up: %+v", file.Name, file)
		}
	}
	return report
}

func (s *shop) one(content string) conform.FileResult {
	s.t.Helper()
	s.land("shop.csv", []byte(content))
	report := s.run()
	if len(report.Files) != 1 {
		s.t.Fatalf("%d files", len(report.Files))
	}
	return report.Files[0]
}

// rows gives the values of a query over an object's rows, as text.
func (s *shop) rows(key, query string) string {
	s.t.Helper()
	local, err := s.bucket.LocalPath(s.t.Context(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	var text *string
	statement := fmt.Sprintf("select string_agg(%s, '; ' order by source_row) from read_parquet(%s)", query, contract.Quote(local))
	if err := s.session.QueryRow(s.t.Context(), statement).Scan(&text); err != nil {
		s.t.Fatal(err)
	}
	if text == nil {
		return ""
	}
	return *text
}

func TestRowsAreTypedAndRejectsKept(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "columns:\n", "rejects: {max_share: 1}\ncolumns:\n", 1))
	got := s.one("订单号,实付金额,付款时间,手机\nA1,\"1,234.50\",2026-11-01 10:00:00,13900000001\nA2,1.9.9,,\nA3,-,2026/9/10 8:00,13900000002\n6.9E+18,1,,\n,2,,\nA6,1.005,,\nA7\nA8,--,,\n")
	if got.Rows != 8 || got.Accepted != 2 || got.Rejected != 6 || got.Quarantine != "" {
		t.Fatalf("%+v", got)
	}
	if rows := s.rows(got.Parquet, "concat_ws('|', source_row, order_id, coalesce(amount::varchar, 'null'), coalesce(paid_at::varchar, 'null'))"); rows != "2|A1|1234.50|2026-11-01 10:00:00; 9|A8|null|null" {
		t.Errorf("rows are %s", rows)
	}
	short := "landing/shop/" + got.SHA256[:4] + "…/shop.csv:"
	want := []string{
		short + `3: column "实付金额": not an amount in yuan (got "1.9.9")`,
		short + `4: column "付款时间": not a time as %Y-%m-%d %H:%M:%S or %Y/%m/%d %H:%M:%S (got "2026/9/10 8:00")`,
		short + `5: column "订单号": an identifier damaged by a spreadsheet: export the column as text (got "6.9E+18")`,
		short + `6: column "订单号": no value`,
		short + `7: column "实付金额": more than 2 decimals (got "1.005")`,
		short + `8: want 4 fields as in the header, got 1`,
	}
	if strings.Join(got.Reasons, "\n") != strings.Join(want, "\n") {
		t.Errorf("reasons are\n%s\nwant\n%s", strings.Join(got.Reasons, "\n"), strings.Join(want, "\n"))
	}
	if raw := s.rows(got.Rejects, "source_row || ' ' || raw"); raw != "3 A2,1.9.9,,; 4 A3,-,2026/9/10 8:00,13900000002; 5 6.9E+18,1,,; 6 ,2,,; 7 A6,1.005,,; 8 A7" {
		t.Errorf("raw texts are %s", raw)
	}
}

func TestReasonsDoNotShowPersonalCells(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "type: phone", "type: integer", 1))
	got := s.one("订单号,手机\nA1,139-0000\n")
	if len(got.Reasons) != 1 || strings.Contains(got.Reasons[0], "139") || !strings.Contains(got.Reasons[0], "8 characters, not shown") {
		t.Errorf("reasons are %v", got.Reasons)
	}
}

func TestQuarantine(t *testing.T) {
	cases := map[string]struct{ content, want string }{
		"empty":            {"", "shop.csv: the file is empty: export it again"},
		"missing header":   {"订单,实付金额\nA1,1\n", `shop.csv:1: the required header "订单号" is missing (the closest one is "订单": if it means the same, add it to the contract)`},
		"wrong encoding":   {"\xb6\xa9\xb5\xa5\xba\xc5\nA1\n", "shop.csv:1: byte 1 of the file is not utf-8, but looks like gb18030"},
		"cut short":        {"订单号,实付金额\nA1,1\nA2,\"", "shop.csv:3: the file ends inside a quoted cell"},
		"a workbook":       {emptyWorkbook(t), "shop.csv: the contract says csv, but the file is an xlsx workbook"},
		"too many rejects": {"订单号,实付金额\nA1,1\nA2,x\nA3,y\n", `2 of 3 rows refused, more than the contract allows (1000 rows or 5 %); the first: landing/shop/`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, shopFeed)
			got := s.one(c.content)
			if !strings.Contains(got.Quarantine, c.want) || got.Parquet != "" || got.Accepted != 0 {
				t.Errorf("got %+v\nwant %s", got, c.want)
			}
			if again := s.run(); again.New() != 0 || len(again.Quarantined()) != 1 {
				t.Errorf("the next run reads it again: %+v", again)
			}
		})
	}
}

// emptyWorkbook is a zip with nothing but the part that tells a workbook from other zips.
func emptyWorkbook(t *testing.T) string {
	t.Helper()
	var packed bytes.Buffer
	writer := zip.NewWriter(&packed)
	if _, err := writer.Create("[Content_Types].xml"); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func TestRejectLimits(t *testing.T) {
	rows := "订单号,实付金额\n" + strings.Repeat("A,1\n", 98) + "B,x\nC,y\n"
	cases := map[string]struct {
		limits, content string
		quarantined     bool
	}{
		"a share that may be":         {"", rows, false},
		"a share above":               {"rejects: {max_share: 0.019}\n", rows, true},
		"a number that may be":        {"rejects: {max_rows: 2}\n", rows, false},
		"a number above":              {"rejects: {max_rows: 1}\n", rows, true},
		"one bad row of two":          {"", "订单号,实付金额\nA,1\nB,x\n", false},
		"one bad row, none allowed":   {"rejects: {max_rows: 0}\n", "订单号,实付金额\nA,1\nB,x\n", true},
		"one bad row, no share":       {"rejects: {max_share: 0}\n", "订单号,实付金额\nA,1\nB,x\n", true},
		"nothing bad, nothing is":     {"rejects: {max_rows: 0, max_share: 0}\n", "订单号,实付金额\nA,1\n", false},
		"header only, nothing is bad": {"", "订单号,实付金额\n", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, strings.Replace(shopFeed, "columns:\n", c.limits+"columns:\n", 1))
			if got := s.one(c.content); (got.Quarantine != "") != c.quarantined {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestBadFileHarmsNoOther(t *testing.T) {
	s := newShop(t, shopFeed)
	for i := range 20 {
		content := fmt.Sprintf("订单号,实付金额\nA%d,%d\n", i, i)
		if i%5 == 0 {
			content = fmt.Sprintf("\xff%d", i)
		}
		s.land(fmt.Sprintf("%d.csv", i), []byte(content))
	}
	report := s.run()
	if len(report.Files) != 20 || len(report.Quarantined()) != 4 || report.New() != 20 {
		t.Errorf("%d files, %d quarantined, %d new", len(report.Files), len(report.Quarantined()), report.New())
	}
	if left, err := filepath.Glob(s.scratch() + "/*"); err != nil || len(left) != 0 {
		t.Errorf("left in the scratch folder: %v, %v", left, err)
	}
}

func TestFileIsReadAgainWhenItsContractChanges(t *testing.T) {
	s := newShop(t, shopFeed)
	first := s.one("订单号,实付金额\nA1,12\n")
	if again := s.run().Files[0]; again.New || again.Parquet != first.Parquet || !again.ExportedAt.Equal(first.ExportedAt) {
		t.Errorf("a second run gives %+v", again)
	}
	s.use(strings.Replace(shopFeed, "type: money", "type: money, unit: fen", 1))
	changed := s.run().Files[0]
	if !changed.New || s.rows(changed.Parquet, "amount::varchar") != "0.12" || s.rows(first.Parquet, "amount::varchar") != "12.00" {
		t.Errorf("with the new contract: %+v", changed)
	}
}

func TestExportTime(t *testing.T) {
	rule := `exported_at: {file_name: '_(\d{10})', preamble: '导出时间：(.*?),', layout: LAYOUT}`
	cases := map[string]struct{ rule, name, content, want string }{
		"the file's own":    {"", "shop.csv", "订单号\nA1\n", "2026-11-01T08:00:00+08:00"},
		"the name":          {strings.Replace(rule, "LAYOUT", "unix", 1), "shop_1793491200.csv", "订单号\nA1\n", "2026-11-01T08:00:00+08:00"},
		"the preamble":      {strings.Replace(rule, "LAYOUT", "2006-01-02 15:04", 1), "shop.csv", "导出时间：2026-11-02 09:30,\n订单号\nA1\n", "2026-11-02T09:30:00+08:00"},
		"neither of them":   {strings.Replace(rule, "LAYOUT", "unix", 1), "shop.csv", "订单号\nA1\n", "2026-11-01T08:00:00+08:00"},
		"a name that lies":  {`exported_at: {file_name: '_(\d{8})', layout: "20060102"}`, "shop_20261340.csv", "订单号\nA1\n", `export time "20261340" does not fit`},
		"one with its zone": {`exported_at: {file_name: '_(.*)\.csv', layout: "20060102T1504Z0700"}`, "shop_20261101T0000+0000.csv", "订单号\nA1\n", "2026-11-01T08:00:00+08:00"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, strings.Replace(shopFeed, "container: csv\n", "container: csv\n  preamble: 3\n  "+c.rule+"\n", 1))
			s.land(c.name, []byte(c.content))
			got := s.run().Files[0]
			if got.Quarantine != "" {
				if !strings.Contains(got.Quarantine, c.want) {
					t.Errorf("quarantined: %s", got.Quarantine)
				}
			} else if when := got.ExportedAt.Format(time.RFC3339); when != c.want {
				t.Errorf("exported at %s, want %s", when, c.want)
			}
		})
	}
}

func TestDuplicatesOfTheGrainAreCounted(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "columns:\n", "grain: [order_id]\ncolumns:\n", 1))
	if got := s.one("订单号\nA1\nA2\nA1\nA1\n"); got.Accepted != 4 || got.Duplicates != 2 {
		t.Errorf("%+v, want 4 accepted with 2 duplicates", got)
	}
}

func TestComputedColumns(t *testing.T) {
	feed := strings.Replace(shopFeed, "gives:\n", `  - {name: doubled, type: money, value: "amount * 2"}
  - {name: third, type: money, value: "doubled * 0.333"}
gives:
`, 1)
	s := newShop(t, strings.Replace(feed, "columns:\n", "rejects: {max_share: 1}\ncolumns:\n", 1))
	got := s.one("订单号,实付金额\nA1,500\nA2,1\nA3,\n")
	if rows := s.rows(got.Parquet, "concat_ws('|', order_id, coalesce(third::varchar, 'null'))"); rows != "A1|333.00; A3|null" {
		t.Errorf("rows are %s", rows)
	}
	if len(got.Reasons) != 1 || !strings.Contains(got.Reasons[0], `column "third": computed, but not exact in its type (got 0.66`) {
		t.Errorf("reasons are %v", got.Reasons)
	}
}

func TestComputedColumnThatFailsQuarantines(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "gives:\n", "  - {name: n, type: integer, value: \"cast(order_id as bigint)\"}\ngives:\n", 1))
	if got := s.one("订单号\nA1\n"); !strings.Contains(got.Quarantine, "a computed column fails") || !strings.Contains(got.Quarantine, "A1") {
		t.Errorf("%+v", got)
	}
}

func TestExpressionsAreCheckedBeforeAnyFile(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "order_id: order_id", "order_id: (select 1)", 1))
	s.land("shop.csv", []byte("订单号\nA1\n"))
	_, err := conform.Run(t.Context(), s.bucket, s.session, s.registry, conform.Options{Scratch: s.scratch(), Zone: shanghai(t)})
	if err == nil || !strings.Contains(err.Error(), "a subquery is not allowed") {
		t.Errorf("got %v", err)
	}
}

// TestWhatAFeedGivesIsCheckedWithoutANewFile: no file is read again for another expression under gives.
func TestWhatAFeedGivesIsCheckedWithoutANewFile(t *testing.T) {
	s := newShop(t, shopFeed)
	s.one("订单号,实付金额\nA1,1\n")
	for expression, want := range map[string]string{
		"amount * random()": "schemas/feeds/shop.yaml:13:55: gives.orders.columns.paid_amount: function random:",
		"amuont":            `gives.orders.columns.paid_amount: Binder Error: Referenced column "amuont" not found`,
	} {
		s.use(strings.Replace(shopFeed, "paid_amount: amount", "paid_amount: "+expression, 1))
		_, err := conform.Run(t.Context(), s.bucket, s.session, s.registry, conform.Options{Scratch: s.scratch(), Zone: shanghai(t)})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", expression, err)
		}
	}
}

// TestReturnsWithinCells: a return without a line feed ends no row.
func TestReturnsWithinCells(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "type: phone, personal: true", "type: text", 1))
	got := s.one("订单号,实付金额,手机\r\nA1,1,b\rc\r\nA2,2,\"d\re\"\r\nA3,3,\"f\r\ng\"\r\nA\r4,4,h\r\n")
	if got.Accepted != 4 || got.Rejected != 0 || got.Quarantine != "" {
		t.Fatalf("%+v", got)
	}
	if rows := s.rows(got.Parquet, "concat_ws('|', source_row, order_id, amount, phone)"); rows != "2|A1|1.00|b\rc; 3|A2|2.00|d\re; 4|A3|3.00|f\r\ng; 6|A\r4|4.00|h" {
		t.Errorf("rows are %q", rows)
	}
}

// A cdnow is a file of another world: no header, fields padded with blanks, CRLF.
const cdnowFeed = `feed: shop
about: One line per purchase, as the CDNOW sample has them.
channel: shop
files: {names: ["*"], container: csv, header: none, delimiter: blanks, end: "^TOTAL"}
columns:
  - {name: old_id, type: id}
  - {name: new_id, type: id, empty: refuse}
  - {name: bought_on, type: date, layouts: ["%Y%m%d"], empty: refuse}
  - {name: discs, type: integer}
  - {name: amount, type: money}
  - {name: each_amount, type: money, value: "round(amount / discs, 2)"}
gives:
  orders: {columns: {order_id: "new_id || '-' || source_row", paid_amount: amount}}
example:
  file: " 00101 0001 19970101  2   29.33\r\n 00101 0001 19970118  x   29.73\r\nTOTAL  1\r\n"
  accepted: 1
  rejected: 1
  dropped: 1
  reasons: ['column "discs": not a whole number (got "x")']
  gives:
    orders: [{order_id: 0001-1, paid_amount: 29.33}]
`

func TestFileWithoutAHeader(t *testing.T) {
	s := newShop(t, strings.Replace(cdnowFeed, "columns:\n", "rejects: {max_share: 1}\ncolumns:\n", 1))
	if err := conform.RunExample(t.Context(), s.session, s.registry, s.registry.Feeds()[0], s.dir, shanghai(t)); err != nil {
		t.Error(err)
	}
	s.land("purchases.txt", []byte(" 00101 0001 19970101  2   29.33\r\n\t00102\t0002 19970102  3  30.00 \r\n\r\n 00103 0003 19971332  1 1.00\r\n 00104 0004 19970104 2\r\n 00105 \"5 19970105 1 5.00\r\nTOTAL 5\r\n"))
	got := s.run().Files[0]
	if got.Rows != 6 || got.Accepted != 3 || got.Rejected != 2 || got.Dropped != 1 {
		t.Fatalf("%+v", got)
	}
	if rows := s.rows(got.Parquet, "concat_ws('|', source_row, old_id, new_id, bought_on, discs, amount, each_amount)"); rows != `1|00101|0001|1997-01-01|2|29.33|14.67; 2|00102|0002|1997-01-02|3|30.00|10.00; 6|00105|"5|1997-01-05|1|5.00|5.00` {
		t.Errorf("rows are %s", rows)
	}
	if raw := s.rows(got.Rejects, "source_row || ' ' || reason || ': ' || raw"); raw != `4 column "bought_on": not a date as %Y%m%d (got "19971332"): 00103 0003 19971332 1 1.00; `+
		`5 want 5 fields as in the contract, got 4:  00104 0004 19970104 2` {
		t.Errorf("rejects are %s", raw)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	s := newShop(t, shopFeed)
	s.land("shop.csv", []byte("订单号\n"+strings.Repeat("A1\n", 1_000_000)))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := conform.Run(ctx, s.bucket, s.session, s.registry, conform.Options{Scratch: s.scratch(), Zone: shanghai(t)}); err == nil {
		t.Error("the run was not ended")
	}
	if got := s.run().Files[0]; got.Accepted != 1_000_000 {
		t.Errorf("the next run gives %+v", got)
	}
}

func (s *shop) scratchFiles() []string {
	s.t.Helper()
	left, err := filepath.Glob(s.scratch() + "/*")
	if err != nil {
		s.t.Fatal(err)
	}
	return left
}
