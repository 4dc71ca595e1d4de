// Package grams finds which texts of several lists are most alike, by the pieces of four letters that they share, of which rare ones count more: the cosine
// of two vectors of pieces, each weighed by how often it is in the text and how few texts have it (Salton and Buckley 1988). Pieces in place of words, since
// two lists write words in their own ways: kdl40s5100, KDL-40S5100, 40S5100B. The same texts give the same figures on any number of threads.
package grams

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// length of a piece, in letters; of writing without spaces between words, such as Chinese, two.
const length = 4

// Index is a set of texts that are compared.
type Index struct {
	texts [][]piece // by text, sorted by number
	in    [][]place // by piece: the texts that have it, in order
}

// piece of a text.
type piece struct {
	number int32
	weight float64
}

// place is a text that has a piece, and how much the piece weighs there.
type place struct {
	text   int32
	weight float64
}

// Near is two texts, of two lists, one of which is among the nearest of the other.
type Near struct {
	A, B int32
	// Alike is the cosine: 1 of equal texts, 0 of such that share nothing.
	Alike float64
}

// New takes folded texts, whose words are parted by single spaces.
func New(texts []string) *Index {
	index := &Index{texts: make([][]piece, len(texts))}
	numbers := map[string]int32{}
	for text, said := range texts {
		counts := map[int32]int{}
		for _, word := range strings.Fields(said) {
			each(word, func(gram string) {
				number, known := numbers[gram]
				if !known {
					number = int32(len(numbers)) //nolint:gosec // there are fewer pieces than bytes of text
					numbers[strings.Clone(gram)] = number
				}
				counts[number]++
			})
		}
		for number, count := range counts {
			index.texts[text] = append(index.texts[text], piece{number, 1 + math.Log(float64(count))})
		}
		slices.SortFunc(index.texts[text], func(a, b piece) int { return cmp.Compare(a.number, b.number) })
	}
	index.weigh(len(numbers))
	return index
}

// each gives the pieces of a word, with a space at both ends.
func each(word string, use func(string)) {
	size := length
	if strings.ContainsFunc(word, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) }) {
		size = 2
	} else {
		word = " " + word + " "
	}
	var starts []int
	for at := range word {
		starts = append(starts, at)
	}
	starts = append(starts, len(word))
	last := max(0, len(starts)-1-size)
	for i := range last + 1 {
		use(word[starts[i]:starts[min(i+size, len(starts)-1)]])
	}
}

func (x *Index) weigh(pieces int) {
	having := make([]int, pieces)
	for _, text := range x.texts {
		for _, piece := range text {
			having[piece.number]++
		}
	}
	x.in = make([][]place, pieces)
	for number, text := range x.texts {
		sum := 0.0
		for i := range text {
			text[i].weight *= 1 + math.Log(float64(1+len(x.texts))/float64(1+having[text[i].number]))
			sum += text[i].weight * text[i].weight
		}
		for i := range text {
			text[i].weight /= math.Sqrt(sum)
			x.in[text[i].number] = append(x.in[text[i].number], place{int32(number), text[i].weight}) //nolint:gosec // a record's number
		}
	}
}

// Alike gives the cosine of two texts.
func (x *Index) Alike(a, b int32) float64 {
	one, two, sum := x.texts[a], x.texts[b], 0.0
	for len(one) > 0 && len(two) > 0 {
		switch {
		case one[0].number < two[0].number:
			one = one[1:]
		case one[0].number > two[0].number:
			two = two[1:]
		default:
			sum += one[0].weight * two[0].weight
			one, two = one[1:], two[1:]
		}
	}
	return sum
}

// Nearest gives, of each text, those most alike of each other list, no more than most of them, each pair once and in order. list says of which list a text
// is; -1: of none. Texts meet by the pieces that the fewest have, as many of these as cost no more than work products of weights.
func (x *Index) Nearest(list []int32, most int, work int64, threads int) []Near {
	meeting := x.meeting(work)
	found := make([][]Near, threads)
	var group sync.WaitGroup
	for thread := range threads {
		group.Go(func() {
			seeker := newSeeker(x, list, meeting, most)
			for text := thread; text < len(x.texts); text += threads {
				found[thread] = seeker.nearest(found[thread], int32(text)) //nolint:gosec // a record's number
			}
		})
	}
	group.Wait()
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b Near) int { return cmp.Or(cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B)) })
	all = slices.CompactFunc(all, func(a, b Near) bool { return a.A == b.A && a.B == b.B })
	for i := range all {
		all[i].Alike = x.Alike(all[i].A, all[i].B)
	}
	return all
}

// meeting tells of each piece whether texts meet by it.
func (x *Index) meeting(work int64) []bool {
	order := make([]int32, len(x.in))
	for i := range order {
		order[i] = int32(i) //nolint:gosec // a piece's number
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(len(x.in[a]), len(x.in[b])) })
	meeting := make([]bool, len(x.in))
	for _, piece := range order {
		having := int64(len(x.in[piece]))
		if work -= having * having; work < 0 {
			break
		}
		meeting[piece] = true
	}
	return meeting
}

// seeker finds the nearest of one text after the other.
type seeker struct {
	index   *Index
	list    []int32
	meeting []bool
	most    int
	sums    []float64 // by text
	touched []int32
	best    map[int32][]Near // by list
}

func newSeeker(index *Index, list []int32, meeting []bool, most int) *seeker {
	return &seeker{index: index, list: list, meeting: meeting, most: most, sums: make([]float64, len(index.texts)), best: map[int32][]Near{}}
}

func (s *seeker) nearest(into []Near, text int32) []Near {
	own := s.list[text]
	if own < 0 {
		return into
	}
	for _, piece := range s.index.texts[text] {
		if !s.meeting[piece.number] {
			continue
		}
		for _, other := range s.index.in[piece.number] {
			if s.sums[other.text] == 0 {
				s.touched = append(s.touched, other.text)
			}
			s.sums[other.text] += piece.weight * other.weight
		}
	}
	for _, other := range s.touched {
		if of := s.list[other]; of >= 0 && of != own {
			s.best[of] = s.keep(s.best[of], Near{text, other, s.sums[other]})
		}
		s.sums[other] = 0
	}
	s.touched = s.touched[:0]
	for list, best := range s.best {
		for _, near := range best {
			into = append(into, Near{min(near.A, near.B), max(near.A, near.B), 0})
		}
		s.best[list] = best[:0]
	}
	return into
}

// keep puts one among the best, which are sorted; of equal ones the first text's.
func (s *seeker) keep(best []Near, near Near) []Near {
	better := func(a, b Near) int { return cmp.Or(-cmp.Compare(a.Alike, b.Alike), cmp.Compare(a.B, b.B)) }
	if len(best) == s.most && better(near, best[len(best)-1]) > 0 {
		return best
	}
	at, _ := slices.BinarySearchFunc(best, near, better)
	return slices.Insert(best, at, near)[:min(len(best)+1, s.most)]
}
