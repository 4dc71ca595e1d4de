package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/objectstore"

	"golang.org/x/sync/errgroup"
)

const manifestName = "manifest.json"

// OfManifest takes a manifest's key apart: of which table and fingerprint it is. Not ok: it is no manifest's key.
func OfManifest(key string) (table, fingerprint string, ok bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 5 || parts[0] != "tables" || parts[4] != manifestName {
		return "", "", false
	}
	return parts[1] + "." + parts[2], parts[3], true
}

// requests is how many objects are asked for at once: a store far away answers several nearly as fast as one.
const requests = 32

// Missing names the tables of a set that are not in the store any more, or not all that they need. Tables that a trusted set has too are not
// looked for.
func Missing(ctx context.Context, bucket *objectstore.Bucket, set, trusted map[string]Table) ([]string, error) {
	names := slices.DeleteFunc(sortedKeys(set), func(name string) bool { return set[name].Fingerprint == trusted[name].Fingerprint })
	missing := make([]bool, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(requests)
	for i, name := range names {
		group.Go(func() (err error) {
			missing[i], err = lacks(ctx, bucket, ManifestKey(name, set[name].Fingerprint))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("look for tables: %w", err)
	}
	var gone []string
	for i, name := range names {
		if missing[i] {
			gone = append(gone, name)
		}
	}
	return gone, nil
}

// lacks says whether an object, or one that it refers to, is not there.
func lacks(ctx context.Context, bucket *objectstore.Bucket, key string) (bool, error) {
	table, fingerprint, isManifest := OfManifest(key)
	if !isManifest {
		return absent(ctx, bucket, key)
	}
	manifest, err := ReadManifest(ctx, bucket, table, fingerprint)
	if errors.Is(err, objectstore.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	manifests, objects := manifest.References()
	for _, needed := range append(manifests, objects...) {
		if gone, err := lacks(ctx, bucket, needed); gone || err != nil {
			return gone, err
		}
	}
	return false, nil
}

func absent(ctx context.Context, bucket *objectstore.Bucket, key string) (bool, error) {
	for object, err := range bucket.List(ctx, key) {
		return err == nil && object.Key != key, err
	}
	return true, nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
