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
	// ValidDays is how long after it was last seen on one account a value still joins another: a number that a platform lends out for a deal
	// is somebody else's later. 0: for ever.
	ValidDays int
}

// Evidence is one value seen on one account. Accounts are numbered by seniority.
type Evidence struct {
	Account uint32
	Channel uint16
	Kind    uint8 // index into the rules
	Status  Status
	Value   Hash
	Number  int64 // of the evidence row, to find file and line again
	// FirstDay and LastDay are when the value was seen on the account, as days since 1970-01-01.
	FirstDay, LastDay int32
}

// Decision is what a person says of two accounts, which goes before all evidence.
type Decision struct {
	Account, Other uint32
	Apart          bool  // they are two people; otherwise they are one
	Day            int32 // of the decision, since 1970-01-01
}

// Outcome is what became of a link between two accounts.
type Outcome uint8

// The outcomes, in the words of identity.merges.
const (
	Merged Outcome = iota
	Refused
	Quarantined
	Review // likely, and not certain enough: for a person to decide
)

func (o Outcome) String() string { return [...]string{"merged", "refused", "quarantined", "review"}[o] }

// Link is a decision: two accounts shared a value, and this came of it.
type Link struct {
	Account, Other uint32
	Evidence       int64 // of Account; NoEvidence where none is meant
	Kind           uint8
	Value          Hash
	Outcome        Outcome
	Reason         string
	// Day is when the link became known: when the later of the two was first seen with the value.
	Day int32
	// Score is how likely the two are one person, in bits, where they are only alike.
	Score float64
}

// NoEvidence stands for the evidence of a link that a person decided on.
const NoEvidence = -1

// Result is who is one customer with whom.
type Result struct {
	// Root gives each account the oldest account of its customer.
	Root []uint32
	// JoinedBy is the rule by which an account came to its customer, -1 for an account that came by none.
	JoinedBy []int16
	Links    []Link
	// Shared are the evidence numbers whose value is on too many accounts.
	Shared []int64
	// Refused says, by decision, why it could not be followed; empty where it was.
	Refused []string
}

// Merge joins accounts that a person says are one, and then those that share a strong identifier. It depends on the set of evidence only, not
// on its order: values are taken by trust and then by the seniority of their accounts. A link that would give a customer more values of a kind
// than the rule allows, or would join two whom a person keeps apart, is refused and listed: so the weaker of two links that contradict loses.
// The last of the rules is that of decisions, the one before it that of likeness, which is followed last.
func Merge(accounts int, rules []Rule, evidence []Evidence, decisions []Decision, likeness Likeness) Result {
	merger := &merger{
		rules: rules, forest: newForest(accounts), limited: map[uint32][]held{}, raised: map[rootKind]int{}, apart: map[uint32][]uint32{},
		result: Result{JoinedBy: make([]int16, accounts)},
	}
	for i := range merger.result.JoinedBy {
		merger.result.JoinedBy[i] = -1
	}
	merger.holdLimits(evidence)
	merger.decide(decisions)
	for _, group := range merger.groups(evidence) {
		merger.group(group)
	}
	merger.alike(likeness)
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

type rootKind struct {
	root uint32
	kind uint8
}

func (h held) compare(other held) int {
	return cmp.Or(cmp.Compare(h.kind, other.kind), bytes.Compare(h.value[:], other.value[:]))
}

type merger struct {
	rules   []Rule
	forest  *forest
	limited map[uint32][]held // by root, sorted, distinct
	// raised is how many values of a kind a customer may have, by root, since a person joined accounts that had more than the rule allows.
	raised map[rootKind]int
	apart  map[uint32][]uint32 // by root: accounts that a person keeps apart from it
	result Result
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
		for _, group := range m.inTime(linking[:end]) {
			if len(group) > 1 {
				groups = append(groups, group)
			}
		}
		linking = linking[end:]
	}
	slices.SortFunc(groups, func(a, b []Evidence) int {
		return cmp.Or(cmp.Compare(m.rules[a[0].Kind].Trust, m.rules[b[0].Kind].Trust), cmp.Compare(a[0].Account, b[0].Account),
			cmp.Compare(a[1].Account, b[1].Account), cmp.Compare(a[0].Kind, b[0].Kind), bytes.Compare(a[0].Value[:], b[0].Value[:]),
			cmp.Compare(a[0].FirstDay, b[0].FirstDay))
	})
	return groups
}

