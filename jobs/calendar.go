package jobs

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"countinghouse/internal/run"
)

// horizon is how far back missed times are looked for: longer than a year, so that a yearly job is found.
const horizon = 400 * 24 * time.Hour

// calendar knows when a job is due. It is also what gocron goes by, so that alarms and catch-up agree.
type calendar struct {
	schedule cron.Schedule
	zone     *time.Location
	daysBack int
}

func newCalendar(job Job, zone *time.Location) (calendar, error) {
	schedule, err := cron.ParseStandard(job.Schedule)
	if err != nil {
		return calendar{}, fmt.Errorf("schedule %q: %w", job.Schedule, err)
	}
	return calendar{schedule: schedule, zone: zone, daysBack: job.DaysBack}, nil
}

// IsValid implements gocron.Cron: the schedule has been parsed, but may be for a day that never comes.
func (c calendar) IsValid(crontab string, _ *time.Location, now time.Time) error {
	if c.Next(now).IsZero() {
		return fmt.Errorf("schedule %q: it never comes", crontab)
	}
	return nil
}

// Next implements gocron.Cron: the first time on the schedule after t, zero if there is none.
func (c calendar) Next(t time.Time) time.Time {
	return c.schedule.Next(t.In(c.zone))
}

// date is the logical date of a time on the schedule.
func (c calendar) date(at time.Time) run.Date {
	return run.DateOf(at.In(c.zone)).AddDays(-c.daysBack)
}

// settled is the time up to which a success leaves nothing to do. It answers every time on the schedule before it began,
// but for those of a later logical date than its own: when dates are caught up one by one, those are still to come.
func (c calendar) settled(success run.Record) time.Time {
	later := success.LogicalDate.AddDays(c.daysBack + 1).In(c.zone).Add(-time.Nanosecond)
	if later.Before(success.StartedAt) {
		return later
	}
	return success.StartedAt
}

// between gives one run for each logical date whose time came after from and not after to, oldest first. Of several times
// of one date only the last counts: a run for it sees all that the earlier ones would have seen.
func (c calendar) between(from, to time.Time) []due {
	var runs []due
	if earliest := to.Add(-horizon); from.Before(earliest) {
		from = earliest
	}
	for at := c.Next(from); !at.IsZero() && !at.After(to); at = c.Next(at) {
		d := due{date: c.date(at), at: at, cause: CatchUp}
		if n := len(runs); n > 0 && runs[n-1].date == d.date {
			runs[n-1] = d
			continue
		}
		runs = append(runs, d)
	}
	return runs
}
