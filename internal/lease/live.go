package lease

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/objectstore"
)

const folder = "leases/"

// Check gives a *HeldError if somebody holds the lease of job. Of o it takes the clock and what tells that a holder is dead.
func Check(ctx context.Context, bucket *objectstore.Bucket, job string, o Options) error {
	now, _, err := read(ctx, bucket, job)
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	if now.heldAt(o.Clock.Now(), o.Dead) {
		return &HeldError{Job: job, Holder: now.Holder, Until: now.ExpiresAt}
	}
	return nil
}

// Jobs names the jobs that have a lease, held or not, in order.
func Jobs(ctx context.Context, bucket *objectstore.Bucket) ([]string, error) {
	var jobs []string
	for object, err := range bucket.List(ctx, folder) {
		if err != nil {
			return nil, fmt.Errorf("list leases: %w", err)
		}
		jobs = append(jobs, strings.TrimSuffix(strings.TrimPrefix(object.Key, folder), ".json"))
	}
	return jobs, nil
}

// Drop removes the lease of a job that is never done again under this name. A holder that was thought dead finds that it lost the lease.
func Drop(ctx context.Context, bucket *objectstore.Bucket, job string) error {
	if err := bucket.Delete(ctx, key(job)); err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	return nil
}
