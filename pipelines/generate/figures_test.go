package generate

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSalesAddUpOverChannels(t *testing.T) {
	_, summary := brand(t, 1000, 31)
	var all SalesTotals
	for _, s := range summary.SalesByChannel {
		all.Orders += s.Orders
		all.Purchases += s.Purchases
		all.Pieces += s.Pieces
		all.Paid += s.Paid
		all.Refunds += s.Refunds
		all.Refunded += s.Refunded
		all.Net += s.Net
	}
	if diff := gocmp.Diff(summary.Sales, all); diff != "" {
		t.Error(diff)
	}
}

func TestPeopleAndAccountsAreCounted(t *testing.T) {
	dir, summary := brand(t, 1000, 31)
	people := map[string]bool{}
	byChannel := map[channel]int64{}
	rows := readTruth(t, dir, "people.csv")
	for _, row := range rows {
		people[row["person"]] = true
		byChannel[channel(row["channel"])]++
	}
	if int64(len(people)) != summary.People || int64(len(rows)) != summary.Accounts {
		t.Errorf("%d people with %d accounts; summary %d, %d", len(people), len(rows), summary.People, summary.Accounts)
	}
	if diff := gocmp.Diff(summary.AccountsByChannel, byChannel); diff != "" {
		t.Error(diff)
	}
	if byChannel[channelMember] != 1000 {
		t.Errorf("%d members", byChannel[channelMember])
	}
}

// The brand must look like one: a few buy most, some give back, families share phones, people change and mistype theirs.
func TestTheBrandIsLifelike(t *testing.T) {
	_, s := brand(t, 4000, 32)
	var heads, top, revenue fen
	for _, l := range s.Layers {
		heads += fen(l.Heads)
		revenue += l.Revenue
		if l.Layer <= 5 {
			top += l.Revenue
		}
	}
	within(t, "share of revenue of the top 20 %", float64(top)/float64(revenue), .55, .8)
	within(t, "refunds per purchase", float64(s.Sales.Refunds)/float64(s.Sales.Purchases), .045, .08)
	within(t, "orders per person", float64(s.Sales.Orders)/float64(s.People), 2, 5)
	within(t, "buyers among people", float64(heads)/float64(s.People), .4, .8)
	w := newWorld(Options{Members: 20_000, Seed: 32, AsOf: asOfDay()})
	var borrowed, changed, mistyped, accounts float64
	for i := range w.people {
		p := w.person(i)
		if p.borrowed || w.sharesPhone(i) {
			borrowed++
		}
		if p.phone != p.oldPhone {
			changed++
		}
		if p.mistyped != "" {
			mistyped++
		}
		accounts += float64(len(p.shops))
		if len(p.shops) > 4 || len(p.shops) < 1 || slices.Contains(p.shops[1:], p.shops[0]) {
			t.Fatalf("person %d buys in %v", i, p.shops)
		}
	}
	n := float64(w.people)
	within(t, "people who share a phone", borrowed/n, .012, .025)
	within(t, "people who changed phone", changed/n, .022, .035)
	within(t, "people who mistyped a phone", mistyped/n, .007, .013)
	within(t, "shops per person", accounts/n, 1.6, 2.1)
}

func within(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %.4f is not between %v and %v", what, got, low, high)
	}
}

func TestSeasons(t *testing.T) {
	w := newWorld(Options{Members: 3000, Seed: 33, AsOf: asOfDay()})
	perDay := map[bool]int{}
	for i := range w.people {
		p := w.person(i)
		life := w.live(&p)
		for _, o := range life.orders {
			if when := o.at.time(); when.Year() == 2025 {
				perDay[when.Format("01") == "11" && when.Day() <= 12]++
			}
		}
	}
	usual, sale := float64(perDay[false])/353, float64(perDay[true])/12
	if sale < 1.8*usual {
		t.Errorf("%.1f orders a day in the sale of November, %.1f else", sale, usual)
	}
}

func TestPhones(t *testing.T) {
	w := newWorld(Options{Members: 3000, Seed: 34, AsOf: asOfDay()})
	owner := map[string]int{}
	families := 0
	for i := range w.people {
		p := w.person(i)
		if len(p.phone) != 11 || p.phone[0] != '1' {
			t.Fatalf("phone %q", p.phone)
		}
		if before, taken := owner[p.phone]; taken {
			families++
			if before/3 != i/3 || !p.borrowed {
				t.Errorf("people %d and %d of different families share %s", before, i, p.phone)
			}
			if slices.Contains(p.shops, channelYouzan) {
				t.Errorf("person %d would share a shop account with %d", i, before)
			}
		}
		owner[p.phone] = i
	}
	if families == 0 {
		t.Error("no family shares a phone")
	}
}

