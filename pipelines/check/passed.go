package check

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
)

// Pass is what the store remembers of a table whose audits let it through.
type Pass struct {
	Audits   []model.Audit `json:"audits"`
	Warnings []Finding     `json:"warnings,omitempty"`
}

// ReadPass gives what the store remembers of a table's audits in a state; objectstore.ErrNotFound if it did not get through them.
func ReadPass(ctx context.Context, bucket *objectstore.Bucket, table, fingerprint, state string) (Pass, error) {
	data, _, err := bucket.Read(ctx, snapshot.AuditsKey(table, fingerprint, state))
	if err != nil {
		return Pass{}, err
	}
	var passed Pass
	if err := json.Unmarshal(data, &passed); err != nil {
		return Pass{}, fmt.Errorf("what %s has passed: %w", table, err)
	}
	return passed, nil
}

// state is the hash of everything that decides the outcome of a table's audits.
func (c *checking) state(audited Audited) (string, error) {
	hash := sha256.New()
	for _, table := range append([]string{audited.Table}, audited.Inputs...) {
		current := c.tables[table]
		if current.Fingerprint == "" {
			return "", fmt.Errorf("the audits of %s read %s: %w", audited.Table, table, ErrNotBuilt)
		}
		_, _ = fmt.Fprintln(hash, table, current.Fingerprint)
	}
	for _, audit := range audited.Audits {
		_, _ = fmt.Fprintln(hash, audit.Name, audit.Severity, audit.Query)
	}
	for _, parameter := range audited.Parameters {
		_, _ = fmt.Fprintln(hash, parameter)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

// passedBefore says whether the table got through the same audits, and gives the warnings that there were. It does not count when this
// environment lacks the rows that a warning is about: then they are looked for again.
func (c *checking) passedBefore(ctx context.Context, audited Audited, state string) (warnings []Finding, passed bool, err error) {
	table := c.tables[audited.Table]
	if table.Audits == state && !audited.hasWarnings() {
		return nil, true, nil
	}
	before, err := ReadPass(ctx, c.Bucket, audited.Table, table.Fingerprint, state)
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	for _, warning := range before.Warnings {
		if c.Scratch != "" && !c.kept[keptKey(c.environment, warning.Table, warning.Audit)] {
			return nil, false, nil
		}
	}
	return placed(before.Warnings, audited.Audits), true, nil
}

// placed gives findings of before the place and the words that their audits have now: neither decides whether an audit runs again.
func placed(findings []Finding, audits []model.Audit) []Finding {
	for i := range findings {
		for _, audit := range audits {
			if audit.Name == findings[i].Audit {
				findings[i].About, findings[i].File, findings[i].Line = audit.About, audit.File, audit.Line
			}
		}
	}
	return findings
}

func (c *checking) remember(ctx context.Context, audited Audited, state string, warnings []Finding) error {
	text, err := json.Marshal(Pass{Audits: audited.Audits, Warnings: warnings})
	if err != nil {
		return err
	}
	key := snapshot.AuditsKey(audited.Table, c.tables[audited.Table].Fingerprint, state)
	_, err = c.Bucket.Create(ctx, key, bytes.NewReader(text))
	return err
}
