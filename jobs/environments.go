package jobs

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"

	"countinghouse/internal/lease"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/gc"
	"countinghouse/pipelines/publish"
)

// collector is the lease that a collection holds; atWork begins the names of those that work holds that a collection would disturb.
const (
	collector = "gc"
	atWork    = "at-work-"
	leaseTTL  = time.Minute
)

// AtWork does work that may take to tables that no environment names yet: no collection removes anything meanwhile. Any number of processes
// may be at work at once. A *lease.HeldError if a collection is under way.
func (w *Workshop) AtWork(ctx context.Context, work func(context.Context) error) (err error) {
	var random [8]byte
	if _, err := io.ReadFull(w.Random, random[:]); err != nil {
		return err
	}
	name, options := atWork+hex.EncodeToString(random[:]), w.leaseOptions()
	held, within, err := lease.Acquire(ctx, w.Bucket, name, options)
	if err != nil {
		return err
	}
	defer func() {
		after, cancel := lastWords(ctx)
		defer cancel()
		err = errors.Join(err, held.Release(after), lease.Drop(after, w.Bucket, name))
	}()
	// After taking its own: of a collection and work that begin together, at least one sees the other.
	if err := lease.Check(ctx, w.Bucket, collector, options); err != nil {
		return err
	}
	return work(within)
}

func (w *Workshop) leaseOptions() lease.Options {
	options := lease.Options{TTL: leaseTTL, Clock: clockwork.NewRealClock()}
	options.Holder, options.Dead = Hold(w.folder.Path)
	return options
}

// Collect removes what nobody refers to any more, while nobody is at work. Of options it takes what is to be removed. A *lease.HeldError if
// somebody is at work, or another collection is under way.
func (w *Workshop) Collect(ctx context.Context, options gc.Options) (report gc.Report, err error) {
	options.Bucket, options.Now = w.Bucket, w.Now
	options.Contracts = map[string]string{}
	for _, feed := range w.Registry.Feeds() {
		options.Contracts[feed.Feed] = feed.ReadFingerprint(w.Project.Zone.String())[:contractDigits]
	}
	if options.DryRun {
		return gc.Run(ctx, options)
	}
	options.Alone = w.alone
	err = w.underLease(ctx, collector, func(ctx context.Context) error {
		report, err = gc.Run(ctx, options)
		return err
	})
	return report, err
}

// underLease works as long as it holds the lease of a name.
func (w *Workshop) underLease(ctx context.Context, name string, work func(context.Context) error) (err error) {
	held, within, err := lease.Acquire(ctx, w.Bucket, name, w.leaseOptions())
	if err != nil {
		return err
	}
	defer func() {
		after, cancel := lastWords(ctx)
		defer cancel()
		err = errors.Join(err, held.Release(after))
	}()
	return work(within)
}

// contractDigits of a contract's fingerprint stand in the names of the files that were read by it.
const contractDigits = 12

