package identity

// decide follows what people decided. Whom they keep apart stays apart whatever joins them, also a decision of somebody else; whom they join is
// joined beyond the limits of the rules, which no evidence may do.
func (m *merger) decide(decisions []Decision) {
	m.result.Refused = make([]string, len(decisions))
	for _, decision := range decisions {
		if decision.Apart {
			m.apart[decision.Account] = append(m.apart[decision.Account], decision.Other)
			m.apart[decision.Other] = append(m.apart[decision.Other], decision.Account)
		}
	}
	for i, decision := range decisions {
		m.result.Refused[i] = m.follow(decision)
	}
}

// follow says why a decision cannot be followed, if so.
func (m *merger) follow(decision Decision) string {
	a, b := m.forest.root(decision.Account), m.forest.root(decision.Other)
	switch {
	case decision.Account == decision.Other && decision.Apart:
		return "an account cannot be kept apart from itself"
	case decision.Apart || a == b:
		return ""
	case m.keptApart(a, b):
		return "another decision keeps the two customers apart"
	}
	kind := uint8(len(m.graph.rules) - 1)
	m.raise(a, b)
	m.unite(a, b, kind)
	m.result.Links = append(m.result.Links, Link{
		Account: max(decision.Account, decision.Other), Other: min(decision.Account, decision.Other), Edge: NoEdge, Value: NoValue,
		Kind: kind, Day: decision.Day,
	})
	return ""
}

// raise lets the customer that two become keep the values that both have.
func (m *merger) raise(a, b uint32) {
	older, counts := min(a, b), m.held.counts(a, b, len(m.graph.rules))
	for kind := range m.graph.rules {
		if kind, count := uint8(kind), counts[kind]; count > m.limit(kind, a, b) {
			m.raised[rootKind{older, kind}] = count
		}
	}
}

// keptApart says whether a person keeps an account of one customer apart from one of the other.
func (m *merger) keptApart(a, b uint32) bool {
	fewer, other := a, b
	if len(m.apart[b]) < len(m.apart[a]) {
		fewer, other = b, a
	}
	for _, account := range m.apart[fewer] {
		if m.forest.root(account) == other {
			return true
		}
	}
	return false
}
