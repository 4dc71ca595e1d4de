package linkage

import "strings"

// Comparer finds patterns. It remembers levels that it has found, in a table of fixed size; each goroutine has its own.
type Comparer struct {
	table *Table
	known []remembered
}

type remembered struct {
	key   uint64
	field uint8
	level int8
	used  bool
}

const rememberedBits = 18

// NewComparer starts a comparer over a table.
func NewComparer(table *Table) *Comparer {
	return &Comparer{table: table, known: make([]remembered, 1<<rememberedBits)}
}

// Pattern compares two records.
func (c *Comparer) Pattern(a, b int32) Pattern {
	var pattern Pattern
	for field := range c.table.Fields {
		codes := c.table.Codes[field]
		left, right := codes[a], codes[b]
		switch {
		case left < 0 || right < 0:
		case left == right && !c.partial(field, left):
			pattern = pattern.with(field, 0)
		default:
			pattern = pattern.with(field, c.level(field, left, right))
		}
	}
	if swap := c.table.Swap; swap != nil {
		return c.swapped(pattern, swap, a, b)
	}
	return pattern
}

// partial values that are equal are not the same: 张* and 张* may be two people.
func (c *Comparer) partial(field int, code int32) bool {
	word := c.table.Words[field][code]
	if partial := c.table.Fields[field].Partial; partial != nil && partial(word) {
		return true
	}
	return strings.IndexByte(word, '*') >= 0
}

func (c *Comparer) level(field int, left, right int32) int {
	if left > right {
		left, right = right, left
	}
	key := uint64(left)<<32 | uint64(uint32(right))
	place := &c.known[mix(key+uint64(field)<<58)>>(64-rememberedBits)]
	if place.used && place.key == key && int(place.field) == field {
		return int(place.level)
	}
	words := c.table.Words[field]
	level := c.table.Fields[field].Compare(words[left], words[right])
	*place = remembered{key: key, field: uint8(field), level: int8(level), used: true}
	return level
}

// swapped looks for names entered in each other's column. Both must agree crosswise; then the given name has the level that says so, and the
// surname counts as missing, since the one level speaks for both.
func (c *Comparer) swapped(pattern Pattern, swap *Swap, a, b int32) Pattern {
	last := len(c.table.Fields[swap.Given].Levels) - 1
	if pattern.Level(swap.Given) != last || pattern.Level(swap.Surname) != last {
		return pattern
	}
	given, surname := c.table.Words[swap.Given], c.table.Words[swap.Surname]
	compare := c.table.Fields[swap.Surname].Compare
	crossed := func(a, b int32) bool {
		left, right := given[c.table.Codes[swap.Given][a]], surname[c.table.Codes[swap.Surname][b]]
		return left == right || compare(left, right) <= 2
	}
	if crossed(a, b) && crossed(b, a) {
		return pattern.with(swap.Given, swap.Level).with(swap.Surname, -1)
	}
	return pattern
}

// mix spreads the bits of a number (SplitMix64, Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
