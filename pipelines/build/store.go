package build

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"

	"golang.org/x/sync/errgroup"
)

// storeData moves a scratch file into the store, under a name that no other attempt has.
func (e *execution) storeData(ctx context.Context, manifest *snapshot.Manifest, path string) error {
	name, err := e.randomName()
	if err != nil {
		return err
	}
	manifest.Data = "data-" + name + ".parquet"
	if _, err := e.Bucket.CreateFileLater(ctx, snapshot.DataKey(manifest.Name, manifest.Table), path); err != nil {
		return fmt.Errorf("store %s: %w", manifest.Name, err)
	}
	crash.Point(crash.BuildWritten)
	return nil
}

// randomName is one that nobody else has.
func (e *execution) randomName() (string, error) {
	var random [8]byte
	_, err := io.ReadFull(e.Random, random[:])
	return hex.EncodeToString(random[:]), err
}

// keep notes a table, or a part of one, that is to be described.
func (e *execution) keep(manifest snapshot.Manifest) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.undescribed = append(e.undescribed, manifest)
	if !manifest.IsPart() {
		e.tables[manifest.Name] = manifest.Table
		e.fresh[manifest.Name] = manifest
	}
}

// describeEvery bounds the work that is lost when a process is killed.
const describeEvery = 5 * time.Second

func (e *execution) describeNowAndThen(ctx context.Context) error {
	e.mutex.Lock()
	due := e.Now().Sub(e.described) > describeEvery
	if due {
		e.described = e.Now()
	}
	e.mutex.Unlock()
	if !due {
		return nil
	}
	return e.describeAll(ctx)
}

// manifestWriters is how many manifests are written at once: a file system syncs several nearly as fast as one.
const manifestWriters = 16

// describeAll makes the tables exist that were written since it was last called: first their rows are made durable, all in one go, then their
// manifests are written, those of parts before those of whole tables: nobody would make a part again of a table that is there. What could not be
// written is left for the next call.
func (e *execution) describeAll(ctx context.Context) error {
	e.describing.Lock()
	defer e.describing.Unlock()
	e.mutex.Lock()
	manifests := e.undescribed
	e.undescribed = nil
	e.mutex.Unlock()
	if len(manifests) == 0 {
		return nil
	}
	err := e.Bucket.Sync(ctx)
	for _, parts := range []bool{true, false} {
		if err == nil {
			err = e.describeThose(ctx, manifests, parts)
		}
	}
	if err != nil {
		e.mutex.Lock()
		e.undescribed = append(manifests, e.undescribed...)
		e.mutex.Unlock()
	}
	return err
}

// describeThose writes the manifests that are of parts, or the others.
func (e *execution) describeThose(ctx context.Context, manifests []snapshot.Manifest, parts bool) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(manifestWriters)
	for _, manifest := range manifests {
		if parts != manifest.IsPart() {
			continue
		}
		group.Go(func() error {
			stored, err := e.describe(ctx, manifest)
			if err != nil {
				return fmt.Errorf("build %s: %w", manifest.Name, err)
			}
			if !parts {
				e.mutex.Lock()
				defer e.mutex.Unlock()
				e.tables[manifest.Name] = stored
			}
			return nil
		})
	}
	return group.Wait()
}

// describe writes the manifest. If another process was quicker with the same table, theirs stands: it has the same rows.
func (e *execution) describe(ctx context.Context, manifest snapshot.Manifest) (snapshot.Table, error) {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return snapshot.Table{}, err
	}
	key := snapshot.ManifestKey(manifest.Name, manifest.Fingerprint)
	_, err = e.Bucket.CompareAndSet(ctx, key, text, 0)
	if errors.Is(err, objectstore.ErrPrecondition) {
		theirs, err := snapshot.ReadManifest(ctx, e.Bucket, manifest.Name, manifest.Fingerprint)
		return theirs.Table, err
	}
	return manifest.Table, err
}
