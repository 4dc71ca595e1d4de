package identity

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// decidingRules end with the rule of decisions.
func decidingRules() []Rule { return append(testRules(), Rule{Kind: overrideKind}) }

func TestDecisions(t *testing.T) {
	together := func(a, b int) Decision { return Decision{Account: uint32(a), Other: uint32(b)} }
	apart := func(a, b int) Decision { return Decision{Account: uint32(a), Other: uint32(b), Apart: true} }
	sharedPhone := []evidence{seen(0, phone, 1, 0), seen(1, phone, 1, 1), seen(2, phone, 1, 2)}
	cases := map[string]struct {
		accounts  int
		evidence  []evidence
		decisions []Decision
		want      []uint32
		refused   []bool
	}{
		"together without evidence":                       {3, nil, []Decision{together(2, 1)}, []uint32{0, 1, 1}, []bool{false}},
		"apart in spite of a shared phone":                {3, sharedPhone, []Decision{apart(0, 1)}, []uint32{0, 1, 0}, []bool{false}},
		"apart holds for whom the customer came by later": {3, sharedPhone, []Decision{together(1, 2), apart(0, 2)}, []uint32{0, 1, 1}, []bool{false, false}},
		"together and apart on one pair: apart holds":     {2, nil, []Decision{together(0, 1), apart(1, 0)}, []uint32{0, 1}, []bool{true, false}},
		"a circle: the last link of the chain is refused": {3, nil, []Decision{together(0, 1), together(1, 2), apart(0, 2)}, []uint32{0, 0, 2}, []bool{false, true, false}},
		"an account and itself":                           {1, nil, []Decision{together(0, 0), apart(0, 0)}, []uint32{0}, []bool{false, true}},
		"together beyond the limit, and later links still fit": {
			3,
			[]evidence{seen(0, birthday, 1, 0), seen(1, birthday, 2, 1), seen(2, birthday, 2, 2), seen(1, phone, 1, 1), seen(2, phone, 1, 2)},
			[]Decision{together(0, 1)},
			[]uint32{0, 0, 0},
			[]bool{false},
		},
		"a third birthday does not fit for all that": {
			3,
			[]evidence{seen(0, birthday, 1, 0), seen(1, birthday, 2, 1), seen(2, birthday, 3, 2), seen(1, phone, 1, 1), seen(2, phone, 1, 2)},
			[]Decision{together(0, 1)},
			[]uint32{0, 0, 2},
			[]bool{false},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			result := merge(c.accounts, decidingRules(), c.evidence, c.decisions)
			if !slices.Equal(result.Root, c.want) {
				t.Errorf("roots %v, want %v", result.Root, c.want)
			}
			for i, reason := range result.Refused {
				if (reason != "") != c.refused[i] {
					t.Errorf("decision %d: refused because %q", i, reason)
				}
			}
		})
	}
}

// TestWhomAPersonKeepsApart holds for any evidence and decisions: no two accounts that are to be apart are one customer, and every decision to join
// that was not refused is followed.
func TestWhomAPersonKeepsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const accounts = 8
		account := rapid.IntRange(0, accounts-1)
		var all []evidence
		for range rapid.IntRange(0, 12).Draw(t, "evidence") {
			all = append(all, seen(account.Draw(t, "account"), rapid.IntRange(member, birthday).Draw(t, "kind"), rapid.IntRange(1, 3).Draw(t, "value"), rapid.IntRange(0, 2).Draw(t, "channel")))
		}
		var decisions []Decision
		for range rapid.IntRange(1, 8).Draw(t, "decisions") {
			decisions = append(decisions, Decision{Account: uint32(account.Draw(t, "one")), Other: uint32(account.Draw(t, "other")), Apart: rapid.Bool().Draw(t, "apart")})
		}
		result := merge(accounts, decidingRules(), all, decisions)
		for i, decision := range decisions {
			one := result.Root[decision.Account] == result.Root[decision.Other]
			if decision.Account != decision.Other && decision.Apart == one && result.Refused[i] == "" {
				t.Fatalf("decision %+v was not followed: roots %v", decision, result.Root)
			}
			if decision.Apart && decision.Account != decision.Other && result.Refused[i] != "" {
				t.Fatalf("decision %+v was refused: %s", decision, result.Refused[i])
			}
		}
	})
}

