package conform_test

import (
	"strings"
	"testing"

	"countinghouse/internal/contract"
)

const splitFeed = `feed: shop
about: Orders of a shop.
channel: shop
files: {names: ["*"], container: csv, delimiter: "|"}
columns:
  - {name: order_id, header: [订单号], type: id, empty: refuse}
  - {name: line, header: [子订单], type: id}
  - {name: product, header: [商品], type: text}
  - {name: quantity, header: [数量], type: integer}
  - {name: amount, header: [金额], type: money}
rejects: {max_share: 1}
split: {columns: [line, product], by: ";", share: [quantity, amount]}
gives:
  orders: {columns: {order_id: order_id, paid_amount: amount}}
  order_lines:
    split: true
    columns: {order_id: order_id, line_no: source_row * 100 + part_no, product_id: product, quantity: quantity, paid_amount: amount, shares: "case when parts_uneven then 'uneven' when parts > 1 then 'even' end"}
`

// lines gives the order lines that a file gives, and what was refused of it.
func splitLines(t *testing.T, row string) (lines, reasons string) {
	t.Helper()
	s := newShop(t, splitFeed)
	got := s.one("订单号|子订单|商品|数量|金额\n" + row + "\n")
	if got.Parquet == "" {
		return "", strings.Join(got.Reasons, "; ")
	}
	path, err := s.bucket.LocalPath(t.Context(), got.Parquet)
	if err != nil {
		t.Fatal(err)
	}
	feed, _ := s.registry.Feed("shop")
	dataset, _ := s.registry.Dataset("order_lines")
	give := feed.GiveSQL(dataset, "("+feed.FeedSQL([]contract.ConformedFile{got.Conformed(path)})+")")
	var text *string
	query := "select string_agg(concat_ws(' ', line_no, product_id, quantity, paid_amount, shares), ', ' order by line_no) from (" + give + ")"
	if err := s.session.QueryRow(t.Context(), query).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if text != nil {
		lines = *text
	}
	return lines, strings.Join(got.Reasons, "; ")
}

// TestRowsOfSeveralLinesAreSplit: numbers add up to the row, what cannot be divided is with the first line, and where cells do not agree on how many
// lines there are the row is refused.
func TestRowsOfSeveralLinesAreSplit(t *testing.T) {
	for name, c := range map[string]struct{ row, want, reason string }{
		"one line":          {"A|1|P|3|10.00", "201 P 3 10.00", ""},
		"even":              {"A|1;2|P;Q|4|10.00", "201 P 2 5.00 even, 202 Q 2 5.00 even", ""},
		"a piece is left":   {"A|1;2;3|P;Q;R|5|9.00", "201 P 3 3.00 uneven, 202 Q 1 3.00 uneven, 203 R 1 3.00 uneven", ""},
		"cents are left":    {"A|1;2;3|P;Q;R|3|10.00", "201 P 1 3.34 uneven, 202 Q 1 3.33 uneven, 203 R 1 3.33 uneven", ""},
		"negative":          {"A|1;2|P;Q|-3|-0.05", "201 P -2 -0.03 uneven, 202 Q -1 -0.02 uneven", ""},
		"fewer than lines":  {"A|1;2|P;Q|1|0.01", "201 P 1 0.01 uneven, 202 Q 0 0.00 uneven", ""},
		"no numbers":        {"A|1;2|P;Q||", "201 P even, 202 Q even", ""},
		"one cell is empty": {"A|1;2||2|2.00", "201 1 1.00 even, 202 1 1.00 even", ""},
		"all are empty":     {"A|||2|2.00", "201 2 2.00", ""},
		"blanks":            {"A|1; 2| P ;Q|2|2.00", "201 P 1 1.00 even, 202 Q 1 1.00 even", ""},
		"the greatest":      {"A|1;2;3|P;Q;R|9223372036854775807|9999999999999999.99", "201 P 3074457345618258603 3333333333333333.33 uneven, 202 Q 3074457345618258602 3333333333333333.33 uneven, 203 R 3074457345618258602 3333333333333333.33 uneven", ""},
		"counts differ":     {"A|1;2|P;Q;R|2|2.00", "", `columns line, product: 2, 3 values joined by ";"`},
		"one for two":       {"A|1;2|P|2|2.00", "", `2, 1 values joined by ";"`},
		"an empty one":      {"A|1;;3|P;Q;R|2|2.00", "", "none empty"},
		"an end too many":   {"A|1;2;|P;Q;|2|2.00", "", "none empty"},
	} {
		t.Run(name, func(t *testing.T) {
			lines, reasons := splitLines(t, c.row)
			if lines != c.want || !strings.Contains(reasons, c.reason) || (c.reason == "") != (reasons == "") {
				t.Errorf("got %q (%s), want %q (%s)", lines, reasons, c.want, c.reason)
			}
		})
	}
}

func TestSplitContracts(t *testing.T) {
	for replaced, want := range map[[2]string]string{
		{"columns: [line, product]", "columns: [line, amount]"}:                           `"amount" is no text`,
		{"share: [quantity, amount]", "share: [quantity, product]"}:                       `"product" is no number`,
		{"columns: [line, product], by: \";\"", "columns: [line]"}:                        "want columns, and by",
		{"columns: [line, product]", "columns: [nothing]"}:                                `no column is called "nothing"`,
		{"split: {columns: [line, product], by: \";\", share: [quantity, amount]}\n", ""}: "say above, under split",
	} {
		_, err := contract.Load(schemasWith(strings.Replace(splitFeed, replaced[0], replaced[1], 1)), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", replaced[1], err, want)
		}
	}
}
