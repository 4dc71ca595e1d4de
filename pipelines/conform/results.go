package conform

import (
	"context"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore"
)

// Results lists what earlier runs made of the landed files, by the contracts as they are now, and counts the files that are still to be
// read. Nothing is read or written.
func Results(ctx context.Context, bucket *objectstore.Bucket, registry *contract.Registry, zone *time.Location) (report Report, pending int, err error) {
	run := &run{bucket: bucket}
	for _, feed := range registry.Feeds() {
		landed, err := landing.List(ctx, bucket, feed.Feed)
		if err != nil {
			return report, pending, err
		}
		if len(landed) == 0 {
			continue
		}
		done, err := run.results(ctx, feed.Feed)
		if err != nil {
			return report, pending, err
		}
		fingerprint := feed.ReadFingerprint(zone.String())
		for _, sha256 := range landed {
			key := resultKey(feed.Feed, sha256, fingerprint)
			if !done[key] {
				pending++
				continue
			}
			result, err := readResult(ctx, bucket, key, zone)
			if err != nil {
				return report, pending, err
			}
			report.Files = append(report.Files, result)
		}
	}
	return report, pending, nil
}
