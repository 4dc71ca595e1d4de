package identity

import (
	"cmp"
	"fmt"
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
	// Edge is the evidence that made the link known: of the two that show the value the one that came later, which is that of Account if neither did. NoEdge where none is meant.
	Edge  uint32
	Value uint32 // NoValue where none is meant
	// Day is when the link became known: when the later of the two was first seen with the value.
	Day     int32
	Kind    uint8
	Outcome Outcome
	// Score is how likely the two are one person, in bits, where they are only alike.
	Score  float64
	Reason string
}

// NoEdge and NoValue stand for the evidence of a link that a person decided on.
const (
	NoEdge  = ^uint32(0)
	NoValue = ^uint32(0)
)

// Result is who is one customer with whom.
type Result struct {
	// Root gives each account the oldest account of its customer.
	Root []uint32
	// JoinedBy is the rule by which an account came to its customer, -1 for an account that came by none.
	JoinedBy []int16
	Links    []Link
	// Shared are the edges whose value is on too many accounts.
	Shared []uint32
	// Refused says, by decision, why it could not be followed; empty where it was.
	Refused []string
}

// Merge joins accounts that a person says are one, and then those that share a strong identifier. It depends on the set of evidence only, not
// on its order: values are taken by trust and then by the seniority of their accounts. A link that would give a customer more values of a kind
// than the rule allows, or would join two whom a person keeps apart, is refused and listed: so the weaker of two links that contradict loses.
// The last of the rules is that of decisions, the one before it that of likeness, which is followed last.
func (g *Graph) Merge(decisions []Decision, likeness Likeness) Result {
	accounts := len(g.channels)
	holdings := make(chan *holdings, 1)
	go func() { holdings <- g.holdings() }()
	groups := g.grouped()
	merger := &merger{
		graph: g, groups: groups, forest: newForest(accounts), held: <-holdings, raised: map[rootKind]int{}, apart: map[uint32][]uint32{},
		doubted: map[uint32][]doubted{}, reasons: map[rootKind]string{}, perChannel: map[uint16]int{},
		result: Result{JoinedBy: make([]int16, accounts), Links: make([]Link, 0, groups.pairs())},
	}
	for i := range merger.result.JoinedBy {
		merger.result.JoinedBy[i] = -1
	}
	merger.decide(decisions)
	merger.doubt(likeness)
	for start := 0; start < len(groups.all); start += lookAhead {
		some := groups.all[start:min(len(groups.all), start+lookAhead)]
		merger.ahead(some)
		for _, one := range some {
			merger.join(one)
		}
	}
	merger.alike(likeness)
	merger.result.Root = merger.forest.roots()
	return merger.result
}

type rootKind struct {
	root uint32
	kind uint8
}

type merger struct {
	graph  *Graph
	groups *groups
	forest *forest
	held   *holdings
	// raised is how many values of a kind a customer may have, by root, since a person joined accounts that had more than the rule allows.
	raised map[rootKind]int
	apart  map[uint32][]uint32 // by root: accounts that a person keeps apart from it
	// doubted are, by root, accounts of other people by their names; described tells by account that an export names its person, which
	// counts where anybody's are contested.
	doubted   map[uint32][]doubted
	described []bool
	contested bool
	result    Result
	// reasons are texts by limit and kind: many links are refused for one reason.
	reasons map[rootKind]string
	// What is used for one group and again for the next.
	perChannel map[uint16]int
	roots      []uint32
	firsts     []uint64
	touched    uint32 // a sum of what was looked at, so that looking is not left out
}

// ahead looks at what the first two accounts of groups are to be joined by.
func (m *merger) ahead(some []group) {
	for _, one := range some {
		for _, entry := range m.groups.entries[one.start : one.start+2] {
			m.touched += m.forest.parent[accountOf(entry)] + m.held.first[accountOf(entry)] + uint32(m.graph.firstDay[edgeOf(entry)])
		}
	}
	for _, one := range some {
		for _, entry := range m.groups.entries[one.start : one.start+2] {
			if first := m.held.first[m.forest.parent[accountOf(entry)]]; first > 0 {
				m.touched += m.held.all[first-1].key
			}
		}
	}
}

// mostTried is how many customers an account tries to join for one value. It bounds what a value costs that is on very many accounts, none of
// which may be one customer: rules that let a value join more accounts than this are rare.
const mostTried = 100

