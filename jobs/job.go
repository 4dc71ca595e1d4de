package jobs

import (
	"context"
	"errors"
	"time"

	"countinghouse/internal/run"
)

// ErrPermanent marks an error that trying again cannot mend, such as a failed audit: wrap it, and the run is not retried.
var ErrPermanent = errors.New("trying again will not help")

// Permanent marks an error as one that trying again cannot mend. Its text stays as it is.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() []error { return []error{ErrPermanent, p.error} }

// Why a run is made, as written in its record.
const (
	OnSchedule = "schedule" // its time has come
	CatchUp    = "catch-up" // its time came while nothing was up, or while another run of the job was under way
	ByHand     = "hand"     // somebody asked for it
)

// Job is a piece of work on a schedule. Serve keeps it so: the run ledger remembers what was done, a lease keeps two
// processes from doing it at once, what was missed is caught up, and what fails is tried again, then reported.
type Job struct {
	Name     string // as run.CheckJob has it
	Schedule string // cron, five fields or @daily and the like, in the brand's time zone; "" for a job run by hand only
	// Latest: of all times that were missed, only the newest is caught up, since a run sees all that earlier ones would have seen.
	Latest   bool
	DaysBack int // the logical date is the schedule's day less this: 1 for a job in the night that is for the day before

	// Run does the work for t.LogicalDate. It may be called again for the same date, after a failure or a crash, and must
	// then end in the same state. It returns soon when its context ends. What it returns is recorded, also beside an error.
	Run func(ctx context.Context, t Trigger) (Result, error)
}

// Trigger says what a run is for.
type Trigger struct {
	RunID       string
	Job         string
	LogicalDate run.Date
	ScheduledAt time.Time // zero if by hand
	Cause       string    // OnSchedule, CatchUp or ByHand
	Attempt     int       // from 1
}

// Result is what a run did.
type Result struct {
	Rows    int64 // rows accepted from export files
	Rejects int64 // rows refused
	Steps   []run.Step
	Drift   *run.Drift
	// Warnings are for a person to look at, a line each.
	Warnings []string
}
