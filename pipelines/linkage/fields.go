package linkage

import (
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/linkage"
	"countinghouse/internal/person"
)

// levels reads "name,m,u" triples; a fourth word fixes the figures.
func levels(text string) []linkage.Level {
	var list []linkage.Level
	for _, line := range strings.Split(text, ";") {
		var level linkage.Level
		parts := strings.Split(strings.TrimSpace(line), ",")
		level.Name = parts[0]
		level.Fixed = len(parts) > 3
		if _, err := fmt.Sscan(parts[1]+" "+parts[2], &level.M, &level.U); err != nil {
			panic("a level is written wrongly: " + line)
		}
		list = append(list, level)
	}
	return list
}

// text is a column that is compared as it stands.
type text struct {
	name string
	// household is the share of what is of one household, or of one kind of things, that agrees on it for that.
	household float64
	// words: records meet by its words.
	words bool
}

// field is a column of the model and how it is taken from a person.
type field struct {
	linkage.Field
	of func(person.Person) string
	// told, if set, hears of each value once.
	told func(value string)
	// roles are of the columns that it is taken from; none: it is always there.
	roles []person.Role
}

const (
	nameLevels = "equal,.72,.01;nickname or pinyin,.05,.002;close,.11,.006;similar,.03,.02;initial or mask fits,.03,.03;" +
		"names exchanged,.02,.0002;different,.04,.93"
	dateLevels  = "equal,.84,.0005;day and month exchanged,.02,.0003;one slip,.07,.003;two parts equal,.03,.01;within a year,.01,.06;different,.03,.926"
	emailLevels = "equal,.8,.0005;same name elsewhere,.04,.0008;close,.07,.001;different,.09,.9977"
	phoneLevels = "equal,.8,.0005;last seven equal,.04,.0002;mask fits in seven digits,.95,.000004,fixed;mask fits in four digits,.95,.0001,fixed;" +
		"mask fits in fewer,.95,.03,fixed;one slip,.04,.0002;different,.12,.9991"
	addressLevels = "equal,.68,.0008;most words and number,.12,.002;most words,.08,.004;some words,.04,.02;different,.08,.973"
	placeLevels   = "postcode and city,.6,.004;postcode,.1,.004;city,.15,.02;nearly,.06,.01;state,.04,.15;different,.05,.812"
	idLevels      = "equal,.93,.00002;one slip,.04,.00005;different,.03,.99993"
	textLevels    = "equal,.6,.01;nearly equal,.15,.002;most words,.08,.005;half of the words,.05,.01;some words,.04,.03;different,.08,.943"
)

// fields of the model for columns of these roles, or of any; the households' shares are judgements, fixed for every file.
func fields(texts []text, roles []person.Role) []field {
	list := slices.DeleteFunc(fieldsOfPersons(), func(f field) bool {
		return roles != nil && f.roles != nil && !slices.ContainsFunc(f.roles, func(role person.Role) bool { return slices.Contains(roles, role) })
	})
	for i, text := range texts {
		wording := person.NewWording()
		list = append(list, field{
			Field: linkage.Field{Name: text.name, Levels: levels(textLevels), Compare: wording.Compare, Differs: 0.5, Household: text.household, Frequency: true},
			of:    func(p person.Person) string { return p.Texts[i] }, told: wording.Add,
		})
	}
	return list[:min(len(list), linkage.MostFields)]
}

func fieldsOfPersons() []field {
	nicknames := person.NewNicknames()
	list := []field{
		{
			Field: linkage.Field{Name: "given name", Levels: levels(nameLevels), Compare: nicknames.CompareGiven, Differs: 0.15, Household: .02, Frequency: true},
			of:    func(p person.Person) string { return p.Given },
		},
		{
			Field: linkage.Field{Name: "surname", Levels: levels(nameLevels), Compare: person.CompareSurname, Differs: 0.25, Household: .9, Frequency: true},
			of:    func(p person.Person) string { return p.Surname },
		},
		{
			Field: linkage.Field{Name: "birthday", Levels: levels(dateLevels), Compare: person.CompareDate, Differs: 0.15, Household: .03, Frequency: true},
			of:    func(p person.Person) string { return p.Birthday }, roles: []person.Role{person.Birthday},
		},
		{
			Field: linkage.Field{Name: "email", Levels: levels(emailLevels), Compare: person.CompareEmail, Differs: 0.5, Household: .2, Frequency: true},
			of:    func(p person.Person) string { return p.Email }, roles: []person.Role{person.Email},
		},
		{
			Field: linkage.Field{Name: "phone", Levels: levels(phoneLevels), Compare: person.ComparePhone, Differs: 0.6, Household: .4, Frequency: true},
			of:    func(p person.Person) string { return p.Phone }, roles: []person.Role{person.Phone},
		},
		{
			Field: linkage.Field{Name: "address", Levels: levels(addressLevels), Compare: person.CompareAddress, Differs: 0.6, Household: .9, Frequency: true},
			of:    func(p person.Person) string { return p.Address }, roles: []person.Role{person.Address},
		},
		{
			Field: linkage.Field{Name: "place", Levels: levels(placeLevels), Compare: person.ComparePlace, Differs: 0.5, Household: .95, Frequency: true},
			of:    func(p person.Person) string { return p.Place }, roles: []person.Role{person.Postcode, person.City, person.State, person.District, person.Address},
		},
		{
			Field: linkage.Field{Name: "gender", Levels: levels("equal,.97,.5;different,.03,.5"), Compare: person.CompareEqual, Differs: .1},
			of:    func(p person.Person) string { return p.Gender }, roles: []person.Role{person.Gender},
		},
	}
	for _, role := range person.IDRoles() {
		list = append(list, field{
			Field: linkage.Field{Name: strings.ReplaceAll(string(role), "_", " "), Levels: levels(idLevels), Compare: person.CompareID, Differs: 0.15, Household: .002, Frequency: true},
			of:    func(p person.Person) string { return p.IDs[role] }, roles: []person.Role{role},
		})
	}
	return append(list, field{
		Field: linkage.Field{Name: "channel", Levels: levels("the same,.03,.25;another,.97,.75"), Compare: person.CompareEqual, Chance: true},
		of:    func(p person.Person) string { return p.Channel }, roles: []person.Role{person.Channel},
	})
}

