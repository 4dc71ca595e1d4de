package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/origin"
)

// MemoryKey is where a source's memory is kept.
func MemoryKey(source string) string { return "sources/" + source + ".json" }

// seen is a file that landed: of an archive, hashes and feeds of its members.
type seen struct {
	Version string    `json:"version"`
	SHA256  string    `json:"sha256"`
	Feed    string    `json:"feed,omitempty"`
	Size    int64     `json:"size"`
	At      time.Time `json:"at"`
}

// waiting is a file that was too young.
type waiting struct {
	Version string    `json:"version"`
	Since   time.Time `json:"since"`
}

// record is a memory as it is kept.
type record struct {
	Source  string             `json:"source"`
	Address string             `json:"address"`
	Changed time.Time          `json:"changed"`
	Files   map[string]seen    `json:"files"`   // by path
	Waiting map[string]waiting `json:"waiting"` // by path
}

// memory is what a source is known to have had, with what this round has learnt.
type memory struct {
	bucket          *objectstore.Bucket
	source, address string
	files           map[string]seen
	waiting         map[string]waiting

	generation int64
	stored     record          // as last read or written
	learnt     map[string]seen // in this round
	gone       map[string]bool // not listed any more
	looked     map[string]waiting
}

// recall reads what is remembered of a source. What was seen at another address does not count.
func recall(ctx context.Context, bucket *objectstore.Bucket, source, address string) (*memory, error) {
	m := &memory{bucket: bucket, source: source, address: address, learnt: map[string]seen{}, gone: map[string]bool{}, looked: map[string]waiting{}}
	if err := m.read(ctx); err != nil {
		return nil, err
	}
	m.files, m.waiting = maps.Clone(m.stored.Files), m.stored.Waiting
	return m, nil
}

func (m *memory) read(ctx context.Context) error {
	empty := record{Source: m.source, Address: m.address, Files: map[string]seen{}, Waiting: map[string]waiting{}}
	text, attributes, err := m.bucket.Read(ctx, MemoryKey(m.source))
	if errors.Is(err, objectstore.ErrNotFound) {
		m.stored, m.generation = empty, 0
		return nil
	}
	if err != nil {
		return err
	}
	kept := record{}
	if err := json.Unmarshal(text, &kept); err != nil {
		return fmt.Errorf("%s: %w: remove it, and files are fetched once more", MemoryKey(m.source), err)
	}
	if kept.Address != m.address || kept.Files == nil {
		kept = empty
	}
	m.stored, m.generation = kept, attributes.Generation
	return nil
}

// firstSeen is since when a young file has looked as it does.
func (m *memory) firstSeen(entry origin.Entry, now time.Time) time.Time {
	look := waiting{Version: entry.Version, Since: now.UTC()}
	if before, known := m.waiting[entry.Path]; known && before.Version == entry.Version {
		look = before
	}
	m.looked[entry.Path] = look
	return look.Since
}

// note remembers a file that landed.
func (m *memory) note(entry origin.Entry, landing Landing, now time.Time) {
	noted := seen{Version: entry.Version, SHA256: landing.hashes(), Feed: landing.feeds(), Size: entry.Size, At: now.UTC()}
	m.files[entry.Path], m.learnt[entry.Path] = noted, noted
	delete(m.looked, entry.Path)
}

// prune forgets files that the source does not list any more.
func (m *memory) prune(listed []origin.Entry) {
	there := make(map[string]bool, len(listed))
	for _, entry := range listed {
		there[entry.Path] = true
	}
	for path := range m.files {
		if !there[path] {
			m.gone[path] = true
		}
	}
}

// overtaken is how often another process may be quicker before a save gives up.
const overtaken = 8

// save writes what was learnt, over what another process may have learnt meanwhile.
func (m *memory) save(ctx context.Context, now time.Time) error {
	for range overtaken {
		next, changed := m.merged(now)
		if !changed {
			return nil
		}
		text, err := json.MarshalIndent(next, "", " ")
		if err != nil {
			return err
		}
		attributes, err := m.bucket.CompareAndSet(ctx, MemoryKey(m.source), append(text, '\n'), m.generation)
		if err == nil {
			m.stored, m.generation = next, attributes.Generation
			return nil
		}
		if !errors.Is(err, objectstore.ErrPrecondition) {
			return err
		}
		if err := m.read(ctx); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: other processes change it all the time", MemoryKey(m.source))
}

// merged is what is stored with what this round has learnt, and whether that is anything new.
func (m *memory) merged(now time.Time) (record, bool) {
	next := record{Source: m.source, Address: m.address, Changed: now.UTC(), Files: maps.Clone(m.stored.Files), Waiting: m.looked}
	maps.Copy(next.Files, m.learnt)
	for path := range m.gone {
		delete(next.Files, path)
	}
	return next, !maps.Equal(next.Files, m.stored.Files) || !maps.Equal(next.Waiting, m.stored.Waiting)
}
