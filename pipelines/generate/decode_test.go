package generate

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"countinghouse/internal/keyedhash"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// shopFile is one export as a reader of the channel's documentation would read it.
type shopFile struct {
	name string
	rows []map[string]string
}

// filesOf reads the exports whose names match, oldest export first, which is the order of their names.
func filesOf(t *testing.T, dir, pattern string) []shopFile {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "exports", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no file is named %s (%v)", pattern, err)
	}
	sort.Strings(paths)
	var files []shopFile
	for _, path := range paths {
		files = append(files, shopFile{filepath.Base(path), readRows(t, path)})
	}
	return files
}

func readRows(t *testing.T, path string) []map[string]string {
	t.Helper()
	if strings.HasSuffix(path, ".xlsx") {
		return readWorkbook(t, path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Base(path)
	if strings.HasPrefix(base, "ExportOrderList") || strings.HasPrefix(base, "jd_orders") {
		if utf8.Valid(content) {
			t.Errorf("%s is UTF-8, not GB18030", base)
		}
		if content, err = simplifiedchinese.GB18030.NewDecoder().Bytes(content); err != nil {
			t.Fatal(err)
		}
	}
	if !utf8.Valid(content) || bytes.ContainsRune(content, utf8.RuneError) {
		t.Errorf("%s has damaged characters", base)
	}
	return named(readCSV(t, bytes.NewReader(content)))
}

func readWorkbook(t *testing.T, path string) []map[string]string {
	t.Helper()
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	rows, err := book.GetRows(book.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(rows[0][0], "最多导出") {
		rows = rows[1:]
	}
	return named(rows)
}

// seenOrder is what an export says of one order.
type seenOrder struct {
	account        string
	paid, refunded fen
	purchased      bool
	pieces         int64
	// Days as exported; a refund that has none is dated by the best day there is.
	paidOn, refundedOn string
}

func (s *seenOrder) refund(amount fen, at string) {
	s.refunded += amount
	s.refundedOn = dayText(at)
}

func dayText(stamp string) string { return stamp[:min(10, len(stamp))] }

// reading tells how to read one channel: each row adds to the order it names.
type reading struct {
	pattern, id string
	read        func(t *testing.T, row map[string]string, o *seenOrder)
}

func readings() map[channel][]reading {
	return map[channel][]reading{
		channelTmall:  {{"ExportOrderList*.csv", "订单编号", readTmall}, {"qianniu_orders_*.xlsx", "订单编号", readQianniu}},
		channelJD:     {{"jd_orders_*.csv", "订单号", readJD}},
		channelDouyin: {{"*_douyin_orders.csv", "主订单编号", readDouyin}},
		channelYouzan: {{"youzan_orders_*.csv", "订单号", readYouzan}},
	}
}

func readTmall(t *testing.T, row map[string]string, o *seenOrder) {
	o.account, o.pieces = row["买家会员名"], integer(t, row["宝贝总数量"])
	o.paid, o.purchased = cents(t, row["买家实际支付金额"]), row["订单付款时间"] != ""
	o.paidOn = dayText(row["订单付款时间"])
	if row["订单状态"] == "交易关闭" && o.purchased {
		o.refund(o.paid, row["订单付款时间"])
	}
}

func readQianniu(t *testing.T, row map[string]string, o *seenOrder) {
	o.account, o.pieces = row["买家会员名"], integer(t, row["宝贝总数量"])
	o.paid, o.purchased = cents(t, row["买家实付金额"]), row["订单付款时间"] != ""
	o.paidOn = dayText(row["订单付款时间"])
	o.refund(cents(t, row["退款金额"]), cmp.Or(row["确认收货时间"], row["订单付款时间"]))
}

func readJD(t *testing.T, row map[string]string, o *seenOrder) {
	o.account = row["下单帐号"]
	o.pieces += integer(t, row["订购数量"])
	o.purchased = row["付款确认时间"] != ""
	o.refunded, o.paidOn = 0, dayText(row["付款确认时间"])
	if o.purchased {
		o.paid = cents(t, row["订单金额"]) // of the order, on each of its rows
	}
	if row["订单状态"] == "已取消" && o.purchased {
		o.refund(o.paid, row["付款确认时间"])
	}
}

func readDouyin(t *testing.T, row map[string]string, o *seenOrder) {
	o.account = row["收件人手机号"]
	o.pieces += integer(t, row["商品数量"])
	if row["支付完成时间"] == "-" {
		return
	}
	o.purchased, o.paidOn = true, dayText(row["支付完成时间"])
	o.paid += cents(t, row["订单应付金额"])
	if strings.Contains(row["售后状态"], "退款") {
		o.refund(cents(t, row["订单应付金额"]), row["订单完成时间"])
	}
}

func readYouzan(t *testing.T, row map[string]string, o *seenOrder) {
	o.account, o.pieces = keyedhash.Text(nil, row["收货人手机号/提货人手机号"]), integer(t, row["订单商品总件数"])
	o.paid, o.purchased = cents(t, row["订单实付金额"]), row["买家付款时间"] != ""
	o.paidOn = dayText(row["买家付款时间"])
	if row["订单状态"] == "交易关闭" && o.purchased {
		o.refund(o.paid, row["买家付款时间"])
	}
}

// readShop reads all files of a channel; a later export of an order replaces an earlier one.
func readShop(t *testing.T, dir string, all []reading) map[string]*seenOrder {
	t.Helper()
	orders := map[string]*seenOrder{}
	for _, r := range all {
		for _, file := range filesOf(t, dir, r.pattern) {
			inFile := map[string]*seenOrder{}
			for _, row := range file.rows {
				id := strings.Trim(row[r.id], "=\"\t")
				if inFile[id] == nil {
					inFile[id] = &seenOrder{}
				}
				r.read(t, row, inFile[id])
			}
			for id, o := range inFile {
				orders[id] = o
			}
		}
	}
	return orders
}

func totalsOf(orders map[string]*seenOrder) SalesTotals {
	var totals SalesTotals
	for _, o := range orders {
		totals.Orders++
		totals.Pieces += o.pieces
		totals.Paid += o.paid
		totals.Refunded += o.refunded
		if o.purchased {
			totals.Purchases++
		}
		if o.refunded > 0 {
			totals.Refunds++
		}
	}
	totals.Net = totals.Paid - totals.Refunded
	return totals
}

func TestShopExportsHoldTheTruth(t *testing.T) {
	dir, summary := brand(t, 1500, 11)
	accounts := truthAccounts(t, dir)
	for c, all := range readings() {
		orders := readShop(t, dir, all)
		if diff := gocmp.Diff(*summary.SalesByChannel[c], totalsOf(orders)); diff != "" {
			t.Errorf("%s: truth, export:\n%s", c, diff)
		}
		seen := map[string]bool{}
		for _, o := range orders {
			seen[o.account] = true
		}
		if diff := gocmp.Diff(accounts[c], seen); diff != "" {
			t.Errorf("%s: accounts in truth, export:\n%s", c, diff)
		}
	}
}

func truthAccounts(t *testing.T, dir string) map[channel]map[string]bool {
	t.Helper()
	owner := map[accountRef]string{}
	accounts := map[channel]map[string]bool{}
	for _, row := range readTruth(t, dir, "people.csv") {
		ref := accountRef{channel(row["channel"]), row["account_id"]}
		if before, twice := owner[ref]; twice {
			t.Errorf("account %s of %s belongs to %s and %s", ref.id, ref.channel, before, row["person"])
		}
		owner[ref] = row["person"]
		if accounts[ref.channel] == nil {
			accounts[ref.channel] = map[string]bool{}
		}
		accounts[ref.channel][ref.id] = true
	}
	return accounts
}

func TestReceiptsHoldTheTruth(t *testing.T) {
	dir, summary := brand(t, 1500, 12)
	var totals SalesTotals
	receipts, accounts := map[string]bool{}, map[string]bool{}
	for _, file := range filesOf(t, dir, "pos_receipts_*.csv") {
		for _, row := range file.rows {
			amount := cents(t, row["金额"])
			if row["类型"] == "退货" {
				totals.Refunds++
				totals.Refunded += amount
				continue
			}
			receipts[row["小票号"]] = true
			totals.Pieces += integer(t, row["数量"])
			totals.Paid += amount
			if account := row["会员号"]; account != "" {
				accounts[account] = true
			} else if row["手机号"] != "" {
				accounts[keyedhash.Text(nil, row["手机号"])] = true
			}
		}
	}
	totals.Orders, totals.Purchases = int64(len(receipts)), int64(len(receipts))
	totals.Net = totals.Paid - totals.Refunded
	if diff := gocmp.Diff(*summary.SalesByChannel[channelPOS], totals); diff != "" {
		t.Error(diff)
	}
	if diff := gocmp.Diff(truthAccounts(t, dir)[channelPOS], accounts); diff != "" {
		t.Error(diff)
	}
}

func TestReturnsNameTheReceiptTheyCameFrom(t *testing.T) {
	dir, _ := brand(t, 1500, 12)
	sold := map[string]fen{}
	returns := 0
	for _, file := range filesOf(t, dir, "pos_receipts_*.csv") {
		for _, row := range file.rows {
			key := row["小票号"] + row["商品编码"]
			if row["类型"] == "销售" {
				sold[key] = cents(t, row["金额"])
				continue
			}
			returns++
			before, known := sold[row["原小票号"]+row["商品编码"]]
			if back := cents(t, row["金额"]); !known || back <= 0 || back > before {
				t.Errorf("%s gives back %s of %s sold as %s", row["小票号"], back, before, row["原小票号"])
			}
		}
	}
	if returns == 0 {
		t.Error("nothing was returned")
	}
}

func TestEarlyExportShowsOlderStates(t *testing.T) {
	dir, _ := brand(t, 1500, 11)
	states := map[string]string{}
	changed := 0
	for _, file := range filesOf(t, dir, "qianniu_orders_*.xlsx") {
		for _, row := range file.rows {
			before, twice := states[row["订单编号"]]
			if twice && before != row["订单状态"] {
				changed++
			}
			states[row["订单编号"]] = row["订单状态"]
		}
	}
	if changed == 0 {
		t.Error("no order was exported again with a newer state")
	}
}

func TestQuirksOfTheFormats(t *testing.T) {
	dir, _ := brand(t, 1500, 11)
	cases := []struct{ pattern, quirk, want string }{
		{"ExportOrderList*.csv", "guarded id", `"=""2\d{18}"""`},
		{"ExportOrderList*.csv", "blank at the end of a header", `,收货地址 ,`},
		{"ExportOrderList*.csv", "guarded phone", `,'1\d{10},`},
		{"ExportOrderList*.csv", "both commas in a state", `(?s)买家已付款|卖家已发货|交易成功`},
		{"jd_orders_*.csv", "comma at the end of the line", `(?m)APP订单,\r?$`},
		{"jd_orders_*.csv", "masked phone", `,1\*{6}\d{4},`},
		{"*_douyin_orders.csv", "byte-order mark", "^\ufeff主订单编号"},
		{"*_douyin_orders.csv", "ids behind a TAB", `"` + "\t" + `69\d{17}"`},
		{"*_douyin_orders.csv", "merged lines", `"` + "\t" + `68\d+;68\d+`},
		{"*_douyin_orders.csv", "surplus field", `(?m)0\.00,0\.00,0\.00,$`},
		{"*_douyin_orders.csv", "refund in the state", `退款成功`},
		{"youzan_orders_*.csv", "slash in a header", `收货人手机号/提货人手机号`},
		{"douyin_works_*.csv", "rate as a fraction", `,0\.\d{4},`},
		{"douyin_works_*.csv", "rate as a percentage", `,\d+\.\d%,`},
	}
	for _, c := range cases {
		if !regexp.MustCompile(c.want).MatchString(allText(t, dir, c.pattern)) {
			t.Errorf("%s: no %s", c.pattern, c.quirk)
		}
	}
}

func allText(t *testing.T, dir, pattern string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "exports", pattern))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !utf8.Valid(content) {
			if content, err = simplifiedchinese.GB18030.NewDecoder().Bytes(content); err != nil {
				t.Fatal(err)
			}
		}
		all = append(all, content...)
	}
	return string(all)
}

