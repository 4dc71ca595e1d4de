package linkage

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"
	"strings"

	"countinghouse/internal/linkage"
	"countinghouse/internal/person"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"golang.org/x/crypto/blake2b"
)

// keyer makes keyed hashes of what records say: of what blocks hold, of single values, and of all together. They are kept for the next run in place of what
// they are made of.
type keyer struct {
	mac    hash.Hash
	rules  []keyRule
	values []int      // the fields whose values are counted
	known  [][]uint64 // by field and value
	sum    [8]byte
}

// keyRule is a blocking rule as Go finds what its blocks hold: features of a record, each whole or its first bytes.
type keyRule struct {
	bit   int
	parts []keyPart
}

type keyPart struct{ feature, first int }

func newKeyer(key []byte) keyer {
	secret := blake2b.Sum256(key)
	mac, err := blake2b.New(8, secret[:])
	if err != nil {
		panic(err) // the sizes are right
	}
	k := keyer{mac: mac}
	names := accountFeatures()
	for bit, rule := range accountRules() {
		made := keyRule{bit: bit}
		for _, expression := range rule.expressions {
			part, name := keyPart{}, expression
			if before, first, cut := strings.Cut(expression, "[:"); cut {
				name = before
				if _, err := fmt.Sscan(strings.TrimSuffix(first, "]"), &part.first); err != nil {
					panic("a blocking rule is written wrongly: " + expression)
				}
			}
			if part.feature = slices.Index(names, name); part.feature < 0 {
				panic("a blocking rule speaks of what no record has: " + expression)
			}
			made.parts = append(made.parts, part)
		}
		k.rules = append(k.rules, made)
	}
	for i, field := range newTable(nil, accountRoles()).Fields {
		if field.Frequency {
			k.values = append(k.values, i)
		}
	}
	return k
}

// The kinds of hashes, apart from the numbers of rules and fields.
const (
	ofBlock byte = iota
	ofValue
	ofContent
	ofPart
)

func (k *keyer) hash(kind byte, number int, parts ...string) uint64 {
	k.mac.Reset()
	k.mac.Write([]byte{kind, byte(number)})
	for _, part := range parts {
		k.mac.Write([]byte(part))
		k.mac.Write([]byte{0x1f})
	}
	return binary.LittleEndian.Uint64(k.mac.Sum(k.sum[:0]))
}

// block gives the hash of what a rule's block of a record holds; false: the record is in none.
func (k *keyer) block(rule keyRule, texts []string) (uint64, bool) {
	parts := make([]string, len(rule.parts))
	for i, part := range rule.parts {
		text := texts[part.feature]
		if text == "" {
			return 0, false
		}
		if part.first > 0 {
			text = text[:min(part.first, len(text))]
		}
		parts[i] = text
	}
	return k.hash(ofBlock, rule.bit, parts...), true
}

// value gives the hash of a field's value, by its place in the table.
func (k *keyer) value(table *linkage.Table, field int, code int32) uint64 {
	for len(k.known) <= field {
		k.known = append(k.known, nil)
	}
	for len(k.known[field]) <= int(code) {
		k.known[field] = append(k.known[field], k.hash(ofValue, field, table.Words[field][len(k.known[field])]))
	}
	return k.known[field][code]
}

func blockColumn(rule int) string { return fmt.Sprint("k", rule) }

func valueColumn(field int) string { return fmt.Sprint("v", field) }

// columns are those of the hashes, behind the content's.
func (k *keyer) columns() []string {
	var columns []string
	for _, rule := range k.rules {
		columns = append(columns, blockColumn(rule.bit))
	}
	for _, field := range k.values {
		columns = append(columns, valueColumn(field))
	}
	return append(columns, partColumns()...)
}

// blocksAndValues are the columns of hashes that are counted.
func (k *keyer) blocksAndValues() []string {
	columns := k.columns()
	return columns[:len(columns)-len(partColumns())]
}

// partColumns are hashes of parts of values, by which two values are told to be far apart without being read.
func partColumns() []string {
	return strings.Fields(`given_read surname_read given_letters surname_letters phone_begin phone_end birth_year birth_day
		address_joined address_begin address_end email_figures postcode city district`)
}

// partsOf gives them: how names read that no star hides, and again where they are written in letters; the ends of a phone of eight digits or more that are
// seen; the year and the day of a birthday; an address without spaces, and how one in characters begins and ends; the figures of an e-mail address; postcode, city and
// district.
func partsOf(p person.Person) []string {
	given, surname := readName(p.Given), readName(p.Surname)
	letters := func(name, read string) string {
		if strings.Contains(name, "|") {
			return ""
		}
		return read
	}
	parts := []string{given, surname, letters(p.Given, given), letters(p.Surname, surname), "", "", "", ""}
	if length := len(p.Phone); length >= 8 {
		parts[4], parts[5] = seen(p.Phone[:3]), seen(p.Phone[length-4:])
	}
	if len(p.Birthday) == 10 {
		parts[6], parts[7] = p.Birthday[:4], p.Birthday[5:]
	}
	begin, end := person.AddressEnds(p.Address)
	postcode, city, district := person.Places(p.Place)
	return append(parts, strings.ReplaceAll(p.Address, " ", ""), begin, end, person.EmailFigures(p.Email), postcode, city, district)
}

func readName(name string) string {
	if seen(name) == "" {
		return ""
	}
	return cmp.Or(strings.ReplaceAll(person.Latin(name), " ", ""), "|") // a rare character has no reading
}

// seen is a text without a star in it.
func seen(text string) string {
	if strings.Contains(text, "*") {
		return ""
	}
	return text
}

func (k *keyer) schema() *arrow.Schema {
	list := []arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int32},
		{Name: "account", Type: arrow.PrimitiveTypes.Int32},
		{Name: "is_now", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "is_earlier", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "content", Type: arrow.PrimitiveTypes.Uint64},
	}
	for _, name := range k.columns() {
		list = append(list, arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Uint64, Nullable: true})
	}
	return arrow.NewSchema(list, nil)
}

// append adds the hashes of a record, the last one of the table.
func (k *keyer) append(builder *array.RecordBuilder, table *linkage.Table, record person.Person, content []string) {
	id := table.Records() - 1
	builder.Field(4).(*array.Uint64Builder).Append(k.hash(ofContent, 0, content...))
	column := 5
	next := func() *array.Uint64Builder {
		column++
		return builder.Field(column - 1).(*array.Uint64Builder)
	}
	texts := accountFeaturesOf(record)
	for _, rule := range k.rules {
		if sum, found := k.block(rule, texts); found {
			next().Append(sum)
		} else {
			next().AppendNull()
		}
	}
	for _, field := range k.values {
		if code := table.Codes[field][id]; code >= 0 {
			next().Append(k.value(table, field, code))
		} else {
			next().AppendNull()
		}
	}
	for i, part := range partsOf(record) {
		if part == "" {
			next().AppendNull()
		} else {
			next().Append(k.hash(ofPart, i/2, part)) // the two names have one kind of hash, since they may be exchanged
		}
	}
}
