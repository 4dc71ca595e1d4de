package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"testing"
	"time"

	"countinghouse/internal/crash"
)

// calm is what happens when nothing does: the first half of the brand's files published, then all of them.
type calm struct {
	before   *site // the first half is published; the second is not landed
	old, new set
	took     time.Duration // of the second run
}

func undisturbed(t *testing.T) calm {
	t.Helper()
	before := newSite(t)
	before.run("--land", brand(t, "first"))
	after := before.copyOf(t)
	start := time.Now()
	after.run("--land", brand(t, "second"))
	calm := calm{before: before, took: time.Since(start)}
	calm.old, calm.new = before.set(), after.set()
	if maps.Equal(calm.old.digests, calm.new.digests) {
		t.Fatal("the second half changes nothing: the test would prove nothing")
	}
	return calm
}

// TestKilledRunsLeaveWholeMarts kills the second run at each named point, and at random times, and looks at what it leaves: the old set or
// the new one, and after one more run, at once, the new one.
func TestKilledRunsLeaveWholeMarts(t *testing.T) {
	t.Parallel()
	calm := undisturbed(t)
	t.Run("one after the other", calm.again)
	for _, point := range []string{crash.PublishSwitched, crash.PublishCopying, crash.RunDone} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			trial := calm.before.copyOf(t)
			trial.diesAt(point)
			calm.recovers(t, trial, point == crash.RunDone)
		})
	}
	t.Run("random", calm.random)
}

// again kills every run that goes on from the one that was killed before, each a little later, up to the moment at which the new set counts.
func (c calm) again(t *testing.T) {
	t.Parallel()
	trial := c.before.copyOf(t)
	for _, point := range crash.Names()[:slices.Index(crash.Names(), crash.PublishSwitched)] {
		trial.diesAt(point)
		if slices.Contains([]string{crash.LandStored, crash.ConformWritten, crash.BuildWritten}, point) {
			trial.diesAt(point + ":2")
		}
		trial.wholeAs(c.old)
	}
	c.recovers(t, trial, false)
}

// diesAt runs up to a point.
func (s *site) diesAt(point string) {
	s.t.Helper()
	s.env = []string{"COUNTINGHOUSE_CRASH_AT=" + point}
	defer func() { s.env = nil }()
	if got := s.try("run", "--as-of", asOf, "--land", brand(s.t, "second")); got.code != crash.ExitCode {
		s.t.Fatalf("exit %d, want %d: the run does not pass %s\n%s%s", got.code, crash.ExitCode, point, got.out, got.errs)
	}
}

// recovers looks at what a killed run left, and at what the next one makes of it.
func (c calm) recovers(t *testing.T, trial *site, done bool) {
	t.Helper()
	if left := trial.wholeAs(c.old, c.new); done && left != 1 {
		t.Errorf("a run that was done left the old marts")
	}
	trial.run("--land", brand(t, "second"))
	trial.wholeAs(c.new)
}

const kills = 5

// random kills runs after a random share of the time that an undisturbed one takes.
func (c calm) random(t *testing.T) {
	for i := range kills {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(20261031, uint64(i)))
			for range 10 {
				trial := c.before.copyOf(t)
				wait := time.Duration(dice.Float64() * float64(c.took))
				if killed(t, trial.command(context.WithoutCancel(t.Context()), "run", "--as-of", asOf, "--land", brand(t, "second")), wait) {
					t.Logf("killed after %s of %s", wait, c.took)
					c.recovers(t, trial, false)
					return
				}
			}
			t.Error("it was quicker each time")
		})
	}
}

// killed starts a command, sends it SIGKILL after a while, and says whether that was what ended it.
func killed(t *testing.T, command *exec.Cmd, wait time.Duration) bool {
	t.Helper()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(wait)
	_ = command.Process.Kill() // an error says that it has ended
	err := command.Wait()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != -1) {
		t.Fatal(fmt.Errorf("neither killed nor done: %w", err))
	}
	return err != nil
}
