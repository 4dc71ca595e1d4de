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
	if echo := c.table.Echo; echo != nil {
		pattern = echo.heard(pattern, a, b)
	}
	if swap := c.table.Swap; swap != nil {
		pattern = c.lone(pattern, swap, a, b)
		return c.swapped(pattern, swap, a, b)
	}
	return pattern
}

// heard compares what two values of the field hold beside what another field says. Equal ones stay what they are: they are no coincidence.
func (e *Echo) heard(pattern Pattern, a, b int32) Pattern {
	left, right := e.Rests[a], e.Rests[b]
	if pattern.Level(e.Field) <= 0 || left < 0 || right < 0 {
		return pattern
	}
	return pattern.with(e.Field, e.Compare(e.Words[left], e.Words[right]))
}

// lone looks whether the one name of a record, which stands for both, is the other name of the other record.
func (c *Comparer) lone(pattern Pattern, swap *Swap, a, b int32) Pattern {
	given, surname := c.table.Codes[swap.Given], c.table.Codes[swap.Surname]
	for range 2 {
		switch {
		case given[a] >= 0 && surname[a] < 0 && surname[b] >= 0 && c.differ(pattern, swap.Given):
			if level := c.across(swap, given[a], surname[b]); level >= 0 {
				return pattern.with(swap.Given, -1).with(swap.Surname, level)
			}
		case given[a] < 0 && surname[a] >= 0 && given[b] >= 0 && c.differ(pattern, swap.Surname):
			if level := c.across(swap, given[b], surname[a]); level >= 0 {
				return pattern.with(swap.Surname, -1).with(swap.Given, level)
			}
		}
		a, b = b, a
	}
	return pattern
}

// differ: the names are different, or there is none to compare.
func (c *Comparer) differ(pattern Pattern, field int) bool {
	level := pattern.Level(field)
	return level < 0 || level == len(c.table.Fields[field].Levels)-1
}

// across gives the level of a given name and a surname that may be one name, if they are near.
func (c *Comparer) across(swap *Swap, given, surname int32) int {
	left, right := c.table.Words[swap.Given][given], c.table.Words[swap.Surname][surname]
	if left == right {
		return 0
	}
	if level := c.table.Fields[swap.Surname].Compare(left, right); level >= 0 && level <= nearNames {
		return level
	}
	return -1
}

// nearNames is the last of the levels of names that says that two are near.
const nearNames = 2

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
		return left == right || compare(left, right) <= nearNames
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
