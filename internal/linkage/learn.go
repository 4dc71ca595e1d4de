package linkage

import (
	"cmp"
	"math"
	"slices"
)

// Count is how often a pattern occurs, among pairs that meet the blocking rules of the mask.
type Count struct {
	Pattern Pattern
	Rules   uint32
	Pairs   int64
}

// Counter counts patterns.
type Counter map[counted]int64

type counted struct {
	pattern Pattern
	rules   uint32
}

// Add counts a pair.
func (c Counter) Add(pattern Pattern, rules uint32) { c[counted{pattern, rules}]++ }

// Merge takes the counts of another counter.
func (c Counter) Merge(other Counter) {
	for key, pairs := range other {
		c[key] += pairs
	}
}

// Sorted gives the counts in one order, so that sums of doubles are the same each time.
func (c Counter) Sorted() []Count {
	counts := make([]Count, 0, len(c))
	for key, pairs := range c {
		counts = append(counts, Count{key.pattern, key.rules, pairs})
	}
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Rules, b.Rules))
	})
	return counts
}

// Random gives pairs of records, the same for the same number of them: all pairs where there are no more than most.
func Random(records, most int, use func(a, b int32)) {
	if records*(records-1)/2 <= most {
		for a := range records {
			for b := a + 1; b < records; b++ {
				use(int32(a), int32(b))
			}
		}
		return
	}
	for i := range most {
		a, b := mix(uint64(2*i+1)*0x9e3779b97f4a7c15)%uint64(records), mix(uint64(2*i+2)*0x9e3779b97f4a7c15)%uint64(records)
		if a != b {
			use(int32(min(a, b)), int32(max(a, b)))
		}
	}
}

// Rule is a blocking rule as the fitting sees it: the fields on which its pairs agree by its making, more or less if it is loose.
type Rule struct {
	Held  []int
	Loose bool
}

// How many pairs the figures believed before are worth.
const (
	priorMatches = 150.0
	priorRandom  = 50.0
	rounds       = 30
)

// Where a file has little by which a household shows, the fit finds none, though there are some in any: per record at least so many pairs.
const (
	fewestMatches = .02
	fewestMates   = .25
	// Files of things are mostly two shops' lists of the same ones: of few that are found more are missed than are not there.
	fewestThings = .25
)

// mostOfBelief bounds what a level of slips may come to, for fields of the person alone, as a multiple of what was believed: where namesakes are
// frequent, a free fit takes them for people whose birthday is often typed wrongly.
const mostOfBelief = 4

// leastOfBelief bounds how rare a slip may be found to be among others: that a million random pairs show none does not make it proof.
const leastOfBelief = 50

// Learn fits a model. random are the patterns of random pairs (with no rules), blocked those of the pairs that the rules make, each pair once;
// all is how many pairs of records there are. things: the records are of things, which have kinds and no households.
func Learn(fields []Field, random, blocked []Count, rules []Rule, all float64, records int, things bool) Model {
	model := start(fields)
	model.Match = .5 / float64(records)
	model.Household = model.Match / 2
	model.countOthers(fields, random, false)
	fields = againstChance(fields, model.U)
	if things {
		model.Household, model.Kinds = 0, make([]Kind, len(rules))
	}
	// The random pairs of a small file hold pairs of one person: the second time they count by what they are held for.
	for range 2 {
		model.fitMatches(fields, blocked, rules, all)
		model.fitShares(fields, blocked, all, records)
		model.countOthers(fields, random, true)
	}
	return model
}

// oddsOfChance is what is believed of fields of chance: the odds of m by those of u.
const oddsOfChance = .1

// againstChance gives the fields with what is believed of those of chance.
func againstChance(fields []Field, u [][]float64) []Field {
	fields = slices.Clone(fields)
	for i := range fields {
		if fields[i].Chance {
			levels := slices.Clone(fields[i].Levels)
			levels[0].M = oddsOfChance * u[i][0] / (oddsOfChance*u[i][0] + 1 - u[i][0])
			levels[1].M = 1 - levels[0].M
			fields[i].Levels = levels
		}
	}
	return fields
}

func start(fields []Field) Model {
	var model Model
	for _, field := range fields {
		m, u := make([]float64, len(field.Levels)), make([]float64, len(field.Levels))
		for i, level := range field.Levels {
			m[i], u[i] = level.M, level.U
		}
		model.M, model.U = append(model.M, m), append(model.U, u)
	}
	return model
}

