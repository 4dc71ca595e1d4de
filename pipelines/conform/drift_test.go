package conform_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/objectstore/open"
	"countinghouse/pipelines/conform"
)

const driftingFeed = `feed: shop
channel: shop
files:
  names: ["*"]
  container: csv
  exported_at: {file_name: '(\d{8})', layout: "20060102"}
key: [order_id]
columns:
  - {name: order_id, header: [订单号, 订单编号], type: id, required: true}
  - {name: amount, header: ["实付金额（元）"], type: money}
  - {name: note, header: [备注], type: text}
gives:
  orders: {columns: {order_id: order_id, paid_amount: amount}}
example:
  file: |
    订单号,实付金额（元）,没人读的,备注
    A1,1,x,y
`

func (s *shop) landDrifting(day, header string) {
	s.t.Helper()
	s.land("shop_"+day+".csv", []byte(header+"\n"+strings.Repeat("1,", strings.Count(header, ","))+day[4:]+"\n"))
}

func TestDriftIsOnRecord(t *testing.T) {
	first := newShop(t, driftingFeed)
	for name, c := range map[string]struct{ header, want string }{
		"as expected":          {"订单号,实付金额（元）,没人读的,备注", ""},
		"half-width brackets":  {"订单号,实付金额(元),没人读的,备注", `"实付金额(元)" is spelt differently`},
		"trailing blanks":      {"订单号 ,实付金额（元）　,没人读的,备注 ", ""},
		"renamed":              {"订单编号,实付金额（元）,没人读的,备注", `"订单号" is called "订单编号"`},
		"an optional one less": {"订单号,实付金额（元）,没人读的", `"备注" is missing (optional)`},
		"an unread one less":   {"订单号,实付金额（元）,备注", ""},
		"two new ones":         {"订单号,实付金额（元）,没人读的,备注,红包,积分", `"红包", "积分" are new (kept raw, not used)`},
		"another order":        {"备注,订单号,没人读的,实付金额（元）", `the columns stand in another order`},
		"everything":           {"红包,备注,订单编号", `"订单号" is called "订单编号"; "实付金额（元）" is missing (optional); "红包" is new (kept raw, not used); the columns stand in another order`},
	} {
		t.Run(name, func(t *testing.T) {
			s := first.another(name)
			s.t = t
			s.landDrifting("20261101", c.header)
			got := s.run().Files[0]
			if notes := strings.Join(got.Drift.Notes(), "; "); notes != c.want || got.Drift.None() != (c.want == "") || got.Accepted != 1 {
				t.Errorf("got %s, want %s (%+v)", notes, c.want, got)
			}
			if got.HeaderLine != 1 || len(got.Header) != strings.Count(c.header, ",")+1 {
				t.Errorf("its header is line %d: %q", got.HeaderLine, got.Header)
			}
		})
	}
}

func TestMissingMandatoryColumnQuarantines(t *testing.T) {
	s := newShop(t, driftingFeed)
	s.landDrifting("20261101", "单号,备注")
	if got := s.run().Files[0]; !strings.Contains(got.Quarantine, `the required header "订单号" is missing`) {
		t.Errorf("%+v", got)
	}
}

// TestOnlyNewsAreChanges: what the export before had already is not told again, whichever of the two arrived first.
func TestOnlyNewsAreChanges(t *testing.T) {
	s := newShop(t, driftingFeed)
	s.landDrifting("20261103", "订单编号,红包,积分")
	s.landDrifting("20261101", "订单编号,备注,积分")
	s.landDrifting("20261102", "单号,备注") // quarantined: it does not count
	var texts []string
	for _, change := range s.run().Changes() {
		texts = append(texts, change.File.Name+": "+strings.Join(change.Drift.Notes(), "; "))
	}
	want := []string{
		`shop_20261101.csv: "积分" is new (kept raw, not used)`,
		`shop_20261103.csv: "备注" is missing (optional); "红包" is new (kept raw, not used)`,
	}
	if !slices.Equal(texts, want) {
		t.Errorf("got %q, want %q", texts, want)
	}
	s.landDrifting("20261104", "订单编号,红包,积分")
	if changes := s.run().Changes(); len(changes) != 0 {
		t.Errorf("no news are told: %+v", changes)
	}
}

