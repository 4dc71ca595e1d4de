package conform

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore"

	"golang.org/x/sync/errgroup"
)

// A bundle is the accounting of several files whose rows share a Parquet file.
type bundle struct {
	Files []FileResult `json:"files"`

	key string
}

// readers is how many objects are read at once.
const readers = 16

// accounted gives what was made of a feed's landed files by the contract with this fingerprint, by content. Of a file that several bundles
// hold the largest counts: bundles grow when they are merged.
func accounted(ctx context.Context, bucket *objectstore.Bucket, feed string, landed []string, fingerprint string, zone *time.Location) (map[string]FileResult, error) {
	all, err := accountings(ctx, bucket, feed, fingerprint, zone)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, sha256 := range landed {
		wanted[sha256] = true
	}
	found := map[string]FileResult{}
	for _, each := range all {
		for _, file := range each.Files {
			if _, there := found[file.SHA256]; !there && wanted[file.SHA256] {
				found[file.SHA256] = file
			}
		}
	}
	return found, nil
}

// accountings reads all that there are of a feed by the contract with this fingerprint, those with the most files first.
func accountings(ctx context.Context, bucket *objectstore.Bucket, feed, fingerprint string, zone *time.Location) ([]bundle, error) {
	prefix := path.Join("files", feed) + "/"
	var keys []string
	for object, err := range bucket.List(ctx, prefix) {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", prefix, err)
		}
		if strings.HasSuffix(object.Key, "-"+fingerprint[:12]+".json") {
			keys = append(keys, object.Key)
		}
	}
	read := make([]bundle, len(keys))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, key := range keys {
		group.Go(func() (err error) {
			read[i], err = readAccounting(ctx, bucket, key, zone)
			return err
		})
	}
	err := group.Wait()
	slices.SortStableFunc(read, func(a, b bundle) int { return cmp.Compare(len(b.Files), len(a.Files)) })
	return read, err
}

// readAccounting reads that of a bundle, or of a single file.
func readAccounting(ctx context.Context, bucket *objectstore.Bucket, key string, zone *time.Location) (bundle, error) {
	text, _, err := bucket.Read(ctx, key)
	if err != nil {
		return bundle{}, fmt.Errorf("read %s: %w", key, err)
	}
	var either struct {
		bundle
		FileResult
	}
	if err := json.Unmarshal(text, &either); err != nil {
		return bundle{}, fmt.Errorf("read %s: %w", key, err)
	}
	if either.Files == nil {
		either.Files = []FileResult{either.FileResult}
	}
	for i := range either.Files {
		either.Files[i].ExportedAt = either.Files[i].ExportedAt.In(zone)
	}
	either.key = key
	return either.bundle, nil
}

// writeAccounting makes rows visible. Another process may have done the same work just now: its accounting stands.
func writeAccounting(ctx context.Context, bucket *objectstore.Bucket, key string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	if _, err := bucket.CompareAndSet(ctx, key, text, 0); err != nil && !errors.Is(err, objectstore.ErrPrecondition) {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return nil
}

// Results lists what earlier runs made of the landed files, by the contracts as they are now, and counts the files that are still to be
// read. Nothing is read or written.
func Results(ctx context.Context, bucket *objectstore.Bucket, registry *contract.Registry, zone *time.Location) (report Report, pending int, err error) {
	for _, name := range registry.Names() {
		landed, err := landing.List(ctx, bucket, name)
		if err != nil {
			return report, pending, err
		}
		if len(landed) == 0 {
			continue
		}
		feed, _ := registry.Feed(name)
		done, err := accounted(ctx, bucket, name, landed, feed.ReadFingerprint(zone.String()), zone)
		if err != nil {
			return report, pending, err
		}
		for _, sha256 := range landed {
			if result, there := done[sha256]; there {
				report.Files = append(report.Files, result)
			} else {
				pending++
			}
		}
	}
	return report, pending, nil
}

// manifests reads those of landed files, in their order.
func manifests(ctx context.Context, bucket *objectstore.Bucket, feed string, landed []string) ([]landing.Manifest, error) {
	read := make([]landing.Manifest, len(landed))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i, sha256 := range landed {
		group.Go(func() (err error) {
			read[i], err = landing.Read(ctx, bucket, feed, sha256)
			return err
		})
	}
	return read, group.Wait()
}
