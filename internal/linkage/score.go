package linkage

// Pair is two records, the lower one first, that were compared.
type Pair struct {
	A, B    int32
	Pattern Pattern
}

// Scorer gives pairs their weight: log2 of the odds that they are of one person.
type Scorer struct {
	table *Table
	model Model
	// tf is, per field and value, the probability that a stranger has the value.
	tf [][]float64
}

// NewScorer weighs by a model, with the frequencies of values by field; a field without has nil.
func NewScorer(table *Table, model Model, frequencies [][]float64) *Scorer {
	return &Scorer{table: table, model: model, tf: frequencies}
}

// Weight of a pair.
func (s *Scorer) Weight(pair Pair) float64 {
	var u [MostFields]float64
	for field := range s.table.Fields {
		if level := pair.Pattern.Level(field); level >= 0 {
			u[field] = s.probability(field, level, pair)
		}
	}
	one, others := s.model.odds(s.table.Fields, pair.Pattern, nil, &u)
	return log2(one / others)
}

// Evidence is what a pair's levels say, in bits, whatever share of pairs is of one person.
func (s *Scorer) Evidence(pair Pair) float64 {
	bits := 0.0
	for field := range s.table.Fields {
		if level := pair.Pattern.Level(field); level >= 0 {
			bits += log2(s.model.M[field][level] / s.probability(field, level, pair))
		}
	}
	return bits
}

// Waterfall gives the parts of a pair's weight, as "field: level", with their bits; what a household shares is not among them.
func (s *Scorer) Waterfall(pair Pair) (parts []string, bits []float64) {
	for field, definition := range s.table.Fields {
		if level := pair.Pattern.Level(field); level >= 0 {
			parts = append(parts, definition.Name+": "+definition.Levels[level].Name)
			bits = append(bits, log2(s.model.M[field][level]/s.probability(field, level, pair)))
		}
	}
	return parts, bits
}

// probability that strangers agree so: by the value where they agree exactly.
func (s *Scorer) probability(field, level int, pair Pair) float64 {
	if codes := s.table.Codes[field]; level == 0 && s.tf[field] != nil && codes[pair.A] == codes[pair.B] {
		return s.tf[field][codes[pair.A]]
	}
	if swap := s.table.Swap; swap != nil && field == swap.Given && level == swap.Level {
		u := s.model.U[field][level]
		if s.tf[field] != nil && s.tf[swap.Surname] != nil {
			given, surname := s.tf[field][s.table.Codes[field][pair.A]], s.tf[swap.Surname][s.table.Codes[swap.Surname][pair.A]]
			u = max(given*surname, 1e-7)
		}
		return u
	}
	return s.model.U[field][level]
}

// Believed is the weight of a pattern by the figures that are believed before any data is seen.
func Believed(fields []Field, pattern Pattern) float64 {
	odds := 1.0
	for field := range fields {
		if level := pattern.Level(field); level >= 0 {
			odds *= fields[field].Levels[level].M / fields[field].Levels[level].U
		}
	}
	return log2(odds)
}
