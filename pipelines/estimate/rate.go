package estimate

import (
	"math"

	"countinghouse/internal/reserving"
)

// pattern says what is still to come to points, from the age reached up to and including another one.
type pattern interface {
	ToCome(exposure, had float64, age, until int) float64
}

// Where the rate in use comes from.
const (
	basisHandSet = "hand_set"
	basisOwn     = "own_estimate"
	basisWhole   = "estimate_of_all"
	basisCap     = "cap"
)

// result is one method's: the share of points redeemed in the end, its standard error, and how it was made.
type result struct {
	rate, standardError   float64
	reserve, reserveError float64
	pattern               pattern
}

// rate is what is known of the redemption rate of a scope at a valuation.
type rate struct {
	valuation
	currency              string
	kind, scope           string // all, channel, tier; which one
	months                int
	issued, redeemed      int64
	chainLadder, additive result
	hasRunOff, credible   bool
	estimated             float64 // within floor and cap; meaningful if hasRunOff
	low, high             float64
	bound                 bool // floor or cap has the last word
	basis                 string
	used                  float64
	otherwise             float64 // what would be used if no rate were set by hand
	usedPattern           pattern // nil where a set rate is used
	handSet               float64
	hasHandSet            bool
}

// estimate makes the rate of a scope at a valuation from its vintages; what is used is chosen later.
func (in *input) estimate(v valuation, kind, scope string, all []*vintage) (rate, error) {
	r := rate{valuation: v, kind: kind, scope: scope}
	var rows []reserving.Row
	var left []float64
	for _, one := range all {
		if one.issued > v.month {
			continue
		}
		now := one.at(v.month)
		r.issued += now.net
		r.redeemed += now.redeemed
		if whole := one.at(v.lastWhole); one.issued <= v.lastWhole && whole.net > 0 {
			r.months++
			r.hasRunOff = r.hasRunOff || whole.remaining == 0
			rows = append(rows, one.row(v.lastWhole, in.exclusions))
			left = append(left, float64(max(whole.remaining, 0)))
		}
	}
	ladder, err := reserving.FitChainLadder(rows)
	if err != nil {
		return rate{}, err
	}
	shares, err := reserving.FitAdditive(rows)
	if err != nil {
		return rate{}, err
	}
	r.chainLadder = newResult(ladder, ladder.Reserve(), rows, left)
	r.chainLadder.pattern = ladderPattern{ladder, r.chainLadder.rate}
	r.additive = newResult(shares, shares.Reserve(), rows, left)
	r.settle(in.settings)
	return r, nil
}

// newResult turns a reserve into a rate. No month of issue gives more than it has left.
func newResult(p pattern, reserve reserving.Reserve, rows []reserving.Row, left []float64) result {
	var exposure, had, toCome float64
	for i, row := range rows {
		exposure += row.Exposure
		had += row.Cumulative(len(row.Increments) - 1)
		toCome += min(max(reserve.ToCome[i], 0), left[i])
	}
	made := result{reserve: reserve.Total, reserveError: reserve.StandardError, pattern: p}
	if exposure > 0 {
		made.rate, made.standardError = (had+toCome)/exposure, reserve.StandardError/exposure
	}
	return made
}

// ladderPattern is a chain ladder that takes the rate of all for points of a month that is not whole yet: it has nothing of them to multiply.
type ladderPattern struct {
	reserving.ChainLadder
	rate float64
}

func (l ladderPattern) ToCome(exposure, had float64, age, until int) float64 {
	if age < 0 {
		return exposure*l.rate - had
	}
	return l.ChainLadder.ToCome(exposure, had, age, until)
}

// normal975 is the 97.5 % quantile of the normal distribution: two of them bound 95 %.
const normal975 = 1.959963984540054

func (r *rate) settle(s settings) {
	used := r.usedShare()
	chosen := r.chosen(s)
	within := func(share float64) float64 { return round6(max(min(max(share, s.floor), s.cap), used)) }
	r.estimated = within(chosen.rate)
	r.low = round6(min(max(chosen.rate-normal975*chosen.standardError, used), r.estimated))
	r.high = round6(max(min(chosen.rate+normal975*chosen.standardError, 1), r.estimated))
	r.bound = chosen.rate < s.floor || chosen.rate > s.cap
	r.credible = r.hasRunOff && r.months >= s.segmentMonths && chosen.standardError <= s.segmentError
}

func (r *rate) chosen(s settings) result {
	if s.method == chainLadder {
		return r.chainLadder
	}
	return r.additive
}

// usedShare is the share redeemed so far: in the end it will not be less.
func (r *rate) usedShare() float64 {
	if r.issued <= 0 {
		return 0
	}
	return min(max(float64(r.redeemed)/float64(r.issued), 0), 1)
}

// choose says which rate is used: the one set by hand, the scope's own, that of all, or the cap.
func (r *rate) choose(in *input, all *rate) {
	r.handSet, r.hasHandSet = in.rateByHand(r.day)
	r.chooseEstimate(in, all)
	r.otherwise = r.used
	if r.hasHandSet {
		r.basis, r.used, r.usedPattern = basisHandSet, round6(r.handSet), nil
	}
}

func (r *rate) chooseEstimate(in *input, all *rate) {
	switch {
	case r.credible || r.hasRunOff && r.kind == scopeAll:
		r.take(basisOwn, r, in.settings)
	case all.hasRunOff:
		r.take(basisWhole, all, in.settings)
	default:
		r.basis, r.used = basisCap, in.settings.cap
	}
}

func (r *rate) take(basis string, from *rate, s settings) {
	r.basis, r.used = basis, from.estimated
	if !from.bound {
		r.usedPattern = from.chosen(s).pattern
	}
}

// rateByHand is the rate that the programme sets by hand on a day.
func (in *input) rateByHand(on day) (float64, bool) {
	var found handSet
	for _, h := range in.handSet {
		if h.from <= on {
			found = h
		}
	}
	return found.rate.Float64, found.rate.Valid
}

func round6(share float64) float64 { return math.Round(share*1e6) / 1e6 }
