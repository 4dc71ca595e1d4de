package linkage

// Bounds gives what no pair's weight is above: start, before anything is compared, and per field and level what agreeing so adds. What a household shares is left
// out: it stands in the denominator alone, so it only lowers a weight.
func (m *Model) Bounds() (start float64, bits [][]float64) {
	for field := range m.M {
		var levels []float64
		for level := range m.M[field] {
			levels = append(levels, log2(m.M[field][level]/m.U[field][level]))
		}
		bits = append(bits, levels)
	}
	return log2(m.Match / m.strangers()), bits
}
