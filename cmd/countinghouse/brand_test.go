package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// generated is a made-up brand that was run, with what only its maker knows.
type generated struct {
	*site
	truth  truth
	output string // all that the commands printed
}

// truth is what these tests need of truth/summary.json.
type truth struct {
	SalesByChannel map[string]struct {
		Orders, Purchases, Refunds int64
		Paid, Refunded             string
	} `json:"sales_by_channel"`
	Points struct {
		LotsRemaining int64 `json:"lots_remaining"`
		Arrears       int64 `json:"arrears"`
		Outstanding   int64 `json:"outstanding"`
	} `json:"points"`
	Layers []struct{ Layer, Heads, Orders int64 } `json:"layers"`
}

// TestAGeneratedBrandComesOutAsItWasMade compares marts with the truth that the generator writes beside its exports. Nothing of it is
// read by the run.
func TestAGeneratedBrandComesOutAsItWasMade(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	g := generated{site: s}
	g.output = s.do(exitDone, "generate", s.path("brand"), "--members", "1500", "--seed", "7")
	ran := s.try("run", "--as-of", asOf, "--land", s.path("brand/exports"))
	if ran.code != exitDone {
		t.Fatalf("exit %d\n%s%s", ran.code, ran.out, ran.errs)
	}
	g.output += ran.out + ran.errs
	text, err := os.ReadFile(s.path("brand/truth/summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g.truth); err != nil {
		t.Fatal(err)
	}
	t.Run("sales", g.sales)
	t.Run("points", g.points)
	t.Run("customers", g.customers)
	t.Run("layers", g.layers)
	t.Run("personal data", g.personal)
}

// on is the brand in a test of its own.
func (g generated) on(t *testing.T) generated {
	own := *g.site
	own.t, g.site = t, &own
	return g
}

// sales holds orders, payments and refunds of each channel to the cent.
func (g generated) sales(t *testing.T) {
	g = g.on(t)
	got := map[string][]string{}
	for _, row := range g.query(`select channel, count(*), count(*) filter (is_purchase), sum(paid_amount) filter (is_purchase),
			coalesce(any_value(r.refunds), 0), coalesce(any_value(r.refunded), 0.00)
		from core.orders left join (select channel, count(*) as refunds, sum(amount) as refunded from core.refunds group by channel) as r using (channel)
		group by channel`) {
		got[row[0]] = row[1:]
	}
	if len(got) != len(g.truth.SalesByChannel) || len(got) < 5 {
		t.Errorf("%d channels sold, want %d", len(got), len(g.truth.SalesByChannel))
	}
	for channel, want := range g.truth.SalesByChannel {
		line := []string{strconv.FormatInt(want.Orders, 10), strconv.FormatInt(want.Purchases, 10), want.Paid, strconv.FormatInt(want.Refunds, 10), want.Refunded}
		if !slices.Equal(got[channel], line) {
			t.Errorf("%s: orders, purchases, paid, refunds, refunded are %v, want %v", channel, got[channel], line)
		}
	}
}

// lotColumns are the columns of truth/lots.csv, in its order.
const lotColumns = `channel, account_id, lot_id, strftime(issued_at, '%Y-%m-%d %H:%M:%S'), expires_on, points_issued, points_redeemed, points_expired,
	points_clawed_back, points_adjusted, points_remaining, order_id`

// points holds every lot, from its expiry to what is left of it, and every balance.
func (g generated) points(t *testing.T) {
	g = g.on(t)
	want := g.truthRows(t, "lots.csv")
	got := g.query("select " + lotColumns + " from ledger.lots")
	slices.SortFunc(want, slices.Compare)
	slices.SortFunc(got, slices.Compare)
	if len(want) < 1000 {
		t.Errorf("only %d lots: too few to prove anything", len(want))
	}
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%d lots differ from the truth's %d, first %s", len(got), len(want), firstDifference(got, want))
	}
	totals := g.query("select sum(lots_remaining), sum(arrears), sum(balance) from ledger.balances")[0]
	p := g.truth.Points
	if line := texts64(p.LotsRemaining, p.Arrears, p.Outstanding); !slices.Equal(totals, line) {
		t.Errorf("remaining, arrears, balance are %v, want %v", totals, line)
	}
}

