package identity

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// reference merges as the rules say, word by word, and as slowly as that is: nothing is kept between two links but who is whose customer.
type reference struct {
	rules     []Rule
	all       []evidence
	decisions []Decision
	customer  []int // by account: the oldest account of its customer
	raised    map[[2]int]int
	joinedBy  []int16
	links     []told
	shared    map[evidence]bool
	refused   []string
}

func refer(accounts int, rules []Rule, all []evidence, decisions []Decision) *reference {
	r := &reference{rules: rules, all: slices.Clone(all), decisions: decisions, raised: map[[2]int]int{}, shared: map[evidence]bool{}}
	for i := range r.all {
		r.all[i].Value[15] = r.all[i].Kind
	}
	for account := range accounts {
		r.customer, r.joinedBy = append(r.customer, account), append(r.joinedBy, -1)
	}
	for _, decision := range decisions {
		r.refused = append(r.refused, r.decide(decision))
	}
	for _, group := range r.groups() {
		r.group(group)
	}
	return r
}

// values are what accounts of the customers a and b hold of a kind.
func (r *reference) values(kind, a, b int) map[Hash]bool {
	held := map[Hash]bool{}
	for _, e := range r.all {
		if at := r.customer[e.Account]; (at == a || at == b) && int(e.Kind) == kind && e.Status == Used {
			held[e.Value] = true
		}
	}
	return held
}

func (r *reference) limit(kind, a, b int) int {
	return max(r.rules[kind].ValuesPerCustomer, r.raised[[2]int{a, kind}], r.raised[[2]int{b, kind}])
}

func (r *reference) apart(a, b int) bool {
	return slices.ContainsFunc(r.decisions, func(d Decision) bool {
		one, other := r.customer[d.Account], r.customer[d.Other]
		return d.Apart && (one == a && other == b || one == b && other == a)
	})
}

func (r *reference) conflict(a, b int) string {
	if r.apart(a, b) {
		return "a decision keeps the two apart"
	}
	for kind, rule := range r.rules {
		if limit := r.limit(kind, a, b); rule.ValuesPerCustomer > 0 && len(r.values(kind, a, b)) > limit {
			return fmt.Sprintf("one customer would have %d values of %s, more than %d", limit+1, rule.Kind, limit)
		}
	}
	return ""
}

func (r *reference) join(a, b, kind int) {
	older, younger := min(a, b), max(a, b)
	for k := range r.rules {
		r.raised[[2]int{older, k}] = max(r.raised[[2]int{older, k}], r.raised[[2]int{younger, k}])
	}
	for account, customer := range r.customer {
		if customer == younger {
			r.customer[account] = older
		}
	}
	r.joinedBy[younger] = int16(kind)
}

func (r *reference) decide(d Decision) string {
	a, b := r.customer[d.Account], r.customer[d.Other]
	if d.Account == d.Other && d.Apart {
		return "an account cannot be kept apart from itself"
	}
	if d.Apart || a == b {
		return ""
	}
	if r.apart(a, b) {
		return "another decision keeps the two customers apart"
	}
	for kind, rule := range r.rules {
		if rule.ValuesPerCustomer > 0 {
			if count := len(r.values(kind, a, b)); count > r.limit(kind, a, b) {
				r.raised[[2]int{min(a, b), kind}] = count
			}
		}
	}
	decision := len(r.rules) - 1
	r.join(a, b, decision)
	r.links = append(r.links, told{account: max(d.Account, d.Other), other: min(d.Account, d.Other), kind: uint8(decision), day: d.Day})
	return ""
}

// groups are the accounts of each value, apart where the value changed hands, in the order in which they are joined.
func (r *reference) groups() (groups [][]evidence) {
	byValue := map[Hash]map[uint32]evidence{}
	for _, e := range r.all {
		if e.Status != Used || r.rules[e.Kind].Trust == 0 {
			continue
		}
		if byValue[e.Value] == nil {
			byValue[e.Value] = map[uint32]evidence{}
		}
		if _, known := byValue[e.Value][e.Account]; !known {
			byValue[e.Value][e.Account] = e
		}
	}
	for _, accounts := range byValue {
		byDay := slices.SortedFunc(maps.Values(accounts), func(a, b evidence) int { return cmp.Compare(a.FirstDay, b.FirstDay) })
		var current []evidence
		last := int32(0)
		for _, e := range byDay {
			if valid := r.rules[e.Kind].ValidDays; valid > 0 && len(current) > 0 && int(e.FirstDay) > int(last)+valid {
				groups, current, last = append(groups, current), nil, 0
			}
			current, last = append(current, e), max(last, e.LastDay)
		}
		groups = append(groups, current)
	}
	groups = slices.DeleteFunc(groups, func(group []evidence) bool { return len(group) < 2 })
	for _, group := range groups {
		slices.SortFunc(group, func(a, b evidence) int { return cmp.Compare(a.Account, b.Account) })
	}
	slices.SortFunc(groups, func(a, b []evidence) int {
		return cmp.Or(cmp.Compare(r.rules[a[0].Kind].Trust, r.rules[b[0].Kind].Trust), cmp.Compare(a[0].Account, b[0].Account), cmp.Compare(a[1].Account, b[1].Account),
			cmp.Compare(a[0].Kind, b[0].Kind), bytes.Compare(a[0].Value[:], b[0].Value[:]), cmp.Compare(a[0].FirstDay, b[0].FirstDay))
	})
	return groups
}

