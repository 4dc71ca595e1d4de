package identity

// forest is a union-find over accounts numbered by seniority: account 0 is the oldest. The root of a tree is always its lowest
// number, so that the oldest account of a customer gives the customer its id, in whatever order the links came.
type forest struct {
	parent []uint32
}

func newForest(size int) *forest {
	trees := &forest{parent: make([]uint32, size)}
	for i := range trees.parent {
		trees.parent[i] = uint32(i)
	}
	return trees
}

// root finds the oldest account of the tree, halving the path on its way (Tarjan and van Leeuwen 1984).
func (f *forest) root(account uint32) uint32 {
	for f.parent[account] != account {
		f.parent[account] = f.parent[f.parent[account]]
		account = f.parent[account]
	}
	return account
}

// join puts the tree of the younger root below the older one.
func (f *forest) join(older, younger uint32) { f.parent[younger] = older }

// unite joins the trees of two accounts.
func (f *forest) unite(a, b uint32) {
	if a, b = f.root(a), f.root(b); a != b {
		f.join(min(a, b), max(a, b))
	}
}

// roots gives every account's root. The forest is not to be used after it.
func (f *forest) roots() []uint32 {
	for account, parent := range f.parent {
		f.parent[account] = f.parent[parent] // a parent has the lower number: it is a root's child, or a root, by now
	}
	return f.parent
}
