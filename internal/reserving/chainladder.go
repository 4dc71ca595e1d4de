package reserving

import "math"

// ChainLadder is a fit of development factors. Index k is the step from age k to k+1.
type ChainLadder struct {
	Factors   []float64
	Variances []float64 // Mack's sigma squared
	bases     []float64 // sum of the cumulative figures that a factor was made from
	rows      []Row
}

// FitChainLadder estimates the factors, weighted by volume. A step for which nothing speaks has the factor 1 and the variance 0.
func FitChainLadder(rows []Row) (ChainLadder, error) {
	if err := check(rows); err != nil {
		return ChainLadder{}, err
	}
	steps := max(ages(rows)-1, 0)
	c := ChainLadder{Factors: make([]float64, steps), Variances: make([]float64, steps), bases: make([]float64, steps), rows: rows}
	known := make([]bool, steps)
	for k := range steps {
		known[k] = c.fit(k)
	}
	completeVariances(c.Variances, known)
	return c, nil
}

// fit estimates one step, and tells whether its variance could be.
func (c *ChainLadder) fit(k int) bool {
	var next float64
	for _, row := range c.rows {
		if row.tells(k + 1) {
			c.bases[k] += row.Cumulative(k)
			next += row.Cumulative(k + 1)
		}
	}
	c.Factors[k] = 1
	if c.bases[k] <= 0 {
		c.bases[k] = 0
		return true
	}
	c.Factors[k] = next / c.bases[k]
	var squares float64
	count := 0
	for _, row := range c.rows {
		if before := row.Cumulative(min(k, len(row.Increments)-1)); row.tells(k+1) && before > 0 {
			deviation := row.Cumulative(k+1)/before - c.Factors[k]
			squares += before * deviation * deviation
			count++
		}
	}
	if count < 2 {
		return false
	}
	c.Variances[k] = squares / float64(count-1)
	return true
}

// ToCome is what is still to come to a cohort that has had so much at an age, up to and including another age.
func (c ChainLadder) ToCome(_, had float64, age, until int) float64 {
	growth := 1.0
	for k := max(age, 0); k < min(until, len(c.Factors)); k++ {
		growth *= c.Factors[k]
	}
	return had * (growth - 1)
}

// Reserve is what is still to come to the rows of the fit. Equations of Mack (1993): theorem 3 for a row, its corollary for the total.
func (c ChainLadder) Reserve() Reserve {
	var r Reserve
	r.ToCome, r.StandardErrors = make([]float64, len(c.rows)), make([]float64, len(c.rows))
	ultimates := make([]float64, len(c.rows))
	var square float64
	for i, row := range c.rows {
		had, age := row.Cumulative(len(row.Increments)-1), len(row.Increments)-1
		r.ToCome[i] = c.ToCome(0, had, age, row.End)
		ultimates[i] = had + r.ToCome[i]
		r.Total += r.ToCome[i]
		own := ultimates[i] * ultimates[i] * c.relative(had, age, row.End, true)
		r.StandardErrors[i] = math.Sqrt(own)
		square += own
	}
	for i := range c.rows {
		for j := range i {
			square += 2 * ultimates[i] * ultimates[j] * c.shared(c.rows[i], c.rows[j])
		}
	}
	r.StandardError = math.Sqrt(max(square, 0)) // a row below zero has no variance of its own, and a covariance with others
	return r
}

// relative is the sum over the steps to come of the relative variance of the process, if asked for, and of the factor.
func (c ChainLadder) relative(had float64, age, until int, process bool) float64 {
	var sum float64
	for k := age; k < min(until, len(c.Factors)); k++ {
		if c.bases[k] == 0 || had <= 0 {
			continue
		}
		part := 1 / c.bases[k]
		if process {
			part += 1 / had
		}
		sum += c.Variances[k] / (c.Factors[k] * c.Factors[k]) * part
		had *= c.Factors[k]
	}
	return sum
}

// shared is the relative covariance of two rows, which comes from the factors that both still need.
func (c ChainLadder) shared(a, b Row) float64 {
	from := max(len(a.Increments), len(b.Increments)) - 1
	return c.relative(1, from, min(a.End, b.End), false)
}
