package person

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Date gives a birthday as YYYY-MM-DD, with 00 for parts that are not known, or an empty text. Of 12/11 the first is the month unless it
// cannot be one; the comparison knows that day and month may be exchanged. A year of two digits above 26 is of the last century.
func Date(cell string) string {
	parts := dateParts(strings.ToLower(width.Narrow.String(strings.TrimSpace(cell))))
	year, month, day := 0, 0, 0
	switch {
	case len(parts) == 1 && len(parts[0]) == 8:
		year, month, day = number(parts[0][:4]), number(parts[0][4:6]), number(parts[0][6:])
	case len(parts) == 1 && len(parts[0]) == 4:
		year = number(parts[0])
	case len(parts) == 2 && len(parts[0]) == 4:
		year, month = number(parts[0]), number(parts[1])
	case len(parts) >= 3 && len(parts[0]) == 4:
		year, month, day = number(parts[0]), number(parts[1]), number(parts[2])
	case len(parts) >= 3:
		month, day, year = number(parts[0]), number(parts[1]), fullYear(parts[2])
		if isMonthName(parts[1]) {
			month, day = day, month
		}
	}
	if month > 12 && day <= 12 {
		month, day = day, month
	}
	if year < 1850 || year > 2100 || month > 12 || day > 31 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// dateParts are the runs of digits and of letters; a time of day after the date is left out.
func dateParts(cell string) []string {
	kind := func(r rune) int {
		switch {
		case r >= '0' && r <= '9':
			return 1
		case r >= 'a' && r <= 'z':
			return 2
		}
		return 0
	}
	var parts []string
	last := 0
	for _, r := range cell {
		now := kind(r)
		if now != 0 && now != last {
			parts = append(parts, "")
		}
		if now != 0 {
			parts[len(parts)-1] += string(r)
		}
		last = now
	}
	return parts
}

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

func isMonthName(part string) bool {
	return len(part) >= 3 && unicode.IsLetter(rune(part[0])) && strings.Index(monthNames, part[:3])%3 == 0
}

func number(part string) int {
	if isMonthName(part) {
		return strings.Index(monthNames, part[:3])/3 + 1
	}
	value, err := strconv.Atoi(part)
	if err != nil {
		return 99 // no month and no day
	}
	return value
}

func fullYear(part string) int {
	year := number(part)
	switch {
	case len(part) > 2:
		return year
	case year > 26:
		return 1900 + year
	}
	return 2000 + year
}
