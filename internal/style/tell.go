package style

import "math"

const (
	// fewestPartners must be known.
	fewestPartners = 50
	// mostlyApart is the share of partners that must be of two lists by what each is alone, and beyondChance how much more that must be than of any two.
	mostlyApart, beyondChance = .75, .2
	// apart is the share that is believed at first, and mostApart bounds what is found.
	apart, mostApart = .8, .95
	rounds           = 40
)

// Tell gives the list of each record, 0 or 1, or -1 where its cells do not tell; nil: there are no two lists. partners are records that are likely one
// thing, each in one pair.
func (r *Records) Tell(partners [][2]int32) []int32 {
	if len(partners) < fewestPartners {
		return nil
	}
	codes, sizes := r.coded()
	t := &teller{codes: codes, sizes: sizes, partners: partners, apart: apart}
	if !t.begin() {
		return nil
	}
	for range rounds {
		t.learn()
		t.believe()
	}
	return t.told()
}

type teller struct {
	codes    [][]int16 // by mark and record
	sizes    []int
	partners [][2]int32
	apart    float64
	first    []float64 // by record: the probability that it is of the first list
	odds     []float64 // by record: their log, by what the record is alone
}

// begin takes one kind of one mark for the first list: the one that partners differ in most, against chance.
func (t *teller) begin() bool {
	best, mark, kind := 0.0, -1, int16(0)
	for place, codes := range t.codes {
		having, differ := make([]float64, t.sizes[place]), make([]float64, t.sizes[place])
		for _, pair := range t.partners {
			a, b := codes[pair[0]], codes[pair[1]]
			for _, code := range []int16{a, b} {
				if code >= 0 {
					having[code]++
				}
			}
			if a != b {
				for _, code := range []int16{a, b} {
					if code >= 0 {
						differ[code]++
					}
				}
			}
		}
		pairs := float64(len(t.partners))
		for code := range having {
			share := having[code] / (2 * pairs)
			if chance := 2 * share * (1 - share); chance > 0 {
				if beyond := (differ[code]/pairs - chance) / math.Sqrt(chance*(1-chance)/pairs); beyond > best {
					best, mark, kind = beyond, place, int16(code) //nolint:gosec // a kind of it
				}
			}
		}
	}
	if mark < 0 {
		return false
	}
	t.first, t.odds = make([]float64, len(t.codes[mark])), make([]float64, len(t.codes[mark]))
	for record, code := range t.codes[mark] {
		if t.first[record] = .3; code == kind {
			t.first[record] = .9
		}
	}
	return true
}

// learn finds how each list writes, from the partners, and what that says of each record. Marks hang together (no commas in a short cell), so all of them
// count as the root of their number of independent ones.
func (t *teller) learn() {
	clear(t.odds)
	weight := 1 / math.Sqrt(float64(len(t.codes)))
	for place, codes := range t.codes {
		one, other := ones(t.sizes[place]), ones(t.sizes[place])
		all, rest := float64(len(one)), float64(len(one))
		for _, pair := range t.partners {
			for _, record := range pair {
				if code := codes[record]; code >= 0 {
					one[code] += t.first[record]
					other[code] += 1 - t.first[record]
					all, rest = all+t.first[record], rest+1-t.first[record]
				}
			}
		}
		for code := range one {
			one[code] = weight * math.Log(one[code]/all*rest/other[code])
		}
		for record, code := range codes {
			if code >= 0 {
				t.odds[record] += one[code]
			}
		}
	}
}

func ones(count int) []float64 {
	list := make([]float64, count)
	for i := range list {
		list[i] = 1
	}
	return list
}

// believe gives each record the probability of the first list by what it is, and partners by what both are, most of them being of two lists.
func (t *teller) believe() {
	for record, odds := range t.odds {
		t.first[record] = logistic(odds)
	}
	differ := 0.0
	for _, pair := range t.partners {
		a, b := t.first[pair[0]], t.first[pair[1]]
		first, second := a*(1-b)*t.apart, (1-a)*b*t.apart
		both, none := a*b*(1-t.apart), (1-a)*(1-b)*(1-t.apart)
		all := first + second + both + none
		t.first[pair[0]], t.first[pair[1]] = (first+both)/all, (second+both)/all
		differ += (first + second) / all
	}
	t.apart = min(max(differ/float64(len(t.partners)), 1-mostApart), mostApart)
}

func logistic(odds float64) float64 { return 1 / (1 + math.Exp(-min(max(odds, -30), 30))) }

// told gives the lists, if the partners are of two by what each is alone.
func (t *teller) told() []int32 {
	differ, first := 0.0, 0.0
	for _, pair := range t.partners {
		a, b := t.odds[pair[0]] > 0, t.odds[pair[1]] > 0
		if a != b {
			differ++
		}
		for _, of := range []bool{a, b} {
			if of {
				first++
			}
		}
	}
	pairs := float64(len(t.partners))
	first /= 2 * pairs
	if differ < mostlyApart*pairs || differ/pairs < 2*first*(1-first)+beyondChance {
		return nil
	}
	lists := make([]int32, len(t.odds))
	for record, odds := range t.odds {
		switch {
		case odds > 0:
		case odds < 0:
			lists[record] = 1
		default:
			lists[record] = -1
		}
	}
	return lists
}