// countOthers finds u.
func (m *Model) countOthers(fields []Field, random []Count, without bool) {
	sums := believed(fields, func(l Level) float64 { return l.U * priorRandom })
	for _, count := range random {
		share := float64(count.Pairs)
		if without {
			match, _ := m.shares(fields, count.Pattern, nil)
			share *= 1 - match
		}
		addLevels(sums, count.Pattern, share, nil)
	}
	m.U = normalised(fields, sums, func(l Level) float64 { return l.U })
	for field := range m.U {
		for level := 1; level < len(m.U[field]); level++ {
			m.U[field][level] = max(m.U[field][level], fields[field].Levels[level].U/leastOfBelief)
		}
	}
}

// personal tells whether a rule holds something that people of one household do not share. Of the pairs of the other rules most may be of one
// household, and what is learnt there would be how households agree.
func (r Rule) personal(fields []Field) bool {
	return slices.ContainsFunc(r.Held, func(field int) bool { return fields[field].Household < .1 })
}

// fitMatches finds m: per rule by EM over the fields that the rule does not hold, then together by their expected matches.
func (m *Model) fitMatches(fields []Field, blocked []Count, rules []Rule, all float64) {
	total := believed(fields, func(l Level) float64 { return l.M * priorMatches })
	for rule := range rules {
		counts := ofRule(blocked, uint32(1)<<rule)
		if len(counts) == 0 || !rules[rule].personal(fields) && slices.ContainsFunc(rules, func(r Rule) bool { return r.personal(fields) }) {
			continue
		}
		fit := m.fitRule(fields, counts, rules[rule])
		addSums(total, fit.sums, fit.sure)
		if m.Kinds != nil {
			m.Kinds[rule] = Kind{fit.kin / all, fit.k}
		}
	}
	m.M = bounded(fields, normalised(fields, total, believedM), m.U)
}

func addSums(total, sums [][]float64, share float64) {
	for field := range sums {
		for level, sum := range sums[field] {
			total[field][level] += sum * share
		}
	}
}

func ofRule(counts []Count, bit uint32) []Count {
	var own []Count
	for _, count := range counts {
		if count.Rules&bit == 0 {
			continue
		}
		if last := len(own) - 1; last >= 0 && own[last].Pattern == count.Pattern {
			own[last].Pairs += count.Pairs
		} else {
			own = append(own, count)
		}
	}
	return own
}

// fitted is what one rule teaches.
type fitted struct {
	// sums are the expected counts of levels among the matches, and sure is how much they are worth, 0 to 1: little where the fit could not tell matches
	// from others, as in large blocks of namesakes.
	sums [][]float64
	sure float64
	// kin are the pairs of things that are of one kind, and k how they agree.
	kin float64
	k   [][]float64
}

// fitRule fits the pairs of one rule. Those of persons that do not match are of households or strangers; those of things are of one kind, since they
// agree on what the rule holds. How much they agree on what a loose rule holds still tells them from matches.
func (m *Model) fitRule(fields []Field, counts []Count, rule Rule) (fit fitted) {
	untold := rule.Held
	if rule.Loose {
		untold = nil
	}
	own := Model{M: start(fields).M, U: m.U, Match: .1, Household: .1}
	if m.Kinds != nil {
		own.Household, own.Kinds = 0, []Kind{{.9, m.U}}
	}
	all := 0.0
	for _, count := range counts {
		all += float64(count.Pairs)
	}
	for range rounds {
		fit.sums = believed(fields, func(Level) float64 { return 0 })
		fit.k = believed(fields, func(Level) float64 { return 0 })
		addSums(fit.k, m.U, priorRandom)
		matches, households, squares := 1.0, 1.0, 0.0
		for _, count := range counts {
			a, b := own.shares(fields, count.Pattern, untold)
			matches += a * float64(count.Pairs)
			squares += a * a * float64(count.Pairs)
			households += b * float64(count.Pairs)
			addLevels(fit.sums, count.Pattern, a*float64(count.Pairs), rule.Held)
			addLevels(fit.k, count.Pattern, b*float64(count.Pairs), nil)
		}
		fit.sure, fit.kin = math.Pow(squares/matches, sureness), households
		own.Match = min(matches/(all+3), .98)
		smoothed := believed(fields, func(l Level) float64 { return l.M * priorMatches })
		addSums(smoothed, fit.sums, 1)
		own.M = bounded(fields, normalised(fields, smoothed, believedM), m.U)
		if fit.k = normalised(fields, fit.k, believedM); m.Kinds == nil {
			own.Household = min(households/(all+3), .98)
		} else {
			own.Kinds[0] = Kind{1 - own.Match, fit.k}
		}
	}
	return fit
}

