package linkage

// Population is by whom values are counted.
type Population struct {
	// Person numbers the records by what they are taken for so far; nil: each is its own.
	Person []int32
	// Some tells of the records that count; nil: all do.
	Some func(record int32) bool
}

// Frequencies gives, per field and value, the probability that a stranger has the value.
func Frequencies(table *Table, model Model, by Population) [][]float64 {
	frequencies := make([][]float64, len(table.Fields))
	for field, definition := range table.Fields {
		if definition.Frequency {
			people, known := by.count(table, field)
			frequencies[field] = by.frequencies(people, known, model.U[field][0])
		}
	}
	return frequencies
}

// Rare gives, per field, the probability that a stranger has a value with which nobody was seen, or one person, and what each person more adds to it.
func Rare(table *Table, model Model, by Population) (rare, share []float64) {
	rare, share = make([]float64, len(table.Fields)), make([]float64, len(table.Fields))
	for field := range table.Fields {
		_, known := by.count(table, field)
		rare[field], share[field] = by.frequencies([]float64{0}, known, model.U[field][0])[0], 1/max(known, 1)
	}
	return rare, share
}

// count counts the people who have each value.
func (p Population) count(table *Table, field int) (people []float64, known float64) {
	people = make([]float64, len(table.Words[field]))
	seen := make(map[uint64]bool)
	for record, code := range table.Codes[field] {
		if code < 0 || p.Some != nil && !p.Some(int32(record)) { //nolint:gosec // a record's number
			continue
		}
		if p.Person != nil {
			key := uint64(code)<<32 | uint64(uint32(p.Person[record]))
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		people[code]++
		known++
	}
	return people, known
}

// frequencies makes probabilities of counts, of whom one is the person that is compared. A value that one person has may yet be had by another: with the
// probability that the field has in all, but no more than one person would give it; where nobody has a value, with that probability.
func (p Population) frequencies(people []float64, known, u float64) []float64 {
	others := 1.0
	if p.Person == nil {
		others = 2
	}
	least := min(1, u*known)
	if known == 0 {
		least = u
	}
	for code := range people {
		people[code] = (max(people[code]-others, 0) + least) / max(known, 1)
	}
	return people
}
