// Package person brings what exports say of people to one spelling, and compares two such spellings by levels that a
// Fellegi–Sunter model can weigh: names with their order, honorifics, nicknames and pinyin, birthdays in many forms, addresses,
// masked phones. Everything here is a pure function of its arguments.
package person

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Role is what a column of a file of persons holds.
type Role string

// The roles. A role that several columns have is filled by the first that is not empty, but for the parts of an address, which are joined.
const (
	Given      Role = "given"
	Middle     Role = "middle"
	Surname    Role = "surname"
	FullName   Role = "full_name"
	Birthday   Role = "birthday"
	Email      Role = "email"
	Phone      Role = "phone"
	Address    Role = "address"
	City       Role = "city"
	State      Role = "state"
	District   Role = "district"
	Postcode   Role = "postcode"
	Gender     Role = "gender"
	SocialID   Role = "social_id"
	Passport   Role = "passport"
	Licence    Role = "licence"
	NationalID Role = "national_id"
	Channel    Role = "channel"
	Text       Role = "text"
	Ignored    Role = ""
)

// Person is one record in one spelling. An empty text is a value that is not known.
type Person struct {
	Given, Surname, Generation string
	Birthday, Email, Phone     string
	Address, Place, Gender     string
	IDs                        map[Role]string
	Texts                      []string
	// Channel is where the record is an account, if it is one: most people have one account of a channel.
	Channel string
}

// Normalise gives the one spelling of a record's cells by role; texts are free columns, kept in their order.
func Normalise(cells map[Role]string, texts []string) Person {
	cells = known(cells)
	given, surname, generation := names(cells)
	result := Person{
		Given: given, Surname: surname, Generation: generation,
		Birthday: Date(cells[Birthday]), Email: email(cells[Email]), Phone: phone(cells[Phone]), Gender: gender(cells[Gender]),
		IDs: map[Role]string{}, Channel: cells[Channel],
	}
	result.Address, result.Place = address(cells)
	for _, role := range IDRoles() {
		result.IDs[role] = identifier(cells[role])
	}
	for _, text := range texts {
		result.Texts = append(result.Texts, Fold(text))
	}
	return result
}

// IDRoles are the roles of numbers that an authority gives to one person.
func IDRoles() []Role { return []Role{SocialID, Passport, Licence, NationalID} }

// Fold lower-cases, takes full-width characters and accents away, drops apostrophes, and leaves words parted by single spaces. Stars stay.
func Fold(text string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(width.Narrow.String(text)) {
		switch {
		case unicode.Is(unicode.Mn, r) && r < 0x370, r == '\'', r == '’', r == '`':
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.Is(unicode.M, r), r == '*':
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteByte(' ')
		}
	}
	return norm.NFC.String(strings.Join(strings.Fields(b.String()), " "))
}

// phone keeps digits and stars, without the codes of the country that numbers in a file mostly lack.
func phone(cell string) string {
	cell = strings.ToLower(width.Narrow.String(cell))
	if at := strings.IndexAny(cell, "x转"); at > 6 {
		cell = cell[:at]
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '*' {
			return r
		}
		return -1
	}, cell)
	digits = strings.TrimPrefix(digits, "00")
	if len(digits) == 13 && strings.HasPrefix(digits, "86") {
		digits = digits[2:]
	}
	if len(digits) == 11 && digits[0] == '1' && digits[1] != '*' && digits[1] < '3' {
		digits = digits[1:]
	}
	if len(digits) < 6 || strings.Trim(digits, digits[:1]) == "" || digits == "13800138000" || strings.HasPrefix("1234567890123", digits) {
		return ""
	}
	return digits
}

func identifier(cell string) string {
	cell = strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, width.Narrow.String(cell)))
	if strings.Trim(cell, "0") == "" || cell == "NA" || cell == "NULL" || cell == "NONE" {
		return ""
	}
	return cell
}

func gender(cell string) string {
	switch cell = Fold(cell); cell {
	case "m", "male", "男", "1", "man":
		return "m"
	case "f", "female", "女", "2", "woman":
		return "f"
	}
	return ""
}
