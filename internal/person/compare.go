package person

import (
	"slices"
	"strings"
)

// CompareGiven gives the level of GivenLevels.
func (n Nicknames) CompareGiven(a, b string) int {
	if strings.Contains(a+b, "*") {
		return compareMaskedName(a, b)
	}
	if level := compareName(a, b); level != nameDiffers && level != nameSimilar && level != nameInitial {
		return level
	}
	first, _, _ := strings.Cut(a, " ")
	second, _, _ := strings.Cut(b, " ")
	if first == second && len(first) > 2 {
		return nameClose
	}
	if n.Same(first, second) {
		return nameAlias
	}
	return compareName(a, b)
}

// The levels of names, best first.
const (
	nameExact = iota
	nameAlias // a nickname, or the pinyin of the characters
	nameClose
	nameSimilar
	nameInitial // an initial, or a masked name that fits
	nameSwapped
	nameDiffers
)

// CompareSurname gives the level of surnames: as given names, without nicknames. 欧* is 欧 or 欧阳, which the first character tells apart from nearly all
// others as well as the whole does.
func CompareSurname(a, b string) int {
	level := compareName(a, b)
	if level == nameInitial && isHan(a) && isHan(b) && []rune(a)[0] == []rune(b)[0] {
		return nameExact
	}
	return level
}

func compareName(a, b string) int {
	if strings.Contains(a, "*") || strings.Contains(b, "*") {
		return compareMaskedName(a, b) // two equal masks too: they are no equal names
	}
	if a == b {
		return nameExact
	}
	left, right := Latin(a), Latin(b)
	if left != a || right != b {
		if strings.ReplaceAll(left, " ", "") == strings.ReplaceAll(right, " ", "") {
			return nameAlias
		}
		// Two or three characters are too few to count edits.
		return nameDiffers
	}
	return compareLetters(left, right)
}

func compareLetters(a, b string) int {
	shorter, longer := a, b
	if len(shorter) > len(longer) {
		shorter, longer = longer, shorter
	}
	if len(shorter) == 1 {
		if longer[0] == shorter[0] {
			return nameInitial
		}
		return nameDiffers
	}
	if strings.ReplaceAll(a, " ", "") == strings.ReplaceAll(b, " ", "") || len(shorter) >= 3 && Edits(a, b, 1) <= 1 {
		return nameClose
	}
	similarity := JaroWinkler(a, b)
	switch {
	case similarity >= .92:
		return nameClose
	case similarity >= .84, sharesWord(a, b), len(shorter) >= 5 && Edits(a, b, 2) <= 2:
		return nameSimilar
	}
	return nameDiffers
}

// sharesWord tells whether one of two names of several words holds all words of the other.
func sharesWord(a, b string) bool {
	left, right := strings.Fields(a), strings.Fields(b)
	if len(left) > len(right) {
		left, right = right, left
	}
	if len(right) < 2 {
		return false
	}
	for _, word := range left {
		if len(word) > 1 && !slices.Contains(right, word) {
			return false
		}
	}
	return true
}

// compareMaskedName: 张* fits 张伟. A name that is hidden altogether says nothing: platforms write two stars for a name of any length.
func compareMaskedName(a, b string) int {
	left, _, _ := strings.Cut(a, "|")
	right, _, _ := strings.Cut(b, "|")
	switch {
	case strings.Trim(left, "*") == "" || strings.Trim(right, "*") == "":
		return -1
	case fits([]rune(left), []rune(right), false):
		return nameInitial
	}
	return nameDiffers
}

// fits tells whether two texts may be one below their stars, each of which hides one character, or any number where lengths may differ.
func fits(a, b []rune, sameLength bool) bool {
	if sameLength && len(a) != len(b) {
		return false
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] && a[i] != '*' && b[i] != '*' {
			return false
		}
	}
	return true
}

