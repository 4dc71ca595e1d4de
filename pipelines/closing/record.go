// Package closing keeps the records of closed periods. A record is one object, written once: what was closed (files, contracts, SQL, seeds,
// parameters, tables, figures), each under its hash, by whom and why, and the hash of the record before it. So the records are a chain: to
// change one without a trace, all later ones would have to be written again.
package closing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"
)

// The kinds of records.
const (
	Closed   = "close"
	Reopened = "reopen" // the period is open again; what was closed stays on record
)

// Record is one link of the chain.
type Record struct {
	Kind     string    `json:"kind"`
	Period   string    `json:"period"`   // a month, yyyy-mm
	Number   int       `json:"number"`   // of the records of this period, from 1
	Sequence int       `json:"sequence"` // of all records, from 1
	Previous Link      `json:"previous"` // the record before this one, of whatever period; empty in the first
	Who      string    `json:"who"`
	Note     string    `json:"note"`
	At       time.Time `json:"at"`
	Binary   string    `json:"binary"` // the version of the program
	// Sealed says that the record's hash is noted beside it: see sealKey. Records of older versions of the program have none.
	Sealed bool     `json:"sealed,omitempty"`
	Waived []string `json:"waived,omitempty"`

	// What follows is of a close only.

	// Base is the close whose figures this one begins with; empty if nothing was closed before.
	Base        Link           `json:"base"`
	AsOf        string         `json:"as_of,omitempty"`
	Environment string         `json:"environment,omitempty"`
	Version     int64          `json:"version,omitempty"` // of the environment
	Settings    Settings       `json:"settings"`
	Steps       map[string]int `json:"steps,omitempty"` // tables made in Go: the version of the code
	Files       []File         `json:"files,omitempty"`
	Sources     []Source       `json:"sources,omitempty"`
	Tables      []Table        `json:"tables,omitempty"`
	Figures     []Figure       `json:"figures,omitempty"`
}