func TestValuesThatChangeHands(t *testing.T) {
	rules := []Rule{{Kind: "privacy_phone", Trust: 1, ValidDays: 15}, {Kind: overrideKind}}
	day := func(account int, first, last int32) evidence {
		return evidence{Account: uint32(account), Value: Hash{1}, FirstDay: first, LastDay: last}
	}
	cases := map[string]struct {
		evidence []evidence
		want     []uint32
	}{
		"within the days":                     {[]evidence{day(0, 100, 100), day(1, 115, 115)}, []uint32{0, 0}},
		"a day too late":                      {[]evidence{day(0, 100, 100), day(1, 116, 116)}, []uint32{0, 1}},
		"seen again in between":               {[]evidence{day(0, 100, 110), day(1, 125, 125)}, []uint32{0, 0}},
		"lent to two pairs one after another": {[]evidence{day(0, 200, 200), day(1, 100, 100), day(2, 101, 101), day(3, 201, 201)}, []uint32{0, 1, 1, 0}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := merge(len(c.want), rules, c.evidence, nil).Root; !slices.Equal(got, c.want) {
				t.Errorf("roots %v, want %v", got, c.want)
			}
		})
	}
}

// A phone that its network has given to somebody else is a rule's valid_days away from the one before, however long each of them had it.
func TestAPhoneThatIsReassigned(t *testing.T) {
	rules := []Rule{{Kind: "phone", Trust: 1, ValuesPerCustomer: 5, ValidDays: 365}, {Kind: overrideKind}}
	span := func(account int, first, last int32) evidence {
		return evidence{Account: uint32(account), Value: Hash{1}, FirstDay: first, LastDay: last}
	}
	cases := map[string]struct {
		all  []evidence
		want []uint32
	}{
		"its next user comes after a year":             {[]evidence{span(0, 1000, 2000), span(1, 2366, 2400)}, []uint32{0, 1}},
		"the year counts from when it was last seen":   {[]evidence{span(0, 1000, 2001), span(1, 2366, 2400)}, []uint32{0, 0}},
		"each user's own accounts are one customer":    {[]evidence{span(0, 1000, 1000), span(1, 1200, 1500), span(2, 2000, 2000), span(3, 2300, 2300)}, []uint32{0, 0, 2, 2}},
		"the older account may be the later user":      {[]evidence{span(0, 3000, 3000), span(1, 1000, 1000)}, []uint32{0, 1}},
		"an account that kept it all the time bridges": {[]evidence{span(0, 1000, 3000), span(1, 1000, 1000), span(2, 2900, 2900)}, []uint32{0, 0, 0}},
	}
	for name, c := range cases {
		if got := merge(len(c.want), rules, c.all, nil).Root; !slices.Equal(got, c.want) {
			t.Errorf("%s: roots %v, want %v", name, got, c.want)
		}
	}
}