func texts64(numbers ...int64) []string {
	line := make([]string, len(numbers))
	for i, number := range numbers {
		line[i] = strconv.FormatInt(number, 10)
	}
	return line
}

func firstDifference(got, want [][]string) string {
	for i := range min(len(got), len(want)) {
		if !slices.Equal(got[i], want[i]) {
			return strings.Join(got[i], ",") + " for " + strings.Join(want[i], ",")
		}
	}
	return "in their number"
}

// truthRows are the rows of a file of the truth, without the header.
func (g generated) truthRows(t *testing.T, name string) [][]string {
	t.Helper()
	file, err := os.Open(g.path("brand/truth/" + name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

// customers measures which pairs of accounts were joined, and which of the pairs of one person were found.
func (g generated) customers(t *testing.T) {
	g = g.on(t)
	const wantPrecision, wantRecall = 0.98, 0.70
	customer := map[string]string{}
	for _, row := range g.query("select channel || '/' || account_id, customer_id from identity.account_customers") {
		customer[row[0]] = row[1]
	}
	byPerson, byCustomer, byBoth := map[string]int{}, map[string]int{}, map[string]int{}
	for _, row := range g.truthRows(t, "people.csv") {
		account := row[1] + "/" + row[2]
		if customer[account] == "" {
			t.Fatalf("account %s has no customer", account)
		}
		byPerson[row[0]]++
		byCustomer[customer[account]]++
		byBoth[row[0]+" "+customer[account]]++
	}
	precision := float64(pairs(byBoth)) / float64(pairs(byCustomer))
	recall := float64(pairs(byBoth)) / float64(pairs(byPerson))
	t.Logf("pairs of accounts: precision %.4f, recall %.4f", precision, recall)
	if precision < wantPrecision || recall < wantRecall {
		t.Errorf("precision %.4f, recall %.4f, want at least %.2f and %.2f", precision, recall, wantPrecision, wantRecall)
	}
}

// pairs is how many pairs groups of these sizes hold.
func pairs(sizes map[string]int) int {
	total := 0
	for _, size := range sizes {
		total += size * (size - 1) / 2
	}
	return total
}

// layers compares the pyramid. People of whom not all accounts could be joined count as several customers, each with a part of the
// spend; so heads may be up to a fifth more and not fewer, and a layer's revenue may move by a tenth. What the layers add up to must hold exactly.
func (g generated) layers(t *testing.T) {
	g = g.on(t)
	var heads, orders, wantHeads, wantOrders int64
	rows := g.query("select layer, heads, orders, revenue from mart.pyramid_summary where period_kind = 'window' and layer < 7 order by layer")
	if len(rows) != len(g.truth.Layers) {
		t.Fatalf("%d layers, want %d", len(rows), len(g.truth.Layers))
	}
	for i, want := range g.truth.Layers {
		got := numbers(t, rows[i][1:3])
		if got[0] < want.Heads || float64(got[0]) > 1.2*float64(want.Heads) {
			t.Errorf("layer %d has %d heads, want %d to a fifth more", want.Layer, got[0], want.Heads)
		}
		heads, orders = heads+got[0], orders+got[1]
		wantHeads, wantOrders = wantHeads+want.Heads, wantOrders+want.Orders
	}
	if orders != wantOrders {
		t.Errorf("the layers have %d orders of %d heads, want %d of %d", orders, heads, wantOrders, wantHeads)
	}
}

func numbers(t *testing.T, texts []string) []int64 {
	t.Helper()
	read := make([]int64, len(texts))
	for i, text := range texts {
		var err error
		if read[i], err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	return read
}
