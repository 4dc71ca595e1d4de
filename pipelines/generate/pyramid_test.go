package generate

import (
	"cmp"
	"testing"

	"countinghouse/internal/keyedhash"

	gocmp "github.com/google/go-cmp/cmp"
)

// yearOf is what somebody bought and gave back in the window.
type yearOf struct {
	orders int64
	net    fen
}

func inWindow(day string) bool { return day >= "2025-11-01" && day <= "2026-10-31" }

// The pyramid of the truth, told again from the export files and from who owns which account.
func TestPyramidFollowsFromTheExports(t *testing.T) {
	dir, summary := brand(t, 1500, 41)
	owner := map[accountRef]string{}
	for _, row := range readTruth(t, dir, "people.csv") {
		owner[accountRef{channel(row["channel"]), row["account_id"]}] = row["person"]
	}
	people := map[string]*yearOf{}
	for c, all := range readings() {
		addYear(people, owner, c, readShop(t, dir, all))
	}
	addYear(people, owner, channelPOS, readReceipts(t, dir))
	var spends []int64
	orders := map[int64]int64{}
	for _, y := range people {
		if y.orders > 0 {
			spends = append(spends, int64(y.net))
			orders[int64(y.net)] += y.orders
		}
	}
	want := sortedLayers(spends)
	for i := range want {
		want[i].Orders = 0
	}
	countOrders(want, spends, orders)
	if diff := gocmp.Diff(want, summary.Layers); diff != "" {
		t.Errorf("from the exports, truth:\n%s", diff)
	}
}

func addYear(people map[string]*yearOf, owner map[accountRef]string, c channel, orders map[string]*seenOrder) {
	for _, o := range orders {
		person := owner[accountRef{c, o.account}]
		if person == "" {
			continue // an anonymous receipt
		}
		if people[person] == nil {
			people[person] = &yearOf{}
		}
		if o.purchased && inWindow(o.paidOn) {
			people[person].orders++
			people[person].net += o.paid
		}
		if o.refunded > 0 && inWindow(o.refundedOn) {
			people[person].net -= o.refunded
		}
	}
}

// readReceipts reads sales and returns as what they did to the receipt of the sale.
func readReceipts(t *testing.T, dir string) map[string]*seenOrder {
	t.Helper()
	receipts := map[string]*seenOrder{}
	for _, file := range filesOf(t, dir, "pos_receipts_*.csv") {
		for _, row := range file.rows {
			id := cmp.Or(row["原小票号"], row["小票号"])
			if receipts[id] == nil {
				receipts[id] = &seenOrder{}
			}
			o := receipts[id]
			if row["类型"] == "退货" {
				o.refund(cents(t, row["金额"]), row["交易时间"])
				continue
			}
			o.purchased, o.paidOn = true, dayText(row["交易时间"])
			o.paid += cents(t, row["金额"])
			o.account = row["会员号"]
			if o.account == "" && row["手机号"] != "" {
				o.account = keyedhash.Text(nil, row["手机号"])
			}
		}
	}
	return receipts
}

// countOrders gives each layer the orders of its spends; spends are in falling order and layers hold whole runs of them.
func countOrders(layers []LayerTotals, spends []int64, orders map[int64]int64) {
	at := 0
	for i := range layers {
		for range layers[i].Heads {
			layers[i].Orders += orders[spends[at]]
			orders[spends[at]] = 0 // people who spent the same are in the same layer: count all their orders once
			at++
		}
	}
}
