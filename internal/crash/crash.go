// Package crash ends the process at a named point, as kill -9 would, so that a test can prove what a run leaves behind
// when it dies there. In production nothing is armed and a point costs one atomic load.
package crash

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// The points, in the order in which a run passes them. Each stands between two writes that a reader could tell apart.
const (
	// RunStarted: the run record says running, nothing else has happened.
	RunStarted = "run.started"
	// LandStored: the export's bytes are in landing/, their manifest is not.
	LandStored = "land.stored"
	// ConformWritten: a file's rows are in files/, their accounting is not.
	ConformWritten = "conform.written"
	// BuildWritten: a table's data.parquet is in place, its manifest is not.
	BuildWritten = "build.written"
	// BuildDone: every table is built, the environment still names the old ones.
	BuildDone = "build.done"
	// PublishArchived: the version that is current is in the history too, the environment still names it.
	PublishArchived = "publish.archived"
	// PublishSwitched: the environment names the new tables, the published copies are still the old ones.
	PublishSwitched = "publish.switched"
	// PublishCopying: some of the published copies are new, some are old.
	PublishCopying = "publish.copying"
	// RunDone: the work is finished, the run record still says running.
	RunDone = "run.done"
)

// Points that no run passes: those of gc, close and erase.
const (
	// CollectHidden: the manifests of tables that nobody refers to are gone, their rows are not.
	CollectHidden = "collect.hidden"
	// CollectForgotten: the accountings of conformed files that count for nothing any more are gone too, their rows are not.
	CollectForgotten = "collect.forgotten"
	// CloseSealed: the hash of a month's record is noted, the record is not written.
	CloseSealed = "close.sealed"
	// CloseWritten: the record of a month is written, the lease is not given back.
	CloseWritten = "close.written"
	// EraseBegun: the tombstones of an erasure hold, nothing is rewritten.
	EraseBegun = "erase.begun"
	// EraseRewritten: an export lies in the store both as it was and without the person.
	EraseRewritten = "erase.rewritten"
	// ErasePublished: what is current holds the person no more, what was before is still there.
	ErasePublished = "erase.published"
)

// ExitCode is what a shell reports for a process ended by SIGKILL (128 + 9).
const ExitCode = 137

// trap is an armed point: the process ends when left falls to zero.
type trap struct {
	name string
	left atomic.Int64
}

// armed is the one piece of mutable package state in the product. A crash point has to sit in the middle of code that
// knows nothing of tests, and handing a switch down through every signature would bend the code for the test's sake.
// It is written once, by cmd, before any work begins.
var armed atomic.Pointer[trap]

// Names lists the points that a run passes, in their order.
func Names() []string {
	return []string{
		RunStarted, LandStored, ConformWritten, BuildWritten, BuildDone, PublishArchived, PublishSwitched, PublishCopying, RunDone,
	}
}

// all are the points that there are.
func all() []string {
	return append(Names(), CollectHidden, CollectForgotten, CloseSealed, CloseWritten, EraseBegun, EraseRewritten, ErasePublished)
}

// Arm chooses the point at which the process ends: "name", or "name:n" for the n-th time that it is passed (n from 1).
// The empty text disarms. A name that is no point's, or a count below 1, is an error and leaves things as they were.
func Arm(spec string) error {
	if spec == "" {
		armed.Store(nil)
		return nil
	}
	name, count, err := parse(spec)
	if err != nil {
		return fmt.Errorf("crash point %q: %w", spec, err)
	}
	next := &trap{name: name}
	next.left.Store(count)
	armed.Store(next)
	return nil
}

func parse(spec string) (name string, count int64, err error) {
	name, times, counted := strings.Cut(spec, ":")
	if !slices.Contains(all(), name) {
		return "", 0, fmt.Errorf("no such point; there are %s", strings.Join(all(), ", "))
	}
	if !counted {
		return name, 1, nil
	}
	count, err = strconv.ParseInt(times, 10, 64)
	if err != nil || count < 1 {
		return "", 0, fmt.Errorf("the count after the colon must be a whole number from 1 (got %q)", times)
	}
	return name, count, nil
}

// Point ends the process with ExitCode if name is the armed point and its count is reached: no deferred function runs, no
// buffer is flushed. Otherwise it does nothing. It may be called from several goroutines.
func Point(name string) {
	t := armed.Load()
	if t == nil || t.name != name {
		return
	}
	if t.left.Add(-1) == 0 {
		os.Exit(ExitCode)
	}
}
