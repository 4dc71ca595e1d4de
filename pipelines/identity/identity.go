// Package identity merges the accounts of all channels into customers.
//
// Evidence is every identifier seen on every account. It is normalised and replaced by a keyed hash, so that neither the tables made
// here nor what is built on them holds a phone number. Accounts that share a strong identifier are joined by union-find, within the
// limits of each kind (sql/seeds/identity_rules.csv): a link that would give one customer two member numbers is refused and listed.
// What a person decided (sql/seeds/identity_overrides.csv) goes before all evidence.
//
// A customer's id is a pure function of the evidence: it comes from the customer's oldest account. So it is the same after a
// rebuild in any order; when customers merge the older id survives and the other becomes an alias; when one splits the part
// with the older evidence keeps the id.
package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"strings"

	"countinghouse/internal/warehouse"
)

// Version enters the fingerprints of the tables made here: raise it when their rows change for the same input.
const Version = 7

// Config is what a merge needs to know besides its tables.
type Config struct {
	// Kinds are the identifier columns of dataset.accounts, from its tags.
	Kinds []string
	// Key is the secret of the keyed hashes. With another key every id and hash is another.
	Key []byte
	// ValueKey, if set, is that of the hashes of identifiers: a key that was rotated, while Key still makes the ids.
	ValueKey []byte
	// Region is the country of phone numbers without a code, such as CN.
	Region string
}

// Definition is what decides the result besides the inputs; it holds a hash of the key, not the key.
func (c Config) Definition() string {
	definition := fmt.Sprintf("%s %s %x", strings.Join(c.Kinds, ","), c.Region, newHasher(c.Key).sum("fingerprint of the key"))
	if len(c.ValueKey) > 0 {
		definition += fmt.Sprintf(" %x", newHasher(c.ValueKey).sum("fingerprint of the key"))
	}
	return definition
}

// valueHasher makes the hashes of identifiers.
func (c Config) valueHasher() *hasher {
	if len(c.ValueKey) > 0 {
		return newHasher(c.ValueKey)
	}
	return newHasher(c.Key)
}

// Inputs are the tables that the merge reads.
func Inputs() []string {
	return []string{
		"dataset.accounts", "dataset.community_members", "dataset.coupons", "dataset.interactions", "dataset.messages",
		"dataset.orders", "dataset.point_balances", "dataset.point_transactions", "dataset.refunds", "identity.similar", "seed.identity_junk", "seed.identity_overrides", "seed.identity_rules",
	}
}

// Tables are the tables that the merge makes, with their columns.
func Tables() map[string][]warehouse.Column {
	return map[string][]warehouse.Column{
		"identity.account_customers": columns("channel VARCHAR", "account_id VARCHAR", "customer_id VARCHAR", "first_seen_at TIMESTAMP", "joined_by VARCHAR", "first_run VARCHAR"),
		"identity.customer_aliases":  columns("alias_id VARCHAR", "customer_id VARCHAR", "since TIMESTAMP", "joined_by VARCHAR", "channel VARCHAR", "account_id VARCHAR"),
		"identity.merges": columns("customer_id VARCHAR", "channel VARCHAR", "account_id VARCHAR", "other_channel VARCHAR", "other_account_id VARCHAR",
			"kind VARCHAR", "value_hash VARCHAR", "outcome VARCHAR", "reason VARCHAR", "score DOUBLE", "source_file VARCHAR", "source_row BIGINT"),
		"identity.customer_id_history": columns("channel VARCHAR", "account_id VARCHAR", "customer_id VARCHAR", "valid_from DATE", "valid_to DATE", "cause VARCHAR", "run VARCHAR",
			"source_file VARCHAR", "source_row BIGINT"),
		"identity.overrides": columns("action VARCHAR", "channel VARCHAR", "account_id VARCHAR", "other_channel VARCHAR", "other_account_id VARCHAR",
			"decided_by VARCHAR", "decided_on DATE", "why VARCHAR", "outcome VARCHAR", "reason VARCHAR"),
		"identity.identifiers": columns("kind VARCHAR", "value_hash VARCHAR", "channel VARCHAR", "account_id VARCHAR", "first_seen_at TIMESTAMP",
			"last_seen_at TIMESTAMP", "status VARCHAR", "source_file VARCHAR", "source_row BIGINT"),
	}
}

// Kept are tables that a merge keeps for the next one.
func Kept() map[string][]warehouse.Column {
	return map[string][]warehouse.Column{
		componentsTable: columns("channel VARCHAR", "account_id VARCHAR", "component UBIGINT"),
		crowdsTable:     columns("kind VARCHAR", "value_hash VARCHAR", "accounts BIGINT", "channel VARCHAR", "account_id VARCHAR", "first_seen_at TIMESTAMP"),
		spreadTable:     columns("kind VARCHAR", "accounts BIGINT", "identifiers BIGINT"),
	}
}

func columns(descriptions ...string) []warehouse.Column {
	columns := make([]warehouse.Column, len(descriptions))
	for i, description := range descriptions {
		columns[i].Name, columns[i].Type, _ = strings.Cut(description, " ")
	}
	return columns
}

// hasher makes keyed hashes: HMAC-SHA256 (RFC 2104), since phone numbers are few enough to try them all against a bare hash.
type hasher struct {
	mac  hash.Hash
	sums []byte
}

func newHasher(key []byte) *hasher {
	return &hasher{mac: hmac.New(sha256.New, key)}
}

// sum hashes parts kept apart by a character that none of them holds.
func (h *hasher) sum(parts ...string) Hash {
	h.mac.Reset()
	for _, part := range parts {
		h.mac.Write([]byte(part))
		h.mac.Write([]byte{0x1f})
	}
	h.sums = h.mac.Sum(h.sums[:0])
	return Hash(h.sums[:16])
}

// idLength is 12 characters of 5 bits: among 10 million accounts two ids meet once in 23,000 data sets, and that is noticed.
const idLength = 12

// idAlphabet has no I, L, O or U: ids are read aloud and typed (Crockford's base 32).
const idAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// customerID is a customer's id as a number of idLength times 5 bits.
type customerID uint64

// accountID is the customer id that an account gives to the customer whose oldest account it is.
func (h *hasher) accountID(channel, account string) customerID {
	sum := h.sum("customer", channel, account)
	return customerID(binary.BigEndian.Uint64(sum[:8]) >> (64 - 5*idLength))
}

func (id customerID) String() string {
	var text [idLength]byte
	for i := range text {
		text[idLength-1-i] = idAlphabet[id>>(5*i)&31]
	}
	return string(text[:])
}