func TestStandingsNameTheNewestExport(t *testing.T) {
	s := newShop(t, driftingFeed)
	for _, day := range []string{"20261102", "20261105", "20261101"} {
		s.landDrifting(day, "订单号,备注")
	}
	s.landDrifting("20261109", "单号,备注")
	got := s.run().Standings()
	if len(got) != 1 || got[0].Files != 4 || got[0].Quarantined != 1 || got[0].Rows != 3 || got[0].Last.Name != "shop_20261105.csv" {
		t.Errorf("%+v", got)
	}
}

// TestArrivalsInAnyOrder lands four exports of the same orders in every order, with a run after each and with one run at the end.
func TestArrivalsInAnyOrder(t *testing.T) {
	exports := []struct{ name, content string }{
		{"shop_20261101.csv", "订单号,实付金额（元）,备注\nA,1,a1\nB,1,b1\n"},
		{"shop_20261102.csv", "订单编号,实付金额（元）,备注\nA,2,a2\nC,2,c2\n"},
		{"shop_20261103.csv", "备注,订单号,实付金额（元）\nb3,B,3\n"},
		{"shop_20261102_2.csv", "订单号,实付金额（元）,备注\nA,4,a4\nD,4,d4\n"}, // of the same day as another: the content decides
	}
	var want []string
	first := newShop(t, driftingFeed)
	for n, order := range permutations(len(exports)) {
		s := first.another(fmt.Sprint(n))
		var report conform.Report
		for i, at := range order {
			s.land(exports[at].name, []byte(exports[at].content))
			if n%2 == 0 || i == len(order)-1 {
				report = s.run()
			}
		}
		got := s.driftingRows(report)
		if want == nil {
			want = got
		}
		if len(got) != 4 || !slices.Equal(got, want) {
			t.Fatalf("in the order %v: %q, want %q", order, got, want)
		}
	}
	if !slices.Contains(want, "B 3.00 b3") || !slices.Contains(want, "C 2.00 c2") || !slices.Contains(want, "D 4.00 d4") {
		t.Errorf("the newest rows are not %q", want)
	}
}

// another is a shop with a store of its own, and the rest in common.
func (s *shop) another(name string) *shop {
	s.t.Helper()
	other := *s
	bucket, err := open.Bucket(s.t.Context(), filepath.Join(s.dir, "stores", strings.ReplaceAll(name, " ", "_")), "")
	if err != nil {
		s.t.Fatal(err)
	}
	other.bucket = bucket
	return &other
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

func (s *shop) driftingRows(report conform.Report) []string {
	s.t.Helper()
	return s.query("select concat_ws(' ', order_id, amount, note) from (" + s.registry.Feeds()[0].FeedSQL(s.conformed(report)) + ") order by 1")
}

func TestForgottenFilesAreReadAgain(t *testing.T) {
	s := newShop(t, strings.Replace(shopFeed, "columns:\n", "rejects: {max_share: 0.5}\ncolumns:\n", 1))
	for i := range 20 {
		content := fmt.Sprintf("订单号,实付金额\nA%d,1\n", i)
		switch i {
		case 3:
			content += "B,x\n"
		case 4:
			content = "单号\n1\n"
		}
		s.land(fmt.Sprintf("%d.csv", i), []byte(content))
	}
	first := everything(s.run().Files)
	forget := func(names ...string) int {
		t.Helper()
		n, err := conform.Forget(t.Context(), s.bucket, s.registry, shanghai(t), names)
		if err != nil {
			t.Fatal(err)
		}
		report := s.run()
		if !slices.Equal(everything(report.Files), first) || report.New() != n {
			t.Errorf("forgetting %v: %d forgotten, %d read again", names, n, report.New())
		}
		return n
	}
	// 19 good files were read together: one of them had a row refused, so all are read again.
	if n := forget(); n != 20 {
		t.Errorf("%d files with refused rows, and those read with them; want 20", n)
	}
	if n := forget("4.csv"); n != 1 {
		t.Errorf("4.csv: %d", n)
	}
	if n := forget("shop"); n != 20 {
		t.Errorf("the feed: %d", n)
	}
	if _, err := conform.Forget(t.Context(), s.bucket, s.registry, shanghai(t), []string{"nosuch.csv"}); !errors.Is(err, conform.ErrNoSuchFile) {
		t.Errorf("an unknown name: %v", err)
	}
}
