// Package run keeps the run ledger: one object per run under runs/<yyyy-mm>/, which says what was run for which logical
// date, how it ended, and what each step did. It is what the schedule remembers by: what a process that died had missed is
// found here and nowhere else.
package run

import "time"

// Status is how a run stands.
type Status string

// A run begins as Running and ends as one of the others, once.
const (
	Running   Status = "running"
	Succeeded Status = "succeeded"
	Failed    Status = "failed"    // the work returned an error
	Cancelled Status = "cancelled" // asked to stop (Ctrl-C, SIGTERM, lease lost) and stopped cleanly
	Abandoned Status = "abandoned" // its process died; found and marked by the next start
	Skipped   Status = "skipped"   // never run: missed while nothing was up, and too many to catch up
)

// Record is what is known of one attempt to run a job for one logical date.
type Record struct {
	ID          string     `json:"id"`
	Job         string     `json:"job"`
	LogicalDate Date       `json:"logical_date"`           // the day that the run is for: the as-of date of what it makes
	ScheduledAt *time.Time `json:"scheduled_at,omitempty"` // the time on the schedule that it answers; none for a run by hand
	Cause       string     `json:"cause"`                  // why it was run: schedule, catch-up, hand
	Environment string     `json:"environment"`
	Holder      string     `json:"holder"` // host and process
	StartedAt   time.Time  `json:"started_at"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	Attempt     int        `json:"attempt"` // from 1
	Status      Status     `json:"status"`
	Error       string     `json:"error,omitempty"`
	Rows        int64      `json:"rows"`    // rows accepted from export files in this run
	Rejects     int64      `json:"rejects"` // rows refused in this run
	Steps       []Step     `json:"steps,omitempty"`
	Drift       *Drift     `json:"drift,omitempty"`    // of customers; none where nothing was published before
	Warnings    []string   `json:"warnings,omitempty"` // what a person should look at, though the run succeeded
}

// Duration is how long the run took, 0 if it has not ended.
func (r Record) Duration() time.Duration {
	if r.EndedAt == nil {
		return 0
	}
	return r.EndedAt.Sub(r.StartedAt)
}

// Step is one step of a run: land, conform, one table…
type Step struct {
	Name      string    `json:"name"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	Status    Status    `json:"status"`
	Rows      int64     `json:"rows"` // rows that the step made
	Rejects   int64     `json:"rejects,omitempty"`
	Error     string    `json:"error,omitempty"`
	Detail    string    `json:"detail,omitempty"` // one line for a person
	Tables    []Table   `json:"tables,omitempty"` // that a build made, the slowest first
}

// Table is what the making of one table took.
type Table struct {
	Name       string   `json:"name"`
	Rows       int64    `json:"rows"`
	Bytes      int64    `json:"bytes"`
	Seconds    float64  `json:"seconds"` // of wall time
	CPUSeconds float64  `json:"cpu_seconds"`
	PeakMemory int64    `json:"peak_memory"` // bytes, of all that ran in the session at the time
	Spilled    int64    `json:"spilled"`     // bytes, likewise
	Months     []string `json:"months,omitempty"`
}

// Outcome is what a run came to, for Ledger.Finish.
type Outcome struct {
	Status  Status // any but Running
	Error   string
	Rows    int64 // as Record.Rows
	Rejects int64 // as Record.Rejects
	Steps   []Step
	Drift   *Drift
	// Warnings are a line each.
	Warnings []string
}
