package publish

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
)

// Rollback is what it would be to make an earlier version of an environment current again, as a new version: the history only grows. Nothing
// is changed. version 0 is the one before the current set: after a rollback, the one before the version that was rolled back to.
func Rollback(ctx context.Context, bucket *objectstore.Bucket, name string, version int64) (Move, error) {
	current, generation, err := snapshot.Read(ctx, bucket, name)
	if err != nil {
		return Move{}, fmt.Errorf("rollback: %w", err)
	}
	history, err := snapshot.History(ctx, bucket, current)
	if err != nil {
		return Move{}, fmt.Errorf("rollback: %w", err)
	}
	next, found := earlier(current, history, version)
	next.Cause = fmt.Sprintf("rolled back to version %d", next.Version)
	next.Restores = origin(next)
	move := newMove(current, generation, next)
	switch {
	case current.Version == 0:
		move.refuse("%s was never published", name)
	case !found:
		move.refuse("%s", noSuchVersion(current, history, version))
	default:
		return move, move.refuseGone(ctx, bucket)
	}
	move.Changes = []Change{}
	return move, nil
}

// earlier is the version that a rollback goes to.
func earlier(current snapshot.Environment, history []snapshot.Environment, version int64) (snapshot.Environment, bool) {
	for _, past := range history {
		if past.Version == version || version == 0 && past.Version < origin(current) {
			return past, true
		}
	}
	return snapshot.Environment{Tables: map[string]snapshot.Table{}}, false
}

// origin is the version in which a set was first current.
func origin(environment snapshot.Environment) int64 {
	if environment.Restores > 0 {
		return environment.Restores
	}
	return environment.Version
}

func noSuchVersion(current snapshot.Environment, history []snapshot.Environment, version int64) string {
	if version == current.Version {
		return fmt.Sprintf("version %d of %s is the current one", version, current.Name)
	}
	kept := make([]string, len(history))
	for i, past := range history {
		kept[i] = fmt.Sprint(past.Version)
	}
	there := "no earlier version is kept"
	if len(kept) > 0 {
		there = "kept are " + strings.Join(kept, ", ")
	}
	if version == 0 {
		return fmt.Sprintf("there is no version of %s before version %d to go back to: %s", current.Name, origin(current), there)
	}
	return fmt.Sprintf("there is no version %d of %s: %s", version, current.Name, there)
}

// refuseGone refuses a version whose tables were collected.
func (m *Move) refuseGone(ctx context.Context, bucket *objectstore.Bucket) error {
	missing, err := snapshot.Missing(ctx, bucket, m.After.Tables, m.Before.Tables)
	if err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	if len(missing) > 0 {
		m.refuse("the store does not have all tables of that version any more (%s): go back to a later one, or build it again from its SQL with --as-of %s",
			some(missing), m.NextAsOf)
	}
	return nil
}
