package erase

import (
	"context"
	"encoding/json"
	"path"
	"strings"

	"countinghouse/internal/erasure"
	"countinghouse/internal/objectstore"
)

// Forget removes the accountings of conformed files that name a replaced export, so that the other exports that they name are read again.
func Forget(ctx context.Context, bucket *objectstore.Bucket, files []erasure.Rewritten) error {
	replaced := map[string]bool{}
	for _, file := range files {
		replaced[file.Replaces] = true
	}
	return accountings(ctx, bucket, func(key string, of []result) error {
		for _, each := range of {
			if replaced[each.SHA256] {
				return bucket.Delete(ctx, key)
			}
		}
		return nil
	})
}

// a result is the part of an accounting that names objects.
type result struct {
	SHA256  string `json:"sha256"`
	Parquet string `json:"parquet"`
	Rejects string `json:"rejects"`
}

func accountings(ctx context.Context, bucket *objectstore.Bucket, each func(key string, of []result) error) error {
	for object, err := range bucket.List(ctx, "files/") {
		if err != nil {
			return err
		}
		if path.Ext(object.Key) != ".json" {
			continue
		}
		text, _, err := bucket.Read(ctx, object.Key)
		if err != nil {
			return err
		}
		var accounting struct {
			result
			Files []result `json:"files"`
		}
		if err := json.Unmarshal(text, &accounting); err != nil {
			return err
		}
		if err := each(object.Key, append(accounting.Files, accounting.result)); err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes conformed rows, rejects and landed bytes that nothing names, and gives how many objects went.
func Sweep(ctx context.Context, bucket *objectstore.Bucket) (int, error) {
	named := map[string]bool{}
	err := accountings(ctx, bucket, func(_ string, of []result) error {
		for _, each := range of {
			named[each.Parquet], named[each.Rejects] = true, true
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	var gone []string
	manifests := map[string]bool{}
	for _, folder := range []string{"files/", "rejects/", "landing/"} {
		for object, err := range bucket.List(ctx, folder) {
			if err != nil {
				return 0, err
			}
			if path.Base(object.Key) == "manifest.json" {
				manifests[path.Dir(object.Key)] = true
			}
			if path.Ext(object.Key) == ".parquet" && folder != "landing/" && !named[object.Key] || folder == "landing/" {
				gone = append(gone, object.Key)
			}
		}
	}
	removed := 0
	for _, key := range gone {
		if strings.HasPrefix(key, "landing/") && manifests[path.Dir(key)] {
			continue
		}
		if err := bucket.Delete(ctx, key); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