func TestMemberExportsShowAChangedPhone(t *testing.T) {
	dir, _ := brand(t, 1500, 35)
	files := filesOf(t, dir, "members_*.csv")
	if len(files) != 2 || len(files[1].rows) != 1500 || len(files[0].rows) >= 1500 {
		t.Fatalf("%d member files", len(files))
	}
	first := map[string]string{}
	for _, row := range files[0].rows {
		first[row["会员号"]] = row["手机号"]
	}
	changed := 0
	for _, row := range files[1].rows {
		if before, known := first[row["会员号"]]; known && before != row["手机号"] {
			changed++
		}
	}
	within(t, "members whose phone changed in the last year", float64(changed)/1500, .005, .03)
}

func TestInteractionsCoverTheWaysToMeet(t *testing.T) {
	dir, summary := brand(t, 1500, 35)
	kinds, referred, campaigns := map[string]int64{}, 0, 0
	for _, file := range filesOf(t, dir, "generic_interactions_*.csv") {
		for _, row := range file.rows {
			kinds[row["kind"]]++
			if row["referrer_account_id"] != "" {
				referred++
			}
			if row["campaign_id"] != "" {
				campaigns++
			}
		}
	}
	var total int64
	for _, kind := range []string{"follow", "unfollow", "visit", "click", "share", "scan", "sign_in"} {
		if kinds[kind] == 0 {
			t.Errorf("nobody did %s", kind)
		}
		total += kinds[kind]
	}
	if total != summary.Contacts.Interactions || referred == 0 || campaigns == 0 {
		t.Errorf("%d interactions of known kinds, %d referred, %d by campaign; truth %+v", total, referred, campaigns, summary.Contacts)
	}
}

func TestCouponsUsedNameTheirOrders(t *testing.T) {
	dir, summary := brand(t, 1500, 35)
	discounts := map[string]fen{}
	for _, file := range filesOf(t, dir, "youzan_orders_*.csv") {
		for _, row := range file.rows {
			discounts[row["订单号"]] = cents(t, row["店铺优惠合计"])
		}
	}
	used := int64(0)
	for _, file := range filesOf(t, dir, "generic_coupons_*.csv") {
		for _, row := range file.rows {
			if row["used_at"] == "" {
				continue
			}
			used++
			if row["used_at"] < row["issued_at"] || row["used_at"][:10] > row["expires_on"] {
				t.Errorf("coupon %s was used at %s", row["coupon_id"], row["used_at"])
			}
			if discount, online := discounts[row["order_id"]]; online && discount < cents(t, row["face_value"]) {
				t.Errorf("order %s had %s off with a coupon of %s", row["order_id"], discount, row["face_value"])
			}
		}
	}
	if used != summary.Contacts.CouponsUsed || used == 0 {
		t.Errorf("%d coupons used, truth %d", used, summary.Contacts.CouponsUsed)
	}
}

func TestPhoneInAChannel(t *testing.T) {
	p := person{phone: "13900000002", oldPhone: "13900000001", changedAt: 1000, mistyped: "13900000009", mistypedIn: channelJD}
	cases := []struct {
		in   channel
		at   moment
		want string
	}{{channelTmall, 999, "13900000001"}, {channelTmall, 1000, "13900000002"}, {channelJD, 1, "13900000009"}, {channelJD, 2000, "13900000009"}}
	for _, c := range cases {
		if got := p.phoneIn(c.in, c.at); got != c.want {
			t.Errorf("%s at %d: %s, want %s", c.in, c.at, got, c.want)
		}
	}
}

// Layers against sorting everybody: equal spend must give equal layers.
func TestLayersAgainstSorting(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		spends := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(-500, 500), rapid.Int64Range(0, 30_000_000)), 1, 300).Draw(rt, "spends")
		s, err := newSpending(filepath.Join(dir, strconv.Itoa(rapid.IntRange(0, 1<<40).Draw(rt, "file"))))
		if err != nil {
			rt.Fatal(err)
		}
		defer func() {
			if err := s.discard(); err != nil {
				rt.Error(err)
			}
		}()
		for _, v := range spends {
			if err := s.add(fen(v), 2); err != nil {
				rt.Fatal(err)
			}
		}
		got, err := s.layers()
		if err != nil {
			rt.Fatal(err)
		}
		if diff := gocmp.Diff(sortedLayers(spends), got); diff != "" {
			rt.Error(diff)
		}
	})
}

