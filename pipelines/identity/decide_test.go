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