// swapLevel is the place of "names exchanged" among the levels of names.
const swapLevel = 5

// table is the records of the model, field by field.
type table struct {
	linkage.Table
	fields []field
	codes  []map[string]int32
	rests  map[string]int32 // of the echo
	// single are values of which one person has one, such as the generation (jr and sr).
	single singles
}

// singles are, by kind and owner, values of which one person has one.
type singles struct {
	values [][]int32
	codes  []map[string]int32
}

// The kinds of single values that records have by themselves; accounts have others.
const generation = 0

// newTable is for columns of these roles; nil: of any.
func newTable(texts []text, roles []person.Role) *table {
	t := &table{fields: fields(texts, roles)}
	for _, field := range t.fields {
		t.Fields = append(t.Fields, field.Field)
		t.codes = append(t.codes, map[string]int32{})
	}
	t.Words, t.Codes = make([][]string, len(t.fields)), make([][]int32, len(t.fields))
	t.Swap = &linkage.Swap{Given: 0, Surname: 1, Level: swapLevel}
	if emails := t.fieldsNamed([]string{"email"}); len(emails) > 0 {
		t.Echo = &linkage.Echo{Field: emails[0], Compare: person.CompareEmailRests}
		t.rests = map[string]int32{}
	}
	t.single.addKind()
	return t
}

// addKind makes room for another kind of single values.
func (s *singles) addKind() {
	s.values = append(s.values, nil)
	s.codes = append(s.codes, map[string]int32{})
}

// set notes an owner's value of a kind; owners come in any order, each any number of times.
func (s *singles) set(kind int, owner int32, value string) {
	for int(owner) >= len(s.values[kind]) {
		s.values[kind] = append(s.values[kind], linkage.NotKnown)
	}
	if value == "" {
		return
	}
	code, known := s.codes[kind][value]
	if !known {
		code = int32(len(s.codes[kind]))
		s.codes[kind][strings.Clone(value)] = code
	}
	switch was := s.values[kind][owner]; {
	case was == linkage.NotKnown:
		s.values[kind][owner] = code
	case was != code:
		s.values[kind][owner] = linkage.Contradictory
	}
}

func (t *table) add(p person.Person) {
	for i, field := range t.fields {
		code := int32(-1)
		if word := field.of(p); word != "" {
			before := len(t.Words[i])
			code = numbered(t.codes[i], &t.Words[i], word)
			if field.told != nil && len(t.Words[i]) > before {
				field.told(t.Words[i][code])
			}
		}
		t.Codes[i] = append(t.Codes[i], code)
	}
	if t.Echo != nil {
		code := int32(-1)
		if rest, holds := person.EmailRest(p); holds {
			code = numbered(t.rests, &t.Echo.Words, rest)
		}
		t.Echo.Rests = append(t.Echo.Rests, code)
	}
}

// closed lets go of what finds a value's number: no more records come.
func (t *table) closed() {
	clear(t.codes)
	clear(t.single.codes)
	t.rests = nil
}

// numbered gives a word's place in a dictionary, which grows.
func numbered(codes map[string]int32, words *[]string, word string) int32 {
	code, known := codes[word]
	if !known {
		word = strings.Clone(word)
		code = int32(len(*words))
		codes[word] = code
		*words = append(*words, word)
	}
	return code
}

// asThings sets what is otherwise among things than among persons: what shares a phone or an address is mostly one thing.
func (t *table) asThings() {
	for i := range t.Fields {
		if name := t.Fields[i].Name; name == "phone" || name == "address" {
			t.Fields[i].Household = textsOfThings
		}
	}
}

// fieldsNamed gives the places of fields.
func (t *table) fieldsNamed(names []string) []int {
	var places []int
	for i, field := range t.fields {
		if slices.Contains(names, field.Name) {
			places = append(places, i)
		}
	}
	return places
}
