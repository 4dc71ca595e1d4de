// Package reserving estimates what is still to come of cohorts that run off by age: the redemptions of points by month of issue, as an
// actuary does the claims of accident years. Two methods, each with a standard error that has no distribution behind it:
//
//   - ChainLadder: what a cohort has had grows by the same factor from age to age. Mack, "Distribution-free calculation of the standard error of
//     chain ladder reserve estimates", ASTIN Bulletin 23 (1993).
//   - Additive: at each age comes the same share of the exposure. Also the incremental loss ratio method: Wüthrich and Merz, "Stochastic Claims
//     Reserving Methods in Insurance" (2008), section 4.3. It does not multiply what little a young cohort has had so far.
//
// Both cut the tail by rule: nothing comes after a row's End, and a row that has ended says nothing about later ages.
package reserving

import (
	"fmt"
	"math"
)

// Never is the End of a row to which something may come at any age.
const Never = math.MaxInt32

// Row is one cohort.
type Row struct {
	// Exposure is what the cohort began with: points issued. Used by Additive only; above zero.
	Exposure float64
	// Increments is what came at age 0, 1, ... up to the age that the row has now.
	Increments []float64
	// End is the last age at which something can come.
	End int
	// Excluded are the ages whose increment is to say nothing about other rows; nil if none is.
	Excluded []bool
}

// Cumulative is what came up to an age that the row has reached.
func (r Row) Cumulative(age int) float64 {
	var sum float64
	for _, increment := range r.Increments[:age+1] {
		sum += increment
	}
	return sum
}

// tells says whether the row's increment at an age is evidence.
func (r Row) tells(age int) bool {
	return age < len(r.Increments) && age <= r.End && (age >= len(r.Excluded) || !r.Excluded[age])
}

// waits says whether something may still come to the row at an age.
func (r Row) waits(age int) bool { return age >= len(r.Increments) && age <= r.End }

// Reserve is what is still to come, with the standard error of the prediction: that of the process and that of the estimated parameters.
type Reserve struct {
	ToCome, StandardErrors []float64 // by row
	Total, StandardError   float64
}

func check(rows []Row) error {
	for i, row := range rows {
		if len(row.Increments) == 0 {
			return fmt.Errorf("row %d has no age", i)
		}
		if row.Exposure < 0 || math.IsNaN(row.Exposure) {
			return fmt.Errorf("row %d has an exposure of %v", i, row.Exposure)
		}
	}
	return nil
}

// ages is the number of ages that some row has reached.
func ages(rows []Row) int {
	count := 0
	for _, row := range rows {
		count = max(count, len(row.Increments))
	}
	return count
}

// completeVariances gives a variance to ages that too few rows have reached to show one, by Mack's rule of 1993: the last one goes on falling as
// the two before it did, and is no larger than either. ages with nothing known before them stay at zero.
func completeVariances(variances []float64, known []bool) {
	for k := range variances {
		if known[k] {
			continue
		}
		switch {
		case k >= 2 && variances[k-2] > 0:
			variances[k] = min(variances[k-1]*variances[k-1]/variances[k-2], variances[k-2], variances[k-1])
		case k == 1:
			variances[k] = variances[0]
		}
	}
}
