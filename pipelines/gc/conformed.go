package gc

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"countinghouse/internal/objectstore"

	"golang.org/x/sync/errgroup"
)

// result is what one contract made of one landed file, or of a bundle of them, which has a hash of its own: files/<feed>/<sha256>-<contract>.json
// and .parquet. Rejects are of one file always: rejects/… of the same form.
type result struct{ feed, sha256, contract string }

// resultOf takes a key apart. Not ok: it is something else, which is not for us to remove.
func resultOf(key string) (result, bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return result{}, false
	}
	sha256, contract, ok := strings.Cut(strings.TrimSuffix(parts[2], path.Ext(parts[2])), "-")
	return result{parts[1], sha256, contract}, ok && len(sha256) == 64
}

// An accounting is what conform says of one landed file, or of many that share a Parquet file.
type accounting struct {
	of     result
	object objectstore.Attributes
	files  []string // by SHA-256
}

// conformed sorts what is below files/ and rejects/. An accounting and its rows go when they count for no file any more: because each was read
// again by a newer contract, or because the same rows stand in a larger bundle, which conform prefers. They stay while the contract as it is now
// has no other for one of the files, or a table that is kept reads the rows.
func (c *collection) conformed(ctx context.Context) error {
	parts := map[result][]objectstore.Attributes{}
	var refused []objectstore.Attributes
	for _, folder := range []string{"files/", "rejects/"} {
		for object, err := range c.Bucket.List(ctx, folder) {
			if err != nil {
				return err
			}
			of, ok := resultOf(object.Key)
			switch {
			case !ok:
				c.see(object, Conformed, true)
			case folder == "rejects/":
				refused = append(refused, object)
			default:
				parts[of] = append(parts[of], object)
			}
		}
	}
	found, err := c.accountings(ctx, parts)
	if err != nil {
		return err
	}
	count := newCounting(found)
	kept := map[result]bool{} // files whose rejects are still on record
	for of, objects := range parts {
		keep := c.keepsResult(of, objects, count)
		for _, object := range objects {
			c.see(object, Conformed, keep)
		}
		if one := count.all[of]; keep && one != nil {
			for _, sha256 := range one.files {
				kept[result{of.feed, sha256, of.contract}] = true
			}
		}
	}
	for _, object := range refused {
		of, _ := resultOf(object.Key)
		_, read := count.newest[result{feed: of.feed, sha256: of.sha256}]
		c.see(object, Conformed, kept[of] || !read || c.needed[object.Key] || !c.old(object))
	}
	return nil
}

// accountings reads those of which something else is there.
func (c *collection) accountings(ctx context.Context, parts map[result][]objectstore.Attributes) ([]*accounting, error) {
	var found []*accounting
	for of, objects := range parts {
		for _, object := range objects {
			if path.Ext(object.Key) == ".json" {
				found = append(found, &accounting{of: of, object: object})
			}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(removers)
	for _, each := range found {
		group.Go(func() error { return each.read(ctx, c.Bucket) })
	}
	return found, group.Wait()
}

func (a *accounting) read(ctx context.Context, bucket *objectstore.Bucket) error {
	text, _, err := bucket.Read(ctx, a.object.Key)
	if err != nil {
		return err
	}
	type file struct {
		SHA256 string `json:"sha256"`
	}
	var either struct {
		Files []file `json:"files"`
		file
	}
	if err := json.Unmarshal(text, &either); err != nil {
		return fmt.Errorf("read %s: %w", a.object.Key, err)
	}
	if either.Files == nil {
		either.Files = []file{either.file}
	}
	for _, each := range either.Files {
		if each.SHA256 == "" {
			return fmt.Errorf("read %s: it does not say which file it is of", a.object.Key)
		}
		a.files = append(a.files, each.SHA256)
	}
	return nil
}

// A counting says which accountings count.
type counting struct {
	all    map[result]*accounting // by what they are of
	counts map[result]*accounting // by file and contract: the one that conform takes
	newest map[result]*accounting // by file, without contract: the one written last
}

func newCounting(found []*accounting) counting {
	// As conform has it: the one with the most files first, then by key.
	slices.SortFunc(found, func(a, b *accounting) int {
		return cmp.Or(cmp.Compare(len(b.files), len(a.files)), cmp.Compare(a.object.Key, b.object.Key))
	})
	c := counting{all: map[result]*accounting{}, counts: map[result]*accounting{}, newest: map[result]*accounting{}}
	for _, each := range found {
		c.all[each.of] = each
		for _, sha256 := range each.files {
			by, file := result{each.of.feed, sha256, each.of.contract}, result{feed: each.of.feed, sha256: sha256}
			if c.counts[by] == nil {
				c.counts[by] = each
			}
			if last := c.newest[file]; last == nil || each.object.ModTime.After(last.object.ModTime) {
				c.newest[file] = each
			}
		}
	}
	return c
}

func (c *collection) keepsResult(of result, objects []objectstore.Attributes, count counting) bool {
	for _, object := range objects {
		if c.needed[object.Key] || !c.old(object) {
			return true
		}
	}
	one, files := count.all[of], []string{of.sha256}
	if one != nil {
		files = one.files
	}
	return slices.ContainsFunc(files, func(sha256 string) bool {
		last := count.newest[result{feed: of.feed, sha256: sha256}]
		if last == nil || c.files[sha256] {
			return true
		}
		isLast := last.of.contract == of.contract || c.Contracts[of.feed] == of.contract
		// Without an accounting they are rows that a killed run left.
		return isLast && (one == nil || count.counts[result{of.feed, sha256, of.contract}] == one)
	})
}

// copies looks for published DuckDB files that a publication into a bucket was cut off from removing.
func (c *collection) copies(ctx context.Context) error {
	text, _, err := c.Bucket.Read(ctx, "marts/current.json")
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var current struct {
		Version int64 `json:"version"`
	}
	if err := json.Unmarshal(text, &current); err != nil {
		return err
	}
	for object, err := range c.Bucket.List(ctx, "marts/marts-") {
		if err != nil {
			return err
		}
		number := strings.TrimSuffix(strings.TrimPrefix(object.Key, "marts/marts-"), ".duckdb")
		version, err := strconv.ParseInt(number, 10, 64)
		c.see(object, Copy, err != nil || version >= current.Version || !c.old(object))
	}
	return nil
}
