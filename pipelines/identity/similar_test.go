package identity

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// likenessRules are those of the tests, with likeness and decisions at the end.
func likenessRules() []Rule {
	return append(testRules(), Rule{Kind: similarKind}, Rule{Kind: overrideKind})
}

func alikePair(one, other int, weight float64) Similar {
	return Similar{Account: uint32(max(one, other)), Other: uint32(min(one, other)), Weight: weight}
}

func TestLikenessJoinsLast(t *testing.T) {
	all := func(accounts int) []bool { return slices.Repeat([]bool{true}, accounts) }
	cases := map[string]struct {
		accounts  int
		evidence  []evidence
		decisions []Decision
		likeness  Likeness
		want      []uint32
		outcomes  []Outcome
	}{
		"two alike accounts are one customer": {
			2, nil, nil, Likeness{Pairs: []Similar{alikePair(0, 1, 9)}, Described: all(2)}, []uint32{0, 0}, []Outcome{Merged},
		},
		"a pair in doubt waits for a person": {
			2, nil, nil, Likeness{Pairs: []Similar{{Account: 1, Other: 0, Weight: 2, Doubt: "likely"}}, Described: all(2)}, []uint32{0, 1}, []Outcome{Review},
		},
		"two member numbers are two people, however alike": {
			3,
			[]evidence{seen(0, member, 1, 0), seen(1, member, 2, 0)},
			nil,
			Likeness{Pairs: []Similar{alikePair(0, 1, 20), alikePair(1, 2, 9)}, Described: all(3)},
			[]uint32{0, 1, 1},
			[]Outcome{Refused, Merged},
		},
		"the surer of two likenesses that exclude each other holds": {
			3,
			[]evidence{seen(0, member, 1, 0), seen(1, member, 2, 0)},
			nil,
			Likeness{Pairs: []Similar{alikePair(0, 2, 8), alikePair(1, 2, 9)}, Described: all(3)},
			[]uint32{0, 1, 1},
			[]Outcome{Merged, Refused},
		},
		"a decision keeps two alike accounts apart": {
			2, nil, []Decision{{Account: 0, Other: 1, Apart: true}}, Likeness{Pairs: []Similar{alikePair(0, 1, 30)}, Described: all(2)}, []uint32{0, 1}, []Outcome{Refused},
		},
		"one likeness is no bridge between two customers of three accounts that do not fit": {
			6,
			[]evidence{seen(0, phone, 1, 0), seen(1, phone, 1, 1), seen(2, phone, 1, 2), seen(3, phone, 2, 0), seen(4, phone, 2, 1), seen(5, phone, 2, 2)},
			nil,
			Likeness{Pairs: []Similar{alikePair(0, 3, 9)}, Described: all(6)},
			[]uint32{0, 0, 0, 3, 3, 3},
			[]Outcome{Merged, Merged, Merged, Merged, Review},
		},
		"of accounts that cannot be compared nothing speaks against it": {
			6,
			[]evidence{seen(0, phone, 1, 0), seen(1, phone, 1, 1), seen(2, phone, 1, 2), seen(3, phone, 2, 0), seen(4, phone, 2, 1), seen(5, phone, 2, 2)},
			nil,
			Likeness{Pairs: []Similar{alikePair(0, 3, 9)}, Described: []bool{true, false, false, true, false, false}},
			[]uint32{0, 0, 0, 0, 0, 0},
			[]Outcome{Merged, Merged, Merged, Merged, Merged},
		},
	}
	for name, c := range cases {
		result := graphOf(c.accounts, likenessRules(), c.evidence).Merge(c.decisions, c.likeness)
		var outcomes []Outcome
		for _, link := range result.Links {
			outcomes = append(outcomes, link.Outcome)
		}
		if !slices.Equal(result.Root, c.want) || !slices.Equal(outcomes, c.outcomes) {
			t.Errorf("%s: %v %v, want %v %v", name, result.Root, outcomes, c.want, c.outcomes)
		}
		shuffled := slices.Clone(c.likeness.Pairs)
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if again := graphOf(c.accounts, likenessRules(), c.evidence).Merge(c.decisions, Likeness{Pairs: shuffled, Described: c.likeness.Described}); !slices.Equal(again.Root, c.want) {
			t.Errorf("%s, in another order: %v, want %v", name, again.Root, c.want)
		}
	}
}

// Customers of very many accounts are no people: one pair does not cost a look at every pair of their accounts.
func TestLikenessJoinsNoGiants(t *testing.T) {
	var all []evidence
	rules := likenessRules()
	rules[phone].AccountsPerValue, rules[phone].AccountsPerChannel = 0, 0
	for account := range 2000 {
		all = append(all, seen(account, phone, account%2, 0))
	}
	result := graphOf(2000, rules, all).Merge(nil, Likeness{Pairs: []Similar{alikePair(0, 1, 30)}, Described: make([]bool, 2000)})
	if last := result.Links[len(result.Links)-1]; last.Outcome != Review || result.Root[1] != 1 {
		t.Errorf("%+v", last)
	}
}

// Two people of one household share a phone; what the exports name of their accounts keeps them apart.
func TestNamesKeepHouseholdsApart(t *testing.T) {
	onePhone := []evidence{seen(0, phone, 1, 0), seen(1, phone, 1, 1), seen(2, phone, 1, 2), seen(3, phone, 1, 3)}
	against := Likeness{Against: []Similar{alikePair(0, 2, -9)}, Described: []bool{true, false, true, true}}
	for name, c := range map[string]struct {
		evidence []evidence
		likeness Likeness
		want     []uint32
	}{
		"without names a phone is one person's":                    {onePhone, Likeness{}, []uint32{0, 0, 0, 0}},
		"two names are two people, an account without is nobody's": {onePhone, against, []uint32{0, 1, 2, 0}},
		"a member number is stronger than names": {
			append(slices.Clone(onePhone), seen(0, member, 1, 0), seen(2, member, 1, 0)), against, []uint32{0, 0, 0, 0},
		},
	} {
		if got := graphOf(4, likenessRules(), c.evidence).Merge(nil, c.likeness).Root; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