// join joins the accounts of one value, each to the oldest customer among them that will have it.
func (m *merger) join(one group) {
	entries := m.groups.of(one)
	if reason := m.tooMany(one, entries); reason != "" {
		m.quarantine(one, entries, reason)
		return
	}
	entries = m.namedFirst(one.value, entries)
	m.roots = append(m.roots[:0], m.forest.root(accountOf(entries[0])))
	m.firsts = append(m.firsts[:0], entries[0])
	for _, entry := range entries[1:] {
		if !m.joinAny(one.value, entry) && len(m.roots) < mostTried {
			m.roots, m.firsts = append(m.roots, m.forest.root(accountOf(entry))), append(m.firsts, entry)
		}
	}
}

// joinAny tries the customers in order of seniority. It is true if the account is now, or was already, with one of them.
func (m *merger) joinAny(value uint32, entry uint64) bool {
	own := m.forest.root(accountOf(entry))
	for _, root := range m.roots {
		if m.forest.root(root) == own {
			return true
		}
	}
	unclear := m.unclear(value, accountOf(entry))
	for i, root := range m.roots {
		root = m.forest.root(root)
		link := m.link(value, entry, m.firsts[i])
		if link.Reason = cmp.Or(m.conflict(root, own), m.namesDiffer(link.Kind, root, own), unclear); link.Reason == "" {
			m.unite(root, own, link.Kind)
			m.result.Links = append(m.result.Links, link)
			return true
		}
		link.Outcome = Refused
		m.result.Links = append(m.result.Links, link)
	}
	return false
}

func (m *merger) link(value uint32, entry, other uint64) Link {
	g, later := m.graph, edgeOf(entry)
	if g.firstDay[edgeOf(other)] > g.firstDay[later] {
		later = edgeOf(other)
	}
	return Link{Account: accountOf(entry), Other: accountOf(other), Edge: later, Value: value, Kind: g.kinds[value], Day: g.firstDay[later]}
}

// tooMany says why a value is taken for a shared one, if it is. How many accounts have it is not told: each one more would change the links of all.
func (m *merger) tooMany(one group, entries []uint64) string {
	rule, accounts := m.graph.rule(one.value), m.graph.accountsOf(one.value, one.count)
	if rule.AccountsPerValue > 0 && accounts > rule.AccountsPerValue {
		return fmt.Sprintf("more than %d accounts have this %s", rule.AccountsPerValue, rule.Kind)
	}
	if most := m.graph.crowds[m.graph.kinds[one.value]]; accounts > most {
		return fmt.Sprintf("more than %d accounts have this %s: far more than others of its kind", most, rule.Kind)
	}
	if rule.AccountsPerChannel == 0 || len(entries) <= rule.AccountsPerChannel {
		return ""
	}
	clear(m.perChannel)
	for _, entry := range entries {
		channel := m.graph.channels[accountOf(entry)]
		m.perChannel[channel]++
		if m.perChannel[channel] > rule.AccountsPerChannel {
			return fmt.Sprintf("more than %d accounts of one channel have this %s", rule.AccountsPerChannel, rule.Kind)
		}
	}
	return ""
}

func (m *merger) quarantine(one group, entries []uint64, reason string) {
	for i, entry := range entries {
		m.result.Shared = append(m.result.Shared, edgeOf(entry))
		if i > 0 {
			link := m.link(one.value, entry, entries[0])
			link.Edge, link.Outcome, link.Reason = edgeOf(entry), Quarantined, reason // what stands for a crowd is not always read
			m.result.Links = append(m.result.Links, link)
		}
	}
}

// conflict says which limit, or which decision, a customer made of both would break.
func (m *merger) conflict(a, b uint32) string {
	if m.keptApart(a, b) {
		return "a decision keeps the two apart"
	}
	kind, broken := m.held.over(a, b, func(kind uint8) int { return m.limit(kind, a, b) })
	if !broken {
		return ""
	}
	limit := m.limit(kind, a, b)
	key := rootKind{uint32(limit), kind} //nolint:gosec // a limit is small
	if m.reasons[key] == "" {
		m.reasons[key] = fmt.Sprintf("one customer would have %d values of %s, more than %d", limit+1, m.graph.rules[kind].Kind, limit)
	}
	return m.reasons[key]
}

func (m *merger) limit(kind uint8, a, b uint32) int {
	limit := m.graph.rules[kind].ValuesPerCustomer
	if len(m.raised) == 0 {
		return limit
	}
	return max(limit, m.raised[rootKind{a, kind}], m.raised[rootKind{b, kind}])
}

func (m *merger) unite(a, b uint32, kind uint8) {
	older, younger := min(a, b), max(a, b)
	m.held.unite(older, younger)
	m.keepRaised(older, younger)
	m.keepDoubted(older, younger)
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
	for i := range m.graph.rules {
		kind := uint8(i)
		if raised := m.raised[rootKind{younger, kind}]; raised > m.raised[rootKind{older, kind}] {
			m.raised[rootKind{older, kind}] = raised
		}
	}
}
