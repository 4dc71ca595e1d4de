package main

import (
	"maps"
	"strings"
	"testing"

	"countinghouse/internal/crash"
)

// TestKilledMovesLeaveWholeMarts kills a rollback at each point that it passes, and finds the set that was or the one that was to be; the same
// command once more, or the next publication, brings the copies up to date.
func TestKilledMovesLeaveWholeMarts(t *testing.T) {
	t.Parallel()
	calm := undisturbed(t)
	after := calm.before.copyOf(t)
	after.run("--land", brand(t, "second"))
	for _, point := range []string{crash.PublishArchived, crash.PublishSwitched, crash.PublishCopying} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			trial := after.copyOf(t)
			trial.env = []string{"COUNTINGHOUSE_CRASH_AT=" + point}
			if got := trial.try("rollback"); got.code != crash.ExitCode {
				t.Fatalf("exit %d, want %d\n%s%s", got.code, crash.ExitCode, got.out, got.errs)
			}
			trial.env = nil
			if left := trial.wholeAs(calm.new, calm.old); left != 0 {
				t.Error("the copies are ahead of the record")
			}
			trial.do(exitDone, "rollback", "--to", "1")
			trial.wholeAs(calm.old)
		})
	}
}

// TestAKilledCollectionLeavesNoHalfTable kills gc between manifests and rows, and finds that what is current can be read, that what was
// removed is made again, and that the next collection ends the work.
func TestAKilledCollectionLeavesNoHalfTable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.run("--land", brand(t, "first"))
	first := s.published().Digests
	s.run("--land", brand(t, "second"))
	second := s.published().Digests
	s.env = []string{"COUNTINGHOUSE_CRASH_AT=" + crash.CollectHidden}
	collect := []string{"gc", "--older-than", "0", "--keep-versions", "0"}
	if got := s.try(collect...); got.code != crash.ExitCode {
		t.Fatalf("exit %d, want %d\n%s%s", got.code, crash.ExitCode, got.out, got.errs)
	}
	s.env = nil
	if again := s.run(); !strings.Contains(again, " 0 tables made") {
		t.Errorf("something that is current is gone:\n%s", again)
	}
	if left := s.do(exitDone, collect...); strings.HasPrefix(left, "0 objects") || !strings.Contains(left, "unfinished") {
		t.Errorf("nothing was left to collect:\n%s", left)
	}
	if got := s.published().Digests; !maps.Equal(got, second) || maps.Equal(first, second) {
		t.Errorf("other digests: %s", differing(got, second))
	}
	s.do(exitUsage, "rollback")
}
