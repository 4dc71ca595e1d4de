package contract

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// readVersion changes when the engine reads the same contract and bytes into other rows.
const readVersion = 6

// ReadFingerprint is a sha256, in hex, over all that decides the typed rows of a file, its rejects and its export
// time: the contract's files, columns and limits, the brand's zone and the version of the reader. What a feed
// gives, its key and its labels are not in it.
func (c *Contract) ReadFingerprint(zone string) string {
	return hash(struct {
		Version int
		Zone    string
		Files   Files
		Columns []Column
		Rejects Rejects
		Split   *Split
	}{readVersion, zone, c.Files, c.Columns, c.Rejects, c.Split})
}

// GivesFingerprint is a sha256, in hex, over all that decides what the feed's typed rows give to a dataset.
func (c *Contract) GivesFingerprint(dataset *Dataset) string {
	return hash([]any{c.Key, c.Grain, c.GiveSQL(dataset, "feed")})
}

// ExpressionsFingerprint is a sha256, in hex, over all that Check looks at, but for what ReadFingerprint holds.
func (r *Registry) ExpressionsFingerprint(c *Contract) string {
	var given []string
	for _, name := range slices.Sorted(maps.Keys(c.Gives)) {
		given = append(given, name, c.GivesFingerprint(r.datasets[name]))
	}
	return hash(given)
}

// hash is over canonical JSON: fields in the order of their declaration, maps by key.
func hash(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("contract: plain data does not encode: %v", err))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
