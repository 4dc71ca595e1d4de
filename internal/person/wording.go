package person

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// Wording compares texts that are of no known kind, such as titles and names of things, by their words: a word that few texts have counts more (Spärck
// Jones 1972). It must be told all texts before the first are compared.
type Wording struct {
	texts   map[string][]said
	counts  map[string]int // of texts that have a word
	weighed sync.Once
}

// said is a word of a text, and how much it says in bits.
type said struct {
	word   string
	weight float64
}

// mostWords of a text are compared, those that say most.
const mostWords = 32

// NewWording starts without texts.
func NewWording() *Wording { return &Wording{texts: map[string][]said{}, counts: map[string]int{}} }

// Add tells it of a text; one that comes twice counts once.
func (w *Wording) Add(text string) {
	if _, known := w.texts[text]; known {
		return
	}
	words := Words(text)
	list, seen := make([]said, len(words)), make(map[string]bool, len(words))
	for i, word := range words {
		list[i].word = word
		if !seen[word] {
			seen[word] = true
			w.counts[word]++
		}
	}
	w.texts[text] = list
}

// weigh finds how much each word says: how rare it is.
func (w *Wording) weigh() {
	for text, list := range w.texts {
		for i := range list {
			list[i].weight = math.Log2(1 + float64(len(w.texts))/float64(1+w.counts[list[i].word]))
		}
		if len(list) > mostWords {
			slices.SortStableFunc(list, func(a, b said) int { return -cmp.Compare(a.weight, b.weight) })
			w.texts[text] = list[:mostWords:mostWords]
		}
	}
}

// Words are the words of a folded text; of writing without spaces between words, such as Chinese, each two characters that stand together. A short word
// and a number behind it are also one word: cd sb10 may be cdsb10 elsewhere.
func Words(text string) []string {
	var words []string
	before := ""
	for _, part := range strings.Fields(text) {
		if before != "" && len(before) <= 4 && !hasDigit(before) && hasDigit(part) && len(part) >= 2 {
			words = append(words, before+part)
		}
		if before = part; !unspaced(part) {
			words = append(words, part)
			continue
		}
		runes := []rune(part)
		for i := range max(1, len(runes)-1) {
			words = append(words, string(runes[i:min(len(runes), i+2)]))
		}
	}
	return words
}

func unspaced(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) })
}

// The levels of texts, best first.
const (
	textEqual = iota
	textSame  // but for a slip, the order or the division of words
	textMost  // most of what is said is the same, or one says all that the other says
	textHalf
	textSome
	textDiffers
)

// Compare gives the level of two texts. Two numbers are compared by their size.
func (w *Wording) Compare(a, b string) int {
	if a == b || strings.ReplaceAll(a, " ", "") == strings.ReplaceAll(b, " ", "") {
		return textEqual
	}
	if left, right, ok := twoNumbers(a, b); ok {
		return compareNumbers(left, right)
	}
	w.weighed.Do(w.weigh)
	left, right := w.texts[a], w.texts[b]
	both, more := share(left, right)
	fewer := min(len(left), len(right))
	short := fewer <= 3 && !hasDigit(a) && !hasDigit(b)
	switch other, rare := w.codes(left, right); {
	case rare:
		both = max(both, .7)
	case other:
		both, more = min(both, .49), 0
	}
	switch {
	case both >= .93, short && min(len(a), len(b)) >= 4 && Edits(a, b, 1) <= 1:
		return textSame
	case both >= .7, more >= .93 && fewer >= 2, short && JaroWinkler(a, b) >= .92:
		return textMost
	case both >= .5, more >= .75, short && JaroWinkler(a, b) >= .84:
		return textHalf
	case both >= .25:
		return textSome
	}
	return textDiffers
}

// share is how much of two texts is said by words that both have, of both together and of the one of which it is more. Words of letters may have a slip.
func share(a, b []said) (both, more float64) {
	taken := make([]bool, len(b))
	left, right, leftCommon, rightCommon := 1e-9, 1e-9, 0.0, 0.0
	for _, other := range b {
		right += other.weight
	}
	for _, own := range a {
		left += own.weight
		if at := findWord(own.word, b, taken); at >= 0 {
			taken[at] = true
			leftCommon, rightCommon = leftCommon+own.weight, rightCommon+b[at].weight
		}
	}
	return (leftCommon + rightCommon) / (left + right), max(leftCommon/left, rightCommon/right)
}

func findWord(word string, among []said, taken []bool) int {
	for i, other := range among {
		if !taken[i] && word == other.word {
			return i
		}
	}
	if len(word) <= 4 || hasDigit(word) {
		return -1
	}
	for i, other := range among {
		if other := other.word; !taken[i] && len(other) > 4 && word[0] == other[0] && !hasDigit(other) && Edits(word, other, 1) <= 1 {
			return i
		}
	}
	return -1
}

// codes tells whether two texts have words like numbers of models and none in common, and whether they have a rare one in common: two of one kind have
// nearly the same words and not the number. One may go on where the other ends, for a colour or a country.
func (w *Wording) codes(a, b []said) (other, rare bool) {
	same := false
	for _, one := range a {
		for _, two := range b {
			if !isCode(one.word) || !isCode(two.word) {
				continue
			}
			other = true
			if sameCode(one.word, two.word) {
				same, rare = true, rare || min(w.counts[one.word], w.counts[two.word]) <= fewTexts
			}
		}
	}
	return other && !same, rare
}

func sameCode(a, b string) bool {
	return a == b || min(len(a), len(b)) >= 5 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// fewTexts have the number of a model, with those of its parts.
const fewTexts = 5

func isCode(word string) bool {
	return len(word) >= 4 && hasDigit(word) && strings.Trim(word, "0123456789") != "" || len(word) >= 5 && hasDigit(word)
}

func hasDigit(text string) bool { return strings.ContainsAny(text, "0123456789") }

func twoNumbers(a, b string) (left, right float64, ok bool) {
	left, one := Number(a)
	right, other := Number(b)
	return left, right, one && other
}

// Number reads a folded text as a number: 12 5 was 12.5.
func Number(text string) (value float64, ok bool) {
	if text == "" || text[0] < '0' || text[0] > '9' || len(text) > 18 || strings.Count(text, " ") > 1 {
		return 0, false
	}
	value, err := strconv.ParseFloat(strings.Replace(text, " ", ".", 1), 64)
	return value, err == nil
}

func compareNumbers(a, b float64) int {
	switch gap := math.Abs(a-b) / max(a, b, 1e-9); {
	case gap == 0:
		return textEqual
	case gap <= .01:
		return textSame
	case gap <= .03:
		return textMost
	case gap <= .1:
		return textHalf
	case gap <= .3:
		return textSome
	}
	return textDiffers
}
