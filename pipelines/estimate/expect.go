package estimate

import "math"

// expectation is what is expected of one vintage of a channel at a valuation.
type expectation struct {
	valuation
	currency    string
	channel     string
	withSale    bool
	issued, end month
	points      int64 // as issued
	standing
	total       int64 // expected to be redeemed in the end, what is redeemed included
	withinAYear int64 // of what is still to come, that of the next twelve months
}

// expect applies a rate to a vintage. Points of a sale and others share the pattern and differ in what they have left.
func (r *rate) expect(v *vintage, channel string, withSale bool) expectation {
	e := expectation{valuation: r.valuation, channel: channel, withSale: withSale, issued: v.issued, end: v.end, points: v.points, standing: v.at(r.month)}
	e.total = e.redeemed
	if e.remaining <= 0 {
		return e
	}
	if r.usedPattern == nil {
		e.total = clamp(math.Round(float64(e.net)*r.used), e.redeemed, e.redeemed+e.remaining)
	} else {
		e.total = e.redeemed + clamp(math.Round(r.toCome(v, e.standing, v.lastAge())), 0, e.remaining)
	}
	e.withinAYear = min(r.withinAYear(v, e), e.total-e.redeemed)
	return e
}

// toCome is what the pattern says of a vintage from now up to an age. What came in a month that is not whole yet is taken off.
func (r *rate) toCome(v *vintage, now standing, until int) float64 {
	whole := v.at(r.lastWhole)
	if v.issued > r.lastWhole {
		whole = standing{net: now.net}
	}
	came := float64(now.redeemed - whole.redeemed)
	return r.usedPattern.ToCome(float64(now.net), float64(whole.redeemed), int(r.lastWhole-v.issued), until) - came
}

const year = 12 // months

// withinAYear is what of the points to come will come in the next twelve months: by the pattern, else evenly up to the last valid month. Points
// without one, and without a pattern, may be asked for at any time.
func (r *rate) withinAYear(v *vintage, e expectation) int64 {
	toCome := e.total - e.redeemed
	if v.end == never && r.usedPattern == nil || v.end <= r.month+year {
		return toCome
	}
	if r.usedPattern == nil {
		return int64(math.Round(float64(toCome) * year / float64(v.end-r.month)))
	}
	all := r.toCome(v, e.standing, v.lastAge())
	if all <= 0 {
		return toCome
	}
	soon := r.toCome(v, e.standing, int(r.month-v.issued)+year)
	return clamp(math.Round(float64(toCome)*soon/all), 0, toCome)
}

// clamp holds a count of points within bounds. Points beyond 2^53 do not occur: the ledger's turnover is an int64, a programme's is far below.
func clamp(points float64, low, high int64) int64 {
	return min(max(int64(points), low), max(low, high))
}
