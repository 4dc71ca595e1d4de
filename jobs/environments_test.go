package jobs_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"countinghouse/internal/lease"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/project"
	"countinghouse/internal/snapshot"
	"countinghouse/jobs"
	"countinghouse/pipelines/gc"
)

// intake is a workshop of its own, as another process would have it, on a store that others use too.
func intake(t *testing.T, bucket *objectstore.Bucket) *jobs.Workshop {
	t.Helper()
	own, err := project.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tools := jobs.Tools{Bucket: bucket, Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
	workshop, err := jobs.OpenIntake(t.Context(), own, tools)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = workshop.Close() })
	return workshop
}

func storeOnDisk(t *testing.T) *objectstore.Bucket {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

// everything is collected that nobody refers to.
func everything() gc.Options { return gc.Options{} }

func TestNobodyCollectsWhileSomebodyIsAtWork(t *testing.T) {
	bucket := storeOnDisk(t)
	builder, collector := intake(t, bucket), intake(t, bucket)
	var held *lease.HeldError
	err := builder.AtWork(t.Context(), func(ctx context.Context) error {
		if _, err := collector.Collect(ctx, everything()); !errors.As(err, &held) || !strings.Contains(err.Error(), "somebody is at work") {
			t.Errorf("collected: %v", err)
		}
		if _, err := collector.Collect(ctx, gc.Options{DryRun: true}); err != nil {
			t.Errorf("a dry run disturbs nobody: %v", err)
		}
		return collector.AtWork(ctx, func(context.Context) error { return nil }) // two may be at work
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := collector.Collect(t.Context(), everything()); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	for object, err := range bucket.List(t.Context(), "leases/") {
		if err != nil || object.Key != "leases/gc.json" {
			t.Errorf("left: %s, %v", object.Key, err)
		}
	}
}

func TestNobodyBeginsWhileACollectionIsUnderWay(t *testing.T) {
	bucket := storeOnDisk(t)
	setLease(t, bucket, "gc", "elsewhere, process 1", time.Now().Add(time.Minute))
	var held *lease.HeldError
	err := intake(t, bucket).AtWork(t.Context(), func(context.Context) error { t.Error("it began"); return nil })
	if !errors.As(err, &held) || held.Job != "gc" {
		t.Errorf("got %v", err)
	}
	if _, err := intake(t, bucket).Collect(t.Context(), everything()); !errors.As(err, &held) {
		t.Errorf("a second collection: %v", err)
	}
}

// TestARunKeepsCollectionsOff, and one that died long ago does not; who is at work no more loses a lease that it did not give back.
func TestARunKeepsCollectionsOff(t *testing.T) {
	bucket := storeOnDisk(t)
	setLease(t, bucket, "daily", "elsewhere, process 1", time.Now().Add(time.Minute))
	var held *lease.HeldError
	if _, err := intake(t, bucket).Collect(t.Context(), everything()); !errors.As(err, &held) || held.Job != "daily" {
		t.Errorf("got %v", err)
	}
	setLease(t, bucket, "daily", "elsewhere, process 1", time.Now().Add(-time.Minute))
	setLease(t, bucket, "at-work-0123", "elsewhere, process 2", time.Now().Add(-time.Minute))
	if _, err := intake(t, bucket).Collect(t.Context(), everything()); err != nil {
		t.Error(err)
	}
	if _, _, err := bucket.Read(t.Context(), "leases/at-work-0123.json"); !errors.Is(err, objectstore.ErrNotFound) {
		t.Errorf("the lease of who slept too long: %v", err)
	}
	if _, _, err := bucket.Read(t.Context(), "leases/daily.json"); err != nil {
		t.Errorf("the lease of the job, whose number must go on: %v", err)
	}
}

// setLease writes a lease as another process would.
func setLease(t *testing.T, bucket *objectstore.Bucket, job, holder string, until time.Time) {
	t.Helper()
	key := "leases/" + job + ".json"
	_, attributes, err := bucket.Read(t.Context(), key)
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		t.Fatal(err)
	}
	text, err := json.Marshal(map[string]any{"job": job, "holder": holder, "fence": 1, "expires_at": until})
	if err == nil {
		_, err = bucket.CompareAndSet(t.Context(), key, text, attributes.Generation)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestBuildersAndCollectorsAtOnce has builders take to old tables that nobody refers to, while collectors remove those: what a builder
// leaves as its candidate is there as long as it is its candidate.
func TestBuildersAndCollectorsAtOnce(t *testing.T) {
	bucket := storeOnDisk(t)
	var group sync.WaitGroup
	var mutex sync.Mutex
	built, collected := 0, 0
	start := time.Now()
	enough := func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return built >= 50 && collected >= 5 || t.Failed() || time.Since(start) > 2*time.Minute
	}
	for i := range 3 {
		workshop, name := intake(t, bucket), fmt.Sprintf("dev-%d", i)
		group.Go(func() {
			for round := 0; !enough(); round++ {
				err := workshop.AtWork(t.Context(), func(ctx context.Context) error { return buildOne(ctx, bucket, name, round%4) })
				mutex.Lock()
				if err == nil {
					built++
				} else if !jobs.IsHeld(err) {
					t.Error(err)
				}
				mutex.Unlock()
				expectCandidate(t, bucket, name)
			}
		})
	}
	for range 2 {
		workshop := intake(t, bucket)
		group.Go(func() {
			for !enough() {
				report, err := workshop.Collect(t.Context(), everything())
				mutex.Lock()
				if err == nil {
					collected += len(report.Removed)
				} else if !jobs.IsHeld(err) {
					t.Error(err)
				}
				mutex.Unlock()
				time.Sleep(time.Millisecond)
			}
		})
	}
	group.Wait()
	t.Logf("%d builds, %d objects collected", built, collected)
	if built < 50 || collected < 5 {
		t.Errorf("%d builds and %d objects collected prove nothing", built, collected)
	}
}

// buildOne uses a table if it is stored, as a build does, and leaves it as the candidate some time later.
func buildOne(ctx context.Context, bucket *objectstore.Bucket, name string, number int) error {
	table := snapshot.Table{Fingerprint: fmt.Sprintf("f%d", number), Data: fmt.Sprintf("data-%s-%d.parquet", name, time.Now().UnixNano())}
	found, err := snapshot.ReadManifest(ctx, bucket, "core.a", table.Fingerprint)
	if err == nil {
		table = found.Table
		time.Sleep(5 * time.Millisecond) // others are made meanwhile
	} else if errors.Is(err, objectstore.ErrNotFound) {
		err = makeOne(ctx, bucket, table)
	}
	if err != nil {
		return err
	}
	if manifest, err := snapshot.ReadManifest(ctx, bucket, "core.a", table.Fingerprint); err == nil { // of two that make it, one is the first
		table = manifest.Table
	}
	return snapshot.LeaveCandidate(ctx, bucket, snapshot.Environment{Name: name, AsOf: table.Data, Tables: map[string]snapshot.Table{"core.a": table}})
}

func makeOne(ctx context.Context, bucket *objectstore.Bucket, table snapshot.Table) error {
	text, err := json.Marshal(snapshot.Manifest{Name: "core.a", Table: table})
	if err == nil {
		_, err = bucket.Create(ctx, snapshot.DataKey("core.a", table), strings.NewReader("rows"))
	}
	if err == nil {
		_, err = bucket.CompareAndSet(ctx, snapshot.ManifestKey("core.a", table.Fingerprint), bytes.TrimSpace(text), 0)
	}
	if errors.Is(err, objectstore.ErrPrecondition) {
		return nil
	}
	return err
}

func expectCandidate(t *testing.T, bucket *objectstore.Bucket, name string) {
	t.Helper()
	candidate, err := snapshot.ReadCandidate(t.Context(), bucket, name)
	if err != nil {
		t.Error(err)
	}
	if missing, err := snapshot.Missing(t.Context(), bucket, candidate.Tables, nil); err != nil || missing != nil {
		t.Errorf("%s has lost %v, %v", name, missing, err)
	}
}