// inTime parts the accounts of one value where so much time lies between them that the value has changed hands.
func (m *merger) inTime(group []Evidence) [][]Evidence {
	valid := int32(m.rules[group[0].Kind].ValidDays)
	if valid == 0 {
		return [][]Evidence{group}
	}
	byTime := slices.SortedFunc(slices.Values(group), func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(a.FirstDay, b.FirstDay), cmp.Compare(a.Account, b.Account))
	})
	var groups [][]Evidence
	start, last := 0, byTime[0].LastDay
	for i, e := range byTime {
		if e.FirstDay > last+valid {
			groups, start = append(groups, byTime[start:i]), i
		}
		last = max(last, e.LastDay)
	}
	groups = append(groups, byTime[start:])
	for _, part := range groups {
		slices.SortFunc(part, func(a, b Evidence) int { return cmp.Compare(a.Account, b.Account) })
	}
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
		link := Link{Account: e.Account, Other: firsts[i].Account, Evidence: e.Number, Kind: e.Kind, Value: e.Value, Day: max(e.FirstDay, firsts[i].FirstDay)}
		if link.Reason = m.conflict(m.forest.root(root), own); link.Reason == "" {
			m.join(m.forest.root(root), own, e.Kind)
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
				Value: e.Value, Outcome: Quarantined, Reason: reason, Day: max(e.FirstDay, group[0].FirstDay),
			})
		}
	}
}

// conflict says which limit, or which decision, a customer made of both would break.
func (m *merger) conflict(a, b uint32) string {
	if m.keptApart(a, b) {
		return "a decision keeps the two apart"
	}
	counts := map[uint8]int{}
	for _, value := range union(m.limited[a], m.limited[b]) {
		counts[value.kind]++
		if limit := m.limit(value.kind, a, b); counts[value.kind] > limit {
			return fmt.Sprintf("one customer would have %d values of %s, more than %d", counts[value.kind], m.rules[value.kind].Kind, limit)
		}
	}
	return ""
}

func (m *merger) limit(kind uint8, a, b uint32) int {
	return max(m.rules[kind].ValuesPerCustomer, m.raised[rootKind{a, kind}], m.raised[rootKind{b, kind}])
}

func (m *merger) join(a, b uint32, kind uint8) {
	older, younger := min(a, b), max(a, b)
	if values := union(m.limited[a], m.limited[b]); len(values) > 0 {
		m.limited[older] = values
		delete(m.limited, younger)
	}
	m.keepRaised(older, younger)
	if apart := m.apart[younger]; len(apart) > 0 {
		m.apart[older] = append(m.apart[older], apart...)
		delete(m.apart, younger)
	}
	m.forest.join(older, younger)
	// The younger customer's id is the one that becomes an alias: the link is the reason why.
	m.result.JoinedBy[younger] = int16(kind)
}

// keepRaised leaves to the older of two customers what a person let either have. Most brands have no decision, and so nothing to look for.
func (m *merger) keepRaised(older, younger uint32) {
	if len(m.raised) == 0 {
		return
	}
	for i := range m.rules {
		kind := uint8(i)
		if raised := m.raised[rootKind{younger, kind}]; raised > m.raised[rootKind{older, kind}] {
			m.raised[rootKind{older, kind}] = raised
		}
	}
}

// union merges two sorted, distinct lists.
func union(a, b []held) []held {
	merged := append(slices.Clone(a), b...)
	slices.SortFunc(merged, held.compare)
	return slices.Compact(merged)
}
