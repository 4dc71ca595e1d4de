package identity

import "slices"

// What a crowd is: a value that is on ten times as many accounts as 99 in 100 values of its kind, and on more than twenty. It joins nobody, whatever its
// rule allows: a till that writes the shop's number for whoever has none is found so, though nobody listed that number as junk.
const (
	crowdShare = 99 // of 100
	crowdTimes = 10
	crowdLeast = 20
)

// mostCounted is the number of accounts from which on values are counted together; no kind has one in a hundred values on so many.
const mostCounted = 1000

// spread tells, by rule and by number of accounts, how many values that link are on so many. It is all that crowds are found by.
type spread [][]int

func newSpread(rules int) spread {
	s := make(spread, rules)
	for i := range s {
		s[i] = make([]int, mostCounted+1)
	}
	return s
}

// add counts values that are on so many accounts; a negative number takes them away.
func (s spread) add(kind uint8, accounts, values int) { s[kind][min(accounts, mostCounted)] += values }

// crowds gives of each kind the most accounts that a value of it may have.
func (s spread) crowds() []int {
	most := make([]int, len(s))
	for kind, counts := range s {
		values := 0
		for _, count := range counts {
			values += count
		}
		usual, upTo := 0, 0
		for accounts, count := range counts {
			if upTo*100 >= values*crowdShare {
				break
			}
			usual, upTo = accounts, upTo+count
		}
		most[kind] = max(crowdLeast, crowdTimes*usual)
	}
	return most
}

// reaches says whether it matters to a kind's values from which number of accounts on they are a crowd, if that is somewhere above most: it does not where
// none is on so many, or where the rule has a lower limit.
func (s spread) reaches(rule Rule, kind, most int) bool {
	if rule.AccountsPerValue > 0 && rule.AccountsPerValue <= most {
		return false
	}
	return slices.ContainsFunc(s[kind][min(most+1, mostCounted):], func(values int) bool { return values > 0 })
}

// holders gives by value on how many accounts of the graph it was seen.
func (g *Graph) holders() []uint32 {
	holders := make([]uint32, len(g.kinds))
	for _, value := range g.edgeValue {
		holders[value]++
	}
	return holders
}

// accountsOf is on how many accounts a value is, of which holders are in the graph.
func (g *Graph) accountsOf(value, holders uint32) int {
	if all, known := g.everywhere[value]; known {
		return all
	}
	return int(holders)
}

func (g *Graph) spreadOf(holders []uint32) spread {
	s := newSpread(len(g.rules))
	for value, count := range holders {
		if count > 0 && g.links(uint32(value)) {
			s.add(g.kinds[value], g.accountsOf(uint32(value), count), 1)
		}
	}
	return s
}

// isCrowd says that a value is on so many accounts that it joins nobody whoever they are, and stands for good as long as that is so.
func (g *Graph) isCrowd(value uint32, accounts int) bool {
	rule := g.rule(value)
	return rule.ValidDays == 0 && (rule.AccountsPerValue > 0 && accounts > rule.AccountsPerValue || accounts > g.crowds[g.kinds[value]])
}
