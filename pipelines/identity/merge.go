package identity

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Hash is a keyed hash of a normalised value: the value itself is not kept.
type Hash [16]byte

// Rule says what one kind of identifier may do.
type Rule struct {
	Kind string
	// Trust orders the kinds: lower links first. 0 never links, it only limits (two birthdays are two people).
	Trust int
	// ValuesPerCustomer is how many distinct values one customer may hold; 0: any number.
	ValuesPerCustomer int
	// AccountsPerValue and AccountsPerChannel are how many accounts one value may join, in all and in one channel, before it is
	// taken for a shared one (a shop's phone, a family tablet); 0: any number.
	AccountsPerValue   int
	AccountsPerChannel int
}

// Evidence is one value seen on one account. Accounts are numbered by seniority.
type Evidence struct {
	Account uint32
	Channel uint16
	Kind    uint8 // index into the rules
	Status  Status
	Value   Hash
	Number  int64 // of the evidence row, to find file and line again
}

// Outcome is what became of a link between two accounts.
type Outcome uint8

// The outcomes, in the words of identity.merges.
const (
	Merged Outcome = iota
	Refused
	Quarantined
)

func (o Outcome) String() string { return [...]string{"merged", "refused", "quarantined"}[o] }

// Link is a decision: two accounts shared a value, and this came of it.
type Link struct {
	Account, Other uint32
	Evidence       int64 // of Account
	Kind           uint8
	Value          Hash
	Outcome        Outcome
	Reason         string
}

// Result is who is one customer with whom.
type Result struct {
	// Root gives each account the oldest account of its customer.
	Root []uint32
	// JoinedBy is the rule by which an account came to its customer, -1 for an account that came by none.
	JoinedBy []int16
	Links    []Link
	// Shared are the evidence numbers whose value is on too many accounts.
	Shared []int64
}

// Merge joins accounts that share a strong identifier. It depends on the set of evidence only, not on its order: values are taken
// by trust and then by the seniority of their accounts. A link that would give a customer more values of a kind than the rule
// allows is refused and listed.
func Merge(accounts int, rules []Rule, evidence []Evidence) Result {
	merger := &merger{
		rules: rules, forest: newForest(accounts), limited: map[uint32][]held{},
		result: Result{JoinedBy: make([]int16, accounts)},
	}
	for i := range merger.result.JoinedBy {
		merger.result.JoinedBy[i] = -1
	}
	merger.holdLimits(evidence)
	for _, group := range merger.groups(evidence) {
		merger.group(group)
	}
	merger.result.Root = make([]uint32, accounts)
	for i := range merger.result.Root {
		merger.result.Root[i] = merger.forest.root(uint32(i))
	}
	return merger.result
}

// held is a value that counts against a customer's limit.
type held struct {
	kind  uint8
	value Hash
}

func (h held) compare(other held) int {
	return cmp.Or(cmp.Compare(h.kind, other.kind), bytes.Compare(h.value[:], other.value[:]))
}

type merger struct {
	rules   []Rule
	forest  *forest
	limited map[uint32][]held // by root, sorted, distinct
	result  Result
}

func (m *merger) holdLimits(evidence []Evidence) {
	for _, e := range evidence {
		if e.Status == Used && m.rules[e.Kind].ValuesPerCustomer > 0 {
			m.limited[e.Account] = append(m.limited[e.Account], held{e.Kind, e.Value})
		}
	}
	for account, values := range m.limited {
		slices.SortFunc(values, held.compare)
		m.limited[account] = slices.Compact(values)
	}
}

// groups gives the accounts of each value that links, most trusted kinds first, then oldest accounts first.
func (m *merger) groups(evidence []Evidence) [][]Evidence {
	linking := slices.DeleteFunc(slices.Clone(evidence), func(e Evidence) bool { return e.Status != Used || m.rules[e.Kind].Trust == 0 })
	slices.SortFunc(linking, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), bytes.Compare(a.Value[:], b.Value[:]), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Number, b.Number))
	})
	linking = slices.CompactFunc(linking, func(a, b Evidence) bool {
		return a.Kind == b.Kind && a.Value == b.Value && a.Account == b.Account
	})
	var groups [][]Evidence
	for len(linking) > 0 {
		end := 1
		for end < len(linking) && linking[end].Kind == linking[0].Kind && linking[end].Value == linking[0].Value {
			end++
		}
		if end > 1 {
			groups = append(groups, linking[:end])
		}
		linking = linking[end:]
	}
	slices.SortFunc(groups, func(a, b []Evidence) int {
		return cmp.Or(cmp.Compare(m.rules[a[0].Kind].Trust, m.rules[b[0].Kind].Trust), cmp.Compare(a[0].Account, b[0].Account),
			cmp.Compare(a[1].Account, b[1].Account), cmp.Compare(a[0].Kind, b[0].Kind), bytes.Compare(a[0].Value[:], b[0].Value[:]))
	})
	return groups
}

