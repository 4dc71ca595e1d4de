package jobs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/snapshot"
	"countinghouse/jobs"
)

func TestRevision(t *testing.T) {
	workshop := projectOf(t)
	publish := func(version int64, at string) {
		t.Helper()
		published, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		_, generation, err := snapshot.Read(t.Context(), workshop.Bucket, "prod")
		if err != nil {
			t.Fatal(err)
		}
		next := snapshot.Environment{Name: "prod", Version: version, PublishedAt: published, Tables: map[string]snapshot.Table{}}
		if err := snapshot.Publish(t.Context(), workshop.Bucket, next, generation); err != nil {
			t.Fatal(err)
		}
	}
	publish(1, "2026-10-30T10:00:00Z")
	publish(2, "2026-10-30T15:59:59Z") // in Shanghai one second before midnight
	publish(3, "2026-10-30T16:00:00Z")
	publish(4, "2026-11-05T01:00:00Z")
	candidate := snapshot.Environment{Name: "prod", AsOf: "2026-11-06", Tables: map[string]snapshot.Table{"mart.x": {}}}
	if err := snapshot.LeaveCandidate(t.Context(), workshop.Bucket, candidate); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int64{
		"prod": 4, "prod@4": 4, "prod@1": 1, "prod@2026-10-30": 2, "prod@2026-10-31": 3, "prod@2026-11-04": 3, "prod@2026-11-05": 4, "prod@2030-01-01": 4,
		"prod@candidate": 0,
	} {
		got, err := workshop.Revision(t.Context(), name)
		if err != nil || got.Version != want {
			t.Errorf("%s: version %d, %v; want %d", name, got.Version, err, want)
		}
	}
	for name, want := range map[string]string{
		"dev": "environment dev was never published", "prod@5": "there is no such version: the oldest that is kept is 1, published 2026-10-30",
		"prod@2026-10-29": "there is no such version", "prod@yesterday": "want a version such as @3", "prod@0": "there is no such version",
		"dev@candidate": "environment dev has not been built",
	} {
		_, err := workshop.Revision(t.Context(), name)
		var project jobs.ProjectError
		if !errors.As(err, &project) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want …%s…", name, err, want)
		}
	}
}
