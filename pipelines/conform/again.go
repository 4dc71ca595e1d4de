package conform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/objectstore"
)

// ErrNoSuchFile says that neither a feed nor a file that was read has a name that was given.
var ErrNoSuchFile = errors.New("neither a feed nor a file that was read is called so")

// Forget makes the next Run read files again by the contracts as they are, and gives the number of files. names are feeds, names of files, or the
// beginnings of their SHA-256; without any, they are the files of which rows were refused. A changed contract needs no Forget: its files are read
// again by themselves.
//
// What goes is the accounting, so a run that dies in between leaves files that the next one reads. Files that were read together are read again
// together.
func Forget(ctx context.Context, bucket *objectstore.Bucket, registry *contract.Registry, zone *time.Location, names []string) (int, error) {
	all := map[string]bool{}
	used := map[string]bool{}
	for _, feed := range registry.Feeds() {
		bundles, err := accountings(ctx, bucket, feed.Feed, feed.ReadFingerprint(zone.String()), zone)
		if err != nil {
			return 0, err
		}
		for _, each := range bundles {
			if !slices.ContainsFunc(each.Files, func(file FileResult) bool { return file.named(names, used) }) {
				continue
			}
			if err := bucket.Delete(ctx, each.key); err != nil {
				return 0, err
			}
			for _, file := range each.Files {
				all[file.Feed+"/"+file.SHA256] = true
			}
		}
	}
	for _, name := range names {
		if _, feed := registry.Feed(name); !feed && !used[name] {
			return len(all), fmt.Errorf("%q: %w", name, ErrNoSuchFile)
		}
	}
	return len(all), nil
}

// shortestHash is how many digits of a hash name a file.
const shortestHash = 6

// named says whether a file is meant by one of the names, and notes which of them meant any.
func (r FileResult) named(names []string, used map[string]bool) bool {
	if len(names) == 0 {
		return r.Quarantine != "" || r.Rejected > 0
	}
	found := false
	for _, name := range names {
		if name == r.Feed || name == r.Name || len(name) >= shortestHash && strings.HasPrefix(r.SHA256, name) {
			used[name], found = true, true
		}
	}
	return found
}