func TestQianniuDeliveryNamesReceiverAndPhone(t *testing.T) {
	dir, _ := brand(t, 300, 11)
	form := regexp.MustCompile(`^\p{Han}{2,4}，86-1\d{10}，\p{Han}+ \p{Han}+ `)
	commas := map[string]int{}
	for _, file := range filesOf(t, dir, "qianniu_orders_*.xlsx") {
		for _, row := range file.rows {
			if !form.MatchString(row["收货地址"]) {
				t.Fatalf("delivery is %q", row["收货地址"])
			}
			if (row["订单状态"] == "交易关闭") != (row["商品标题"] == "") {
				t.Errorf("order in state %s has title %q", row["订单状态"], row["商品标题"])
			}
			commas[row["订单状态"]]++
		}
	}
	if commas["卖家已发货，等待买家确认"] == 0 || commas["卖家已发货,等待买家确认"] == 0 {
		t.Errorf("states are %v", commas)
	}
}

// No cell may run as a formula: only the known guard, a lone dash for nothing and numbers begin with = + - @.
func TestCellsAreNoFormulas(t *testing.T) {
	dir, _ := brand(t, 600, 4)
	harmless := regexp.MustCompile(`^(="\d+"|-|-?\d+(\.\d+)?)$`)
	for _, file := range filesOf(t, dir, "*.csv") {
		for _, row := range file.rows {
			for column, cell := range row {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@") && !harmless.MatchString(cell) {
					t.Fatalf("%s: column %s holds %q", file.name, column, cell)
				}
			}
		}
	}
}
