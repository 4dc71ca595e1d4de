package identity

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

const (
	member = iota
	phone
	birthday
)

func testRules() []Rule {
	return []Rule{
		member:   {Kind: "member_no", Trust: 1, ValuesPerCustomer: 1},
		phone:    {Kind: "phone", Trust: 2, AccountsPerValue: 4, AccountsPerChannel: 2},
		birthday: {Kind: "birthday", Trust: 0, ValuesPerCustomer: 1},
	}
}

// evidence is one value seen on one account, for tests.
type evidence struct {
	Account           uint32
	Channel           uint16
	Kind              uint8
	Status            Status
	Value             Hash
	FirstDay, LastDay int32
}

// graphOf puts evidence into a graph, in its order. In tests a hash may be the same for two kinds; in the product it is of kind and value.
func graphOf(accounts int, rules []Rule, all []evidence) *Graph {
	channels := make([]uint16, accounts)
	for _, e := range all {
		channels[e.Account] = e.Channel
	}
	graph := NewGraph(rules, channels, len(all))
	for i, e := range all {
		e.Value[15] = e.Kind
		var number [1]uint32
		graph.Number([]Value{{e.Value, e.Kind, e.Status}}, number[:])
		graph.Set(uint32(i), e.Account, number[0], e.FirstDay, e.LastDay)
	}
	return graph
}

func merge(accounts int, rules []Rule, all []evidence, decisions []Decision) Result {
	return graphOf(accounts, rules, all).Merge(decisions, Likeness{})
}

// told is a link without the numbers that depend on the order of arrival.
type told struct {
	account, other uint32
	kind           uint8
	value          Hash
	outcome        Outcome
	reason         string
	day            int32
}

func tellAll(graph *Graph, links []Link) (all []told) {
	for _, link := range links {
		one := told{link.Account, link.Other, link.Kind, Hash{}, link.Outcome, link.Reason, link.Day}
		if link.Value != NoValue {
			one.value = graph.values.hashes[link.Value]
		}
		all = append(all, one)
	}
	return all
}

func seen(account, kind, value, channel int) evidence {
	return evidence{Account: uint32(account), Kind: uint8(kind), Value: Hash{byte(value)}, Channel: uint16(channel)}
}

func TestMerge(t *testing.T) {
	cases := map[string]struct {
		accounts int
		evidence []evidence
		want     []uint32
		outcomes []Outcome
	}{
		"a phone joins three channels under the oldest account": {
			3,
			[]evidence{seen(0, phone, 1, 0), seen(1, phone, 1, 1), seen(2, phone, 1, 2)},
			[]uint32{0, 0, 0},
			[]Outcome{Merged, Merged},
		},
		"two member numbers are two people, though they share a phone": {
			3,
			[]evidence{seen(0, member, 1, 0), seen(1, member, 2, 0), seen(0, phone, 1, 0), seen(1, phone, 1, 0), seen(2, phone, 1, 1)},
			[]uint32{0, 1, 0},
			[]Outcome{Refused, Merged},
		},
		"two birthdays are two people": {
			2,
			[]evidence{seen(0, birthday, 1, 0), seen(1, birthday, 2, 1), seen(0, phone, 1, 0), seen(1, phone, 1, 1)},
			[]uint32{0, 1},
			[]Outcome{Refused},
		},
		"one birthday alone joins nobody": {
			2,
			[]evidence{seen(0, birthday, 1, 0), seen(1, birthday, 1, 1)},
			[]uint32{0, 1},
			nil,
		},
		"a shop's phone on three accounts of one channel is quarantined": {
			4,
			[]evidence{seen(0, phone, 1, 0), seen(1, phone, 1, 0), seen(2, phone, 1, 0), seen(3, phone, 1, 1)},
			[]uint32{0, 1, 2, 3},
			[]Outcome{Quarantined, Quarantined, Quarantined},
		},
		"a chain over two kinds is one customer": {
			3,
			[]evidence{seen(2, member, 1, 0), seen(1, member, 1, 1), seen(1, phone, 1, 1), seen(0, phone, 1, 2)},
			[]uint32{0, 0, 0},
			[]Outcome{Merged, Merged},
		},
		"masked values join nobody": {
			2,
			[]evidence{{Account: 0, Kind: phone, Status: Masked}, {Account: 1, Kind: phone, Status: Masked}},
			[]uint32{0, 1},
			nil,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			result := merge(c.accounts, testRules(), c.evidence, nil)
			if !slices.Equal(result.Root, c.want) {
				t.Errorf("roots %v, want %v", result.Root, c.want)
			}
			var outcomes []Outcome
			for _, link := range result.Links {
				outcomes = append(outcomes, link.Outcome)
			}
			if !slices.Equal(outcomes, c.outcomes) {
				t.Errorf("outcomes %v, want %v", outcomes, c.outcomes)
			}
		})
	}
}

