// Package erasure knows who was erased: tombstones, which are keyed hashes of a person's identifiers and accounts, and the certificate that says
// what was done. Neither holds a clear value. Conform blanks by them what later exports bring again, and landing knows by them the exports that
// were rewritten.
package erasure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"countinghouse/internal/objectstore"

	"golang.org/x/text/width"
)

// States of a certificate.
const (
	Begun = "begun" // the tombstones hold; `erase --resume` does what is left
	Done  = "done"
)

// A Tombstone recognises one value of an erased person and says what stands in its place.
type Tombstone struct {
	Hash  string `json:"hash"`
	Token string `json:"token"`
}

// A Certificate says what was erased, when, for whom, and what was done. It holds no personal data.
type Certificate struct {
	ID          string    `json:"id"`
	State       string    `json:"state"`
	BegunAt     time.Time `json:"begun_at"`
	DoneAt      time.Time `json:"done_at,omitzero"`
	RequestedBy string    `json:"requested_by,omitempty"`
	Reference   string    `json:"reference,omitempty"`
	Accounts    int       `json:"accounts"`
	Identifiers int       `json:"identifiers"`
	// SharedValues counts identifiers that were left alone, since several customers have them.
	SharedValues int            `json:"shared_values_left"`
	Tombstones   []Tombstone    `json:"tombstones"`
	Files        []Rewritten    `json:"files"`
	Environments []string       `json:"environments_removed,omitempty"`
	Removed      map[string]int `json:"objects_removed,omitempty"` // by kind
	Version      int64          `json:"published_version,omitempty"`
}

// A Rewritten export lies in the store under another hash than it was received with.
type Rewritten struct {
	Feed     string `json:"feed"`
	Replaces string `json:"replaces"` // SHA-256 before
	SHA256   string `json:"sha256"`   // after
	Size     int64  `json:"replaces_size"`
	Rows     int64  `json:"rows"` // that were blanked
	How      string `json:"how"`
}

const (
	folder   = "erasures/"
	replaced = folder + "replaced/"
)

// Key is where a certificate lies.
func Key(id string) string { return folder + id + ".json" }

// Write keeps a certificate.
func Write(ctx context.Context, bucket *objectstore.Bucket, certificate Certificate) error {
	text, err := json.MarshalIndent(certificate, "", "  ")
	if err != nil {
		return err
	}
	_, was, err := bucket.Read(ctx, Key(certificate.ID))
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return err
	}
	_, err = bucket.CompareAndSet(ctx, Key(certificate.ID), text, was.Generation)
	return err
}

// List gives every certificate, by id.
func List(ctx context.Context, bucket *objectstore.Bucket) ([]Certificate, error) {
	var found []Certificate
	for object, err := range bucket.List(ctx, folder) {
		if err != nil {
			return nil, err
		}
		if path.Dir(object.Key)+"/" != folder {
			continue
		}
		var certificate Certificate
		if err := read(ctx, bucket, object.Key, &certificate); err != nil {
			return nil, err
		}
		found = append(found, certificate)
	}
	return found, nil
}

func read(ctx context.Context, bucket *objectstore.Bucket, key string, into any) error {
	text, _, err := bucket.Read(ctx, key)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	return nil
}

// Replace notes that an export was rewritten.
func Replace(ctx context.Context, bucket *objectstore.Bucket, file Rewritten) error {
	text, err := json.Marshal(file)
	if err != nil {
		return err
	}
	_, err = bucket.CompareAndSet(ctx, replaced+file.Feed+"/"+file.Replaces+".json", text, 0)
	if errors.Is(err, objectstore.ErrPrecondition) {
		return nil
	}
	return err
}

// Replaced gives every export that was rewritten.
func Replaced(ctx context.Context, bucket *objectstore.Bucket) ([]Rewritten, error) {
	var found []Rewritten
	for object, err := range bucket.List(ctx, replaced) {
		if err != nil {
			return nil, err
		}
		var file Rewritten
		if err := read(ctx, bucket, object.Key, &file); err != nil {
			return nil, err
		}
		found = append(found, file)
	}
	return found, nil
}

// Normal is the one spelling by which a value is recognised, empty for what says nothing of a person: less than five characters, or masked.
func Normal(kind, value string) string {
	value = strings.TrimSpace(width.Narrow.String(value))
	switch kind {
	case "phone":
		value = strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == '*' {
				return r
			}
			return -1
		}, value)
		value = strings.TrimPrefix(value, "00")
		if len(value) == 13 {
			value = strings.TrimPrefix(value, "86")
		}
	case "email":
		value = strings.ToLower(value)
	}
	if kind != Account && (len(value) < 5 || strings.Contains(value, "*")) {
		return ""
	}
	return value
}

// Account is the kind of an account's own id, which counts in its channel only.
const Account = "account"
