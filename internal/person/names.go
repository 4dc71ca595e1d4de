package person

import (
	"slices"
	"strings"
	"unicode"

	"github.com/mozillazg/go-pinyin"
)

// names gives given name, surname and generation (jr, sr, 2, 3…). A name in characters is followed by a bar and its pinyin.
func names(cells map[Role]string) (given, surname, generation string) {
	given, surname = cells[Given], cells[Surname]
	full := cells[FullName]
	if strings.TrimSpace(given) == "" && strings.TrimSpace(surname) == "" {
		given, surname = split(full)
	}
	given, first := words(given)
	surname, last := words(surname)
	if middle, _ := words(cells[Middle]); middle != "" && given != "" && !isHan(given) && !strings.Contains(given, " ") {
		given += " " + middle
	}
	return withPinyin(given, true), withPinyin(surname, false), max(first, last)
}

// split parts a full name: "Last, First", "First Middle Last", or characters, of which the first is the surname, or the first two
// where they are one of the compound surnames.
func split(full string) (given, surname string) {
	if last, first, found := strings.Cut(full, ","); found && strings.TrimSpace(first) != "" {
		return first, last
	}
	folded, generation := words(full)
	if isHan(folded) {
		characters := []rune(strings.ReplaceAll(folded, " ", ""))
		at := 1
		if len(characters) > 2 && slices.Contains(compounds(), string(characters[:2])) {
			at = 2
		}
		at = min(at, len(characters))
		return string(characters[at:]), string(characters[:at]) + hidden(characters)
	}
	parts := strings.Fields(folded)
	if len(parts) < 2 {
		return "", folded
	}
	return strings.Join(parts[:len(parts)-1], " "), parts[len(parts)-1] + " " + generation
}

// hidden is a star for the half of a compound surname that a mask may hide: 欧** may be 欧阳伟.
func hidden(characters []rune) string {
	if len(characters) > 1 && characters[1] == '*' && slices.ContainsFunc(compounds(), func(compound string) bool { return strings.HasPrefix(compound, string(characters[:1])) }) {
		return "*"
	}
	return ""
}

func compounds() []string {
	return strings.Fields("欧阳 司马 上官 诸葛 夏侯 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 东方 司徒 司空 南宫 端木 轩辕")
}

// words folds a name and takes honorifics and the generation from it.
func words(name string) (folded, generation string) {
	folded = Fold(name)
	for _, title := range []string{"先生", "女士", "小姐", "太太"} {
		folded = strings.TrimSuffix(folded, title)
	}
	kept := strings.Fields(folded)
	for len(kept) > 1 && honorific(kept[0]) {
		kept = kept[1:]
	}
	if count := len(kept); count > 1 {
		switch kept[count-1] {
		case "jr", "junior":
			generation = "jr"
		case "sr", "senior":
			generation = "sr"
		case "i", "ii", "iii", "iv":
			generation = kept[count-1]
		}
		if generation != "" {
			kept = kept[:count-1]
		}
	}
	return strings.Join(kept, " "), generation
}

func honorific(word string) bool {
	switch word {
	case "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam", "mme", "herr", "frau":
		return true
	}
	return false
}

func isHan(text string) bool {
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			return true
		}
	}
	return false
}

// withPinyin adds how a name in characters is read: "王|wang". Some surnames are read otherwise than the character alone.
func withPinyin(name string, given bool) string {
	if !isHan(name) {
		return name
	}
	var b strings.Builder
	arguments := pinyin.NewArgs()
	for _, r := range name {
		reading, special := surnameReading(r)
		if syllables := pinyin.SinglePinyin(r, arguments); len(syllables) > 0 && (given || !special) {
			reading = syllables[0]
		}
		b.WriteString(reading)
	}
	return name + "|" + b.String()
}

func surnameReading(r rune) (string, bool) {
	switch r {
	case '曾':
		return "zeng", true
	case '单':
		return "shan", true
	case '解':
		return "xie", true
	case '仇':
		return "qiu", true
	case '朴':
		return "piao", true
	case '查':
		return "zha", true
	}
	return "", false
}

// Latin is how a name reads in Latin letters, without spaces where it was in characters.
func Latin(name string) string {
	if _, reading, found := strings.Cut(name, "|"); found {
		return reading
	}
	return name
}

// SurnameSound is Sound of a surname; of one in characters by the first of them, so that 欧阳 and a masked 欧* meet.
func SurnameSound(surname string) string {
	if characters, _, _ := strings.Cut(surname, "|"); isHan(characters) {
		return Sound(withPinyin(string([]rune(characters)[:1]), false))
	}
	return Sound(surname)
}

// Sound is a key that names which sound alike share: the first letter and up to three following consonants, in classes (Soundex, Russell 1918).
func Sound(name string) string {
	name = Latin(name)
	var key []byte
	last := byte('0')
	for _, r := range name {
		if r < 'a' || r > 'z' {
			continue
		}
		class := "01230120022455012623010202"[r-'a']
		if len(key) == 0 {
			key = append(key, byte(r))
		} else if class != '0' && class != last && len(key) < 4 {
			key = append(key, class)
		}
		if r != 'h' && r != 'w' {
			last = class
		}
	}
	if len(key) == 0 {
		return name
	}
	return string(key)
}
