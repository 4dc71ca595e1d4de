package publish

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
)

// Move is a set of tables on its way to become current in an environment, and what that changes.
type Move struct {
	Before snapshot.Environment `json:"-"` // as it is
	After  snapshot.Environment `json:"-"` // as it would be: with the next version
	// Environment is the one that changes, Cause where the set comes from.
	Environment string   `json:"environment"`
	Cause       string   `json:"cause"`
	Version     int64    `json:"version"` // of Before; 0 if it was never published
	AsOf        string   `json:"as_of"`   // of Before
	NextVersion int64    `json:"next_version"`
	NextAsOf    string   `json:"next_as_of"`
	Changes     []Change `json:"changes"`
	// Refusals say why the move is not made, each with what to do.
	Refusals []string `json:"refusals"`

	generation int64 // of Before
}

// Change is one table that is another after a move.
type Change struct {
	Table      string `json:"table"`
	State      State  `json:"state"`
	RowsBefore int64  `json:"rows_before"` // -1 if there is no such table, or nobody has counted
	RowsAfter  int64  `json:"rows_after"`
	Before     string `json:"before,omitempty"` // fingerprint
	After      string `json:"after,omitempty"`
}

// State is what a move does to a table.
type State string

// The states of a change.
const (
	Added    State = "added"
	Removed  State = "removed"
	Changed  State = "changed"
	SameRows State = "same rows" // made in another way, with the same rows
)

// Changes compares two sets, table by table, and leaves out what is the same.
func Changes(before, after map[string]snapshot.Table) []Change {
	changes := []Change{}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, had := before[name]
		made, has := after[name]
		if old.Fingerprint == made.Fingerprint {
			continue
		}
		change := Change{Table: name, State: Changed, RowsBefore: old.Rows, RowsAfter: made.Rows, Before: old.Fingerprint, After: made.Fingerprint}
		switch {
		case !had:
			change.State, change.RowsBefore = Added, snapshot.Uncounted
		case !has:
			change.State, change.RowsAfter = Removed, snapshot.Uncounted
		case old.Digest != "" && old.Digest == made.Digest:
			change.State = SameRows
		}
		changes = append(changes, change)
	}
	return changes
}

// Promotion is what it would be to make the published set of one environment current in another. Nothing is changed. asOfMayChange allows
// a set for another day than the target's.
func Promotion(ctx context.Context, bucket *objectstore.Bucket, from, to string, asOfMayChange bool) (Move, error) {
	source, _, err := snapshot.Read(ctx, bucket, from)
	if err != nil {
		return Move{}, fmt.Errorf("promote: %w", err)
	}
	target, generation, err := snapshot.Read(ctx, bucket, to)
	if err != nil {
		return Move{}, fmt.Errorf("promote: %w", err)
	}
	next := snapshot.Environment{AsOf: source.AsOf, Tables: source.Tables, Cause: fmt.Sprintf("promoted from %s version %d", from, source.Version)}
	if to != snapshot.Main {
		next.Base = source.Base
	}
	move := newMove(target, generation, next)
	switch {
	case from == to:
		move.refuse("%s cannot be promoted to itself: name another with --to", from)
	case source.Version == 0:
		move.Changes = []Change{} // not that every table would go
		move.refuse("%s was never published: run `countinghouse run --env %s`, or build, check and publish, first", from, from)
	default:
		move.refuseStale(source, asOfMayChange)
	}
	return move, nil
}

func newMove(before snapshot.Environment, generation int64, next snapshot.Environment) Move {
	next.Name, next.Version = before.Name, before.Version+1
	return Move{
		Before: before, After: next, Environment: before.Name, Cause: next.Cause, Version: before.Version, AsOf: before.AsOf,
		NextVersion: next.Version, NextAsOf: next.AsOf, Changes: Changes(before.Tables, next.Tables), Refusals: []string{}, generation: generation,
	}
}

// Nothing says that the environment is already what the move would make it.
func (m Move) Nothing() bool { return len(m.Changes) == 0 && m.Version > 0 && m.AsOf == m.NextAsOf }

func (m *Move) refuse(format string, args ...any) {
	m.Refusals = append(m.Refusals, fmt.Sprintf(format, args...))
}

// refuseStale refuses a set that would undo what was published meanwhile, or take the figures to another day unasked.
func (m *Move) refuseStale(source snapshot.Environment, asOfMayChange bool) {
	if m.Nothing() || m.Version == 0 {
		return
	}
	if m.Environment == snapshot.Main && source.Base != nil && *source.Base != m.Version {
		m.refuse("%s is at version %d, published %s UTC (%s), and %s was built on version %d: promoting it would undo what came between. Build %s again, "+
			"look at the plan, then promote it", m.Environment, m.Version, m.Before.PublishedAt.UTC().Format(time.DateTime), Origin(m.Before), source.Name, *source.Base, source.Name)
	}
	if m.AsOf != m.NextAsOf && !asOfMayChange {
		m.refuse("%s is as of %s and %s as of %s: run `countinghouse run --env %s --as-of %s` first, or say --as-of-change if the figures are to be for the other day",
			m.Environment, m.AsOf, source.Name, m.NextAsOf, source.Name, m.AsOf)
	}
}

// Origin says where the set of an environment comes from.
func Origin(environment snapshot.Environment) string {
	if environment.Cause != "" {
		return environment.Cause
	}
	return "run " + environment.RunID
}

// Make makes a move: one compare-and-set, then the copies follow. made is false if there was nothing to change. The error wraps ErrRefused,
// or objectstore.ErrPrecondition if somebody else published since the move was worked out.
func Make(ctx context.Context, move Move, options Options) (environment snapshot.Environment, made bool, err error) {
	if len(move.Refusals) > 0 {
		return move.Before, false, refused{errors.New(strings.Join(move.Refusals, "\n"))}
	}
	if move.Nothing() {
		return move.Before, false, follow(ctx, move.Before, options)
	}
	environment, err = replace(ctx, move.Before, move.generation, move.After, options)
	return environment, err == nil, err
}
