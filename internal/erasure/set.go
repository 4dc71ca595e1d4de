package erasure

import (
	"regexp"
	"slices"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/keyedhash"
)

// A Set recognises the values of all who were erased.
type Set struct {
	key    []byte
	tokens map[string]string // by hash
}

// NewSet takes the tombstones of certificates, under the key that makes ids.
func NewSet(key []byte, certificates []Certificate) *Set {
	set := &Set{key: key, tokens: map[string]string{}}
	for _, certificate := range certificates {
		for _, tombstone := range certificate.Tombstones {
			set.tokens[tombstone.Hash] = tombstone.Token
		}
	}
	return set
}

// Hash is what a tombstone holds of a value.
func Hash(key []byte, kind, channel, value string) string {
	return keyedhash.Text(key, "erased\x1f"+kind+"\x1f"+channel+"\x1f"+Normal(kind, value))
}

// Empty says that nobody was erased.
func (s *Set) Empty() bool { return s == nil || len(s.tokens) == 0 }

func (s *Set) token(kind, channel, value string) (string, bool) {
	if Normal(kind, value) == "" {
		return "", false
	}
	token, found := s.tokens[Hash(s.key, kind, channel, value)]
	return token, found
}

// kinds are the columns of dataset.accounts that name one person: a birthday is many people's.
func kinds() []string {
	return []string{"phone", "email", "union_id", "open_id", "ouid", "omid", "member_no", "device_id"}
}

// A place is what a column of a feed may hold of a person.
type place struct {
	account, personal, needed bool
	kinds                     []string
}

// A Redactor blanks the records of one file.
type Redactor struct {
	set      *Set
	contract *contract.Contract
	places   []place
	channels []int // columns that name the channel
	fixed    []string
	fields   []int
}

// Redactor is for files of a contract.
func (s *Set) Redactor(c *contract.Contract) *Redactor {
	r := &Redactor{set: s, contract: c, places: make([]place, len(c.Columns)), fixed: []string{c.Channel}}
	for i, column := range c.Columns {
		p := &r.places[i]
		p.personal = column.Personal || column.Type == contract.Phone || column.Type == contract.Email
		p.needed = column.RefusesEmpty() || slices.Contains(c.Key, column.Name) || slices.Contains(c.Grain, column.Name)
		if p.personal {
			p.kinds = []string{"phone", "email"}
		}
	}
	for _, give := range c.Gives {
		for name, expression := range give.Columns {
			r.read(name, expression)
		}
	}
	return r
}

// read notes which columns an expression of a dataset's column reads.
func (r *Redactor) read(name, expression string) {
	isAccount := strings.HasSuffix(name, "account_id")
	isChannel := name == "channel" || name == "account_channel"
	if !isAccount && !isChannel && !slices.Contains(kinds(), name) {
		return
	}
	if isChannel {
		if literal := quoted.FindStringSubmatch(expression); literal != nil {
			r.fixed = append(r.fixed, literal[1])
		}
	}
	for _, word := range word.FindAllString(expression, -1) {
		for i, column := range r.contract.Columns {
			switch {
			case column.Name != word:
			case column.Computed() && column.Value != expression:
				r.read(name, column.Value)
			case isAccount:
				r.places[i].account = true
			case isChannel:
				r.channels = append(r.channels, i)
			case !slices.Contains(r.places[i].kinds, name):
				r.places[i].kinds = append(r.places[i].kinds, name)
			}
		}
	}
}

var (
	word   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	quoted = regexp.MustCompile(`'([^']*)'`)
)

// Header says where the columns stand.
func (r *Redactor) Header(header reader.Header) { r.fields = header.Fields }

// Fields gives a record without the erased person, and whether it held one. The cells of others are the same slices.
func (r *Redactor) Fields(fields [][]byte) ([][]byte, bool) {
	tokens := r.tokens(fields)
	if tokens == nil {
		return fields, false
	}
	blank := slices.Clone(fields)
	for field := range blank { // nobody knows what a field holds that no column reads
		if !slices.Contains(r.fields, field) {
			blank[field] = nil
		}
	}
	for i, p := range r.places {
		field := r.field(i, fields)
		switch {
		case field < 0 || len(fields[field]) == 0:
		case tokens[i] != "":
			blank[field] = []byte(tokens[i])
		case p.account: // of somebody else, who shares a value
		case p.personal && p.needed:
			blank[field] = []byte(anyOf(tokens))
		case p.personal:
			blank[field] = nil
		}
	}
	return blank, true
}

func anyOf(tokens map[int]string) string {
	least := ""
	for _, token := range tokens {
		if least == "" || token < least {
			least = token
		}
	}
	return least
}

func (r *Redactor) field(column int, fields [][]byte) int {
	if column < len(r.fields) && r.fields[column] < len(fields) {
		return r.fields[column]
	}
	return -1
}

// tokens gives, by column, what stands for a value of an erased person; nil if the record holds none.
func (r *Redactor) tokens(fields [][]byte) map[int]string {
	var found map[int]string
	for i, p := range r.places {
		field := r.field(i, fields)
		if field < 0 || len(fields[field]) == 0 || !p.account && len(p.kinds) == 0 {
			continue
		}
		if token := r.match(p, string(fields[field]), fields); token != "" {
			if found == nil {
				found = map[int]string{}
			}
			found[i] = token
		}
	}
	return found
}

func (r *Redactor) match(p place, value string, fields [][]byte) string {
	for _, kind := range p.kinds {
		if token, found := r.set.token(kind, "", value); found {
			return token
		}
	}
	if p.personal {
		if token := r.set.within(value); token != "" {
			return token
		}
	}
	if !p.account {
		return ""
	}
	for _, channel := range r.fixed {
		if token, found := r.set.token(Account, channel, value); found {
			return token
		}
	}
	for _, i := range r.channels {
		if field := r.field(i, fields); field >= 0 {
			if token, found := r.set.token(Account, string(fields[field]), value); found {
				return token
			}
		}
	}
	return ""
}

// within gives the token of a phone number or an address inside a longer text, such as that of a receiver; empty if there is none.
func (s *Set) within(text string) string {
	words := wordsOf(text)
	if len(words) < 2 {
		return ""
	}
	for _, word := range words {
		for _, kind := range []string{"phone", "email"} {
			if token, found := s.token(kind, "", word); found {
				return token
			}
		}
	}
	return ""
}

func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n\x00,;:|/\"'()[]{}<>=，；：、（）", r) })
}

// Text says whether a text that is no record holds an identifier of an erased person.
func (s *Set) Text(text string) bool {
	for _, word := range wordsOf(text) {
		for _, kind := range kinds() {
			if _, found := s.token(kind, "", word); found {
				return true
			}
		}
	}
	return false
}
