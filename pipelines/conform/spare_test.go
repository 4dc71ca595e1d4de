package conform_test

import (
	"fmt"
	"strings"
	"testing"

	"countinghouse/internal/contract"
)

const spareFeed = `feed: shop
about: Orders of a shop.
channel: shop
files: {names: ["*"], container: csv, exported_at: {file_name: '(\d{8})', layout: "20060102"}}
columns:
  - {name: order_id, header: [订单号], type: id, required: true, empty: refuse}
  - {name: amount, header: [金额], type: money}
rejects: {max_share: 1}
gives:
  orders: {columns: {order_id: order_id, paid_amount: amount}}
example: {file: "订单号,金额,没人读的\nA,1,x\n", accepted: 1}
`

// columns gives the names of a conformed file's columns.
func (s *shop) columns(key string) string {
	s.t.Helper()
	local, err := s.bucket.LocalPath(s.t.Context(), key)
	if err != nil {
		s.t.Fatal(err)
	}
	var names string
	query := "select string_agg(column_name, ' ') from (describe select * from read_parquet(" + contract.Quote(local) + "))"
	if err := s.session.QueryRow(s.t.Context(), query).Scan(&names); err != nil {
		s.t.Fatal(err)
	}
	return names
}

// TestUnknownColumnsAreKeptRaw: beside the typed ones, as they stand, and only where a file has any.
func TestUnknownColumnsAreKeptRaw(t *testing.T) {
	s := newShop(t, spareFeed)
	got := s.one("订单号, 新 \"列\" ,没人读的,金额,手机,\nA,\"他说 \"\"好\"\"\\\",x,1,13900000001,\nB,,y,2,,\nC,1,z,bad,,\nD,\u00a07\u00a0,,3,,\n")
	rows := s.rows(got.Parquet, "concat(order_id, ' ', extra)")
	want := `A {"新 \"列\"":"他说 \"好\"\\","手机":"13900000001"}; B ; D {"新 \"列\"":"7"}`
	if rows != want || got.Rejected != 1 {
		t.Errorf("got %s\nwant %s\n%+v", rows, want, got)
	}
	if value := s.rows(got.Parquet, `coalesce(extra ->> '手机', '-')`); value != "13900000001; -; -" {
		t.Errorf("as JSON it reads %s", value)
	}
	feed, _ := s.registry.Feed("shop")
	if text := feed.FeedSQL([]contract.ConformedFile{got.Conformed("x.parquet")}); strings.Contains(text, "extra") || strings.Contains(text, "*\n") {
		t.Errorf("what the feed gives must not read it:\n%s", text)
	}
	plain := newShop(t, spareFeed)
	if names := plain.columns(plain.one("订单号,没人读的,金额\nA,x,1\n").Parquet); names != "source_row order_id amount" {
		t.Errorf("a file without new columns has %s", names)
	}
}

// TestUnknownColumnsStayThroughBundlesAndMerges: of files that are read together, and of files that are merged later.
func TestUnknownColumnsStayThroughBundlesAndMerges(t *testing.T) {
	for name, step := range map[string]int{"together": 40, "one by one": 1} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, spareFeed)
			for i := range 40 {
				header, cell := "订单号,金额", ""
				if i%3 == 0 {
					header, cell = fmt.Sprintf("订单号,金额,列%d", i), fmt.Sprintf(",值%d", i)
				}
				s.land(fmt.Sprintf("shop_%d.csv", 20260101+i%28), []byte(fmt.Sprintf("%s\nA%02d,1%s\n", header, i, cell)))
				if (i+1)%step == 0 {
					s.run()
				}
			}
			files := map[string]bool{}
			for _, file := range s.run().Files {
				files[file.Parquet] = true
			}
			if len(files) > 39 {
				t.Errorf("nothing was merged: %d files", len(files))
			}
			found := map[string]bool{}
			for key := range files {
				extra := "null"
				if strings.Contains(s.columns(key), "extra") {
					extra = "extra"
				}
				for _, row := range strings.Split(s.rows(key, "concat_ws(' ', order_id, "+extra+")"), "; ") {
					found[row] = true
				}
			}
			for i := range 40 {
				want := fmt.Sprintf("A%02d", i)
				if i%3 == 0 {
					want += fmt.Sprintf(` {"列%d":"值%d"}`, i, i)
				}
				if !found[want] {
					t.Errorf("there is no row %s", want)
				}
			}
		})
	}
}
