package identity

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/width"
)

// Status says what a value is worth as evidence.
type Status uint8

// The statuses, in the words of identity.identifiers.
const (
	Used   Status = iota // it links accounts
	Junk                 // nobody's own: 13800138000, test@test.com
	Shared               // on more accounts than one person has
	Masked               // hidden in part by the channel: evidence, never a link
)

func (s Status) String() string { return [...]string{"used", "junk", "shared", "masked"}[s] }

// Normalise gives the one spelling of an identifier, or says why it cannot link: two spellings of one phone must meet, and a
// masked or broken value must meet nothing. region is the country of phone numbers without a code, such as CN.
func Normalise(kind, value, region string) (string, Status) {
	value = strings.TrimSpace(width.Narrow.String(value))
	if isMasked(value) {
		return value, Masked
	}
	switch kind {
	case "phone":
		return normalPhone(value, region)
	case "email":
		return normalEmail(value)
	default:
		return value, emptyIsJunk(value)
	}
}

// isMasked knows the ways in which platforms hide a value: stars, and Douyin's ciphertext that begins with ## or $$.
func isMasked(value string) bool {
	return strings.Contains(value, "*") || strings.HasPrefix(value, "##") || strings.HasPrefix(value, "$$")
}

func emptyIsJunk(value string) Status {
	if strings.Trim(value, "0-") == "" {
		return Junk
	}
	return Used
}

// normalPhone gives E.164. Chinese mobile numbers, nearly all there are, take the short way.
func normalPhone(value, region string) (string, Status) {
	digits := onlyDigits(value)
	digits = strings.TrimPrefix(digits, "0086")
	if len(digits) == 13 && strings.HasPrefix(digits, "86") {
		digits = digits[2:]
	}
	if region == "CN" && len(digits) == 11 && digits[0] == '1' && digits[1] >= '3' {
		if fewDigits(digits) {
			return digits, Junk
		}
		return "+86" + digits, Used
	}
	number, err := phonenumbers.Parse(value, region)
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return digits, Junk
	}
	return phonenumbers.Format(number, phonenumbers.E164), Used
}

// fewDigits finds numbers that somebody typed to get past a form: 13333333333 has two digits only.
func fewDigits(digits string) bool {
	var seen [10]bool
	count := 0
	for _, digit := range []byte(digits) {
		if !seen[digit-'0'] {
			seen[digit-'0'] = true
			count++
		}
	}
	return count <= 2
}

func onlyDigits(value string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, value)
}

func normalEmail(value string) (string, Status) {
	value = strings.ToLower(value)
	name, domain, found := strings.Cut(value, "@")
	if !found || name == "" || !strings.Contains(domain, ".") || strings.ContainsFunc(value, unicode.IsSpace) {
		return value, Junk
	}
	return value, Used
}