// alone gives an error if somebody else has a lease. It drops those of work that ended without a word: if it only slept, it finds that it
// lost them.
func (w *Workshop) alone(ctx context.Context) error {
	names, err := lease.Jobs(ctx, w.Bucket)
	if err != nil {
		return err
	}
	options := w.leaseOptions()
	for _, name := range names {
		if name == collector {
			continue
		}
		if err := lease.Check(ctx, w.Bucket, name, options); err != nil {
			return fmt.Errorf("somebody is at work, so nothing more was removed: %w", err)
		}
		if strings.HasPrefix(name, atWork) {
			if err := lease.Drop(ctx, w.Bucket, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Vetted is the move, refused if a table of a model in it has not passed its audits.
func (w *Workshop) Vetted(move publish.Move) publish.Move {
	for _, model := range w.Library.Models {
		if table, found := move.After.Tables[model.Name]; found && table.Audits == "" {
			move.Refusals = append(move.Refusals, model.Name+" has not been checked: run `countinghouse check` on it and publish it first")
		}
	}
	return move
}

// Move makes a promotion or a rollback. made is false if there was nothing to change. A ProjectError if it is refused.
func (w *Workshop) Move(ctx context.Context, move publish.Move) (environment snapshot.Environment, made bool, err error) {
	err = w.AtWork(ctx, func(ctx context.Context) error {
		meta := w.Meta(move.Environment)
		environment, made, err = publish.Make(ctx, move, publish.Options{
			Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Comments: w.comments(), RunID: meta.RunID, Now: w.Now,
			Report: func(ctx context.Context, published snapshot.Environment, path string) error {
				// The set may be older than the models that the report is drawn from. That must not keep it from the marts' readers.
				if err := w.writeReport(ctx, published, path, meta); err != nil {
					w.Log.WarnContext(ctx, "the report could not be drawn", "environment", published.Name, "version", published.Version, "error", err)
					return os.WriteFile(path, []byte(noReport(published, err)), 0o600)
				}
				return nil
			},
		})
		return err
	})
	if errors.Is(err, publish.ErrRefused) {
		err = ProjectError{err}
	}
	return environment, made, err
}

func noReport(published snapshot.Environment, reason error) string {
	return fmt.Sprintf("<!doctype html><meta charset=utf-8><title>No report</title><p>Version %d of %s, as of %s, is current. The report could not be drawn of it: %s\n",
		published.Version, published.Name, published.AsOf, html.EscapeString(reason.Error()))
}

// EnvironmentState is an environment as it stands beside the others.
type EnvironmentState struct {
	Name        string    `json:"name"`
	Version     int64     `json:"version"` // 0: built, but never published
	AsOf        string    `json:"as_of"`
	PublishedAt time.Time `json:"published_at"`
	Origin      string    `json:"origin"` // the run that published it, or the promotion or rollback
	Tables      int       `json:"tables"`
	// Differing counts the tables that are not those of the main environment; 0 in that one itself.
	Differing int `json:"differing"`
	// Pending counts the tables of a candidate that are not current; 0 if there is none.
	Pending int `json:"pending"`
}

// EnvironmentStates gives every environment, by name.
func EnvironmentStates(ctx context.Context, bucket *objectstore.Bucket) ([]EnvironmentState, error) {
	names, err := snapshot.Names(ctx, bucket)
	if err != nil {
		return nil, err
	}
	base, _, err := snapshot.Read(ctx, bucket, snapshot.Main)
	if err != nil {
		return nil, err
	}
	states := []EnvironmentState{}
	for _, name := range names {
		current, _, err := snapshot.Read(ctx, bucket, name)
		if err != nil {
			return nil, err
		}
		candidate, err := snapshot.ReadCandidate(ctx, bucket, name)
		if err != nil {
			return nil, err
		}
		state := stateOf(current, base)
		if state.Version == 0 {
			state.AsOf = candidate.AsOf
		}
		if len(candidate.Tables) > 0 {
			state.Pending = len(publish.Changes(current.Tables, candidate.Tables))
		}
		states = append(states, state)
	}
	return states, nil
}

// History gives an environment's versions, newest first, as they stand beside the main environment as it is now.
func History(ctx context.Context, bucket *objectstore.Bucket, name string) ([]EnvironmentState, error) {
	current, _, err := snapshot.Read(ctx, bucket, name)
	if err != nil {
		return nil, err
	}
	if current.Version == 0 {
		return nil, ProjectError{fmt.Errorf("environment %s was never published: `countinghouse environments` lists those that were", name)}
	}
	base, _, err := snapshot.Read(ctx, bucket, snapshot.Main)
	if err != nil {
		return nil, err
	}
	past, err := snapshot.History(ctx, bucket, current)
	if err != nil {
		return nil, err
	}
	states := make([]EnvironmentState, 0, len(past)+1)
	for _, version := range append([]snapshot.Environment{current}, past...) {
		states = append(states, stateOf(version, base))
	}
	return states, nil
}

func stateOf(environment, base snapshot.Environment) EnvironmentState {
	state := EnvironmentState{
		Name: environment.Name, Version: environment.Version, AsOf: environment.AsOf, PublishedAt: environment.PublishedAt, Tables: len(environment.Tables),
	}
	if environment.Version > 0 {
		state.Origin = publish.Origin(environment)
		state.Differing = len(publish.Changes(base.Tables, environment.Tables))
	}
	return state
}
