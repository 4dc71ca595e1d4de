package identity

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/array"
)

// Similar is a pair of accounts without a common identifier that the model of likeness (step similar) takes for one person.
type Similar struct {
	Account, Other uint32
	Weight         float64 // log2 of the odds that they are one person
	// Doubt is why a person has to decide; empty: the pair is sure enough to be merged.
	Doubt string
	Day   int32 // from which on both accounts were there, since 1970-01-01
}

// similarKind is the rule of such pairs, the last but one: after all identifiers, before decisions.
const similarKind = "similar"

// unknownWeight counts for two accounts that could be compared and are not known to be alike: a mean over all pairs of two customers below 0 says
// that one likeness bridges accounts that do not fit.
const unknownWeight, capWeight = -3.0, 12.0

// mostPairs of accounts are looked at to join two customers by likeness: whoever has so many accounts is no person.
const mostPairs = 4096

// Likeness is what is known beside identifiers.
type Likeness struct {
	Pairs []Similar
	// Against are pairs that share a phone or an e-mail address and are two people by their names: such a value joins no customers that hold one of each.
	Against []Similar
	// Contested says that there are pairs Against, also where those of the accounts at hand are none: then it counts whether an account has a name.
	Contested bool
	// Described tells by account that it has what likeness is found by; of others nothing speaks against a pair.
	Described []bool
}

// household tells of kinds of which one value may be of several people who live together.
func household(kind string) bool { return kind == "phone" || kind == lentPhone || kind == "email" }

// doubt notes who is not one person by the names, whatever phone they share.
func (m *merger) doubt(known Likeness) {
	m.described, m.contested = known.Described, known.Contested || len(known.Against) > 0
	for _, pair := range known.Against {
		one, other := m.forest.root(pair.Account), m.forest.root(pair.Other)
		m.doubted[one] = append(m.doubted[one], doubted{pair.Other, pair.Weight})
		m.doubted[other] = append(m.doubted[other], doubted{pair.Account, pair.Weight})
	}
}

// doubted is an account that is another person's, by so many bits.
type doubted struct {
	account uint32
	weight  float64
}

// namesDiffer says why a value of a kind that households share does not join two customers, if so.
func (m *merger) namesDiffer(kind uint8, one, other uint32) string {
	if len(m.doubted) == 0 || !household(m.graph.rules[kind].Kind) {
		return ""
	}
	if len(m.doubted[other]) < len(m.doubted[one]) {
		one, other = other, one
	}
	for _, pair := range m.doubted[one] {
		if m.forest.root(pair.account) == other {
			return fmt.Sprintf("the names are of two people, who share the %s (%.1f bits)", m.graph.rules[kind].Kind, pair.weight)
		}
	}
	return ""
}

// namedFirst puts the accounts whose person has a name before those that have a phone alone: only then it is known whether the phone is of two people.
func (m *merger) namedFirst(value uint32, entries []uint64) []uint64 {
	if !m.contested || !household(m.graph.rule(value).Kind) {
		return entries
	}
	return slices.SortedStableFunc(slices.Values(entries), func(a, b uint64) int {
		return cmp.Compare(number(!m.described[accountOf(a)]), number(!m.described[accountOf(b)]))
	})
}

func number(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// unclear says why an account without a name cannot be told to be of one of several customers who share a value, if so.
func (m *merger) unclear(value, account uint32) string {
	if len(m.roots) < 2 || !m.contested || m.described[account] || !household(m.graph.rule(value).Kind) {
		return ""
	}
	return fmt.Sprintf("the %s is of %d people, and nothing tells whose account this is", m.graph.rule(value).Kind, len(m.roots))
}

// keepDoubted leaves to the older of two customers whom the younger is not.
func (m *merger) keepDoubted(older, younger uint32) {
	if pairs := m.doubted[younger]; len(pairs) > 0 {
		m.doubted[older] = append(m.doubted[older], pairs...)
		delete(m.doubted, younger)
	}
}

// alike joins customers by likeness, the surest pairs first: as the weakest of all links, under every limit and decision. It is the last thing
// that joins, and each customer is by then all that identifiers make it: two are joined only if their accounts fit on the whole.
func (m *merger) alike(known Likeness) {
	if len(known.Pairs) == 0 {
		return
	}
	a := &alike{merger: m, known: known, members: map[uint32][]uint32{}}
	a.byAccounts = slices.Clone(known.Pairs)
	slices.SortFunc(a.byAccounts, compareAccounts)
	for _, pair := range known.Pairs {
		a.members[m.forest.root(pair.Account)], a.members[m.forest.root(pair.Other)] = nil, nil
	}
	for account := range m.forest.parent {
		root := m.forest.root(uint32(account))
		if members, asked := a.members[root]; asked {
			a.members[root] = append(members, uint32(account))
		}
	}
	surest := slices.Clone(a.byAccounts)
	slices.SortStableFunc(surest, func(x, y Similar) int { return -cmp.Compare(x.Weight, y.Weight) })
	for _, pair := range surest {
		a.follow(pair)
	}
}

func compareAccounts(a, b Similar) int {
	return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Other, b.Other))
}

