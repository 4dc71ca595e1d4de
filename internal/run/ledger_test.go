package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/run"
)

var shanghai = time.FixedZone("CST", 8*60*60)

// bench is a ledger over an empty store, with a clock that the test sets.
type bench struct {
	run.Ledger
	now time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), "mem://", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{now: time.Date(2026, 11, 1, 4, 0, 0, 0, shanghai)}
	b.Ledger = run.Ledger{Bucket: bucket, Now: func() time.Time { return b.now }, Random: rand.NewChaCha8([32]byte{})}
	return b
}

func (b *bench) at(text string) *bench {
	now, err := time.ParseInLocation("2006-01-02 15:04", text, shanghai)
	if err != nil {
		panic(err)
	}
	b.now = now
	return b
}

// done records a run from beginning to end.
func (b *bench) done(t *testing.T, job string, date run.Date, status run.Status) run.Record {
	t.Helper()
	started, err := b.Start(t.Context(), run.Record{Job: job, LogicalDate: date, Attempt: 1})
	if err != nil {
		t.Fatal(err)
	}
	if status == run.Running {
		return started.Record
	}
	r, err := b.Finish(t.Context(), started, run.Outcome{Status: status})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRecordOfARun(t *testing.T) {
	b := newBench(t)
	started, err := b.Start(t.Context(), run.Record{
		Job: "daily", LogicalDate: "2026-10-31", Cause: "schedule", Environment: "prod", Holder: "host:1", Attempt: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	begun := object(t, b.Bucket, "runs/2026-10/"+started.Record.ID+".json") // 04:00 in Shanghai is October still in UTC
	if begun["status"] != "running" || begun["ended_at"] != nil {
		t.Errorf("at the start the record is %v", begun)
	}
	b.now = b.now.Add(90 * time.Second)
	ended, err := b.Finish(t.Context(), started, run.Outcome{
		Status: run.Failed, Error: "disk full", Rows: 10, Rejects: 1,
		Steps: []run.Step{{Name: "land", Status: run.Succeeded, Rows: 10}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if ended.Duration() != 90*time.Second {
		t.Errorf("duration %v, want 90 s", ended.Duration())
	}
	want := map[string]any{
		"id": started.Record.ID, "job": "daily", "logical_date": "2026-10-31", "cause": "schedule", "environment": "prod",
		"holder": "host:1", "started_at": "2026-10-31T20:00:00Z", "ended_at": "2026-10-31T20:01:30Z", "attempt": 2.0,
		"status": "failed", "error": "disk full", "rows": 10.0, "rejects": 1.0,
		"steps": []any{map[string]any{
			"name": "land", "status": "succeeded", "rows": 10.0,
			"started_at": "0001-01-01T00:00:00Z", "ended_at": "0001-01-01T00:00:00Z",
		}},
	}
	if diff := cmp.Diff(want, object(t, b.Bucket, "runs/2026-10/"+ended.ID+".json")); diff != "" {
		t.Error(diff)
	}
}

// object reads a record as anybody else would: as JSON at its place.
func object(t *testing.T, bucket *objectstore.Bucket, key string) map[string]any {
	t.Helper()
	data, _, err := bucket.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFinishTwiceIsTaken(t *testing.T) {
	b := newBench(t)
	started, err := b.Start(t.Context(), run.Record{Job: "daily", LogicalDate: "2026-10-31"})
	if err != nil {
		t.Fatal(err)
	}
	if left, err := b.Abandon(t.Context(), "daily"); err != nil || len(left) != 1 || left[0].Status != run.Abandoned {
		t.Fatalf("abandoned %v, %v", left, err)
	}
	if _, err = b.Finish(t.Context(), started, run.Outcome{Status: run.Succeeded}); !errors.Is(err, run.ErrTaken) {
		t.Errorf("Finish after Abandon: %v, want ErrTaken", err)
	}
	if r := object(t, b.Bucket, "runs/2026-10/"+started.Record.ID+".json"); r["status"] != "abandoned" {
		t.Errorf("the record that was taken now says %v", r["status"])
	}
}

func TestAbandonMarksWhatADeadProcessLeft(t *testing.T) {
	b := newBench(t)
	b.at("2026-11-01 04:00").done(t, "daily", "2026-10-31", run.Succeeded)
	b.at("2026-11-02 04:00").done(t, "daily", "2026-11-01", run.Running)
	other := b.at("2026-11-02 04:01").done(t, "hourly", "2026-11-01", run.Running)
	b.at("2026-11-02 04:02")
	if _, err := b.Note(t.Context(), run.Record{Job: "daily", LogicalDate: "2026-10-30"}, run.Skipped, "too old"); err != nil {
		t.Fatal(err)
	}
	left, err := b.Abandon(t.Context(), "daily")
	if err != nil || len(left) != 1 || left[0].LogicalDate != "2026-11-01" || left[0].EndedAt == nil {
		t.Fatalf("abandoned %+v, %v; want the run for 2026-11-01", left, err)
	}
	if left, err = b.Abandon(t.Context(), "daily"); err != nil || len(left) != 0 {
		t.Errorf("abandoned again: %+v, %v", left, err)
	}
	if r := object(t, b.Bucket, "runs/2026-11/"+other.ID+".json"); r["status"] != "running" {
		t.Errorf("another job's run is %v", r["status"])
	}
}

func TestRecentIsNewestFirstAcrossMonths(t *testing.T) {
	b := newBench(t)
	var want []string
	for _, at := range []string{"2025-11-30 12:00", "2026-02-28 12:00", "2026-10-31 12:00", "2026-10-31 12:01", "2026-11-01 12:00"} {
		want = append([]string{b.at(at).done(t, "daily", "2025-01-01", run.Succeeded).ID}, want...)
	}
	for n := range len(want) + 2 {
		records, err := b.Recent(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range records {
			got = append(got, r.ID)
		}
		if diff := cmp.Diff(want[:min(n, len(want))], got, cmp.Transformer("nil", func(s []string) string { return strings.Join(s, " ") })); diff != "" {
			t.Errorf("n=%d: %s", n, diff)
		}
	}
}

func TestLastSuccess(t *testing.T) {
	b := newBench(t)
	if _, ok, err := b.LastSuccess(t.Context(), "daily"); ok || err != nil {
		t.Errorf("an empty ledger has a success (%v)", err)
	}
	b.at("2026-10-01 04:00").done(t, "daily", "2026-09-30", run.Succeeded)
	b.at("2026-10-02 04:00").done(t, "daily", "2026-10-01", run.Succeeded)
	b.at("2026-10-02 05:00").done(t, "other", "2026-10-02", run.Succeeded)
	b.at("2026-10-03 04:00").done(t, "daily", "2026-10-02", run.Failed)
	check := func(want run.Date) {
		t.Helper()
		last, ok, err := b.LastSuccess(t.Context(), "daily")
		if err != nil || !ok || last.LogicalDate != want {
			t.Errorf("last success is for %q (%v, %v), want %s", last.LogicalDate, ok, err, want)
		}
	}
	check("2026-10-01")
	// A run by hand for an old date is newer, but does not set the clock back.
	b.at("2026-10-03 10:00").done(t, "daily", "2026-03-01", run.Succeeded)
	check("2026-10-01")
	b.at("2026-10-03 11:00").done(t, "daily", "2026-10-02", run.Succeeded)
	check("2026-10-02")
}

func TestLastSuccessOfTheSameDateIsTheNewest(t *testing.T) {
	b := newBench(t)
	b.at("2026-10-02 04:00").done(t, "daily", "2026-10-01", run.Succeeded)
	newest := b.at("2026-10-02 08:00").done(t, "daily", "2026-10-01", run.Succeeded)
	last, _, err := b.LastSuccess(t.Context(), "daily")
	if err != nil || last.ID != newest.ID {
		t.Errorf("got %s (%v), want %s", last.ID, err, newest.ID)
	}
}

func TestNewestSuccess(t *testing.T) {
	b := newBench(t)
	b.at("2026-10-02 04:00").done(t, "fetch", "2026-10-02", run.Succeeded)
	newest := b.at("2026-10-03 04:00").done(t, "fetch", "2026-10-01", run.Succeeded) // for whatever date
	b.at("2026-10-03 05:00").done(t, "other", "2026-10-03", run.Succeeded)
	b.at("2026-10-03 06:00").done(t, "fetch", "2026-10-03", run.Failed)
	if got, ok, err := b.NewestSuccess(t.Context(), "fetch", newest.StartedAt.Add(-time.Second)); err != nil || !ok || got.ID != newest.ID {
		t.Errorf("got %s (%v, %v), want %s", got.ID, ok, err, newest.ID)
	}
	if got, ok, err := b.NewestSuccess(t.Context(), "fetch", newest.StartedAt); ok || err != nil {
		t.Errorf("got %s (%v): it did not begin after that", got.ID, err)
	}
}

func TestDamagedRecordIsNamed(t *testing.T) {
	b := newBench(t)
	r := b.done(t, "daily", "2026-10-31", run.Succeeded)
	key := "runs/2026-10/" + r.ID + ".json"
	_, attributes, err := b.Bucket.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = b.Bucket.CompareAndSet(t.Context(), key, []byte("{"), attributes.Generation); err != nil {
		t.Fatal(err)
	}
	if _, err = b.Recent(t.Context(), 1); err == nil || !strings.Contains(err.Error(), key) {
		t.Errorf("error %v, want one that names %s", err, key)
	}
}

func TestStartRefuses(t *testing.T) {
	b := newBench(t)
	for _, job := range []string{"", "Daily", "a/b", "-a", "a-", "每日"} {
		if _, err := b.Start(t.Context(), run.Record{Job: job}); err == nil {
			t.Errorf("job name %q was taken", job)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Start(cancelled, run.Record{Job: "daily"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Start with a cancelled context: %v", err)
	}
}
