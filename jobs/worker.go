package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countinghouse/internal/lease"
	"countinghouse/internal/run"
)

// worker keeps one job up to date. It does not trust alarms to come in time, or at all: each time it is woken it asks the
// schedule and the run ledger what should have been done by now and has not been.
type worker struct {
	job      Job
	calendar calendar
	runner   *runner
	monitor  *monitor
	wake     chan struct{} // of capacity 1: to wake twice is to wake once
	handled  time.Time     // times on the schedule up to here have been dealt with, well or badly; zero after a start
}

// alarm wakes the worker; it never waits.
func (w *worker) alarm() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// loop brings the job up to date, at once and each time the worker is woken, until ctx ends.
func (w *worker) loop(ctx context.Context) {
	for {
		err := w.catchUp(ctx)
		if ctx.Err() != nil {
			return
		}
		w.looked(ctx, err)
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
	}
}

// looked says what came of a look. After an error the next beat of the scheduler's pulse is the next try.
func (w *worker) looked(ctx context.Context, err error) {
	var held *lease.HeldError
	if errors.As(err, &held) {
		w.runner.options.Log.InfoContext(ctx, "another process has the job", "job", w.job.Name, "holder", held.Holder, "until", held.Until)
		err = nil
	}
	if err != nil {
		w.runner.options.Log.ErrorContext(ctx, "the job cannot be looked after now", "job", w.job.Name, "error", err)
	}
	w.monitor.looked(w.job.Name, err)
}

// catchUp makes the runs that are due. Failed runs are reported, and are no error here; an error means that it could not
// be found out or done what is due, and leaves it due.
func (w *worker) catchUp(ctx context.Context) error {
	now := w.runner.options.Clock.Now()
	if !w.handled.IsZero() && w.calendar.Next(w.handled).After(now) {
		return nil
	}
	return w.runner.hold(ctx, w.job, func(held context.Context) error {
		runs, err := w.due(held, now)
		if err != nil {
			return err
		}
		for _, d := range runs {
			if err := w.run(held, d); err != nil {
				return err
			}
		}
		w.handled = now
		return nil
	})
}

// due gives the runs to be made by now, oldest first. What is too much to catch up is noted in the ledger as skipped.
func (w *worker) due(ctx context.Context, now time.Time) ([]due, error) {
	last, ok, err := w.lastSuccess(ctx, now)
	if err != nil {
		return nil, err
	}
	runs := w.since(last, ok, now)
	if n := len(runs); n > 0 && !w.handled.IsZero() {
		runs[n-1].cause = OnSchedule
	}
	if ok {
		w.monitor.succeeded(last)
	}
	most := w.runner.options.MaxCatchUp
	if len(runs) <= most {
		return runs, nil
	}
	tooMany := len(runs) - most
	return runs[tooMany:], w.skip(ctx, runs[:tooMany])
}

// recent is how far back a success is looked for of a job of which only the latest run counts: were there none, it would run once.
const recent = 24 * time.Hour

func (w *worker) lastSuccess(ctx context.Context, now time.Time) (run.Record, bool, error) {
	if w.job.Latest {
		return w.runner.ledger.NewestSuccess(ctx, w.job.Name, now.Add(-recent))
	}
	return w.runner.ledger.LastSuccess(ctx, w.job.Name)
}

// since gives what is due after the last success. Without one nothing is known to have been missed: a new installation
// makes the newest run, so that there are marts to look at, and no older ones. So does a job of which only the latest run counts.
func (w *worker) since(last run.Record, ok bool, now time.Time) []due {
	from := w.handled
	if ok && w.calendar.settled(last).After(from) {
		from = w.calendar.settled(last)
	}
	runs := w.calendar.between(from, now)
	if (w.job.Latest || !ok && w.handled.IsZero()) && len(runs) > 1 {
		return runs[len(runs)-1:]
	}
	return runs
}

func (w *worker) skip(ctx context.Context, runs []due) error {
	oldest, newest := runs[0], runs[len(runs)-1]
	reason := fmt.Sprintf("%d missed runs, for %s to %s, are more than are caught up (%d): run them by hand if they are wanted",
		len(runs), oldest.date, newest.date, w.runner.options.MaxCatchUp)
	w.runner.options.Log.WarnContext(ctx, "missed runs are skipped", "job", w.job.Name, "reason", reason)
	record, err := w.runner.ledger.Note(ctx, w.runner.record(w.job, newest, 1), run.Skipped, reason)
	if err == nil {
		w.runner.report(record)
	}
	return err
}

// run makes one run, and reports it when it is given up. An error if the worker must stop: it was asked to, or lost its
// lease.
func (w *worker) run(ctx context.Context, d due) error {
	w.monitor.began(w.job.Name)
	record, err := w.runner.insist(ctx, w.job, d)
	w.monitor.settled(w.job.Name, record, err)
	log := w.runner.options.Log.With("job", w.job.Name, "date", d.date, "run", record.ID, "attempts", record.Attempt)
	switch {
	case ctx.Err() != nil && err != nil:
		log.WarnContext(ctx, "a run was cancelled", "error", err)
		return context.Cause(ctx)
	case err != nil:
		log.ErrorContext(ctx, "a run failed and was given up", "error", err)
	default:
		log.InfoContext(ctx, "a run succeeded", "took", record.Duration(), "rows", record.Rows, "rejects", record.Rejects)
	}
	w.handled = d.at
	return context.Cause(ctx)
}
