package person

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// address gives the street line as folded words, and the place as "postcode|city|state", with "|district" where one is known. Where a file has all
// in one cell, the last number of four digits or more is the postcode, and what is in characters is parted by its units.
func address(cells map[Role]string) (line, place string) {
	if text := Fold(cells[Address]); isHan(text + cells[City] + cells[District]) {
		return hanAddress(cells, text)
	}
	parts := strings.Fields(Fold(cells[Address]))
	postcode, city := strings.ReplaceAll(Fold(cells[Postcode]), " ", ""), Fold(cells[City])
	if postcode == "" && len(parts) > 2 {
		postcode, parts = lastPostcode(parts)
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
	state := trimAnySuffix(strings.ReplaceAll(Fold(cells[State]), " ", ""), provinceEnds())
	if postcode+city+state == "" {
		return line, ""
	}
	return line, postcode + "|" + city + "|" + state
}

func lastPostcode(parts []string) (postcode string, rest []string) {
	for i := len(parts) - 1; i > 0; i-- {
		if len(parts[i]) >= 5 && len(parts[i]) <= 6 && isNumber(parts[i]) {
			return parts[i], slices.Delete(slices.Clone(parts), i, i+1)
		}
	}
	return "", parts
}

// hanAddress is an address in characters. Its street line is what stands behind the district: a channel that has the district in a column of its own
// and one that has it in the line meet. A district says more than a postcode, which one of two exports mostly lacks.
func hanAddress(cells map[Role]string, text string) (line, place string) {
	postcode, parts := strings.ReplaceAll(Fold(cells[Postcode]), " ", ""), strings.Fields(text)
	if found, rest := lastPostcode(parts); found != "" {
		postcode, parts = cmp.Or(postcode, found), rest
	}
	province, city, district, line := chineseAddress(strings.Join(parts, ""))
	province = cmp.Or(trimAnySuffix(Fold(cells[State]), provinceEnds()), province)
	city = trimAnySuffix(cmp.Or(Fold(cells[City]), city), provinceEnds())
	district = cmp.Or(strings.ReplaceAll(Fold(cells[District]), " ", ""), district)
	if district != "" {
		return line, "|" + city + "|" + province + "|" + district
	}
	if postcode+city+province == "" {
		return line, ""
	}
	return line, postcode + "|" + city + "|" + province
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