// The levels of birthdays.
const (
	dateExact = iota
	dateSwapped
	dateTyped   // one digit typed wrong, or two exchanged; or a part is missing and the others agree
	dateTwo     // two of the three parts agree
	dateNear    // one year or less apart
	dateDiffers // all else
)

// CompareDate gives the level of two birthdays.
func CompareDate(a, b string) int {
	if a == b {
		return dateExact
	}
	year, month, day := a[:4], a[5:7], a[8:]
	otherYear, otherMonth, otherDay := b[:4], b[5:7], b[8:]
	if year == otherYear && month == otherDay && day == otherMonth {
		return dateSwapped
	}
	missing := month == "00" || otherMonth == "00" || day == "00" || otherDay == "00"
	if missing && year == otherYear && (month == otherMonth || month == "00" || otherMonth == "00") || Edits(a, b, 1) <= 1 {
		return dateTyped
	}
	same := 0
	for _, equal := range []bool{year == otherYear, month == otherMonth, day == otherDay} {
		if equal {
			same++
		}
	}
	switch gap := number(year) - number(otherYear); {
	case same == 2, year == otherYear && Edits(a, b, 2) <= 2:
		return dateTwo
	case gap >= -1 && gap <= 1:
		return dateNear
	}
	return dateDiffers
}

// The levels of phones. What a mask that fits is worth hangs on how many digits it leaves to be seen.
const (
	phoneExact   = iota
	phoneLocal   // but for the area code
	phoneSeen7   // masked, seven digits or more are seen and fit
	phoneSeen4   // four or more
	phoneSeen1   // one or more
	phoneSlip    // one digit typed wrong
	phoneDiffers // all else
)

// ComparePhone gives the level of two phones.
func ComparePhone(a, b string) int {
	switch {
	case strings.Contains(a, "*") || strings.Contains(b, "*"):
		return compareMaskedPhone(a, b)
	case a == b:
		return phoneExact
	case len(a) >= 7 && len(b) >= 7 && a[len(a)-7:] == b[len(b)-7:]:
		return phoneLocal
	case Edits(a, b, 1) <= 1:
		return phoneSlip
	}
	return phoneDiffers
}

// compareMaskedPhone counts the digits that both show. The 1 with which every Chinese mobile number begins is no evidence.
func compareMaskedPhone(a, b string) int {
	if len(a) != len(b) || !fits([]rune(a), []rune(b), true) {
		return phoneDiffers
	}
	seen := 0
	for i := range len(a) {
		if a[i] != '*' && b[i] != '*' && (i > 0 || a[i] != '1') {
			seen++
		}
	}
	switch {
	case seen >= 6:
		return phoneSeen7
	case seen >= 4:
		return phoneSeen4
	case seen >= 1:
		return phoneSeen1
	}
	return -1
}

// CompareID gives a level: equal, a slip, different.
func CompareID(a, b string) int {
	switch {
	case a == b:
		return 0
	case min(len(a), len(b)) >= 6 && Edits(a, b, 1) <= 1:
		return 1
	}
	return 2
}

// CompareEqual gives a level: equal or not.
func CompareEqual(a, b string) int {
	if a == b {
		return 0
	}
	return 1
}

// CompareAddress gives a level: equal, most words with the house number, most words, some, different.
func CompareAddress(a, b string) int {
	if a == b || strings.ReplaceAll(a, " ", "") == strings.ReplaceAll(b, " ", "") {
		return 0
	}
	if isHan(a) && isHan(b) {
		return compareCharacters(a, b)
	}
	share := overlap(a, b)
	number := firstNumber(a)
	sameNumber := number != "" && number == firstNumber(b)
	switch {
	case sameNumber && share >= .4, share >= .8:
		return 1
	case share >= .5, Edits(a, b, 3) <= 3, JaroWinkler(a, b) >= .94:
		return 2
	case share >= .3:
		return 3
	}
	return 4
}