// sureness is the power of the matches' mean probability by which a rule counts.
const sureness = 8

// fitShares finds how many of all pairs are of one person and of one household: nearly all of those are among the blocked pairs.
func (m *Model) fitShares(fields []Field, blocked []Count, all float64, records int) {
	for range rounds {
		matches, households := 0.0, 0.0
		for _, count := range blocked {
			a, b := m.shares(fields, count.Pattern, nil)
			matches += a * float64(count.Pairs)
			households += b * float64(count.Pairs)
		}
		fewest := fewestMatches
		if m.Kinds != nil {
			fewest = fewestThings
		}
		m.Match = min(max(matches, fewest*float64(records))/all, .3)
		if m.Kinds == nil {
			m.Household = min(max(households, fewestMates*float64(records))/all, .3)
		}
	}
}

// shares gives the probabilities that a pair is of one person, and of one household or kind.
func (m *Model) shares(fields []Field, pattern Pattern, held []int) (one, home float64) {
	var u [MostFields]float64
	for field := range fields {
		if level := pattern.Level(field); level >= 0 {
			u[field] = m.U[field][level]
		}
	}
	one, others := m.odds(fields, pattern, held, &u)
	home = others - m.strangers()
	return one / (one + others), home / (one + others)
}

// strangers is the share of pairs that have nothing to do with each other.
func (m *Model) strangers() float64 {
	share := 1 - m.Match - m.Household
	for _, kind := range m.Kinds {
		share -= kind.Share
	}
	return max(share, .001)
}

// odds gives how probable a pattern is among pairs of one person, and among all others, by the probability u that strangers have it.
func (m *Model) odds(fields []Field, pattern Pattern, held []int, u *[MostFields]float64) (one, others float64) {
	one, home := 1.0, 1.0
	var kinds [32]float64
	for i := range m.Kinds {
		kinds[i] = m.Kinds[i].Share
	}
	for field := range fields {
		level := pattern.Level(field)
		if level < 0 || slices.Contains(held, field) {
			continue
		}
		own := m.M[field][level]
		one *= own / u[field]
		share := fields[field].Household
		home *= (share*own + (1-share)*u[field]) / u[field]
		for i := range m.Kinds {
			if m.Kinds[i].Share > 0 {
				kinds[i] *= m.Kinds[i].K[field][level] / u[field]
			}
		}
	}
	others = m.strangers() + m.Household*home
	for i := range m.Kinds {
		others += kinds[i]
	}
	return m.Match * one, others
}

func believed(fields []Field, figure func(Level) float64) [][]float64 {
	sums := make([][]float64, len(fields))
	for i, field := range fields {
		for _, level := range field.Levels {
			sums[i] = append(sums[i], figure(level))
		}
	}
	return sums
}

func addLevels(sums [][]float64, pattern Pattern, share float64, held []int) {
	for field := range sums {
		if level := pattern.Level(field); level >= 0 && !slices.Contains(held, field) {
			sums[field][level] += share
		}
	}
}

func believedM(l Level) float64 { return l.M }

// normalised makes shares of sums; fixed levels stand beside them with the figure that is believed.
func normalised(fields []Field, sums [][]float64, figure func(Level) float64) [][]float64 {
	for i, levels := range sums {
		total := 0.0
		for j, sum := range levels {
			if !fields[i].Levels[j].Fixed {
				total += sum
			}
		}
		for j := range levels {
			if fields[i].Levels[j].Fixed {
				levels[j] = figure(fields[i].Levels[j])
			} else {
				levels[j] = max(levels[j]/total, 1e-9)
			}
		}
	}
	return sums
}

// bounded keeps the shares of the levels after the first below their bounds; the first has the rest. Of chance it is the first that has a bound.
func bounded(fields []Field, m, u [][]float64) [][]float64 {
	for i, field := range fields {
		if field.Chance {
			m[i][0] = min(m[i][0], u[i][0])
			m[i][1] = 1 - m[i][0]
			continue
		}
		rest := 1.0
		for level := len(m[i]) - 1; level > 0; level-- {
			if field.Levels[level].Fixed {
				continue
			}
			most := 1.0
			if field.Household < .1 {
				most = mostOfBelief * field.Levels[level].M
			}
			if level == len(m[i])-1 && field.Differs > 0 {
				most = min(most, field.Differs)
			}
			m[i][level] = min(m[i][level], most)
			rest -= m[i][level]
		}
		m[i][0] = max(rest, 1e-9)
	}
	return m
}