// group joins the accounts of one value, each to the oldest customer among them that will have it.
func (m *merger) group(group []Evidence) {
	if reason := m.tooMany(group); reason != "" {
		m.quarantine(group, reason)
		return
	}
	roots := []uint32{m.forest.root(group[0].Account)}
	firsts := []Evidence{group[0]}
	for _, e := range group[1:] {
		if !m.joinAny(e, roots, firsts) {
			roots, firsts = append(roots, m.forest.root(e.Account)), append(firsts, e)
		}
	}
}

// joinAny tries the customers in order of seniority. It is true if the account is now, or was already, with one of them.
func (m *merger) joinAny(e Evidence, roots []uint32, firsts []Evidence) bool {
	own := m.forest.root(e.Account)
	for _, root := range roots {
		if m.forest.root(root) == own {
			return true
		}
	}
	for i, root := range roots {
		link := Link{Account: e.Account, Other: firsts[i].Account, Evidence: e.Number, Kind: e.Kind, Value: e.Value}
		if link.Reason = m.conflict(m.forest.root(root), own); link.Reason == "" {
			m.join(m.forest.root(root), own, e)
			m.result.Links = append(m.result.Links, link)
			return true
		}
		link.Outcome = Refused
		m.result.Links = append(m.result.Links, link)
	}
	return false
}

// tooMany says why a value is taken for a shared one, if it is.
func (m *merger) tooMany(group []Evidence) string {
	rule := m.rules[group[0].Kind]
	if rule.AccountsPerValue > 0 && len(group) > rule.AccountsPerValue {
		return fmt.Sprintf("%d accounts have this %s, more than %d", len(group), rule.Kind, rule.AccountsPerValue)
	}
	perChannel := map[uint16]int{}
	for _, e := range group {
		perChannel[e.Channel]++
		if rule.AccountsPerChannel > 0 && perChannel[e.Channel] > rule.AccountsPerChannel {
			return fmt.Sprintf("more than %d accounts of one channel have this %s", rule.AccountsPerChannel, rule.Kind)
		}
	}
	return ""
}

func (m *merger) quarantine(group []Evidence, reason string) {
	for i, e := range group {
		m.result.Shared = append(m.result.Shared, e.Number)
		if i > 0 {
			m.result.Links = append(m.result.Links, Link{
				Account: e.Account, Other: group[0].Account, Evidence: e.Number, Kind: e.Kind,
				Value: e.Value, Outcome: Quarantined, Reason: reason,
			})
		}
	}
}

// conflict says which limit a customer made of both would break.
func (m *merger) conflict(a, b uint32) string {
	counts := map[uint8]int{}
	for _, value := range union(m.limited[a], m.limited[b]) {
		counts[value.kind]++
		if limit := m.rules[value.kind].ValuesPerCustomer; counts[value.kind] > limit {
			return fmt.Sprintf("one customer would have %d values of %s, more than %d", counts[value.kind], m.rules[value.kind].Kind, limit)
		}
	}
	return ""
}

func (m *merger) join(a, b uint32, e Evidence) {
	older, younger := min(a, b), max(a, b)
	if values := union(m.limited[a], m.limited[b]); len(values) > 0 {
		m.limited[older] = values
		delete(m.limited, younger)
	}
	m.forest.join(older, younger)
	// The younger customer's id is the one that becomes an alias: the link is the reason why.
	m.result.JoinedBy[younger] = int16(e.Kind)
}

// union merges two sorted, distinct lists.
func union(a, b []held) []held {
	merged := append(slices.Clone(a), b...)
	slices.SortFunc(merged, held.compare)
	return slices.Compact(merged)
}