// compareCharacters: an address that holds the other, or a common beginning, which is the larger part in Chinese order.
func compareCharacters(a, b string) int {
	left, right := []rune(strings.ReplaceAll(a, " ", "")), []rune(strings.ReplaceAll(b, " ", ""))
	prefix := 0
	for prefix < min(len(left), len(right)) && left[prefix] == right[prefix] {
		prefix++
	}
	switch shorter := min(len(left), len(right)); {
	case Edits(string(left), string(right), 1) <= 1, strings.HasSuffix(string(left), string(right)), strings.HasSuffix(string(right), string(left)):
		return 1
	case prefix*10 >= shorter*8:
		return 2
	case prefix*2 >= shorter:
		return 3
	}
	return 4
}

// AddressEnds are the first four of five characters and more of an address in characters, and the last three of eight and more. Two that begin otherwise do not have
// most of their words in common from the beginning on; if they end otherwise too, neither holds the other, nor is there one slip. Of one in letters both are empty.
func AddressEnds(line string) (begin, end string) {
	characters := []rune(strings.ReplaceAll(line, " ", ""))
	if !isHan(line) || len(characters) < 5 {
		return "", ""
	}
	if length := len(characters); length >= 8 {
		end = string(characters[length-3:])
	}
	return string(characters[:4]), end
}

func firstNumber(line string) string {
	for _, word := range strings.Fields(line) {
		if word[0] >= '0' && word[0] <= '9' {
			return word
		}
	}
	return ""
}

// overlap is the share of words that two lines have in common, by the shorter one; a word and a close one are the same.
func overlap(a, b string) float64 {
	left, right := strings.Fields(a), strings.Fields(b)
	if len(left) > len(right) {
		left, right = right, left
	}
	if len(left) == 0 {
		return 0
	}
	same := 0
	for _, word := range left {
		if slices.ContainsFunc(right, func(other string) bool { return word == other || len(word) > 4 && Edits(word, other, 1) <= 1 }) {
			same++
		}
	}
	return float64(same) / (float64(len(left)+len(right)) / 2)
}

// ComparePlace gives a level: postcode (or district) and city, postcode, city, one of them nearly, the state, different.
func ComparePlace(a, b string) int {
	left, right := placeParts(a), placeParts(b)
	known := func(i int) bool { return left[i] != "" && right[i] != "" }
	same := func(i int) bool { return known(i) && left[i] == right[i] }
	switch {
	case (same(0) || same(3)) && same(1):
		return 0
	case same(0):
		return 1
	case same(1):
		return 2
	case known(0) && (Edits(left[0], right[0], 1) <= 1 || samePostArea(left[0], right[0])), known(1) && similarTexts(left[1], right[1]) && !isHan(left[1]):
		return 3
	case same(2):
		return 4
	}
	return 5
}

// PostArea is the part of a postcode that names a town: of a British one what stands before its last three, of five figures three, of six four. Of others it
// is empty.
func PostArea(postcode string) string {
	length := len(postcode)
	switch {
	case length >= 5 && length <= 7 && postcode[0] >= 'a' && postcode[length-1] >= 'a' && postcode[length-3] <= '9':
		return postcode[:length-3]
	case (length == 5 || length == 6) && isNumber(postcode):
		return postcode[:length-2]
	}
	return ""
}

func samePostArea(a, b string) bool {
	area := PostArea(a)
	return area != "" && area == PostArea(b)
}

// similarTexts tells of two short texts that are nearly one, such as names of towns.
func similarTexts(a, b string) bool {
	return JaroWinkler(a, b) >= .84 || min(len(a), len(b)) >= 4 && Edits(a, b, 1) <= 1 || overlap(a, b) >= .6
}

// Places are the postcode, the city and the district of a place, empty where they are not known.
func Places(place string) (postcode, city, district string) {
	parts := placeParts(place)
	return parts[0], parts[1], parts[3]
}

// placeParts are postcode, city, state, district.
func placeParts(place string) (parts [4]string) {
	for i := range parts {
		parts[i], place, _ = strings.Cut(place, "|")
	}
	return parts
}
