package contract_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"countinghouse/internal/contract"
	"countinghouse/schemas"
)

const ordersDataset = `dataset: orders
about: One order.
zh: 订单
grain: [channel, order_id]
columns:
  - {name: channel, type: text, zh: 渠道}
  - {name: order_id, type: text, zh: 订单号}
  - {name: account_id, type: text, zh: 账号}
  - {name: paid_at, type: timestamp, zh: 付款时间}
  - {name: paid_amount, type: money, zh: 实付金额}
  - {name: points_used, type: integer, zh: 使用积分}
`

const shopFeed = `feed: shop
about: One row per line of an order.
zh: 店铺
channel: shop
files:
  names: ["shop_*.csv"]
  container: csv
key: [order_id]
grain: [order_id, product_id]
columns:
  - {name: order_id, header: [订单号, 订单编号], type: id, required: true, empty: refuse}
  - {name: product_id, header: [商品（编码）], type: id}
  - {name: paid_at, header: [付款时间], type: timestamp}
  - {name: quantity, header: [数量], type: integer}
  - {name: price, header: [单价], type: decimal, scale: 4}
  - {name: status, header: [状态], type: enum, values: {交易成功: completed, 交易关闭: closed, 1: paid}}
  - {name: amount, type: money, value: "round(quantity * price, 2)"}
gives:
  orders:
    rows: "status is distinct from 'closed'"
    group_by: [order_id]
    columns:
      order_id: order_id
      paid_at: min(paid_at)
      paid_amount: sum(amount)
example:
  file: |
    订单号,数量
    A1,2
  accepted: 1
  gives:
    orders: [{order_id: A1}]
`

func files(feed string) fstest.MapFS {
	return fstest.MapFS{
		"feeds/shop.yaml":      {Data: []byte(feed)},
		"datasets/orders.yaml": {Data: []byte(ordersDataset)},
	}
}

