package gc

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
)

// environments notes what every environment refers to: its current set, its candidate and the versions that it may be rolled back to.
func (c *collection) environments(ctx context.Context) error {
	names, err := snapshot.Names(ctx, c.Bucket)
	if err != nil {
		return err
	}
	for _, name := range names {
		c.names[name] = true
		current, _, err := snapshot.Read(ctx, c.Bucket, name)
		if err != nil {
			return err
		}
		candidate, err := snapshot.ReadCandidate(ctx, c.Bucket, name)
		if err != nil {
			return err
		}
		past, err := c.past(ctx, current)
		if err != nil {
			return err
		}
		for _, set := range append(past, current, candidate) {
			if err := c.needSet(ctx, set); err != nil {
				return fmt.Errorf("version %d of %s: %w", set.Version, name, err)
			}
		}
	}
	return nil
}

// badRows sorts the rows that audits kept, by environment.
func (c *collection) badRows(ctx context.Context) error {
	for object, err := range c.Bucket.List(ctx, "audits/") {
		if err != nil {
			return err
		}
		environment, _, _ := strings.Cut(strings.TrimPrefix(object.Key, "audits/"), "/")
		c.see(object, BadRows, c.names[environment] || !c.old(object))
	}
	return nil
}

// past gives the versions of an environment that are kept: the newest ones, and those that were current within the time.
func (c *collection) past(ctx context.Context, current snapshot.Environment) ([]snapshot.Environment, error) {
	history, err := snapshot.History(ctx, c.Bucket, current)
	if err != nil {
		return nil, err
	}
	kept := map[string]bool{}
	var keep []snapshot.Environment
	replaced := current.PublishedAt
	for i, version := range history {
		if i < c.KeepVersions || replaced.After(c.oldest) {
			keep = append(keep, version)
			kept[snapshot.HistoryKey(current.Name, version.Version)] = true
		}
		replaced = version.PublishedAt
	}
	return keep, c.versions(ctx, current, history, kept)
}

// versions sorts the history's objects. What is there of the current version, or of later ones, was left by a publication that is under way,
// by one that died, or by an environment of that name that was removed, and is written again when it is wanted: it stays.
func (c *collection) versions(ctx context.Context, current snapshot.Environment, history []snapshot.Environment, kept map[string]bool) error {
	going := map[string]bool{}
	for _, version := range history {
		key := snapshot.HistoryKey(current.Name, version.Version)
		going[key] = !kept[key]
	}
	for object, err := range c.Bucket.List(ctx, path.Dir(snapshot.HistoryKey(current.Name, 0))+"/") {
		if err != nil {
			return err
		}
		c.see(object, Version, !going[object.Key])
	}
	return nil
}

// needSet notes what the tables of a set need.
func (c *collection) needSet(ctx context.Context, set snapshot.Environment) error {
	for name, table := range set.Tables {
		c.audits[snapshot.AuditsKey(name, table.Fingerprint, table.Audits)] = true
		key := snapshot.ManifestKey(name, table.Fingerprint)
		if table.Data == "" {
			if err := c.need(ctx, key); err != nil {
				return err
			}
			continue
		}
		// No look at the manifest: a table with rows of its own needs nothing else.
		c.needed[key], c.needed[snapshot.DataKey(name, table)] = true, true
	}
	return nil
}

// need notes a table and all that it refers to. A table that is gone refers to nothing.
func (c *collection) need(ctx context.Context, key string) error {
	table, fingerprint, isManifest := snapshot.OfManifest(key)
	if c.needed[key] || !isManifest {
		c.needed[key] = true
		return nil
	}
	c.needed[key] = true
	manifest, err := snapshot.ReadManifest(ctx, c.Bucket, table, fingerprint)
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	manifests, objects := manifest.References()
	for _, reference := range append(manifests, objects...) {
		if err := c.need(ctx, reference); err != nil {
			return err
		}
	}
	return nil
}

// hexadecimals are what a fingerprint of a table (32 digits) or the hash of a file (64) looks like.
var hexadecimals = regexp.MustCompile(`[0-9a-f]{32,64}`)

// closes notes what closed periods refer to. Whatever stands in an object below closes/ and looks like a fingerprint or the hash of a landed
// file counts as a reference to it.
func (c *collection) closes(ctx context.Context) error {
	named := map[string]bool{}
	for object, err := range c.Bucket.List(ctx, "closes/") {
		if err != nil {
			return err
		}
		text, _, err := c.Bucket.Read(ctx, object.Key)
		if err != nil {
			return err
		}
		for _, name := range hexadecimals.FindAllString(string(text), -1) {
			named[name], c.files[name] = true, true
		}
	}
	if len(named) == 0 {
		return nil
	}
	for object, err := range c.Bucket.List(ctx, tablesFolder) {
		if err != nil {
			return err
		}
		if _, fingerprint, ok := snapshot.OfManifest(object.Key); ok && named[fingerprint] {
			if err := c.need(ctx, object.Key); err != nil {
				return err
			}
		}
	}
	return nil
}

// ParseAge reads a retention period: 30d, 12h, 0.
func ParseAge(text string) (time.Duration, error) {
	const day, longest = 24 * time.Hour, 36_500 // a hundred years
	age, err := time.ParseDuration(text)
	if number, inDays := strings.CutSuffix(text, "d"); inDays {
		var days int
		days, err = strconv.Atoi(number)
		age = time.Duration(min(days, longest)) * day
	}
	if err != nil || age < 0 {
		return 0, fmt.Errorf("%q is no time to keep things: want one such as 30d, 12h or 0", text)
	}
	return age, nil
}
