package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/objectstore"
)

// ErrTaken says that a run's record was ended by somebody else: its process was taken for dead, and its job may be running
// elsewhere. The record stands as the other left it.
var ErrTaken = errors.New("the run was taken for dead, and its record ended by another process")

// clockSkew is how far ahead the clock of another machine may be: records of that near a future are found too.
const clockSkew = 24 * time.Hour

// Ledger writes and reads run records. It holds no state of its own: several may work on one bucket.
type Ledger struct {
	Bucket *objectstore.Bucket
	Now    func() time.Time
	Random io.Reader // for run ids
}

// Started is a run under way. Finish ends it.
type Started struct {
	Record     Record
	generation int64
}

// Start records that a run begins now: of r it takes everything but ID, StartedAt, EndedAt and Status.
func (l *Ledger) Start(ctx context.Context, r Record) (Started, error) {
	r.Status, r.EndedAt = Running, nil
	return l.create(ctx, r)
}

// Note records something that ends as it begins, such as a run that is skipped; status is any but Running.
func (l *Ledger) Note(ctx context.Context, r Record, status Status, reason string) (Record, error) {
	now := l.Now().UTC()
	r.Status, r.Error, r.EndedAt = status, reason, &now
	started, err := l.create(ctx, r)
	return started.Record, err
}

func (l *Ledger) create(ctx context.Context, r Record) (Started, error) {
	if err := CheckJob(r.Job); err != nil {
		return Started{}, err
	}
	r.StartedAt = l.Now().UTC()
	id, err := NewID(r.Job, r.StartedAt, l.Random)
	if err != nil {
		return Started{}, err
	}
	r.ID = id
	generation, err := l.write(ctx, r, 0)
	if err != nil {
		return Started{}, fmt.Errorf("record the start of %s for %s: %w", r.Job, r.LogicalDate, err)
	}
	return Started{Record: r, generation: generation}, nil
}

// Finish records how a run ended. ErrTaken if its record has been ended by another process.
func (l *Ledger) Finish(ctx context.Context, s Started, outcome Outcome) (Record, error) {
	r, now := s.Record, l.Now().UTC()
	r.EndedAt, r.Status, r.Error = &now, outcome.Status, outcome.Error
	r.Rows, r.Rejects, r.Steps = outcome.Rows, outcome.Rejects, outcome.Steps
	r.Drift, r.Warnings = outcome.Drift, outcome.Warnings
	_, err := l.write(ctx, r, s.generation)
	if errors.Is(err, objectstore.ErrPrecondition) {
		return Record{}, fmt.Errorf("run %s: %w", r.ID, ErrTaken)
	}
	if err != nil {
		return Record{}, fmt.Errorf("record the end of run %s: %w", r.ID, err)
	}
	return r, nil
}

func (l *Ledger) write(ctx context.Context, r Record, expected int64) (generation int64, err error) {
	key, err := Key(r.ID)
	if err != nil {
		return 0, err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return 0, err
	}
	attributes, err := l.Bucket.CompareAndSet(ctx, key, append(data, '\n'), expected)
	return attributes.Generation, err
}

// Abandon marks the runs of job that never came to an end as abandoned, and returns them. The caller holds the job's lease:
// what still says running then is what a dead process left. It looks back as far as the newest run that did end, since each
// start abandons what was left before it.
func (l *Ledger) Abandon(ctx context.Context, job string) ([]Record, error) {
	var left []Record
	for r, err := range l.Records(ctx, job) {
		if err != nil {
			return left, err
		}
		if r.Status == Skipped {
			continue
		}
		if r.Status != Running {
			break
		}
		ended, err := l.abandon(ctx, r.ID)
		if err != nil {
			return left, err
		}
		left = append(left, ended)
	}
	return left, nil
}

func (l *Ledger) abandon(ctx context.Context, id string) (Record, error) {
	r, generation, err := l.read(ctx, id)
	if err != nil {
		return Record{}, err
	}
	outcome := Outcome{Status: Abandoned, Error: "the process ended without a word", Steps: r.Steps, Rows: r.Rows, Rejects: r.Rejects}
	return l.Finish(ctx, Started{Record: r, generation: generation}, outcome)
}

