package identity

import "encoding/binary"

// Graph is the evidence in numbers: which value was seen on which account. Accounts are numbered by seniority, values in the order in which they
// come; both densely, so that all that is kept by account or by value is an array. An edge, one value on one account, takes 16 bytes.
type Graph struct {
	rules []Rule
	// channels gives the channel of each account.
	channels []uint16
	values   dictionary
	// kinds and statuses are by value: what a value is worth does not depend on who has it.
	kinds    []uint8
	statuses []Status
	// The edges, by columns; an edge's number is its place. They come in any order, and each value once on an account.
	edgeAccount, edgeValue []uint32
	firstDay, lastDay      []int32
	// crowds is by kind the most accounts that a value may have and be no crowd; found from the graph if nobody has said it.
	crowds []int
	// everywhere is, by value, on how many accounts it is, of crowds that have more than the graph shows.
	everywhere map[uint32]int
}

// NewGraph makes room for as many edges as are to come. channels gives the channel of each account. The last of the rules is that of decisions.
func NewGraph(rules []Rule, channels []uint16, edges int) *Graph {
	return &Graph{
		rules: rules, channels: channels, values: newDictionary(edges), kinds: make([]uint8, 0, edges), statuses: make([]Status, 0, edges),
		edgeAccount: make([]uint32, edges), edgeValue: make([]uint32, edges), firstDay: make([]int32, edges), lastDay: make([]int32, edges),
	}
}

// Value is a value as the evidence has it: its keyed hash, which is of its kind and scope too, and what it is worth.
type Value struct {
	Hash   Hash
	Kind   uint8 // index into the rules
	Status Status
}

// Number gives values their numbers, which are new ones where they were not seen before.
func (g *Graph) Number(values []Value, numbers []uint32) {
	for start := 0; start < len(values); start += lookAhead {
		some := values[start:min(len(values), start+lookAhead)]
		g.values.ahead(some)
		for i, value := range some {
			number, known := g.values.number(value.Hash)
			if !known {
				g.kinds, g.statuses = append(g.kinds, value.Kind), append(g.statuses, value.Status)
			}
			numbers[start+i] = number
		}
	}
}

// lookAhead is how many places are looked at before they are used. A large graph lies in memory that no cache holds; asked for one after the other
// each place takes a hundred nanoseconds, asked for together a tenth of it.
const lookAhead = 64

// Set says what an edge is: a value seen on an account, from one day to another (since 1970-01-01).
func (g *Graph) Set(edge, account, value uint32, first, last int32) {
	g.edgeAccount[edge], g.edgeValue[edge], g.firstDay[edge], g.lastDay[edge] = account, value, first, last
}

func (g *Graph) rule(value uint32) *Rule { return &g.rules[g.kinds[value]] }

// links says whether sharing a value can join accounts.
func (g *Graph) links(value uint32) bool { return g.statuses[value] == Used && g.rule(value).Trust > 0 }

// dictionary numbers keyed hashes, by open addressing: with 10 million of them a Go map took five times as long. Keyed hashes are evenly spread, so that
// their first bits are their place.
type dictionary struct {
	hashes  []Hash
	slots   []uint32 // a hash's number, plus one; 0 is free. Their count is a power of two.
	touched byte     // a sum of what was looked at, so that looking is not left out
}

func newDictionary(atMost int) dictionary {
	size := 16
	for size*3 < atMost*4 {
		size *= 2
	}
	return dictionary{hashes: make([]Hash, 0, atMost), slots: make([]uint32, size)}
}

// number finds the number of a hash, or gives it the next one.
func (d *dictionary) number(hash Hash) (number uint32, known bool) {
	slot := d.find(hash)
	if taken := d.slots[slot]; taken > 0 {
		return taken - 1, true
	}
	d.hashes = append(d.hashes, hash)
	d.slots[slot] = uint32(len(d.hashes))
	if len(d.hashes)*4 > len(d.slots)*3 {
		d.grow()
	}
	return uint32(len(d.hashes)) - 1, false
}

// ahead looks at the slots of values that are to be numbered, and at what stands there.
func (d *dictionary) ahead(values []Value) {
	var taken [lookAhead]uint32
	last := uint64(len(d.slots) - 1)
	for i := range values {
		taken[i] = d.slots[binary.LittleEndian.Uint64(values[i].Hash[:])&last]
	}
	for i := range values {
		if taken[i] > 0 {
			d.touched += d.hashes[taken[i]-1][0]
		}
	}
}

// find gives the slot that has the hash, or the free one where it would be.
func (d *dictionary) find(hash Hash) uint64 {
	last := uint64(len(d.slots) - 1)
	slot := binary.LittleEndian.Uint64(hash[:]) & last
	for d.slots[slot] > 0 && d.hashes[d.slots[slot]-1] != hash {
		slot = (slot + 1) & last
	}
	return slot
}

func (d *dictionary) grow() {
	d.slots = make([]uint32, 2*len(d.slots))
	for i, hash := range d.hashes {
		d.slots[d.find(hash)] = uint32(i) + 1
	}
}
