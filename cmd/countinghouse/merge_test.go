package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// wholes are totals that no merge may change: money of orders and refunds, points by kind, points left and what they are worth.
func (s *site) wholes() [][]string {
	s.t.Helper()
	return s.query(`select 'orders' as what, count(*)::varchar as n, sum(paid_amount)::varchar as total from core.orders
		union all select 'refunds', count(*)::varchar, sum(amount)::varchar from core.refunds
		union all select 'points ' || kind, count(*)::varchar, sum(points)::varchar from mart.point_ledger group by kind
		union all select 'left', '', sum(outstanding_points)::varchar from mart.point_liability
		union all select 'face value', '', sum(face_value)::varchar from mart.point_liability
		union all select 'spend in the window', '', sum(revenue)::varchar from mart.customer_pyramid
		order by all`)
}

// customer is what one account's customer has. Points, orders and spend come from the marts, added up by customer.
func (s *site) customer(account string) []string {
	s.t.Helper()
	found := s.query(`select accounts.customer_id, mine.accounts::varchar, mine.orders::varchar, mine.revenue::varchar, mine.points_balance::varchar, mine.tier, lots.face_value::varchar
		from core.accounts as accounts
		inner join mart.customer_360 as mine on accounts.customer_id = mine.customer_id
		left join (select customer_id, sum(face_value) as face_value from mart.point_lots group by customer_id) as lots on accounts.customer_id = lots.customer_id
		where accounts.channel || ':' || accounts.account_id = '` + account + `'`)
	if len(found) != 1 {
		s.t.Fatalf("%s has %d customers", account, len(found))
	}
	return found[0]
}

// TestAMergeMovesWhatIsTheirsAndKeepsEveryTotal merges two members by a decision and takes it back. By hand, from the files: U1 has 100 + 260 - 80 -
// 60 - 30 = 190 points, U4 480; a point is worth 0.01.
func TestAMergeMovesWhatIsTheirsAndKeepsEveryTotal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.run("--land", brand(t, "first"), "--land", brand(t, "second"))
	first, totals := s.published(), s.wholes()
	one, other := s.customer("app:U1"), s.customer("app:U4")
	if one[4] != "190" || other[4] != "480" {
		t.Fatalf("points of U1 %s and U4 %s", one[4], other[4])
	}
	shown := s.do(exitDone, "identity", "merge", "app:U4", "app:U1", "--who", "wang", "--why", "both cards", "--as-of", asOf)
	if !strings.Contains(shown, "1 accounts get another customer: 1 merged") || !reflect.DeepEqual(s.published(), first) {
		t.Errorf("a dry run: %s", shown)
	}
	s.do(exitDone, "identity", "merge", "app:U4", "app:U1", "--who", "wang", "--why", "both cards", "--yes", "--as-of", asOf)
	s.run()
	merged := s.customer("app:U4")
	if !slices.Equal(merged, s.customer("app:U1")) || merged[0] != one[0] || merged[4] != "670" || merged[6] != "6.70" {
		t.Errorf("the older customer %v and the younger %v became %v", one, other, merged)
	}
	if alias := s.query("select customer_id from identity.customer_aliases where alias_id = '" + other[0] + "'"); len(alias) != 1 || alias[0][0] != one[0] {
		t.Errorf("the younger id is an alias of %v", alias)
	}
	if now := s.wholes(); !reflect.DeepEqual(now, totals) {
		t.Errorf("totals\n%v became\n%v", totals, now)
	}
	s.do(exitDone, "identity", "withdraw", "app:U1", "app:U4", "--yes", "--as-of", asOf)
	s.run()
	if back := s.published(); !reflect.DeepEqual(back.Digests, first.Digests) {
		t.Errorf("taken back, these differ: %s", differing(back.Digests, first.Digests))
	}
}

// TestUnmergeOfWhatEvidenceJoined keeps apart what a phone joined: the part with the older account keeps the id, the other gets one of its own,
// which it also had before they met.
func TestUnmergeOfWhatEvidenceJoined(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.run("--land", brand(t, "first"))
	totals, joined := s.wholes(), s.customer("app:U1")
	if !slices.Equal(joined, s.customer("shop:S1")) {
		t.Fatal("U1 and S1 share a phone, and are two customers")
	}
	s.do(exitDone, "identity", "unmerge", "app:U1", "shop:S1", "--who", "li", "--why", "father and son", "--yes", "--as-of", asOf)
	s.run()
	older, younger := s.customer("app:U1"), s.customer("shop:S1")
	if older[0] != joined[0] || younger[0] == joined[0] || older[1] != "1" || younger[1] != "1" {
		t.Errorf("%v was split into %v and %v", joined, older, younger)
	}
	if now := s.wholes(); !reflect.DeepEqual(now, totals) {
		t.Errorf("totals\n%v became\n%v", totals, now)
	}
}

// TestPointsLostByAMergeStopTheRun breaks a mart so that one account's points belong to nobody: nothing is published.
func TestPointsLostByAMergeStopTheRun(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	model, err := os.ReadFile(filepath.Join("..", "..", "sql", "mart", "point_ledger.sql"))
	if err != nil {
		t.Fatal(err)
	}
	const join = "entries.account_id = accounts.account_id"
	if strings.Count(string(model), join) != 1 {
		t.Fatal("the model joins accounts in another way now")
	}
	s.write("sql/mart/point_ledger.sql", strings.Replace(string(model), join, join+" and entries.account_id <> 'U2'", 1))
	got := s.try("run", "--as-of", asOf, "--land", brand(t, "first"))
	if got.code != exitAudit || !strings.Contains(got.out, "merging_keeps_points_and_money") || !strings.Contains(got.out, "points: issued points by_account=418.00 by_customer=360.00") {
		t.Errorf("exit %d\n%s%s", got.code, got.out, got.errs)
	}
}
