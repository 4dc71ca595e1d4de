// Package linkage is a Fellegi–Sunter model of which records are of one person (Fellegi and Sunter 1969), fitted without labels.
//
// Each pair of records has a pattern: per field the level of agreement, from equal to different, or missing, which counts neither way. m is
// the probability of a level among pairs of one person, u among others, and the weight of a level is log2(m/u) (Winkler). u is counted over
// random pairs, m found by expectation maximisation per blocking rule, the fields blocked on held out; both begin from fixed figures that
// count as some pairs do, so that a few records suffice (Enamorado, Fifield and Imai 2019 have such priors).
//
// Pairs that are not of one person are of two kinds: strangers, and people of one household, who agree on surname, address and phone as
// one person does, and on given name, birthday and numbers no more than strangers. The second kind keeps families apart.
//
// Among things there are, in place of households, things of one kind: of one author, of like names, of one maker. Each blocking rule brings one such kind
// together, and how its pairs agree on what the rule does not hold is learnt there, as m is.
//
// Values are integers into a dictionary per field; nothing here depends on the order of pairs or the number of threads.
package linkage

import (
	"math"
	"slices"
)

// Level is one degree of agreement, with the m and u that are believed before any data is seen.
type Level struct {
	Name string
	M, U float64
	// Fixed keeps M and U as they are: what two masked phones that fit are worth is arithmetic of digits, and how many pairs meet a mask hangs on
	// which channels are compared and not on who is who.
	Fixed bool
}

// Field is one thing that is compared.
type Field struct {
	Name string
	// Levels are from best to "different"; at most 14.
	Levels []Level
	// Compare gives the level of two different, known values; -1: they say nothing.
	Compare func(a, b string) int
	// Partial, if set, tells of values that say a part only, such as a city without a district: two that are equal are compared like others, and
	// are not the same value. Of masked values (张*) that is known.
	Partial func(value string) bool
	// Household is the share of people of one household who agree on it because they are one household.
	Household float64
	// Differs bounds the m of the last level, if it is not 0: a person is born once, and a fit that says otherwise has taken namesakes for one.
	Differs float64
	// Chance: that two agree never speaks for them: m of the first of two levels is no more than u, and believed to be a tenth of its odds. Which channels
	// a brand has decides how often accounts are of one, and most people have one account of each.
	Chance bool
	// Frequency: agreement on a rare value weighs more than on a common one.
	Frequency bool
}

// Table is the records: per field a dictionary and each record's place in it, -1 where the value is not known.
type Table struct {
	Fields []Field
	Words  [][]string
	Codes  [][]int32
	// Given and Surname are fields whose values may have been exchanged, with the level that says so; nil where there are none.
	Swap *Swap
	// Echo is a field that may say again what another one says; nil where there is none.
	Echo *Echo
	// Owner is the account of each record: records of one account are one person, follow each other, and are not compared. Nil: each is its own.
	Owner []int32
}

// Swap names the two fields of a name.
type Swap struct{ Given, Surname, Level int }

// Echo is a field whose values may hold the value of another one, as an e-mail address holds a name: two that agree in that agree for one reason,
// which must not count twice. Rests are what is left of each record's value without it, -1 where it does not hold it, into Words.
type Echo struct {
	Field   int
	Words   []string
	Rests   []int32
	Compare func(a, b string) int
}

// Records is how many there are.
func (t *Table) Records() int {
	if len(t.Codes) == 0 {
		return 0
	}
	return len(t.Codes[0])
}

// OwnerOf gives a record's account.
func (t *Table) OwnerOf(record int32) int32 {
	if t.Owner == nil {
		return record
	}
	return t.Owner[record]
}

// RecordsOf gives the first record of an account, and the one behind its last, where records have owners.
func (t *Table) RecordsOf(owner int32) (first, end int32) {
	from, _ := slices.BinarySearch(t.Owner, owner)
	to, _ := slices.BinarySearch(t.Owner, owner+1)
	return int32(from), int32(to) //nolint:gosec // records are numbered by int32
}

// Pattern packs the levels of a pair, four bits per field: 0 is missing, else the level plus one.
type Pattern uint64

// Level of a field; -1: missing.
func (p Pattern) Level(field int) int { return int(p>>(4*field)&15) - 1 }

// Without is the pattern of a pair of which the field is not known.
func (p Pattern) Without(field int) Pattern { return p.with(field, -1) }

func (p Pattern) with(field, level int) Pattern {
	return p&^(15<<(4*field)) | Pattern(level+1)<<(4*field)
}

// MostFields is how many fields a pattern has room for.
const MostFields = 16

// Model is what was learnt: m and u per field and level, and how frequent each kind of pair is among all pairs.
type Model struct {
	M, U             [][]float64
	Match, Household float64
	// Kinds are, of things, the kinds of pairs that agree on something and are not one thing; then there are no households.
	Kinds []Kind
}

// Kind is how often pairs are of one kind, among all pairs, and how they agree.
type Kind struct {
	Share float64
	K     [][]float64
}

func log2(x float64) float64 { return math.Log2(x) }

func exp2(x float64) float64 { return math.Exp2(x) }
