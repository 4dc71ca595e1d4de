// Package lease lets one process at a time run a job. A lease is an object, leases/<job>.json, that changes by
// compare-and-set only: of two processes that reach for it, exactly one gets it.
//
// Leases run on the clocks of the machines that hold them, so a machine whose clock is wrong by more than the time to live
// can take a lease too early. It takes it by compare-and-set even so: the one who lost it learns of it at its next renewal,
// and whatever must never happen twice (the switch of an environment) is a compare-and-set of its own.
package lease

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jonboulle/clockwork"

	"countinghouse/internal/objectstore"
)

// ErrLost says that the lease ran out or was taken by another holder: the work under it must stop. It is the cause
// (context.Cause) of the context that Acquire gave.
var ErrLost = errors.New("the lease was lost")

// HeldError says that somebody else holds the lease. Nothing was changed.
type HeldError struct {
	Job    string
	Holder string
	Until  time.Time // when it runs out if it is not renewed
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is being run by %s (its lease runs until %s)", e.Job, e.Holder, e.Until.Format(time.RFC3339))
}

// Options say who holds a lease and for how long.
type Options struct {
	Holder string        // not empty; host and process, for the people who read it
	TTL    time.Duration // how long a holder that died keeps others waiting; renewed every third of it
	Clock  clockwork.Clock
	// Dead, if set, says that a holder is known to have ended without a word, so that its lease need not run out. It must never be wrong;
	// false where nothing is known.
	Dead func(holder string) bool
}

// state is what the object holds.
type state struct {
	Job       string    `json:"job"`
	Holder    string    `json:"holder"` // "" when released
	Fence     int64     `json:"fence"`  // grows by one with each holder, and is never reset
	ExpiresAt time.Time `json:"expires_at"`
}

// heldAt says whether somebody holds the lease at that time.
func (s state) heldAt(now time.Time, dead func(holder string) bool) bool {
	return s.Holder != "" && now.Before(s.ExpiresAt) && (dead == nil || !dead(s.Holder))
}

// Lease is a lease that is held until Release.
type Lease struct {
	bucket  *objectstore.Bucket
	options Options
	held    state // job, holder and fence; ExpiresAt as of Acquire
	stop    context.CancelCauseFunc
	done    chan struct{}
}

// Acquire takes the lease of job and keeps it renewed until Release, which must be called. The work under it runs with the
// context given back: that is cancelled with cause ErrLost when the lease is lost. A *HeldError if somebody else has it.
func Acquire(ctx context.Context, bucket *objectstore.Bucket, job string, o Options) (*Lease, context.Context, error) {
	held, err := take(ctx, bucket, job, o)
	if err != nil {
		return nil, nil, fmt.Errorf("lease: %w", err)
	}
	work, stop := context.WithCancelCause(ctx)
	l := &Lease{bucket: bucket, options: o, held: held, stop: stop, done: make(chan struct{})}
	go l.keep(work, o.Clock.NewTicker(o.TTL/3))
	return l, work, nil
}

func take(ctx context.Context, bucket *objectstore.Bucket, job string, o Options) (state, error) {
	now := o.Clock.Now()
	before, generation, err := read(ctx, bucket, job)
	if err != nil {
		return state{}, err
	}
	if before.heldAt(now, o.Dead) {
		return state{}, &HeldError{Job: job, Holder: before.Holder, Until: before.ExpiresAt}
	}
	mine := state{Job: job, Holder: o.Holder, Fence: before.Fence + 1, ExpiresAt: now.Add(o.TTL).UTC()}
	if err = write(ctx, bucket, mine, generation); errors.Is(err, objectstore.ErrPrecondition) {
		return state{}, overtaken(ctx, bucket, job)
	}
	return mine, err
}

// overtaken is the HeldError about whoever was quicker.
func overtaken(ctx context.Context, bucket *objectstore.Bucket, job string) error {
	winner, _, err := read(ctx, bucket, job)
	if err != nil {
		return err
	}
	return &HeldError{Job: job, Holder: winner.Holder, Until: winner.ExpiresAt}
}

// Fence is the number of this holding: greater than that of every earlier holder of the job's lease.
func (l *Lease) Fence() int64 { return l.held.Fence }

// Release gives the lease back, so that the next holder need not wait for it to run out, and cancels the context that
// Acquire gave. ErrLost if it was not held any more.
func (l *Lease) Release(ctx context.Context) error {
	l.stop(context.Canceled)
	<-l.done
	return l.update(ctx, func(s *state) { s.Holder = "" })
}

// keep renews the lease until the work's context ends, or ends it when the lease is lost. A renewal that merely fails is
// tried again until the lease has run out.
func (l *Lease) keep(work context.Context, ticker clockwork.Ticker) {
	defer close(l.done)
	defer ticker.Stop()
	expires := l.held.ExpiresAt
	for {
		select {
		case <-work.Done():
			return
		case <-ticker.Chan():
		}
		next, err := l.renew(work)
		switch {
		case err == nil:
			expires = next
		case errors.Is(err, ErrLost):
			l.stop(err)
		case !l.options.Clock.Now().Before(expires):
			l.stop(fmt.Errorf("%w: it ran out before it could be renewed: %w", ErrLost, err))
		}
	}
}

// renew gives the time until which the lease now runs. It may come late: as long as nobody else took the lease, it is still
// this holder's.
func (l *Lease) renew(work context.Context) (time.Time, error) {
	expires := l.options.Clock.Now().Add(l.options.TTL).UTC()
	// Not clockwork.WithTimeout: the Err of its fake context blocks until the context is done.
	ctx, cancel := context.WithCancel(work)
	defer cancel()
	defer l.options.Clock.AfterFunc(l.options.TTL/3, cancel).Stop()
	return expires, l.update(ctx, func(s *state) { s.ExpiresAt = expires })
}

// update changes the lease if it is still this holder's. It reads first, rather than trust the generation of its last
// write: a write whose reply was lost may have been done.
func (l *Lease) update(ctx context.Context, change func(*state)) error {
	now, generation, err := read(ctx, l.bucket, l.held.Job)
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	if now.Fence != l.held.Fence || now.Holder != l.held.Holder {
		return fmt.Errorf("lease of %s, taken by %q: %w", l.held.Job, now.Holder, ErrLost)
	}
	change(&now)
	err = write(ctx, l.bucket, now, generation)
	if errors.Is(err, objectstore.ErrPrecondition) {
		return fmt.Errorf("lease of %s: %w", l.held.Job, ErrLost)
	}
	return err
}

// read gives the lease as it is, and its generation; the zero state and 0 if nobody ever held it.
func read(ctx context.Context, bucket *objectstore.Bucket, job string) (state, int64, error) {
	data, attributes, err := bucket.Read(ctx, key(job))
	if errors.Is(err, objectstore.ErrNotFound) {
		return state{Job: job}, 0, nil
	}
	if err != nil {
		return state{}, 0, err
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return state{}, 0, fmt.Errorf("%s: %w", key(job), err)
	}
	return s, attributes.Generation, nil
}

func write(ctx context.Context, bucket *objectstore.Bucket, s state, expected int64) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = bucket.CompareAndSet(ctx, key(s.Job), append(data, '\n'), expected)
	return err
}

func key(job string) string {
	return folder + job + ".json"
}