// Link names a record and the hash of its bytes.
type Link struct {
	Key    string `json:"key,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Settings are those of the project that decide figures.
type Settings struct {
	Zone       string            `json:"zone,omitempty"`
	Country    string            `json:"country,omitempty"`
	Currency   string            `json:"currency,omitempty"`
	Key        string            `json:"key,omitempty"` // fingerprint of the secret of the keyed hashes
	Parameters json.RawMessage   `json:"parameters,omitempty"`
	Values     map[string]string `json:"values,omitempty"` // every parameter as SQL
}

// File is a landed export.
type File struct {
	Feed   string `json:"feed"`
	Name   string `json:"name"`
	Key    string `json:"key"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// Source is a file of the project, or of those that come with the program: a model, a seed, parameters, a contract.
type Source struct {
	Layer  string `json:"layer"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Text   string `json:"text"`
}

// Table is one table that was current.
type Table struct {
	Name        string `json:"name"`
	Fingerprint string `json:"fingerprint"`
	Rows        int64  `json:"rows"`
	Digest      string `json:"digest,omitempty"` // of the rows; finance's tables have one
}

// Figure is what the rows of a column come to: their sum, or of a rate the greatest.
type Figure struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Value  string `json:"value"`
}

// End is the last day of a period.
func End(period string) (time.Time, error) {
	first, err := time.Parse("2006-01", period)
	if err != nil {
		return first, fmt.Errorf("period %q: want a month such as 2026-10", period)
	}
	return first.AddDate(0, 1, -1), nil
}

// Months are the months of a period that may be longer than one: 2026-10, 2026-Q4 or 2026.
func Months(period string) ([]string, error) {
	year, quarter, isQuarter := strings.Cut(period, "-Q")
	first, count := period, 1
	switch number, err := strconv.Atoi(quarter); {
	case isQuarter && err == nil && 1 <= number && number <= 4:
		first, count = fmt.Sprintf("%s-%02d", year, 3*number-2), 3
	case len(period) == len("2026"):
		first, count = period+"-01", 12
	}
	if _, err := End(first); err != nil {
		return nil, fmt.Errorf("period %q: want a month such as 2026-10, a quarter such as 2026-Q4 or a year such as 2026", period)
	}
	months := []string{first}
	for len(months) < count {
		months = append(months, Next(months[len(months)-1]))
	}
	return months, nil
}

// Open are those of some months that are not closed.
func Open(records []Stored, months []string) []string {
	standing := Standing(records)
	return slices.DeleteFunc(slices.Clone(months), func(month string) bool {
		return slices.ContainsFunc(standing, func(record Stored) bool { return record.Period == month })
	})
}

// Next is the month after a period.
func Next(period string) string {
	end, err := End(period)
	if err != nil {
		return ""
	}
	return end.AddDate(0, 0, 1).Format("2006-01")
}

const folder = "closes/"

// Key is where a record lies.
func Key(period string, number int) string {
	return folder + period + "/" + strconv.Itoa(number) + ".json"
}

// sealKey is where the hash of a record is noted, so that a change of the last one, which no other names, shows too. Who can write to the store can
// change both: the hash belongs outside it as well.
func sealKey(key string) string { return strings.TrimSuffix(key, ".json") + ".sha256" }

// Stored is a record as it lies in the store.
type Stored struct {
	Record
	Link
	seal string
}

// ErrBroken says that a record is not what its successor says it was.
var ErrBroken = errors.New("the chain of closes is broken")

// List gives every record, oldest first. Nothing is checked but that each can be read.
func List(ctx context.Context, bucket *objectstore.Bucket) ([]Stored, error) {
	var records []Stored
	seals := map[string]string{}
	for object, err := range bucket.List(ctx, folder) {
		if err != nil {
			return nil, fmt.Errorf("list closes: %w", err)
		}
		text, _, err := bucket.Read(ctx, object.Key)
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(object.Key, ".json") {
			seals[object.Key] = strings.TrimSpace(string(text))
			continue
		}
		stored := Stored{Link: Link{Key: object.Key, SHA256: Hash(text)}}
		if err := json.Unmarshal(text, &stored.Record); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", object.Key, ErrBroken, err)
		}
		records = append(records, stored)
	}
	for i := range records {
		records[i].seal = seals[sealKey(records[i].Key)]
	}
	slices.SortFunc(records, func(a, b Stored) int {
		if a.Sequence != b.Sequence {
			return a.Sequence - b.Sequence
		}
		return strings.Compare(a.Key, b.Key)
	})
	return records, nil
}

// Hash is the SHA-256 of bytes, in hex.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Chain tells what is wrong with the links between records, which are given oldest first.
func Chain(records []Stored) []string {
	var problems []string
	var before Link
	for i, record := range records {
		if record.Sequence != i+1 {
			problems = append(problems, fmt.Sprintf("%s: it is record %d of the chain and should be %d: one was removed or added", record.Key, record.Sequence, i+1))
		}
		if record.Previous != before {
			problems = append(problems, fmt.Sprintf("%s names %s with hash %s as the record before it, which is %s with hash %s", record.Key,
				orNone(record.Previous.Key), short(record.Previous.SHA256), orNone(before.Key), short(before.SHA256)))
		}
		if record.Sealed && record.seal != record.SHA256 {
			problems = append(problems, fmt.Sprintf("%s was changed after it was written: its hash is %s, and %s was noted in %s", record.Key,
				short(record.SHA256), short(record.seal), sealKey(record.Key)))
		}
		if record.Key != Key(record.Period, record.Number) {
			problems = append(problems, fmt.Sprintf("%s says that it is record %d of %s", record.Key, record.Number, record.Period))
		}
		before = record.Link
	}
	return problems
}

func orNone(key string) string {
	if key == "" {
		return "none"
	}
	return key
}

func short(hash string) string {
	if len(hash) < 12 {
		return "none"
	}
	return hash[:12]
}

// Standing gives the closes in force, oldest period first: of each period the last record, if that is no reopening.
func Standing(records []Stored) []Stored {
	last := map[string]Stored{}
	for _, record := range records {
		last[record.Period] = record
	}
	var standing []Stored
	for _, record := range last {
		if record.Kind == Closed {
			standing = append(standing, record)
		}
	}
	slices.SortFunc(standing, func(a, b Stored) int { return strings.Compare(a.Period, b.Period) })
	return standing
}

// Before gives the last close in force of which the period ended before a day; nil if there is none.
func Before(records []Stored, asOf time.Time) *Stored {
	var found *Stored
	for _, record := range Standing(records) {
		if record.AsOf < asOf.Format(time.DateOnly) {
			found = &record
		}
	}
	return found
}

// Closable says why a period cannot be closed now.
func Closable(records []Stored, period string) error {
	standing := Standing(records)
	for _, record := range standing {
		if record.Period == period {
			return fmt.Errorf("%s is closed already, by %s on %s (%s): `countinghouse close --reopen %[1]s --who NAME --why TEXT` opens it again",
				period, record.Who, record.At.Format(time.DateOnly), record.Key)
		}
	}
	if len(standing) == 0 {
		return nil
	}
	if next := Next(standing[len(standing)-1].Period); next != period {
		return fmt.Errorf("%s cannot be closed: the last closed period is %s, so %s is next", period, standing[len(standing)-1].Period, next)
	}
	return nil
}

// Reopenable says why a period cannot be opened again.
func Reopenable(records []Stored, period string) error {
	standing := Standing(records)
	if len(standing) == 0 || !slices.ContainsFunc(standing, func(record Stored) bool { return record.Period == period }) {
		return fmt.Errorf("%s is not closed", period)
	}
	if last := standing[len(standing)-1]; last.Period != period {
		return fmt.Errorf("%s cannot be opened again while %s, which begins with its figures, is closed: reopen that first", period, last.Period)
	}
	return nil
}

// Append writes a record as the next of the chain, and gives it as it is stored. objectstore.ErrPrecondition if somebody was quicker.
func Append(ctx context.Context, bucket *objectstore.Bucket, records []Stored, record Record) (Stored, error) {
	record.Number, record.Sequence, record.Sealed = 1, len(records)+1, true
	for _, one := range records {
		if one.Period == record.Period {
			record.Number = max(record.Number, one.Number+1)
		}
		record.Previous = one.Link
	}
	text, err := json.MarshalIndent(record, "", " ")
	if err != nil {
		return Stored{}, err
	}
	key, hash := Key(record.Period, record.Number), Hash(text)
	// The seal goes first: a seal without a record is nothing, and the next attempt replaces it.
	if err := seal(ctx, bucket, key, hash); err != nil {
		return Stored{}, fmt.Errorf("close %s: %w", record.Period, err)
	}
	crash.Point(crash.CloseSealed)
	if _, err := bucket.CompareAndSet(ctx, key, text, 0); err != nil {
		return Stored{}, fmt.Errorf("close %s: %w", record.Period, err)
	}
	crash.Point(crash.CloseWritten)
	return Stored{Record: record, Link: Link{Key: key, SHA256: hash}, seal: hash}, nil
}

func seal(ctx context.Context, bucket *objectstore.Bucket, key, hash string) error {
	if _, _, err := bucket.Read(ctx, key); !errors.Is(err, objectstore.ErrNotFound) {
		return err // a record that is there keeps its seal
	}
	_, before, err := bucket.Read(ctx, sealKey(key))
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return err
	}
	_, err = bucket.CompareAndSet(ctx, sealKey(key), []byte(hash+"\n"), before.Generation) // 0 where there is none
	return err
}

// Altered tells of what a record holds that is not what its own hashes say.
func (r Record) Altered() []string {
	var problems []string
	for _, source := range r.Sources {
		if Hash([]byte(source.Text)) != source.SHA256 {
			problems = append(problems, fmt.Sprintf("the record of %s: the text of %s/%s is not what its hash says", r.Period, source.Layer, source.Path))
		}
	}
	return problems
}
