package closing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"countinghouse/internal/contract/landing"
	"countinghouse/internal/erasure"
	"countinghouse/internal/objectstore"
)

// Replacement is what a landed export was rewritten to, on record, when a person's data was erased from it.
type Replacement struct {
	File
	By       string // the certificate of the erasure
	Gone     bool   // nothing stands in its place: no row of it was in use, or it could not be rewritten
	Manifest []byte // of the export as it was, but for its bytes: what another store is to be told
}

// Replacements finds the exports that are not there any more, and were rewritten by an erasure, by their keys.
func Replacements(ctx context.Context, bucket *objectstore.Bucket, files []File) (map[string]Replacement, error) {
	found := map[string]Replacement{}
	erased, err := erasure.Replaced(ctx, bucket)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if _, _, err := bucket.Read(ctx, landing.ManifestKey(file.Feed, file.SHA256)); !errors.Is(err, objectstore.ErrNotFound) {
			if err != nil {
				return nil, err
			}
			continue
		}
		replacement, ok, err := replacementOf(ctx, bucket, file)
		if err != nil {
			return nil, err
		}
		if !ok {
			replacement.File, ok = file, slices.ContainsFunc(erased, func(one erasure.Rewritten) bool {
				return one.Feed == file.Feed && one.Replaces == file.SHA256 && one.SHA256 == ""
			})
			replacement.Gone = ok
		}
		if ok {
			found[file.Key] = replacement
		}
	}
	return found, nil
}

// rewritten is what the manifest of a rewritten export says besides.
type rewritten struct {
	landing.Manifest
	Replaces []string `json:"replaces"`
	ErasedBy string   `json:"erased_by"`
}

func replacementOf(ctx context.Context, bucket *objectstore.Bucket, file File) (Replacement, bool, error) {
	hashes, err := landing.List(ctx, bucket, file.Feed)
	if err != nil {
		return Replacement{}, false, err
	}
	for _, hash := range hashes {
		text, _, err := bucket.Read(ctx, landing.ManifestKey(file.Feed, hash))
		if err != nil {
			return Replacement{}, false, err
		}
		var now rewritten
		if err := json.Unmarshal(text, &now); err != nil {
			return Replacement{}, false, fmt.Errorf("%s: %w", landing.ManifestKey(file.Feed, hash), err)
		}
		for _, before := range now.Replaces {
			if before == file.SHA256 {
				return replaced(file, now)
			}
		}
	}
	return Replacement{}, false, nil
}

func replaced(was File, now rewritten) (Replacement, bool, error) {
	made := Replacement{File: File{Feed: was.Feed, Name: now.Name, Key: now.Key, SHA256: now.SHA256, Size: now.Size}, By: now.ErasedBy}
	old := now.Manifest
	old.Key, old.SHA256, old.Name = was.Key, was.SHA256, was.Name
	var err error
	made.Manifest, err = json.Marshal(old)
	return made, true, err
}
