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
	texts   map[string]*wording
	numbers map[string]int32 // of words
	counts  []int            // by word: of texts that have it
	weighed sync.Once
}

// wording is what a text says.
type wording struct {
	words    []said
	codes    []said // of its words
	squeezed string // without spaces
	digits   bool   // it has some
}

// said is a word of a text, and how much it says in bits. What a comparison asks of a word, ten million times, is known beforehand.
type said struct {
	word    string
	number  int32
	weight  float64
	maySlip bool // it is long enough, and of letters
}

// mostWords of a text are compared, those that say most.
const mostWords = 32

// NewWording starts without texts.
func NewWording() *Wording {
	return &Wording{texts: map[string]*wording{}, numbers: map[string]int32{}}
}

// Add tells it of a text; one that comes twice counts once.
func (w *Wording) Add(text string) {
	if _, known := w.texts[text]; known {
		return
	}
	words := Words(text)
	list, seen := make([]said, len(words)), make(map[int32]bool, len(words))
	for i, word := range words {
		number, known := w.numbers[word]
		if !known {
			number = int32(len(w.counts)) //nolint:gosec // there are fewer words than a file has bytes
			w.numbers[word], w.counts = number, append(w.counts, 0)
		}
		list[i] = said{word: word, number: number, maySlip: len(word) > 4 && !hasDigit(word)}
		if !seen[number] {
			seen[number] = true
			w.counts[number]++
		}
	}
	w.texts[text] = &wording{words: list, squeezed: strings.ReplaceAll(text, " ", ""), digits: hasDigit(text)}
}

// weigh finds how much each word says: how rare it is.
func (w *Wording) weigh() {
	for _, text := range w.texts {
		list := text.words
		for i := range list {
			list[i].weight = math.Log2(1 + float64(len(w.texts))/float64(1+w.counts[list[i].number]))
		}
		if len(list) > mostWords {
			slices.SortStableFunc(list, func(a, b said) int { return -cmp.Compare(a.weight, b.weight) })
			text.words = list[:mostWords:mostWords]
		}
		for _, one := range text.words {
			if isCode(one.word) {
				text.codes = append(text.codes, one)
			}
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
	textSame  // but for a slip, the order or the division of words, or with one rare number of a model
	textMost  // most of what is said is the same, or one says all that the other says
	textHalf
	textSome
	textDiffers
)

// Compare gives the level of two texts. Two numbers are compared by their size.
func (w *Wording) Compare(a, b string) int {
	one, two := w.texts[a], w.texts[b]
	if a == b || one.squeezed == two.squeezed {
		return textEqual
	}
	if left, right, ok := twoNumbers(a, b); ok {
		return compareNumbers(left, right)
	}
	w.weighed.Do(w.weigh)
	both, more := share(one.words, two.words)
	fewer := min(len(one.words), len(two.words))
	short := fewer <= 3 && !one.digits && !two.digits
	switch other, rare := w.codes(one.codes, two.codes); {
	case rare:
		both = 1
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
	var taken [mostWords]bool
	left, right, leftCommon, rightCommon := 1e-9, 1e-9, 0.0, 0.0
	for _, other := range b {
		right += other.weight
	}
	for _, own := range a {
		left += own.weight
		if at := findWord(own, b, &taken); at >= 0 {
			taken[at] = true
			leftCommon, rightCommon = leftCommon+own.weight, rightCommon+b[at].weight
		}
	}
	return (leftCommon + rightCommon) / (left + right), max(leftCommon/left, rightCommon/right)
}

func findWord(own said, among []said, taken *[mostWords]bool) int {
	for i := range among {
		if !taken[i] && own.number == among[i].number {
			return i
		}
	}
	if !own.maySlip {
		return -1
	}
	for i := range among {
		if other := &among[i]; !taken[i] && other.maySlip && own.word[0] == other.word[0] && Edits(own.word, other.word, 1) <= 1 {
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
			if sameCode(one.word, two.word) {
				same, rare = true, rare || min(len(one.word), len(two.word)) >= longCode && min(w.counts[one.number], w.counts[two.number]) <= fewTexts
			}
		}
	}
	return len(a) > 0 && len(b) > 0 && !same, rare
}

func sameCode(a, b string) bool {
	return a == b || min(len(a), len(b)) >= 5 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// fewTexts have the number of a model, with those of its parts. One that is shorter than longCode may be any word: 4nf, mp3s.
const (
	fewTexts = 5
	longCode = 5
)

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
