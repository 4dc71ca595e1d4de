package identity

import (
	"regexp"
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
	if len(value) >= tooLong {
		return value[:tooLong], Junk
	}
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

// tooLong is in bytes: an e-mail address has at most 254 (RFC 5321, 4.5.3), and nothing else comes near.
const tooLong = 320

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

// extension is what stands behind a number: 转1234, -1234, ext. 1234. A Chinese mobile number with one is a number that a platform lends
// out for a deal, see isLent.
var extension = regexp.MustCompile(`^(.*[0-9].*?)\s*(?:-|转|#|,|;?ext[.=]?|x)\s*([0-9]{1,6})$`)

// mobile is a Chinese mobile number, however it is written.
var mobile = regexp.MustCompile(`^(?:(?:\+|00)?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}$`)

// extensionMark stands before the extension in a normal number, as in RFC 3966.
const extensionMark = ";ext="

// isLent knows a privacy number: a mobile number with an extension, which platforms give to a seller for one deal and to others later.
func isLent(normal string) bool {
	return strings.HasPrefix(normal, "+861") && strings.Contains(normal, extensionMark)
}

// normalPhone gives E.164, with the extension if there is one. Chinese mobile numbers, nearly all there are, take the short way.
func normalPhone(value, region string) (string, Status) {
	parts := extension.FindStringSubmatch(strings.ToLower(value))
	if region == "CN" {
		if digits := chineseMobile(value); digits != "" {
			if fewDigits(digits) {
				return digits, Junk
			}
			return "+86" + digits, Used
		}
		if parts != nil && mobile.MatchString(parts[1]) {
			return "+86" + chineseMobile(parts[1]) + extensionMark + parts[2], Used
		}
	}
	number, err := phonenumbers.Parse(value, region)
	if parts != nil && (err != nil || !phonenumbers.IsValidNumber(number)) {
		number, err = phonenumbers.Parse(parts[1]+" ext. "+parts[2], region)
	}
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return onlyDigits(value), Junk
	}
	normal := phonenumbers.Format(number, phonenumbers.E164)
	if number.GetExtension() != "" {
		normal += extensionMark + number.GetExtension()
	}
	return normal, Used
}

// chineseMobile gives the eleven digits of a Chinese mobile number, or nothing.
func chineseMobile(value string) string {
	digits := strings.TrimPrefix(onlyDigits(value), "0086")
	if len(digits) == 13 && strings.HasPrefix(digits, "86") {
		digits = digits[2:]
	}
	if len(digits) == 11 && digits[0] == '1' && digits[1] >= '3' {
		return digits
	}
	return ""
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

// normalEmail gives the one spelling of an address. Dots and what follows a plus sign are dropped only where the provider is known to ignore
// them: elsewhere they make another mailbox.
func normalEmail(value string) (string, Status) {
	value = strings.ToLower(value)
	name, domain, found := strings.Cut(value, "@")
	if !found || name == "" || strings.Contains(domain, "@") || !strings.Contains(domain, ".") || strings.ContainsFunc(value, unicode.IsSpace) {
		return value, Junk
	}
	if ignoresTags(domain) {
		name, _, _ = strings.Cut(name, "+")
	}
	if domain == "googlemail.com" {
		domain = "gmail.com"
	}
	if domain == "gmail.com" {
		name = strings.ReplaceAll(name, ".", "")
	}
	if name == "" {
		return value, Junk
	}
	return name + "@" + domain, Used
}

// ignoresTags knows the providers that deliver name+tag to name, by their own documentation. QQ and NetEase do not.
func ignoresTags(domain string) bool {
	switch domain {
	case "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "icloud.com", "me.com", "mac.com",
		"fastmail.com", "protonmail.com", "proton.me", "pm.me":
		return true
	}
	return false
}