type alike struct {
	*merger
	known      Likeness
	byAccounts []Similar
	members    map[uint32][]uint32 // by root, of customers that a pair names
}

func (a *alike) follow(pair Similar) {
	one, other := a.forest.root(pair.Account), a.forest.root(pair.Other)
	if one == other {
		return
	}
	kind := uint8(len(a.graph.rules) - 2)
	link := Link{
		Account: max(pair.Account, pair.Other), Other: min(pair.Account, pair.Other), Edge: NoEdge, Value: NoValue, Kind: kind, Day: pair.Day,
		Score:   pair.Weight,
		Outcome: Review, Reason: pair.Doubt,
	}
	if reason := a.conflict(one, other); reason != "" {
		link.Outcome, link.Reason = Refused, reason
	} else if pair.Doubt == "" {
		if link.Reason = a.incoherent(one, other); link.Reason == "" {
			link.Outcome = Merged
			a.unite(one, other, kind)
			older, younger := min(one, other), max(one, other)
			a.members[older] = append(a.members[older], a.members[younger]...)
			delete(a.members, younger)
		}
	}
	a.result.Links = append(a.result.Links, link)
}

// incoherent says why two customers do not fit on the whole, if so.
func (a *alike) incoherent(one, other uint32) string {
	left, right := a.members[one], a.members[other]
	if len(left)*len(right) > mostPairs {
		return fmt.Sprintf("the two have %d and %d accounts: too many for likeness to join", len(left), len(right))
	}
	sum, pairs := 0.0, 0
	for _, x := range left {
		for _, y := range right {
			at, found := slices.BinarySearchFunc(a.byAccounts, Similar{Account: max(x, y), Other: min(x, y)}, compareAccounts)
			switch {
			case found:
				sum += min(a.byAccounts[at].Weight, capWeight)
				pairs++
			case a.known.Described[x] && a.known.Described[y]:
				sum += unknownWeight
				pairs++
			}
		}
	}
	if sum < 0 {
		return fmt.Sprintf("the other accounts of the two do not fit: %.1f bits on average", sum/float64(pairs))
	}
	return ""
}

// readLikeness reads the pairs of step similar, and which accounts could be compared.
func (w *work) readLikeness(ctx context.Context) (known Likeness, err error) {
	const pairs = `select one.account, other.account, weight, outcome
from identity.similar as pairs
inner join identity_work.accounts as one on pairs.channel = one.channel and pairs.account_id = one.account_id
inner join identity_work.accounts as other on pairs.other_channel = other.channel and pairs.other_account_id = other.account_id
where not one.is_guest and not other.is_guest`
	err = w.session.ReadArrow(ctx, pairs, func(reader array.RecordReader) error {
		for reader.Next() {
			batch := reader.RecordBatch()
			accounts, others := batch.Column(0).(*array.Uint32), batch.Column(1).(*array.Uint32)
			for row := range int(batch.NumRows()) {
				account, other := accounts.Value(row), others.Value(row)
				pair := Similar{
					Account: max(account, other), Other: min(account, other), Weight: batch.Column(2).(*array.Float64).Value(row),
					Doubt: doubtOf(batch.Column(3).(*array.String).Value(row)), Day: max(w.days[account], w.days[other]),
				}
				if batch.Column(3).(*array.String).Value(row) == "contradiction" {
					known.Against = append(known.Against, pair)
				} else {
					known.Pairs = append(known.Pairs, pair)
				}
			}
		}
		return nil
	})
	if err != nil {
		return known, err
	}
	if known.Contested, err = w.contested(ctx, "identity.similar"); err != nil || len(known.Pairs) == 0 && !known.Contested {
		return known, err
	}
	known.Described = make([]bool, len(w.ids))
	const described = `select distinct account from dataset.accounts inner join identity_work.accounts using (channel, account_id)
where name is not null or family_name is not null`
	err = w.session.ReadArrow(ctx, described, func(reader array.RecordReader) error {
		for reader.Next() {
			for _, account := range reader.RecordBatch().Column(0).(*array.Uint32).Uint32Values() {
				known.Described[account] = true
			}
		}
		return nil
	})
	return known, err
}

// contested says whether some pair of a table stands against each other.
func (w *work) contested(ctx context.Context, similar string) (found bool, err error) {
	err = w.session.QueryRow(ctx, "select count(*) > 0 from "+similar+" where outcome = 'contradiction'").Scan(&found)
	return found, err
}

// doubtOf says why a person has to decide on a pair, by its outcome in identity.similar.
func doubtOf(outcome string) string {
	switch outcome {
	case "accepted":
		return ""
	case "incoherent":
		return "likely, but other accounts stand against it"
	case "conflict":
		return "likely, but the two have different values of something that one person has once"
	}
	return "likely, and not sure enough"
}
