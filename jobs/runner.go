package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/lease"
	"countinghouse/internal/run"
)

// writeTimeout bounds the writes by which a run that was cancelled says so and gives its lease back.
const writeTimeout = 10 * time.Second

// due is a run to be made: an answer to a time on the schedule, or to a person.
type due struct {
	date  run.Date
	at    time.Time // zero if by hand
	cause string
}

// runner makes runs: under the job's lease, on record, again if they fail.
type runner struct {
	options Options
	ledger  *run.Ledger
	report  func(run.Record) // is told of each try that ended
	slot    chan struct{}    // of capacity 1: one try at a time in a process, since each may use most of the memory
}

func newRunner(o Options, report func(run.Record)) *runner {
	ledger := &run.Ledger{Bucket: o.Bucket, Now: o.Clock.Now, Random: o.Random}
	return &runner{options: o, ledger: ledger, report: report, slot: make(chan struct{}, 1)}
}

// RunOnce runs job now, by hand, for one logical date: one try, under its lease and on record. A *lease.HeldError if
// another process is running the job. The record is there beside an error if the run was begun.
func RunOnce(ctx context.Context, job Job, date run.Date, o Options) (run.Record, error) {
	r := newRunner(o.withDefaults(), func(run.Record) {})
	var record run.Record
	err := r.hold(ctx, job, func(held context.Context) (err error) {
		record, err = r.try(held, job, due{date: date, cause: ByHand}, 1)
		return err
	})
	return record, err
}

// hold does work under the job's lease, with a context that ends when the lease is lost.
func (r *runner) hold(ctx context.Context, job Job, work func(context.Context) error) error {
	o := lease.Options{Holder: r.options.Holder, TTL: r.options.LeaseTTL, Clock: r.options.Clock, Dead: r.options.Dead}
	held, within, err := lease.Acquire(ctx, r.options.Bucket, job.Name, o)
	if err != nil {
		return err
	}
	defer func() {
		after, cancel := lastWords(ctx)
		defer cancel()
		if err := held.Release(after); err != nil && !errors.Is(err, lease.ErrLost) {
			r.options.Log.WarnContext(ctx, "a lease was not given back, and will have to run out", "job", job.Name, "error", err)
		}
	}()
	return work(within)
}

// lastWords is a context for what must be written even when ctx is over.
func lastWords(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}

// insist tries a run until it succeeds, cannot, or has been tried often enough. The lease is held.
func (r *runner) insist(ctx context.Context, job Job, d due) (run.Record, error) {
	for attempt := 1; ; attempt++ {
		record, err := r.inTurn(ctx, job, d, attempt)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrPermanent) || attempt >= r.options.Attempts {
			return record, err
		}
		pause := r.options.wait(attempt)
		r.options.Log.WarnContext(ctx, "a run failed and will be tried again",
			"job", job.Name, "date", d.date, "attempt", attempt, "again_in", pause, "error", err)
		select {
		case <-ctx.Done():
			return record, errors.Join(err, context.Cause(ctx))
		case <-r.options.Clock.After(pause):
		}
	}
}

// inTurn makes one try when no other run of this process is under way; while a run waits for its next try, others go on.
func (r *runner) inTurn(ctx context.Context, job Job, d due, attempt int) (run.Record, error) {
	select {
	case <-ctx.Done():
		return run.Record{}, context.Cause(ctx)
	case r.slot <- struct{}{}:
		defer func() { <-r.slot }()
	}
	return r.try(ctx, job, d, attempt)
}

// try makes one try, and records it. The lease is held, so what is on record as running is not: its process died.
func (r *runner) try(ctx context.Context, job Job, d due, attempt int) (run.Record, error) {
	left, err := r.ledger.Abandon(ctx, job.Name)
	if err != nil {
		return run.Record{}, fmt.Errorf("%s: %w", job.Name, err)
	}
	for _, record := range left {
		r.options.Log.WarnContext(ctx, "a run was found abandoned", "job", job.Name, "run", record.ID, "holder", record.Holder)
		r.report(record)
	}
	started, err := r.ledger.Start(ctx, r.record(job, d, attempt))
	if err != nil {
		return run.Record{}, err
	}
	crash.Point(crash.RunStarted)
	result, err := guarded(ctx, job, Trigger{
		RunID: started.Record.ID, Job: job.Name, LogicalDate: d.date, ScheduledAt: d.at, Cause: d.cause, Attempt: attempt,
	})
	crash.Point(crash.RunDone)
	return r.finish(ctx, started, result, err)
}

func (r *runner) record(job Job, d due, attempt int) run.Record {
	record := run.Record{
		Job: job.Name, LogicalDate: d.date, Cause: d.cause, Attempt: attempt,
		Environment: r.options.Environment, Holder: r.options.Holder,
	}
	if !d.at.IsZero() {
		at := d.at.UTC()
		record.ScheduledAt = &at
	}
	return record
}

func (r *runner) finish(ctx context.Context, started run.Started, result Result, failure error) (run.Record, error) {
	outcome := run.Outcome{Status: run.Succeeded, Rows: result.Rows, Rejects: result.Rejects, Steps: result.Steps, Drift: result.Drift, Warnings: result.Warnings}
	if failure != nil {
		outcome.Status = run.Failed
		if ctx.Err() != nil {
			outcome.Status = run.Cancelled
			failure = errors.Join(context.Cause(ctx), failure)
		}
		outcome.Error = failure.Error()
		failure = fmt.Errorf("run %s: %w", started.Record.ID, failure)
	}
	after, cancel := lastWords(ctx)
	defer cancel()
	record, err := r.ledger.Finish(after, started, outcome)
	if err != nil {
		return started.Record, errors.Join(failure, err)
	}
	r.report(record)
	return record, failure
}

// guarded runs the job; a panic in it is an error of its own run, and not the end of everything else that is served.
func guarded(ctx context.Context, job Job, t Trigger) (result Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the job panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return job.Run(ctx, t)
}

// IsHeld says whether an error means that another process is running the job.
func IsHeld(err error) bool {
	var held *lease.HeldError
	return errors.As(err, &held)
}
