package reserving

import "math"

// Additive is a fit of the share of the exposure that comes at each age.
type Additive struct {
	Shares    []float64 // by age
	Variances []float64 // of an increment, per unit of exposure
	bases     []float64 // exposure that a share was made from
	rows      []Row
}

// FitAdditive estimates the shares. An age for which nothing speaks has the share 0 and the variance 0.
func FitAdditive(rows []Row) (Additive, error) {
	if err := check(rows); err != nil {
		return Additive{}, err
	}
	count := ages(rows)
	a := Additive{Shares: make([]float64, count), Variances: make([]float64, count), bases: make([]float64, count), rows: rows}
	known := make([]bool, count)
	for k := range count {
		known[k] = a.fit(k)
	}
	completeVariances(a.Variances, known)
	return a, nil
}

// fit estimates one age, and tells whether its variance could be.
func (a *Additive) fit(k int) bool {
	var came, squares float64
	count := 0
	for _, row := range a.rows {
		if row.tells(k) && row.Exposure > 0 {
			came += row.Increments[k]
			a.bases[k] += row.Exposure
			count++
		}
	}
	if count == 0 {
		return true
	}
	a.Shares[k] = came / a.bases[k]
	for _, row := range a.rows {
		if row.tells(k) && row.Exposure > 0 {
			deviation := row.Increments[k]/row.Exposure - a.Shares[k]
			squares += row.Exposure * deviation * deviation
		}
	}
	if count < 2 {
		return false
	}
	a.Variances[k] = squares / float64(count-1)
	return true
}

// ToCome is what is still to come to a cohort of an exposure after an age, up to and including another age. An age of -1 is before all.
func (a Additive) ToCome(exposure, _ float64, age, until int) float64 {
	var share float64
	for k := age + 1; k < len(a.Shares) && k <= until; k++ {
		share += a.Shares[k]
	}
	return exposure * share
}

// Reserve is what is still to come to the rows of the fit.
func (a Additive) Reserve() Reserve {
	r := Reserve{ToCome: make([]float64, len(a.rows)), StandardErrors: make([]float64, len(a.rows))}
	waiting := make([]float64, len(a.Shares)) // exposure to which an age is still to come
	for i, row := range a.rows {
		var square float64
		r.ToCome[i] = a.ToCome(row.Exposure, 0, len(row.Increments)-1, row.End)
		r.Total += r.ToCome[i]
		for k := range a.Shares {
			if row.waits(k) && a.bases[k] > 0 {
				waiting[k] += row.Exposure
				square += a.variance(k, row.Exposure)
			}
		}
		r.StandardErrors[i] = math.Sqrt(square)
	}
	var square float64
	for k, exposure := range waiting {
		if a.bases[k] > 0 {
			square += a.variance(k, exposure)
		}
	}
	r.StandardError = math.Sqrt(square)
	return r
}

// variance of what comes at an age to an exposure: of the process, which rows have each for itself, and of the share, which they have in common.
func (a Additive) variance(k int, exposure float64) float64 {
	return a.Variances[k] * (exposure + exposure*exposure/a.bases[k])
}