func load(t *testing.T, feed string) *contract.Registry {
	t.Helper()
	registry, err := contract.Load(files(feed), nil)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

func TestLoadReadsEveryPartOfAContract(t *testing.T) {
	feed, ok := load(t, shopFeed).Feed("shop")
	if !ok {
		t.Fatal("the feed is not there")
	}
	status, _ := feed.Column("status")
	if got := status.Values["1"]; got != "paid" {
		t.Errorf("values[1] = %q, want paid: a bare number is a spelling too", got)
	}
	price, _ := feed.Column("price")
	if got := price.SQLType(); got != "DECIMAL(18,4)" {
		t.Errorf("price is %s", got)
	}
	if rows, share := feed.Rejects.Limits(); rows != 1000 || share != 0.05 {
		t.Errorf("limits are %d rows and %v, want 1000 and 0.05", rows, share)
	}
	if got := feed.Example.Gives["orders"][0]["order_id"]; got != "A1" {
		t.Errorf("the example wants order_id %v", got)
	}
}

func TestProjectReplacesByName(t *testing.T) {
	project := fstest.MapFS{
		"feeds/shop.yaml":  {Data: []byte(strings.ReplaceAll(shopFeed, "channel: shop", "channel: mine"))},
		"feeds/other.yaml": {Data: []byte(strings.ReplaceAll(strings.ReplaceAll(shopFeed, "feed: shop", "feed: other"), "shop_*", "other_*"))},
	}
	registry, err := contract.Load(files(shopFeed), project)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, feed := range registry.Giving("orders") {
		names = append(names, feed.Feed+"="+feed.Channel)
	}
	if got := strings.Join(names, " "); got != "other=shop shop=mine" {
		t.Errorf("feeds are %s", got)
	}
}

func TestLoadSaysWhereAContractIsWrong(t *testing.T) {
	cases := map[string]struct{ old, new, want string }{
		"unknown key":         {"channel: shop", "chanel: shop", `schemas/feeds/shop.yaml:4:1: unknown field "chanel"`},
		"unknown nested key":  {"container: csv", "kontainer: csv", `feeds/shop.yaml:7:3: unknown field "kontainer"`},
		"repeated key":        {"channel: shop", "channel: shop\nchannel: b", `feeds/shop.yaml:5:1:`},
		"unknown type":        {"type: integer", "type: int", `feeds/shop.yaml:14:42: unknown value "int"`},
		"unknown column":      {"key: [order_id]", "key: [order]", `feeds/shop.yaml:8:7: no column is called "order"`},
		"unknown dataset":     {"  orders:\n    rows", "  sales:\n    rows", `there is no canonical dataset "sales"`},
		"unknown give":        {"paid_amount: sum", "amount: sum", `feeds/shop.yaml:25:15: dataset orders has no column "amount"`},
		"name of another":     {"feed: shop", "feed: shops", `feeds/shop.yaml:1:7: must be the file's name, "shop"`},
		"column twice":        {"name: product_id", "name: order_id", `"order_id" is reserved, used twice`},
		"reserved column":     {"name: product_id", "name: source_row", `"source_row" is reserved`},
		"header twice":        {"[商品（编码）]", "['订单编号 ']", `already read by column "order_id"`},
		"no header, no value": {"header: [数量], ", "", `column "quantity" wants either header or value`},
		"scale of an integer": {"type: integer", "type: integer, scale: 2", `scale is not for type integer`},
		"enum without values": {", values: {交易成功: completed, 交易关闭: closed, 1: paid}", "", `an enum without values`},
		"bad zone":            {"type: timestamp", "type: timestamp, zone: Asia/Peking", `unknown time zone "Asia/Peking"`},
		"bad layout":          {"type: timestamp", "type: timestamp, layouts: [2006-01-02]", `want a strptime layout`},
		"bad pattern":         {"container: csv", "container: csv\n  drop: ['(']", `feeds/shop.yaml:8:10: not a regular expression`},
		"sheet of a csv":      {"container: csv", "container: csv\n  sheet: a", `only for xlsx`},
		"long delimiter":      {"container: csv", "container: csv\n  delimiter: '||'", `want one ASCII character`},
		"no file names":       {`["shop_*.csv"]`, "[]", `names is missing`},
		"bad file pattern":    {"shop_*.csv", "shop_[.csv", `not a pattern`},
		"key column missing":  {"      order_id: order_id\n", "", `order_id is missing: it tells the rows of orders apart`},
		"limits":              {"key: [order_id]", "key: [order_id]\nrejects: {max_share: 5}", `max_share from 0 to 1`},
		"export time":         {"container: csv", "container: csv\n  exported_at: {file_name: 'a', layout: unix}", `want a regular expression with the time in a group`},
		"not yaml":            {"channel: shop", "channel: [shop", `feeds/shop.yaml:`},
		"example of no give":  {"    orders: [{order_id: A1}]", "    refunds: [{order_id: A1}]", `the feed gives no refunds`},
		"header without one":  {"container: csv", "container: csv\n  header: none", `schemas/feeds/shop.yaml:12:30: column "order_id" is read by its place: the files have no header`},
		"required by place":   {"container: csv", "container: csv\n  header: none", `schemas/feeds/shop.yaml:12:63: without a header every line has every column`},
		"unknown header rule": {"container: csv", "container: csv\n  header: first", `schemas/feeds/shop.yaml:8:11: unknown value "first", want one of none`},
		"header of json":      {"container: csv", "container: json\n  header: none", `schemas/feeds/shop.yaml:8:11: only for csv, xlsx`},
		"loose blanks":        {"container: csv", "container: csv\n  delimiter: blanks\n  loose: true", `schemas/feeds/shop.yaml:9:10: between blanks there are no quotes`},
		"blanks of a sheet":   {"container: csv", "container: xlsx\n  delimiter: blanks", `schemas/feeds/shop.yaml:8:14: only for csv`},
		"empty reason":        {"  accepted: 1", "  accepted: 1\n  reasons: ['']", `found in every reason`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(shopFeed, c.old) {
				t.Fatalf("the contract has no %q to change", c.old)
			}
			_, err := contract.Load(files(strings.Replace(shopFeed, c.old, c.new, 1)), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

const placeFeed = `feed: shop
about: One line per purchase, columns by their places.
channel: shop
files: {names: ["shop_*.txt"], container: csv, header: none, delimiter: blanks}
columns:
  - {name: account_id, type: id, empty: refuse}
  - {name: order_id, type: text, value: "source_row::varchar"}
  - {name: paid_on, type: date}
  - {name: amount, type: money}
gives:
  orders: {columns: {order_id: order_id, account_id: account_id, paid_at: paid_on, paid_amount: amount}}
`

func TestColumnsByPlace(t *testing.T) {
	feed, _ := load(t, placeFeed).Feed("shop")
	names, fields := feed.ByPlace()
	if got := fmt.Sprint(names, fields); got != "[account_id paid_on amount] [0 -1 1 2]" {
		t.Errorf("places are %s", got)
	}
	named, _ := load(t, shopFeed).Feed("shop")
	if feed.Files.HasHeader() || !named.Files.HasHeader() {
		t.Error("which feed has a header is mixed up")
	}
	changed, _ := load(t, strings.Replace(placeFeed, ", delimiter: blanks", "", 1)).Feed("shop")
	moved, _ := load(t, strings.NewReplacer("paid_on, type: date", "amount, type: money", "amount, type: money", "paid_on, type: date").Replace(placeFeed)).Feed("shop")
	for _, other := range []*contract.Contract{changed, moved} {
		if other.ReadFingerprint("UTC") == feed.ReadFingerprint("UTC") {
			t.Error("another delimiter or another order of columns reads other rows, but has the same fingerprint")
		}
	}
}

func TestNoColumnByPlace(t *testing.T) {
	text := strings.NewReplacer("empty: refuse", "value: order_id", "type: date", "type: date, value: today", "type: money}", "type: money, value: 1}").Replace(placeFeed)
	if _, err := contract.Load(files(text), nil); err == nil || !strings.Contains(err.Error(), "schemas/feeds/shop.yaml:6:3: no column has a cell to read") {
		t.Errorf("got %v", err)
	}
}

func TestLoadReportsAllProblemsAtOnce(t *testing.T) {
	_, err := contract.Load(files(strings.NewReplacer("type: integer", "type: int", "key: [order_id]", "key: [x]").Replace(shopFeed)), nil)
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("want two lines, got %v", err)
	}
}

func TestBuiltInSchemasLoad(t *testing.T) {
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(registry.Datasets()); got < 16 {
		t.Errorf("%d canonical datasets, want the 16 of DOMAIN section 1", got)
	}
}

func TestBindMatchesHeadersAsTheyReallyCome(t *testing.T) {
	feed, _ := load(t, shopFeed).Feed("shop")
	binding := feed.Bind([]string{"\ufeff数量", " 订单编号\t", "商品(编码) ", "别的"})
	for column, want := range map[string]int{"order_id": 1, "product_id": 2, "quantity": 0, "price": -1} {
		for i := range feed.Columns {
			if feed.Columns[i].Name == column && binding.Fields[i] != want {
				t.Errorf("%s is read from field %d, want %d", column, binding.Fields[i], want)
			}
		}
	}
	if len(binding.Missing) != 0 {
		t.Errorf("missing %v, want none", binding.Missing)
	}
	if lacking := feed.Bind([]string{"数量", "数量"}); len(lacking.Missing) != 1 || lacking.Missing[0] != "订单号" || lacking.Doubled[0] != "数量" {
		t.Errorf("got %+v, want 订单号 missing and 数量 doubled", lacking)
	}
}

func TestTakesNames(t *testing.T) {
	feed, _ := load(t, shopFeed).Feed("shop")
	for name, want := range map[string]bool{"shop_1.csv": true, "shop_1.csv.gz": true, "shop.csv": false, "a_shop_1.csv": false, "shop_1.xlsx": false} {
		if got := feed.Takes(name); got != want {
			t.Errorf("Takes(%s) = %v", name, got)
		}
	}
}
