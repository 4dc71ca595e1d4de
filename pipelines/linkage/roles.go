package linkage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"countinghouse/internal/person"
)

const (
	// fewRoles are so few columns of persons that other texts are compared too.
	fewRoles = 3
	// mostTexts of them are compared, and mostBlocking make blocks.
	mostTexts, mostBlocking = 8, 4
	// numbersAlone is the share of numbers from which on a column is one of numbers, whose words no records meet by.
	numbersAlone = .9
	// kindsAlone is the share of other values up to which a column tells kinds of things.
	kindsAlone = .1
)

// tellRoles decides what each column is. In a file of things, and where few columns are of persons, other texts are compared as they stand.
func (m *matcher) tellRoles(ctx context.Context) error {
	m.roles = make([]person.Role, len(m.headers))
	known := 0
	for i, header := range m.headers {
		m.roles[i] = roleOf(header)
		for given, role := range m.options.Map {
			if strings.EqualFold(given, header) {
				m.roles[i] = person.Role(role)
			}
		}
		if m.isTruth(header) {
			m.roles[i] = person.Ignored
		} else if m.roles[i] != person.Ignored {
			known++
		}
	}
	if err := m.tellThings(ctx); err != nil {
		return err
	}
	if err := m.takeTexts(ctx, m.things || known < fewRoles); err != nil {
		return err
	}
	for i, header := range m.headers {
		m.report.Columns = append(m.report.Columns, Column{header, string(m.roles[i])})
	}
	if known+len(m.texts) == 0 {
		return errors.New("no column is known to be of a person: say which is what with --map header=role")
	}
	return nil
}

func (m *matcher) isTruth(header string) bool {
	return m.options.Truth != "" && strings.EqualFold(header, m.options.Truth)
}

// tellThings finds out whether the file is of things and not of persons: nothing in it is a person's alone, and its names, if any, are not like persons'.
// Then a name is a text.
func (m *matcher) tellThings(ctx context.Context) error {
	name := -1
	for i, role := range m.roles {
		switch {
		case role == person.FullName && strings.EqualFold(m.headers[i], "name") && m.options.Map[m.headers[i]] == "":
			name = i
		case slices.Contains([]person.Role{person.Ignored, person.Text, person.Phone, person.Address, person.City, person.State, person.District, person.Postcode}, role):
		default:
			return nil
		}
	}
	if name >= 0 {
		persons, err := m.namesPersons(ctx, name)
		if err != nil || persons {
			return err
		}
		m.roles[name] = person.Text
	}
	m.things = true
	return nil
}

// namesPersons tells whether a column holds names of persons, by a thousand of them.
func (m *matcher) namesPersons(ctx context.Context, column int) (persons bool, err error) {
	rows, err := m.session.Query(ctx, fmt.Sprintf("select c%[1]d from linkage.cells where c%[1]d is not null order by hash(c%[1]d), row_no limit 1000", column))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	all, personal := 0, 0
	nicknames := person.NewNicknames()
	for rows.Next() {
		var cell string
		if err := rows.Scan(&cell); err != nil {
			return false, err
		}
		all++
		if isPersonal(person.Fold(cell), nicknames) {
			personal++
		}
	}
	return float64(personal) >= personalShare*float64(all), rows.Err()
}

// personalShare is the share of names with a known given name, or in two to four characters, from which on they are of persons: of English names
// more than half have one, of names of places to eat one in twenty.
const personalShare = .2

func isPersonal(name string, nicknames person.Nicknames) bool {
	if length := utf8.RuneCountInString(name); length >= 2 && length <= 4 && !strings.ContainsFunc(name, func(r rune) bool { return !unicode.Is(unicode.Han, r) && r != '*' }) {
		return true
	}
	words := strings.Fields(name)
	return len(words) >= 2 && len(words) <= 4 && !strings.ContainsAny(name, "0123456789") && slices.ContainsFunc(words, nicknames.Knows)
}

// column is what is known of one that may be compared as a text.
type column struct {
	place   int
	says    float64 // how many bits it says of all records, at most
	kinds   bool    // it says of what kind a thing is
	numbers bool
}

// takeTexts chooses the columns that are compared as texts, those that say most first.
func (m *matcher) takeTexts(ctx context.Context, others bool) error {
	var columns []column
	for i, header := range m.headers {
		if m.roles[i] != person.Text && (!others || m.roles[i] != person.Ignored || unusable(header) || m.isTruth(header)) {
			continue
		}
		said := column{place: i}
		var distinct, known, numbers, all float64
		query := fmt.Sprintf("select count(distinct c%[1]d), count(c%[1]d), count(try_cast(c%[1]d as double)), count(*) from linkage.cells", i)
		if err := m.session.QueryRow(ctx, query).Scan(&distinct, &known, &numbers, &all); err != nil {
			return err
		}
		if m.roles[i] == person.Text || distinct > 1 && known*20 > all {
			said.says, said.numbers, said.kinds = known*math.Log2(1+distinct), numbers >= numbersAlone*known, distinct <= kindsAlone*known
			columns = append(columns, said)
		}
	}
	slices.SortStableFunc(columns, func(a, b column) int { return -cmp.Compare(a.says, b.says) })
	m.textOf = map[int]int{}
	for place, chosen := range columns {
		if place >= mostTexts {
			m.roles[chosen.place] = person.Ignored
			continue
		}
		m.roles[chosen.place], m.textOf[chosen.place] = person.Text, place
		taken := text{m.headers[chosen.place], textsOfHouseholds, others && !chosen.numbers && place < mostBlocking}
		switch {
		case m.things && chosen.kinds:
			taken.household = textsOfKinds
		case m.things:
			taken.household = textsOfThings
		}
		m.texts = append(m.texts, taken)
	}
	return nil
}

// The shares of what is of one household, or of things of one kind, that agrees on a text for that.
const (
	textsOfHouseholds = .5
	textsOfKinds      = .9
	textsOfThings     = .02
)