// TestMergeDoesNotDependOnOrder holds what users of other systems miss most: the same evidence in another order gives the same
// customers, the same ids and the same decisions; no customer breaks a limit; and what was merged is connected by shared values.
func TestMergeDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		accounts := rapid.IntRange(1, 30).Draw(t, "accounts")
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) evidence {
			return seen(rapid.IntRange(0, accounts-1).Draw(t, "account"), rapid.IntRange(0, 2).Draw(t, "kind"), rapid.IntRange(0, 9).Draw(t, "value"),
				rapid.IntRange(0, 3).Draw(t, "channel"))
		}), 0, 60).Draw(t, "evidence")
		for i := range all {
			all[i].Channel = uint16(all[i].Account % 4) // an account is in one channel
		}
		graph := graphOf(accounts, testRules(), all)
		result := graph.Merge(nil, Likeness{})
		shuffled := slices.Clone(all)
		rand.New(rand.NewPCG(1, uint64(accounts))).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		other := graphOf(accounts, testRules(), shuffled)
		again := other.Merge(nil, Likeness{})
		if !slices.Equal(result.Root, again.Root) || !slices.Equal(tellAll(graph, result.Links), tellAll(other, again.Links)) {
			t.Fatalf("another order gave another result:\n%v\n%v", result, again)
		}
		checkLimits(t, result, all)
		checkConnected(t, result, all)
	})
}

func checkLimits(t *rapid.T, result Result, all []evidence) {
	type key struct {
		root uint32
		kind uint8
	}
	accountsHold, customersHold := map[uint32]map[key]map[Hash]bool{}, map[key]map[Hash]bool{}
	for _, e := range all {
		k := key{result.Root[e.Account], e.Kind}
		if customersHold[k] == nil {
			customersHold[k] = map[Hash]bool{}
		}
		customersHold[k][e.Value] = true
		own := accountsHold[e.Account]
		if own == nil {
			own = map[key]map[Hash]bool{}
			accountsHold[e.Account] = own
		}
		if own[k] == nil {
			own[k] = map[Hash]bool{}
		}
		own[k][e.Value] = true
	}
	for account, root := range result.Root {
		if account > 0 && root > uint32(account) {
			t.Fatalf("account %d is under a younger one, %d", account, root)
		}
	}
	for k, values := range customersHold {
		if k.kind == phone || len(values) <= 1 {
			continue
		}
		// Too many values are allowed only where one account brought them all: merging may not add to them.
		for account, root := range result.Root {
			if root == k.root && len(accountsHold[uint32(account)][k]) != len(values) && merged(result, k.root) {
				t.Fatalf("customer %d holds %d values of kind %d", k.root, len(values), k.kind)
			}
		}
	}
}

func merged(result Result, root uint32) bool {
	count := 0
	for _, other := range result.Root {
		if other == root {
			count++
		}
	}
	return count > 1
}

// checkConnected finds by a plain flood that every merged account shares a value, directly or through others, with its root.
func checkConnected(t *rapid.T, result Result, all []evidence) {
	reached := make([]bool, len(result.Root))
	for account, root := range result.Root {
		reached[account] = int(root) == account
	}
	for changed := true; changed; {
		changed = false
		for _, a := range all {
			for _, b := range all {
				if reached[a.Account] && !reached[b.Account] && a.Kind == b.Kind && a.Value == b.Value && result.Root[a.Account] == result.Root[b.Account] {
					reached[b.Account], changed = true, true
				}
			}
		}
	}
	for account, ok := range reached {
		if !ok {
			t.Fatalf("account %d was merged with %d, and shares nothing with that customer", account, result.Root[account])
		}
	}
}
