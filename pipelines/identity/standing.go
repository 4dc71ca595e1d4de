package identity

// Standing is what the next merge has to know of this one besides its result, so that it can do a part of it again and leave the rest.
type Standing struct {
	// Component gives each account the oldest one of all that values, decisions or likeness lead to from it, whatever came of the links. Nothing that
	// happens to the accounts of one component changes what is decided in another. A crowd leads nowhere: it joins nobody.
	Component []uint32
	Crowds    []Crowd
	Spread    spread
}

// Crowd is a value that too many accounts have, whoever they are.
type Crowd struct {
	Value, First uint32 // First is the oldest account that has it
	Accounts     int
}

// nobody is no account.
const nobody = ^uint32(0)

// Standing computes it from what was merged.
func (g *Graph) Standing(decisions []Decision, likeness Likeness) Standing {
	holders, components := g.holders(), newForest(len(g.channels))
	standing := Standing{Spread: g.spreadOf(holders)}
	firsts := make([]uint32, len(holders))
	leads := make([]bool, len(holders))
	for value, count := range holders {
		value := uint32(value)
		firsts[value] = nobody
		leads[value] = g.links(value) && !g.isCrowd(value, g.accountsOf(value, count))
	}
	for edge, value := range g.edgeValue {
		account, first := g.edgeAccount[edge], firsts[value]
		if leads[value] && first != nobody {
			components.unite(account, first)
		}
		firsts[value] = min(account, first)
	}
	for value, count := range holders {
		if value := uint32(value); count > 0 && !leads[value] && g.links(value) {
			standing.Crowds = append(standing.Crowds, Crowd{value, firsts[value], g.accountsOf(value, count)})
		}
	}
	for _, decision := range decisions {
		components.unite(decision.Account, decision.Other)
	}
	for _, pairs := range [][]Similar{likeness.Pairs, likeness.Against} {
		for _, pair := range pairs {
			components.unite(pair.Account, pair.Other)
		}
	}
	standing.Component = components.roots()
	return standing
}
