package person

import (
	"strings"

	"golang.org/x/text/width"
)

func email(cell string) string {
	cell = strings.ToLower(strings.TrimSpace(width.Narrow.String(cell)))
	if start, end := strings.LastIndexByte(cell, '<'), strings.LastIndexByte(cell, '>'); start >= 0 && end > start {
		cell = cell[start+1 : end]
	}
	name, domain, found := strings.Cut(cell, "@")
	if !found || name == "" || domain == "" {
		return ""
	}
	return cell
}

// CompareEmail gives a level: equal, the same name at another provider, a slip, different. A name without figures, such as john.smith, at two providers says no
// more than that the two have one name, which is compared elsewhere: -1. Figures
// behind one name at one provider are there because the name was taken: others are another's.
func CompareEmail(a, b string) int {
	if a == b {
		return 0
	}
	left, leftDomain, _ := strings.Cut(a, "@")
	right, rightDomain, _ := strings.Cut(b, "@")
	switch {
	case left == right && digits(left) < 2:
		return -1
	case left == right:
		return 1
	case leftDomain == rightDomain && withoutDigits(left) == withoutDigits(right) && !slipOfFigures(left, right):
		return shortened(left, right)
	case Edits(a, b, 3) <= 3, leftDomain == rightDomain && len(left) > 5 && JaroWinkler(left, right) >= .92:
		return 2
	}
	return 3
}

// CompareEmailRests compares what two addresses, not equal, hold beside the names of their people, which agree or not where names are compared: the same
// figures in one place are close. Nothing but the names in both says nothing. Other figures are another's: of two people of one name the second takes the
// next number.
func CompareEmailRests(a, b string) int {
	left, leftDomain, _ := strings.Cut(a, "@")
	right, rightDomain, _ := strings.Cut(b, "@")
	near := Edits(leftDomain, rightDomain, 2) <= 2
	switch {
	case left == right && near && (leftDomain != rightDomain || len(left) >= 2), slipOfFigures(left, right):
		return 2
	case left == right && len(left) >= leastRest:
		return 1
	case left == right:
		return -1
	case near && left != "" && right != "":
		return shortened(left, right)
	}
	return 3
}

// shortened: other figures are another's, unless one is the other without one of them, which may be a slip.
func shortened(a, b string) int {
	if len(a) != len(b) && Edits(a, b, 1) <= 1 {
		return -1
	}
	return 3
}

// leastRest is from how many letters or figures on a rest is not two people's by chance.
const leastRest = 4

// slipOfFigures tells of two names with figures enough to be told apart that differ by one of them, or by the order of two.
func slipOfFigures(a, b string) bool {
	return a != b && min(digits(a), digits(b)) >= leastRest && Edits(a, b, 1) <= 1
}

func digits(text string) int { return len(text) - len(withoutDigits(text)) }

func withoutDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, text)
}

// leastOfName is how many letters of an address must be those of the name for it to be made of the name.
const leastOfName = 3

// EmailRest is what an e-mail address made of the name of its owner holds beside it, as far as it tells namesakes apart: its figures, and where it is,
// 82@mail.com of john.smith82@mail.com and of jsmith82@mail.com. Not ok: it does not hold the name.
func EmailRest(p Person) (rest string, ok bool) {
	local, domain, _ := strings.Cut(p.Email, "@")
	found := 0
	for _, piece := range append(strings.Fields(Latin(p.Given)), strings.ReplaceAll(Latin(p.Surname), " ", "")) {
		if len(piece) > 1 && strings.Contains(local, piece) {
			found += len(piece)
		}
	}
	if found < leastOfName {
		return "", false
	}
	return onlyDigits(local) + "@" + domain, true
}

// EmailFigures are the figures of an address: without the same ones two have no one name at two providers that says anything.
func EmailFigures(address string) string {
	local, _, _ := strings.Cut(address, "@")
	return onlyDigits(local)
}

func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}