// TestTheLessTrustedLinkLoses gives an account a member number's holder by a strong kind and another one by a weak kind, in every order of arrival: the weak
// link is the one that is refused, though it would have come first by seniority.
func TestTheLessTrustedLinkLoses(t *testing.T) {
	const strong, weak, limiting = 0, 1, 2
	rules := []Rule{{Kind: "union_id", Trust: 1}, {Kind: "phone", Trust: 2}, {Kind: "member_no", ValuesPerCustomer: 1}, {Kind: overrideKind}}
	all := []evidence{seen(0, limiting, 1, 0), seen(1, limiting, 2, 0), seen(0, weak, 7, 0), seen(2, weak, 7, 0), seen(1, strong, 8, 0), seen(2, strong, 8, 0)}
	orders := 0
	var try func(from int)
	try = func(from int) {
		if from == len(all) {
			orders++
			graph := graphOf(3, rules, all)
			result := graph.Merge(nil, Likeness{})
			links := tellAll(graph, result.Links)
			if !slices.Equal(result.Root, []uint32{0, 1, 1}) || len(links) != 2 || links[0].kind != strong || links[0].outcome != Merged ||
				links[1].kind != weak || links[1].outcome != Refused || links[1].account != 2 || links[1].other != 0 {
				t.Fatalf("%v: roots %v, links %+v", all, result.Root, links)
			}
		}
		for i := from; i < len(all); i++ {
			all[from], all[i] = all[i], all[from]
			try(from + 1)
			all[from], all[i] = all[i], all[from]
		}
	}
	try(0)
	if orders != 720 {
		t.Errorf("%d orders were tried, want 720", orders)
	}
}

// TestCrowds puts much into one value and one account: it must end, join nobody wrongly and say so.
func TestCrowds(t *testing.T) {
	const crowd = 50_000
	rules := []Rule{{Kind: "phone", Trust: 1, ValuesPerCustomer: 5, AccountsPerValue: 20}, {Kind: overrideKind}}
	var onePhone, manyPhones []evidence
	for i := range crowd {
		onePhone = append(onePhone, evidence{Account: uint32(i), Value: Hash{1}})
	}
	result := merge(crowd, rules, onePhone, nil)
	if len(result.Shared) != crowd || customers(result) != crowd {
		t.Errorf("one phone on %d accounts: %d customers, %d values quarantined", crowd, customers(result), len(result.Shared))
	}
	for i := range 500 {
		value := Hash{byte(i), byte(i >> 8), 1}
		manyPhones = append(manyPhones, evidence{Account: 0, Value: value}, evidence{Account: uint32(i + 1), Value: value})
	}
	result = merge(501, rules, manyPhones, nil)
	if customers(result) != 501 {
		t.Errorf("500 phones on one account: %d customers, want 501", customers(result))
	}
	for _, link := range result.Links {
		if link.Outcome != Refused || link.Reason == "" {
			t.Fatalf("link %+v", link)
		}
	}
}

func customers(result Result) int {
	count := 0
	for account, root := range result.Root {
		if account == int(root) {
			count++
		}
	}
	return count
}

// TestHistoryAgainstReplay computes, for each day, who was one customer by the links known until then, in the plainest way.
func TestHistoryAgainstReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accounts := rapid.IntRange(1, 7).Draw(t, "accounts")
		firsts := make([]int32, accounts)
		for i := range firsts {
			firsts[i] = int32(rapid.IntRange(0, 5).Draw(t, "first"))
		}
		slices.Sort(firsts) // accounts are numbered by seniority
		var links []Link
		for range rapid.IntRange(0, 8).Draw(t, "links") {
			a, b := rapid.IntRange(0, accounts-1).Draw(t, "a"), rapid.IntRange(0, accounts-1).Draw(t, "b")
			day := max(firsts[a], firsts[b], int32(rapid.IntRange(0, 9).Draw(t, "day")))
			links = append(links, Link{Account: uint32(a), Other: uint32(b), Day: day, Outcome: rapid.SampledFrom([]Outcome{Merged, Merged, Refused}).Draw(t, "outcome")})
		}
		stays := History(firsts, links)
		for day := int32(0); day < 12; day++ {
			roots := naiveRoots(accounts, links, day)
			for account := range accounts {
				if day < firsts[account] {
					continue
				}
				if got := rootsOn(stays, uint32(account), day); fmt.Sprint(got) != fmt.Sprint([]uint32{roots[account]}) {
					t.Fatalf("account %d on day %d: %v, want %d\n%+v", account, day, got, roots[account], stays)
				}
			}
		}
	})
}

