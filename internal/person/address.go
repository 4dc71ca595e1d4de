package person

import (
	"slices"
	"strings"
	"unicode"
)

// address gives the street line as folded words, and the place as "postcode|city|state". Where a file has all in one cell,
// the last number of four digits or more is the postcode.
func address(cells map[Role]string) (line, place string) {
	parts := strings.Fields(Fold(cells[Address]))
	postcode, city := strings.ReplaceAll(Fold(cells[Postcode]), " ", ""), Fold(cells[City])
	if postcode == "" && len(parts) > 2 {
		for i := len(parts) - 1; i > 0; i-- {
			if len(parts[i]) >= 5 && len(parts[i]) <= 6 && isNumber(parts[i]) {
				postcode = parts[i]
				parts = slices.Delete(slices.Clone(parts), i, i+1)
				break
			}
		}
	}
	if len(postcode) == 9 && isNumber(postcode) {
		postcode = postcode[:5]
	}
	for i, part := range parts {
		if short, known := streetWord(part); known {
			parts[i] = short
		}
	}
	line = strings.Join(parts, " ")
	state := strings.ReplaceAll(Fold(cells[State]), " ", "")
	for _, end := range []string{"特别行政区", "自治区", "省", "市"} {
		state = strings.TrimSuffix(state, end)
		if isHan(city) {
			city = strings.TrimSuffix(city, end)
		}
	}
	if postcode+city+state == "" {
		return line, ""
	}
	return line, postcode + "|" + city + "|" + state
}

func isNumber(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsDigit(r) })
}

func streetWord(word string) (string, bool) {
	switch word {
	case "street", "strasse", "str":
		return "st", true
	case "avenue":
		return "ave", true
	case "road":
		return "rd", true
	case "drive":
		return "dr", true
	case "lane":
		return "ln", true
	case "place":
		return "pl", true
	case "court":
		return "ct", true
	case "north":
		return "n", true
	case "south":
		return "s", true
	case "east":
		return "e", true
	case "west":
		return "w", true
	case "apartment", "apmnt", "unit", "suite":
		return "apt", true
	}
	return word, false
}
