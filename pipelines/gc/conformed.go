package gc

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"strconv"
	"strings"

	"countinghouse/internal/objectstore"
)

// result is what one contract made of one landed file: files/<feed>/<sha256>-<contract>.json and .parquet, rejects/… of the same name.
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

// conformed sorts what is below files/ and rejects/: the result of a contract goes when the file was read again by a newer one, unless it is
// the contract as it is now, or a table that is kept reads it.
func (c *collection) conformed(ctx context.Context) error {
	parts := map[result][]objectstore.Attributes{}
	newest := map[result]objectstore.Attributes{} // by feed and file: the accounting written last
	for _, folder := range []string{"files/", "rejects/"} {
		for object, err := range c.Bucket.List(ctx, folder) {
			if err != nil {
				return err
			}
			of, ok := resultOf(object.Key)
			if !ok {
				c.see(object, Conformed, true)
				continue
			}
			parts[of] = append(parts[of], object)
			file := result{feed: of.feed, sha256: of.sha256}
			if path.Ext(object.Key) == ".json" && !object.ModTime.Before(newest[file].ModTime) {
				newest[file] = object
			}
		}
	}
	for of, objects := range parts {
		keep := c.keepsResult(of, objects, newest[result{feed: of.feed, sha256: of.sha256}])
		for _, object := range objects {
			c.see(object, Conformed, keep)
		}
	}
	return nil
}

func (c *collection) keepsResult(of result, objects []objectstore.Attributes, newest objectstore.Attributes) bool {
	last, _ := resultOf(newest.Key)
	if last == (result{}) || last == of || c.files[of.sha256] || c.Contracts[of.feed] == of.contract {
		return true
	}
	for _, object := range objects {
		if c.needed[object.Key] || !c.old(object) {
			return true
		}
	}
	return false
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
