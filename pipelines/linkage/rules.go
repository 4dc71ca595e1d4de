package linkage

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"countinghouse/internal/person"
)

// rule is a blocking rule: records that agree on all expressions are compared.
type rule struct {
	name string
	// expressions are SQL over the columns of linkage.records; a record where one is null is in no block.
	expressions []string
	// held are the fields on which the pairs of the rule agree by its making.
	held []string
	// own: they are a number or an address of one person's.
	own bool
}

// ownRules, the first ones, are by numbers and addresses of one person's.
const ownRules = 6

// rules of every file, from those that promise most. A rule whose columns are empty makes no pairs.
func rules(texts []text) []rule {
	list := []rule{
		{name: "social id", expressions: []string{"social_id"}, held: []string{"social id"}},
		{name: "passport", expressions: []string{"passport"}, held: []string{"passport"}},
		{name: "licence", expressions: []string{"licence"}, held: []string{"licence"}},
		{name: "national id", expressions: []string{"national_id"}, held: []string{"national id"}},
		{name: "email", expressions: []string{"email"}, held: []string{"email"}},
		{name: "phone", expressions: []string{"phone7"}, held: []string{"phone"}},
		{name: "both names", expressions: []string{"names"}, held: []string{"given name", "surname"}},
		{name: "surname's sound, birthday", expressions: []string{"surname_sound", "birthday_key"}, held: []string{"surname", "birthday"}},
		{name: "given name's sound, birthday", expressions: []string{"given_sound", "birthday_key"}, held: []string{"given name", "birthday"}},
		{name: "name of the email", expressions: []string{"email_name"}, held: []string{"email"}},
		{name: "address, place", expressions: []string{"street_key", "place_key"}, held: []string{"address", "place"}},
		{name: "sounds of both names, year", expressions: []string{"given_sound", "surname_sound", "birthday[:4]"}, held: []string{"given name", "surname"}},
		{name: "surname's sound, address", expressions: []string{"surname_sound", "street_key"}, held: []string{"surname", "address"}},
		{name: "given name's sound, place", expressions: []string{"given_sound", "place_key"}, held: []string{"given name", "place"}},
		{name: "sounds of both names, place", expressions: []string{"given_sound", "surname_sound", "place_key"}, held: []string{"given name", "surname", "place"}},
		{name: "surname, last digits of the phone", expressions: []string{"surname_sound", "phone4"}, held: []string{"surname", "phone"}},
		{name: "birthday", expressions: []string{"birthday_key"}, held: []string{"birthday"}},
		{name: "surname, place", expressions: []string{"surname_sound", "place_key"}, held: []string{"surname", "place"}},
	}
	for i := range list[:ownRules] {
		list[i].own = true
	}
	for i, text := range texts[:min(len(texts), mostBlocking)] {
		list = append(list, rule{name: text.name, expressions: []string{textColumn(i)}, held: []string{text.name}})
	}
	return list
}

func textColumn(i int) string { return "text_" + string(rune('a'+i)) }

// features are the columns of linkage.records, which the rules speak of.
func features(texts int) []string {
	list := strings.Fields("social_id passport licence national_id email phone7 names surname_sound birthday_key given_sound email_name street_key place_key birthday phone4")
	for i := range min(texts, mostBlocking) {
		list = append(list, textColumn(i))
	}
	return list
}

// featuresOf gives the texts of a record in the order of features.
func featuresOf(p person.Person, texts int) []string {
	name, _, _ := strings.Cut(p.Email, "@")
	seven, four := phoneEnds(p.Phone)
	givenSound, surnameSound := sounds(p)
	list := []string{
		p.IDs[person.SocialID], p.IDs[person.Passport], p.IDs[person.Licence], p.IDs[person.NationalID], p.Email, seven,
		bothNames(p), surnameSound, birthdayKey(p.Birthday), givenSound, name, streetKey(p.Address), placeKey(p.Place), p.Birthday, four,
	}
	for i := range min(texts, mostBlocking) {
		list = append(list, strings.Join(person.Words(p.Texts[i]), " "))
	}
	return list
}

// sounds of the given name and the surname. The one name of a record may be either, unless it is in characters, where it is the surname.
func sounds(p person.Person) (given, surname string) {
	given, surname = person.Sound(p.Given), person.SurnameSound(p.Surname)
	if given != "" && surname != "" || strings.Contains(p.Given+p.Surname, "|") {
		return given, surname
	}
	return cmp.Or(given, surname), cmp.Or(surname, given)
}

// bothNames are in order, so that names in each other's column meet.
func bothNames(p person.Person) string {
	given, surname := strings.ReplaceAll(person.Latin(p.Given), " ", ""), strings.ReplaceAll(person.Latin(p.Surname), " ", "")
	if given == "" || surname == "" {
		return ""
	}
	return min(given, surname) + " " + max(given, surname)
}

// birthdayKey has day and month in order, so that 12/11 and 11/12 meet.
func birthdayKey(birthday string) string {
	if len(birthday) != 10 || strings.Contains(birthday[5:], "00") {
		return ""
	}
	return birthday[:4] + min(birthday[5:7], birthday[8:]) + max(birthday[5:7], birthday[8:])
}

func phoneEnds(phone string) (seven, four string) {
	if len(phone) >= 4 && !strings.Contains(phone[len(phone)-4:], "*") {
		four = phone[len(phone)-4:]
	}
	if len(phone) >= 7 && !strings.Contains(phone, "*") {
		seven = phone[len(phone)-7:]
	}
	return seven, four
}

// streetKey is the first number and the first longer word; of an address in characters, its last twelve characters.
func streetKey(address string) string {
	runes := []rune(strings.ReplaceAll(address, " ", ""))
	if slices.ContainsFunc(runes, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return string(runes[max(0, len(runes)-12):])
	}
	number, word := "", ""
	for _, part := range strings.Fields(address) {
		switch {
		case part[0] >= '0' && part[0] <= '9':
			if number == "" {
				number = part
			}
		case word == "" && len(part) > 3:
			word = string([]rune(part)[:min(4, len([]rune(part)))])
		}
	}
	if word == "" {
		return ""
	}
	return number + word
}

func placeKey(place string) string {
	parts := strings.Split(place, "|")
	if len(parts) < 2 {
		return ""
	}
	return cmp.Or(person.PostArea(parts[0]), parts[0], parts[1])
}
