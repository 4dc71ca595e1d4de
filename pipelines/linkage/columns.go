package linkage

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"countinghouse/internal/person"
)

// roleOf tells what a column holds by the words of its header.
func roleOf(header string) person.Role {
	header = strings.TrimSpace(header)
	if role, known := chineseRole(header); known {
		return role
	}
	words := strings.FieldsFunc(strings.ToLower(header), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, known := range headerWords() {
		if matches(words, known.words) && !slices.ContainsFunc(words, func(word string) bool { return slices.Contains(known.not, word) }) {
			return known.role
		}
	}
	return person.Ignored
}

func chineseRole(header string) (person.Role, bool) {
	roles := []struct {
		words string
		role  person.Role
	}{
		{"邮箱 电子邮件", person.Email},
		{"手机 电话 联系方式", person.Phone},
		{"姓名 收件人 收货人 客户名", person.FullName},
		{"生日 出生", person.Birthday},
		{"身份证", person.NationalID},
		{"护照", person.Passport},
		{"邮编 邮政编码", person.Postcode},
		{"地址", person.Address},
		{"性别", person.Gender},
		{"省", person.State},
		{"市", person.City},
	}
	for _, candidate := range roles {
		for _, word := range strings.Fields(candidate.words) {
			if strings.Contains(header, word) {
				return candidate.role, true
			}
		}
	}
	return person.Ignored, false
}

// headerWord is a set of words that a header of a role has; a word with a star is the beginning of one, one of several stand between bars.
type headerWord struct {
	words string
	not   []string
	role  person.Role
}

func headerWords() []headerWord {
	numbers := []string{"country", "state", "type", "date", "expiry", "issuer"}
	organisation := []string{"org", "organization", "organisation", "company", "business", "user", "file", "screen", "nick"}
	place := []string{"birth", "type", "country", "date"}
	return []headerWord{
		{"email|mail|e-mail|emailaddress", []string{"type", "mailing"}, person.Email},
		{"phone*|mobile|tel|telephone|cell", []string{"type", "ext", "country"}, person.Phone},
		{"soc|ssn|social", numbers, person.SocialID},
		{"passport", numbers, person.Passport},
		{"licen*|drivers|driver", numbers, person.Licence},
		{"national|citizen|nationalid", append(numbers, "nationality"), person.NationalID},
		{"birth* place|city|town|country", nil, person.Text},
		{"occupation|profession", nil, person.Text},
		{"dob|birth*|born", []string{"age", "order"}, person.Birthday},
		{"gender|sex", nil, person.Gender},
		{"middle|midl|mname", nil, person.Middle},
		{"native name", organisation, person.FullName},
		{"full|whole|display|native name", organisation, person.FullName},
		{"fullname", nil, person.FullName},
		{"first and surname", nil, person.Ignored},
		{"given|forename|firstname|givenname|fname", nil, person.Given},
		{"first name", nil, person.Given},
		{"surname|lastname|familyname|lname", nil, person.Surname},
		{"last|family name", organisation, person.Surname},
		{"post*|zip*", place, person.Postcode},
		{"suburb|city|town|municipality", place, person.City},
		{"state|province|county", place, person.State},
		{"street|address*|addr|road|house", append(place, "email", "ip"), person.Address},
		{"name", organisation, person.FullName},
	}
}

func matches(words []string, pattern string) bool {
	for _, alternatives := range strings.Fields(pattern) {
		if !slices.ContainsFunc(strings.Split(alternatives, "|"), func(wanted string) bool {
			return slices.ContainsFunc(words, func(word string) bool {
				beginning, prefix := strings.CutSuffix(wanted, "*")
				return word == wanted || prefix && strings.HasPrefix(word, beginning)
			})
		}) {
			return false
		}
	}
	return true
}

// unusable are words of headers that tell of numbers and keys, and not of what a record is about.
func unusable(header string) bool {
	words := strings.FieldsFunc(strings.ToLower(header), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains(strings.Fields("id tid cid ctid cluster truth label source key index rowid record unnamed recid rec"), word)
	})
}

// CheckRoles says which role given by hand is none.
func CheckRoles(given map[string]string) error {
	roles := []person.Role{
		person.Ignored, person.Given, person.Middle, person.Surname, person.FullName, person.Birthday, person.Email, person.Phone, person.Address,
		person.City, person.State, person.Postcode, person.Gender, person.SocialID, person.Passport, person.Licence, person.NationalID, person.Text,
	}
	for header, role := range given {
		if !slices.Contains(roles, person.Role(role)) {
			return fmt.Errorf("--map %s=%s: no such role; the roles are %s", header, role, strings.Trim(fmt.Sprint(roles[1:]), "[]"))
		}
	}
	return nil
}
