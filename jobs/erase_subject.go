package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"countinghouse/internal/erasure"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// A subject is the person to erase, as far as the current tables know them.
type subject struct {
	accounts [][2]string         // channel and id
	values   map[string][]string // by kind of identifier
	shared   int                 // values that others have too
}

func (s subject) identifiers() int {
	count := 0
	for _, values := range s.values {
		count += len(values)
	}
	return count
}

// ErrSubject says that a text names nobody. It does not repeat it.
var ErrSubject = errors.New("want a customer id that is known, channel:account, a phone number or an e-mail address (what was given is not repeated here)")

var customerID = regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{12}$`)

// findSubject finds the person in the main environment. A phone number, address or account that is not known is a subject all the same: later
// exports may bring it.
func (w *Workshop) findSubject(ctx context.Context, text string) (subject, error) {
	text = strings.TrimSpace(text)
	found := subject{values: map[string][]string{}}
	customers, err := w.customersOf(ctx, text, &found)
	if err != nil {
		return found, err
	}
	if len(customers) > 0 {
		if err := w.gather(ctx, customers, &found); err != nil {
			return found, err
		}
	}
	if len(found.accounts) == 0 && found.identifiers() == 0 {
		return found, ProjectError{ErrSubject}
	}
	return found, nil
}

// customersOf gives the customers that a text names, and notes what it is itself.
func (w *Workshop) customersOf(ctx context.Context, text string, found *subject) ([]string, error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, snapshot.Main)
	if err != nil {
		return nil, err
	}
	known := len(current.Tables) > 0
	for _, table := range []string{"dataset.accounts", "identity.account_customers", "identity.customer_aliases"} {
		if known {
			if err := w.attach(ctx, current, table); err != nil {
				return nil, err
			}
		}
	}
	if known && customerID.MatchString(text) {
		customers, err := w.texts(ctx, "select distinct customer_id from identity.account_customers where customer_id = "+warehouse.Quote(text)+
			" union select customer_id from identity.customer_aliases where alias_id = "+warehouse.Quote(text))
		if err != nil || len(customers) > 0 {
			return customers, err
		}
	}
	channel, account, isAccount := strings.Cut(text, ":")
	switch {
	case strings.Contains(text, "@"):
		return w.byIdentifier(ctx, known, "email", text, found)
	case isAccount && channel != "" && account != "":
		found.accounts = append(found.accounts, [2]string{channel, account})
		if !known {
			return nil, nil
		}
		return w.texts(ctx, fmt.Sprintf("select distinct customer_id from identity.account_customers where channel = %s and account_id = %s", warehouse.Quote(channel), warehouse.Quote(account)))
	case len(erasure.Normal("phone", text)) >= 7:
		return w.byIdentifier(ctx, known, "phone", text, found)
	}
	return nil, nil
}

// byIdentifier finds the customers whose accounts have a phone number or address, however it is spelt.
func (w *Workshop) byIdentifier(ctx context.Context, known bool, kind, text string, found *subject) ([]string, error) {
	found.values[kind] = append(found.values[kind], text)
	if !known {
		return nil, nil
	}
	rows, err := w.Session.Query(ctx, fmt.Sprintf("select distinct customer_id, %[1]s from dataset.accounts inner join identity.account_customers using (channel, account_id) where %[1]s is not null", kind))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	wanted := erasure.Normal(kind, text)
	customers := map[string]bool{}
	for rows.Next() {
		var customer, value string
		if err := rows.Scan(&customer, &value); err != nil {
			return nil, err
		}
		if erasure.Normal(kind, value) == wanted {
			customers[customer] = true
		}
	}
	return slices.Sorted(maps.Keys(customers)), rows.Err()
}

// maxSharers is how many customers may have a value that is still taken for one of the person's own.
const maxSharers = 5

// gather notes every account and identifier of customers.
func (w *Workshop) gather(ctx context.Context, customers []string, found *subject) error {
	list := make([]string, len(customers))
	for i, customer := range customers {
		list[i] = warehouse.Quote(customer)
	}
	among := "customer_id in (" + strings.Join(list, ", ") + ")"
	accounts, err := w.texts(ctx, "select distinct channel || chr(31) || account_id from identity.account_customers where "+among)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		channel, id, _ := strings.Cut(account, "\x1f")
		found.accounts = append(found.accounts, [2]string{channel, id})
	}
	for _, kind := range w.identity().Kinds {
		if kind == "birthday" { // many people's
			continue
		}
		name := warehouse.QuoteName(kind)
		with := "from dataset.accounts inner join identity.account_customers using (channel, account_id)"
		values, err := w.texts(ctx, fmt.Sprintf(`select %[1]s::varchar || chr(31) || (count(distinct customer_id) <= %[2]d)::varchar %[3]s
			where %[1]s in (select %[1]s %[3]s where %[4]s and %[1]s is not null) group by %[1]s`, name, maxSharers, with, among))
		if err != nil {
			return err
		}
		for _, value := range values {
			own, isOwn, _ := strings.Cut(value, "\x1f")
			switch {
			case erasure.Normal(kind, own) == "":
			case isOwn == "true":
				found.values[kind] = append(found.values[kind], own)
			default:
				found.shared++
			}
		}
	}
	return nil
}

func (w *Workshop) texts(ctx context.Context, query string) ([]string, error) {
	rows, err := w.Session.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var found []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		found = append(found, text)
	}
	slices.Sort(found)
	return found, rows.Err()
}

// tombstones are those of a person that there are not yet.
func (w *Workshop) tombstones(found subject, known []erasure.Certificate) ([]erasure.Tombstone, error) {
	seen, tokens := map[string]bool{}, map[string]string{}
	for _, certificate := range known {
		for _, tombstone := range certificate.Tombstones {
			seen[tombstone.Hash] = true
		}
	}
	var made []erasure.Tombstone
	// One value has one token, whatever it stands for: an account id may be a member number elsewhere.
	add := func(hash, value string) (err error) {
		if seen[hash] {
			return nil
		}
		seen[hash] = true
		if tokens[value] == "" {
			tokens[value], err = w.letters(12)
		}
		made = append(made, erasure.Tombstone{Hash: hash, Token: "erased-" + tokens[value]})
		return err
	}
	for _, account := range found.accounts {
		if err := add(erasure.Hash(w.Key, erasure.Account, account[0], account[1]), account[1]); err != nil {
			return nil, err
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(found.values)) {
		for _, value := range found.values[kind] {
			if err := add(erasure.Hash(w.Key, kind, "", value), value); err != nil {
				return nil, err
			}
		}
	}
	return made, nil
}

// letters are random, and never digits: nothing takes them for a number.
func (w *Workshop) letters(count int) (string, error) {
	random := make([]byte, count)
	if _, err := io.ReadFull(w.Random, random); err != nil {
		return "", err
	}
	for i := range random {
		random[i] = 'a' + random[i]%26
	}
	return string(random), nil
}