// Recent gives the newest n runs of all jobs, newest first.
func (l *Ledger) Recent(ctx context.Context, n int) ([]Record, error) {
	var recent []Record
	for r, err := range l.Records(ctx, "") {
		if err != nil {
			return nil, err
		}
		if len(recent) == n {
			break
		}
		recent = append(recent, r)
	}
	return recent, nil
}

// LastSuccess gives the success of job for the latest logical date, and of several for that date the newest. Not ok: there
// is none.
//
// It reads back only as far as it must: a run is not made for a day that has not begun, so that what started before the
// latest date found (a day earlier, for time zones) cannot be for a later one.
func (l *Ledger) LastSuccess(ctx context.Context, job string) (last Record, ok bool, err error) {
	for r, err := range l.Records(ctx, job) {
		if err != nil {
			return Record{}, false, err
		}
		if ok && DateOf(r.StartedAt).AddDays(1) < last.LogicalDate {
			break
		}
		if r.Status == Succeeded && (!ok || r.LogicalDate > last.LogicalDate) {
			last, ok = r, true
		}
	}
	return last, ok, nil
}

// NewestSuccess gives the success of job that began last, for whatever date, if it began after since. It reads no record that is older, so
// it costs little also for a job that runs every few minutes.
func (l *Ledger) NewestSuccess(ctx context.Context, job string, since time.Time) (newest Record, ok bool, err error) {
	for r, err := range l.Records(ctx, job) {
		if err != nil {
			return Record{}, false, err
		}
		if !r.StartedAt.After(since) {
			break
		}
		if r.Status == Succeeded {
			return r, true, nil
		}
	}
	return Record{}, false, nil
}

// Records gives the runs of job, or of all jobs if job is empty, newest first. It stops at the first error.
func (l *Ledger) Records(ctx context.Context, job string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for id, err := range l.ids(ctx, job) {
			var r Record
			if err == nil {
				r, _, err = l.read(ctx, id)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

func (l *Ledger) read(ctx context.Context, id string) (Record, int64, error) {
	key, err := Key(id)
	if err != nil {
		return Record{}, 0, err
	}
	data, attributes, err := l.Bucket.Read(ctx, key)
	if err != nil {
		return Record{}, 0, fmt.Errorf("run record: %w", err)
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, 0, fmt.Errorf("run record %s: %w", key, err)
	}
	return r, attributes.Generation, nil
}

// ids gives the ids of the runs of job, newest first: month by month, since a store lists forwards only.
func (l *Ledger) ids(ctx context.Context, job string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		oldest, err := l.oldestMonth(ctx)
		if err != nil {
			yield("", err)
			return
		}
		for month := monthOf(l.Now().Add(clockSkew)); oldest != "" && month >= oldest; month = before(month) {
			ids, err := l.idsOf(ctx, month, job)
			if err != nil {
				yield("", err)
				return
			}
			for _, id := range slices.Backward(ids) {
				if !yield(id, nil) {
					return
				}
			}
		}
	}
}

// oldestMonth is the month of the first record, "" if there is none.
func (l *Ledger) oldestMonth(ctx context.Context) (string, error) {
	for attributes, err := range l.Bucket.List(ctx, folder) {
		if err != nil {
			return "", fmt.Errorf("list the runs: %w", err)
		}
		if started, _, ok := parseID(idOf(attributes.Key)); ok {
			return monthOf(started), nil
		}
	}
	return "", nil
}

// idsOf gives the ids of a month's runs of job, oldest first.
func (l *Ledger) idsOf(ctx context.Context, month, job string) ([]string, error) {
	var ids []string
	for attributes, err := range l.Bucket.List(ctx, folder+month+"/") {
		if err != nil {
			return nil, fmt.Errorf("list the runs of %s: %w", month, err)
		}
		id := idOf(attributes.Key)
		if _, of, ok := parseID(id); ok && (job == "" || of == job) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func idOf(key string) string {
	return strings.TrimSuffix(path.Base(key), ".json")
}

const monthLayout = "2006-01"

func monthOf(t time.Time) string {
	return t.UTC().Format(monthLayout)
}

// before is the month before one that monthOf gave.
func before(month string) string {
	t, err := time.Parse(monthLayout, month)
	if err != nil {
		return ""
	}
	return monthOf(t.AddDate(0, -1, 0))
}
