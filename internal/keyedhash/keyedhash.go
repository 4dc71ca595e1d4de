// Package keyedhash replaces a value that says who somebody is by one that does not, the same in SQL and in Go: a phone number is one of
// too few to hide behind a hash without a secret.
package keyedhash

import (
	"crypto/sha256"
	"encoding/hex"
)

// Variable is the session variable that holds the key, in hex, for Macro.
const Variable = "hash_key"

// Macro makes keyed_hash(text) in a session: 16 hex digits, null for null.
const Macro = "create macro keyed_hash(value) as substr(sha256(getvariable('" + Variable + "') || sha256(getvariable('" + Variable + "') || value)), 1, 16)"

// Text is keyed_hash of a value under a key: the envelope of HMAC (RFC 2104), key outside and inside, with the key itself as both pads, since
// SQL has no exclusive or of texts.
func Text(key []byte, value string) string {
	prefix := hex.EncodeToString(key)
	inner := sha256.Sum256([]byte(prefix + value))
	outer := sha256.Sum256([]byte(prefix + hex.EncodeToString(inner[:])))
	return hex.EncodeToString(outer[:])[:16]
}
