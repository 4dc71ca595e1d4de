package generate

import (
	"cmp"
	"slices"
	"sort"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestPointsOfTheTruthAddUp(t *testing.T) {
	dir, summary := brand(t, 2000, 21)
	p := summary.Points
	if p.Issued+p.Recredited+p.Adjusted-p.Redeemed-p.Expired-p.ClawedBack != p.Outstanding || p.LotsRemaining-p.Arrears != p.Outstanding {
		t.Errorf("the books do not balance: %+v", p)
	}
	var sums PointTotals
	for _, l := range readTruth(t, dir, "lots.csv") {
		n := func(column string) int64 { return integer(t, l["points_"+column]) }
		if rest := n("issued") + n("adjusted") - n("redeemed") - n("expired") - n("clawed_back"); rest != n("remaining") || rest < 0 {
			t.Errorf("lot %s does not balance: %v", l["lot_id"], l)
		}
		if l["expires_on"] < "2026-10-31" && n("remaining") != 0 {
			t.Errorf("lot %s has outlived its last day %s", l["lot_id"], l["expires_on"])
		}
		sums.Lots++
		sums.Issued += n("issued")
		sums.Expired += n("expired")
		sums.LotsRemaining += n("remaining")
		sums.Redeemed += n("redeemed")
	}
	want := PointTotals{Lots: p.Lots, Issued: p.Issued, Expired: p.Expired, LotsRemaining: p.LotsRemaining, Redeemed: p.Redeemed - p.Recredited}
	if diff := gocmp.Diff(want, sums); diff != "" {
		t.Errorf("summary, lots:\n%s", diff)
	}
	for name, n := range map[string]int64{"redeemed": p.Redeemed, "expired": p.Expired, "clawed back": p.ClawedBack, "recredited": p.Recredited, "owed": p.Arrears} {
		if n <= 0 {
			t.Errorf("no points were %s", name)
		}
	}
}

func TestVintagesAddUpToTheRedemptionRate(t *testing.T) {
	_, summary := brand(t, 500, 21)
	var issued, redeemed, inTheEnd int64
	for _, v := range summary.PointsByMonth {
		if v.Redeemed > v.RedeemedInTheEnd || v.RedeemedInTheEnd > v.Issued {
			t.Errorf("month %s: %+v", v.Month, v)
		}
		issued += v.Issued
		redeemed += v.Redeemed
		inTheEnd += v.RedeemedInTheEnd
	}
	if issued != summary.Points.Issued || redeemed >= inTheEnd {
		t.Errorf("vintages: issued %d, redeemed %d and in the end %d; truth %+v", issued, redeemed, inTheEnd, summary.Points)
	}
	if rate := float64(inTheEnd) / float64(issued); rate != summary.Points.RedemptionRate || rate < .2 || rate > .7 {
		t.Errorf("redemption rate %v, by month %v", summary.Points.RedemptionRate, rate)
	}
	first := summary.PointsByMonth[0]
	if first.Month != "2024-11" || first.Redeemed != first.RedeemedInTheEnd {
		t.Errorf("a month whose points have all run out changes no more: %+v", first)
	}
}

// onePoint is a single point: the reference moves them one by one, from the exported movements alone.
type onePoint struct {
	lot, order, issued, expires, usedFor string
}

type referenceAccount struct {
	points []*onePoint
	owed   int
}

func (a *referenceAccount) alive(day string) []*onePoint {
	var alive []*onePoint
	for _, p := range a.points {
		if p.usedFor == "" && p.expires >= day {
			alive = append(alive, p)
		}
	}
	slices.SortStableFunc(alive, func(x, y *onePoint) int {
		return cmp.Or(cmp.Compare(x.expires, y.expires), cmp.Compare(x.issued, y.issued))
	})
	return alive
}

func (a *referenceAccount) settle(day string) {
	for _, p := range a.alive(day) {
		if a.owed == 0 {
			return
		}
		p.usedFor = "owed"
		a.owed--
	}
}

func (a *referenceAccount) move(t *testing.T, m map[string]string) {
	t.Helper()
	count, day := int(integer(t, m["积分"])), m["发生时间"][:10]
	switch kind := m["类型"]; {
	case kind == "获取" || kind == "调整" && count > 0:
		for range count {
			a.points = append(a.points, &onePoint{lot: m["流水号"], order: m["订单号"], issued: m["发生时间"], expires: m["有效期至"]})
		}
		a.settle(day)
	case kind == "返还":
		a.giveBack(m["订单号"], count)
		a.settle(day)
	case kind == "扣回":
		a.take(m["订单号"], day, count, true)
	default:
		a.take("for "+m["订单号"], day, max(count, -count), false)
	}
}

// take uses points in order; a claw-back takes those of its own order first, and owes what is not there.
func (a *referenceAccount) take(order, day string, count int, clawBack bool) {
	alive := a.alive(day)
	if clawBack {
		sort.SliceStable(alive, func(i, j int) bool { return alive[i].order == order && alive[j].order != order })
	}
	for _, p := range alive[:min(count, len(alive))] {
		p.usedFor = order
	}
	a.owed += max(0, count-len(alive))
}

func (a *referenceAccount) giveBack(order string, count int) {
	var used []*onePoint
	for _, p := range a.points {
		if p.usedFor == "for "+order {
			used = append(used, p)
		}
	}
	for _, p := range used[len(used)-count:] {
		p.usedFor = ""
	}
}

func TestLotsAreWhatTheExportedMovementsLeave(t *testing.T) {
	dir, _ := brand(t, 250, 22)
	var movements []map[string]string
	for _, file := range filesOf(t, dir, "points_2*.csv") {
		movements = append(movements, file.rows...)
	}
	sort.SliceStable(movements, func(i, j int) bool { return movements[i]["发生时间"] < movements[j]["发生时间"] })
	accounts := map[string]*referenceAccount{}
	for _, m := range movements {
		if accounts[m["会员号"]] == nil {
			accounts[m["会员号"]] = &referenceAccount{}
		}
		accounts[m["会员号"]].move(t, m)
	}
	want, got := map[string]int64{}, map[string]int64{}
	for _, a := range accounts {
		for _, p := range a.alive("2026-10-31") {
			want[p.lot]++
		}
	}
	for _, l := range readTruth(t, dir, "lots.csv") {
		if n := integer(t, l["points_remaining"]); n > 0 {
			got[l["lot_id"]] = n
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" || len(got) == 0 {
		t.Errorf("%d lots; moved one by one, truth:\n%s", len(got), diff)
	}
	checkBalances(t, dir, accounts)
}

func checkBalances(t *testing.T, dir string, accounts map[string]*referenceAccount) {
	t.Helper()
	for _, row := range filesOf(t, dir, "point_balances_20261031.csv")[0].rows {
		a := accounts[row["会员号"]]
		if balance := len(a.alive("2026-10-31")) - a.owed; strconv.Itoa(balance) != row["积分"] {
			t.Errorf("member %s: %d points, exported %s", row["会员号"], balance, row["积分"])
		}
		delete(accounts, row["会员号"])
	}
	if len(accounts) > 0 {
		t.Errorf("%d accounts have movements and no balance", len(accounts))
	}
}

// lotCase is a history worked out by hand.
type lotCase struct {
	name      string
	movements []movement
	remaining []int64
	owed      int64
}

func on(d day) moment { return d.at(3600) }

func lotCases() []lotCase {
	earn := func(id string, issued, expires day, points int64) movement {
		return movement{id: id, at: on(issued), kind: kindEarn, points: points, order: "O" + id, expires: expires}
	}
	return []lotCase{
		{"the lot that expires first is used first, though it is younger", []movement{
			earn("a", 10, 500, 100), earn("b", 20, 400, 100), {at: on(30), kind: kindRedeem, points: 130},
		}, []int64{70, 0}, 0},
		{"of lots that expire together the older is used first", []movement{
			earn("a", 10, 400, 100), earn("b", 20, 400, 100), {at: on(30), kind: kindRedeem, points: 30},
		}, []int64{70, 100}, 0},
		{"the last valid day still counts, the day after does not", []movement{
			earn("a", 10, 100, 50), earn("b", 11, 99, 50), {at: on(100), kind: kindAdjust, points: -10},
		}, []int64{40, 0}, 0},
		{"a claw-back takes its own lot first, then others, then it is owed", []movement{
			earn("a", 10, 400, 100), earn("b", 20, 500, 100),
			{at: on(25), kind: kindRedeem, points: 150},
			{at: on(30), kind: kindClawBack, points: 100, order: "Ob"},
		}, []int64{0, 0}, 50},
		{"what is owed is paid by the next earning", []movement{
			earn("a", 10, 400, 100), {at: on(15), kind: kindRedeem, points: 100}, {at: on(20), kind: kindClawBack, points: 100, order: "Oa"}, earn("b", 30, 500, 120),
		}, []int64{0, 20}, 0},
		{"a redemption given back returns to its lots, the last used first", []movement{
			earn("a", 10, 400, 100), earn("b", 20, 500, 100),
			{at: on(25), kind: kindRedeem, points: 150, order: "R"},
			{at: on(30), kind: kindRecredit, points: 80, order: "R"},
		}, []int64{30, 100}, 0},
		{"what comes back after its last day is gone at once", []movement{
			earn("a", 10, 40, 100), {at: on(25), kind: kindRedeem, points: 60, order: "R"}, {at: on(50), kind: kindRecredit, points: 60, order: "R"},
		}, []int64{0}, 0},
	}
}

func TestLotBookByHand(t *testing.T) {
	for _, c := range lotCases() {
		var b lotBook
		for _, m := range c.movements {
			b.apply(m)
		}
		var remaining []int64
		for _, l := range b.lots {
			remaining = append(remaining, l.remain)
		}
		if diff := gocmp.Diff(c.remaining, remaining); diff != "" || b.arrears != c.owed {
			t.Errorf("%s: owed %d, want %d; lots\n%s", c.name, b.arrears, c.owed, diff)
		}
	}
}