func naiveRoots(accounts int, links []Link, day int32) []uint32 {
	roots := make([]uint32, accounts)
	for i := range roots {
		roots[i] = uint32(i)
	}
	for range accounts {
		for _, link := range links {
			if link.Outcome == Merged && link.Day <= day {
				lower := min(roots[link.Account], roots[link.Other])
				roots[link.Account], roots[link.Other] = lower, lower
			}
		}
	}
	return roots
}

// rootsOn gives the customers that an account's stays say it belonged to on a day: always one.
func rootsOn(stays []Stay, account uint32, day int32) []uint32 {
	var roots []uint32
	for _, stay := range stays {
		if stay.Account == account && stay.From <= day && day < stay.Until {
			roots = append(roots, stay.Root)
		}
	}
	return roots
}

// A value that is far more common than others of its kind joins nobody, though its rule sets no limit; what its kind usually has is no crowd.
func TestACrowdIsFoundFromTheData(t *testing.T) {
	const values = 1000
	rules := []Rule{{Kind: "phone", Trust: 1}, {Kind: overrideKind}}
	for _, c := range []struct {
		usual, crowd int
		shared       bool
	}{{1, 20, false}, {1, 21, true}, {3, 30, false}, {3, 31, true}, {1, 50_000, true}} {
		var all []evidence
		account := uint32(0)
		add := func(value, accounts int) {
			for range accounts {
				all = append(all, evidence{Account: account, Value: Hash{byte(value), byte(value >> 8), 1}})
				account++
			}
		}
		for value := range values {
			add(value, c.usual)
		}
		add(values, c.crowd)
		result := merge(int(account), rules, all, nil)
		want, wantShared := values+1, 0
		if c.shared {
			want, wantShared = values+c.crowd, c.crowd
		}
		if customers(result) != want || len(result.Shared) != wantShared {
			t.Errorf("a phone on %d accounts where others have %d: %d customers and %d shared, want %d and %d", c.crowd, c.usual, customers(result), len(result.Shared), want, wantShared)
		}
	}
}

// Without limits on a value that thousands share who may not be one, each account tries a bounded number of customers.
func TestManyWhoMayNotBeOneEnd(t *testing.T) {
	const crowd = 3000
	rules := []Rule{{Kind: "phone", Trust: 1}, {Kind: "member_no", ValuesPerCustomer: 1}, {Kind: overrideKind}}
	var all []evidence
	for i := range crowd { // all phones are as common, so that none is a crowd
		all = append(all, evidence{Account: uint32(i), Value: Hash{1}}, evidence{Account: uint32(i), Value: Hash{2}},
			evidence{Account: uint32(i), Kind: 1, Value: Hash{byte(i), byte(i >> 8)}})
	}
	result := merge(crowd, rules, all, nil)
	if customers(result) != crowd || len(result.Links) > 2*crowd*mostTried {
		t.Errorf("%d customers and %d links, want %d and at most %d", customers(result), len(result.Links), crowd, 2*crowd*mostTried)
	}
}

// A ring of accounts that are to be together, each kept apart from the one opposite: it ends, follows every apart, and says which links of the ring it refused.
func TestRingsOfDecisions(t *testing.T) {
	const ring = 2000
	var decisions []Decision
	for i := range ring {
		decisions = append(decisions, Decision{Account: uint32(i), Other: uint32((i + 1) % ring)})
	}
	for i := range ring / 2 {
		decisions = append(decisions, Decision{Account: uint32(i), Other: uint32(i + ring/2), Apart: true})
	}
	result := merge(ring, []Rule{{Kind: overrideKind}}, nil, decisions)
	for i := range ring / 2 {
		if result.Root[i] == result.Root[i+ring/2] {
			t.Fatalf("accounts %d and %d are one customer", i, i+ring/2)
		}
	}
	refused := 0
	for _, reason := range result.Refused {
		if reason != "" {
			refused++
		}
	}
	if customers(result) != 2 || refused != 2 {
		t.Errorf("%d customers and %d decisions refused, want 2 halves and the 2 links between them", customers(result), refused)
	}
}