func (r *reference) group(group []evidence) {
	rule := r.rules[group[0].Kind]
	link := func(e, other evidence, outcome Outcome, reason string) {
		r.links = append(r.links, told{e.Account, other.Account, e.Kind, e.Value, outcome, reason, max(e.FirstDay, other.FirstDay)})
	}
	perChannel := map[uint16]int{}
	for _, e := range group {
		perChannel[e.Channel]++
	}
	reason := ""
	if most := slices.Max(slices.Collect(maps.Values(perChannel))); rule.AccountsPerChannel > 0 && most > rule.AccountsPerChannel {
		reason = fmt.Sprintf("more than %d accounts of one channel have this %s", rule.AccountsPerChannel, rule.Kind)
	}
	if rule.AccountsPerValue > 0 && len(group) > rule.AccountsPerValue {
		reason = fmt.Sprintf("more than %d accounts have this %s", rule.AccountsPerValue, rule.Kind)
	}
	if reason != "" {
		for i, e := range group {
			r.shared[e] = true
			if i > 0 {
				link(e, group[0], Quarantined, reason)
			}
		}
		return
	}
	firsts := []evidence{group[0]} // of each customer that did not become one with an older one
	for _, e := range group[1:] {
		with := slices.ContainsFunc(firsts, func(first evidence) bool { return r.customer[first.Account] == r.customer[e.Account] })
		for i := 0; i < len(firsts) && !with; i++ {
			a, b := r.customer[firsts[i].Account], r.customer[e.Account]
			if problem := r.conflict(a, b); problem != "" {
				link(e, firsts[i], Refused, problem)
				continue
			}
			r.join(a, b, int(e.Kind))
			link(e, firsts[i], Merged, "")
			with = true
		}
		if !with {
			firsts = append(firsts, e)
		}
	}
}

// drawRules draws rules of four kinds, with limits that small cases break.
func drawRules(t *rapid.T) []Rule {
	rules := make([]Rule, 4)
	for i := range rules {
		rules[i] = Rule{
			Kind: fmt.Sprint("kind", i), Trust: rapid.IntRange(0, 3).Draw(t, "trust"), ValuesPerCustomer: rapid.IntRange(0, 2).Draw(t, "values per customer"),
			AccountsPerValue: rapid.SampledFrom([]int{0, 0, 2, 4}).Draw(t, "accounts per value"), AccountsPerChannel: rapid.SampledFrom([]int{0, 0, 1, 2}).Draw(t, "accounts per channel"),
			ValidDays: rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "valid days"),
		}
	}
	return append(rules, Rule{Kind: overrideKind})
}

func drawEvidence(t *rapid.T, accounts int) (all []evidence) {
	have := map[[3]int]bool{}
	for range rapid.IntRange(0, 40).Draw(t, "evidence") {
		account, kind, value := rapid.IntRange(0, accounts-1).Draw(t, "account"), rapid.IntRange(0, 3).Draw(t, "kind"), rapid.IntRange(0, 5).Draw(t, "value")
		if have[[3]int{account, kind, value}] {
			continue
		}
		have[[3]int{account, kind, value}] = true
		e := seen(account, kind, value, account%3)
		e.FirstDay = int32(rapid.IntRange(0, 12).Draw(t, "first day"))
		e.LastDay = e.FirstDay + int32(rapid.IntRange(0, 4).Draw(t, "days"))
		if value == 5 {
			e.Status = Junk
		}
		all = append(all, e)
	}
	return all
}

func drawDecisions(t *rapid.T, accounts int) (decisions []Decision) {
	for range rapid.IntRange(0, 4).Draw(t, "decisions") {
		decisions = append(decisions, Decision{
			Account: uint32(rapid.IntRange(0, accounts-1).Draw(t, "one")), Other: uint32(rapid.IntRange(0, accounts-1).Draw(t, "other")),
			Apart: rapid.Bool().Draw(t, "apart"), Day: int32(rapid.IntRange(0, 12).Draw(t, "day")),
		})
	}
	return decisions
}

// TestMergeAgainstTheRules compares with the reference, for any rules, evidence and decisions.
func TestMergeAgainstTheRules(t *testing.T) {
	outcomes := map[Outcome]int{}
	rapid.Check(t, func(t *rapid.T) {
		accounts, rules := rapid.IntRange(1, 14).Draw(t, "accounts"), drawRules(t)
		all, decisions := drawEvidence(t, accounts), drawDecisions(t, accounts)
		want := refer(accounts, rules, all, decisions)
		graph := graphOf(accounts, rules, all)
		got := graph.Merge(decisions, Likeness{})
		for account, root := range got.Root {
			if int(root) != want.customer[account] {
				t.Fatalf("roots %v, want %v", got.Root, want.customer)
			}
		}
		if !slices.Equal(got.JoinedBy, want.joinedBy) || !slices.Equal(got.Refused, want.refused) {
			t.Fatalf("joined by %v, refused %q; want %v, %q", got.JoinedBy, got.Refused, want.joinedBy, want.refused)
		}
		if told := tellAll(graph, got.Links); !slices.Equal(told, want.links) {
			t.Fatalf("links\n%+v\nwant\n%+v", told, want.links)
		}
		if len(got.Shared) != len(want.shared) {
			t.Fatalf("%d edges are shared, want %d", len(got.Shared), len(want.shared))
		}
		for _, link := range got.Links {
			outcomes[link.Outcome]++
		}
	})
	for _, outcome := range []Outcome{Merged, Refused, Quarantined} {
		if outcomes[outcome] == 0 {
			t.Errorf("no link was %s: this proves nothing", outcome)
		}
	}
}