func sortedLayers(spends []int64) []LayerTotals {
	slices.SortFunc(spends, func(a, b int64) int { return cmp.Compare(b, a) })
	totals := make([]LayerTotals, 6)
	for i := range totals {
		totals[i].Layer = i + 1
	}
	for _, v := range spends {
		more := slices.Index(spends, v) // spends are in falling order: as many stand before the first equal one
		layer := 0
		for _, percent := range []int{2, 5, 10, 15, 20} {
			if more*100 < percent*len(spends) {
				break
			}
			layer++
		}
		totals[layer].Heads++
		totals[layer].Orders += 2
		totals[layer].Revenue += fen(v)
	}
	return totals
}

func TestSpendBeyondRankingIsRefused(t *testing.T) {
	s, err := newSpending(filepath.Join(t.TempDir(), "spend"))
	if err != nil {
		t.Fatal(err)
	}
	if s.add(1<<33, 1) == nil || s.add(-1<<31, 1) == nil {
		t.Error("an amount outside the range was taken")
	}
	if err := s.discard(); err != nil {
		t.Error(err)
	}
}

func TestScatterIsOneToOne(t *testing.T) {
	seen := map[uint64]bool{}
	for x := range uint64(1000) {
		seen[scatter(x, 3, 12345)] = true
	}
	if len(seen) != 1000 {
		t.Errorf("1000 numbers of three digits became %d", len(seen))
	}
}

func TestTokensAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for i := range 5000 {
		v := token(99, i, 12)
		if len(v) != 12 || seen[v] {
			t.Fatalf("token %q of %d", v, i)
		}
		seen[v] = true
	}
}

func TestSharesAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		weights := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) fen { return fen(rapid.IntRange(0, 100_000).Draw(rt, "w")) }), 1, 6).Draw(rt, "weights")
		amount := fen(rapid.IntRange(0, 1_000_000).Draw(rt, "amount"))
		var sum fen
		for _, part := range share(amount, weights) {
			sum += part
		}
		if sum != amount {
			rt.Errorf("%s shared as %s", amount, sum)
		}
	})
}

func TestSpelling(t *testing.T) {
	cases := [][2]string{
		{fen(5).String(), "0.05"},
		{fen(-1250).String(), "-12.50"},
		{fen(123456).String(), "1234.56"},
		{wan(9_999), "9999"},
		{wan(10_000), "1.0万"},
		{wan(32_987), "3.2万"},
		{maskedJD("18600006198"), "1******6198"},
		{dateDay(2024, 2, 29).iso(), "2024-02-29"},
		{dateDay(2026, 10, 31).at(3661).stamp(), "2026-10-31 01:01:01"},
		{moment(0).stamp(), ""},
		{dateDay(2026, 11, 1).compact(), "20261101"},
		{strconv.FormatInt(dateDay(2026, 11, 1).at(8*3600).epoch(), 10), "1793491200"},
	}
	for _, c := range cases {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
}

// Exports without a date of refund are dated by the day of payment: so that is when cancelled orders are paid back.
func TestCancelledOrdersAreRefundedOnTheDayOfPayment(t *testing.T) {
	w := newWorld(Options{Members: 2000, Seed: 36, AsOf: asOfDay()})
	cancelled := 0
	for i := range w.people {
		p := w.person(i)
		life := w.live(&p)
		for _, o := range life.orders {
			if o.channel == channelPOS || !o.wholly() || o.completedAt != 0 {
				continue
			}
			cancelled++
			if o.refund.at.day() != o.paidAt.day() || o.paidAt.day() != o.at.day() || o.refund.at < o.paidAt {
				t.Errorf("order of %s, paid %s, refunded %s", o.at.stamp(), o.paidAt.stamp(), o.refund.at.stamp())
			}
		}
	}
	if cancelled == 0 {
		t.Error("nothing was cancelled")
	}
}

func TestPeriods(t *testing.T) {
	p := periods{asOf: dateDay(2026, 10, 31), months: 6}
	if got := p.after(p.of(dateDay(2025, 3, 9))).iso(); got != "2025-07-01" {
		t.Errorf("half-year ends before %s", got)
	}
	if got := p.after(p.of(dateDay(2026, 10, 2))).iso(); got != "2026-11-01" {
		t.Errorf("the last period ends before %s", got)
	}
}
