package conform_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"countinghouse/internal/contract"
)

// TestWideFile has as many columns as some back offices export, each with a line end in its name.
func TestWideFile(t *testing.T) {
	s := newShop(t, shopFeed)
	header, row := "订单号", "A1"
	for i := range 200 {
		header += fmt.Sprintf(",\"col\n%d\"", i)
		row += ",x"
	}
	got := s.one(header + ",\"实付\n金额\"\r\n" + row + ",7\r\n" + row + "\r\n")
	if rows := s.rows(got.Parquet, "concat_ws('|', source_row, order_id, amount)"); rows != "203|A1|7.00" || got.Rejected != 1 {
		t.Errorf("rows are %s; %+v", rows, got)
	}
}

// TestColumnsInAnyOrder: fields that the contract does not read, and columns that no reason needs, leave the others what they are.
func TestColumnsInAnyOrder(t *testing.T) {
	s := newShop(t, shopFeed)
	got := s.one("没用,手机,\"还,没用\",付款时间,实付金额,备注,订单号\nx,139,\"a,\"\"b\",2026-11-01 10:00:00,1,,A1\n,,,,,,A2\n\"q\",138,y,,2.5,\"z,\",A3\nx,137,,2026-11-31 10:00:00,1.001,w,A4\n")
	if rows := s.rows(got.Parquet, "concat_ws('|', source_row, order_id, amount, paid_at, phone)"); rows != "2|A1|1.00|2026-11-01 10:00:00|139; 3|A2; 4|A3|2.50|138" {
		t.Errorf("rows are %s", rows)
	}
	if raw := s.rows(got.Rejects, "source_row || ' ' || reason || ': ' || raw"); raw != `5 column "实付金额": more than 2 decimals (got "1.001"); `+
		`column "付款时间": not a time as %Y-%m-%d %H:%M:%S or %Y/%m/%d %H:%M:%S (got "2026-11-31 10:00:00"): x,137,,2026-11-31 10:00:00,1.001,w,A4` {
		t.Errorf("rejects are %s", raw)
	}
}

// TestLongAndShortCells has batches that are full of text and others that are full of rows, by turns.
func TestLongAndShortCells(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "type: phone, personal: true", "type: text", 1))
	var content bytes.Buffer
	content.WriteString("手机,订单号\n")
	const rows = 60_000
	length := func(i int) int {
		if i%20_000 < 40 {
			return 300_000
		}
		return i % 3
	}
	var want, wantEmpty int
	for i := range rows {
		fmt.Fprintf(&content, "%s,A%d\n", strings.Repeat("y", length(i)), i)
		if want += length(i); length(i) == 0 {
			wantEmpty++
		}
	}
	got := s.one(content.String())
	local, err := s.bucket.LocalPath(t.Context(), got.Parquet)
	if err != nil {
		t.Fatal(err)
	}
	var accepted, empty, letters int
	err = s.session.QueryRow(t.Context(), `select count(distinct order_id), count(*) - count(phone), sum(length(phone))::bigint from read_parquet(`+contract.Quote(local)+`)
		where order_id = 'A' || (source_row - 2) and coalesce(length(phone), 0) = case when (source_row - 2) % 20000 < 40 then 300000 else (source_row - 2) % 3 end`).Scan(&accepted, &empty, &letters)
	if err != nil || got.Accepted != rows || accepted != rows || letters != want || empty != wantEmpty {
		t.Errorf("%+v: %d rows with their own cells, %d letters, %d empty, %v; want %d, %d and %d", got, accepted, letters, empty, err, rows, want, wantEmpty)
	}
}

// TestManyQuotedLineEnds: what counts is that no row is lost or made up.
func TestManyQuotedLineEnds(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "type: phone, personal: true", "type: text", 1))
	var content bytes.Buffer
	content.WriteString("订单号,手机\n")
	const rows = 120_000
	for i := range rows {
		fmt.Fprintf(&content, "A%d,\"line, \"\"one\"\"\n%s\n2026,x\n\"\n", i, strings.Repeat("y,", i%200))
	}
	got := s.one(content.String())
	if got.Accepted != rows || got.Rejected != 0 {
		t.Fatalf("%+v", got)
	}
	local, err := s.bucket.LocalPath(t.Context(), got.Parquet)
	if err != nil {
		t.Fatal(err)
	}
	var distinct, lengths int64
	err = s.session.QueryRow(t.Context(), "select count(distinct order_id), sum(length(phone))::bigint from read_parquet("+contract.Quote(local)+") where order_id = 'A' || ((source_row - 2) // 4)").Scan(&distinct, &lengths)
	var want int64
	for i := range rows {
		want += int64(len("line, \"one\"\n") + 2*(i%200) + len("\n2026,x"))
	}
	if err != nil || distinct != rows || lengths != want {
		t.Errorf("%d distinct orders on their lines, %d characters, %v; want %d and %d", distinct, lengths, err, rows, want)
	}
}
