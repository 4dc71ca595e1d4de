package jobs

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"countinghouse/internal/run"
)

// Health is the answer of /healthz.
type Health struct {
	Status   string      `json:"status"`             // ok; else the answer's code is 503
	Problems []string    `json:"problems,omitempty"` // one line each
	Beat     time.Time   `json:"scheduler_alive_at"`
	Jobs     []JobHealth `json:"jobs"`
}

// JobHealth is how one job stands.
type JobHealth struct {
	Job          string      `json:"job"`
	Schedule     string      `json:"schedule"`
	NextRun      time.Time   `json:"next_run"`
	RunningSince *time.Time  `json:"running_since,omitempty"`
	LastRun      *RunSummary `json:"last_run,omitempty"`     // by this process
	LastSuccess  *RunSummary `json:"last_success,omitempty"` // by any process
}

// RunSummary is a run record without its steps.
type RunSummary struct {
	ID          string     `json:"id"`
	LogicalDate run.Date   `json:"logical_date"`
	Status      run.Status `json:"status"`
	Attempt     int        `json:"attempt"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	Error       string     `json:"error,omitempty"`
	Warnings    []string   `json:"warnings,omitempty"` // a run with warnings is a success
}

// handler serves /healthz, and /metrics if there are any.
func (m *monitor) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", m.serveHealth)
	if m.metrics != nil {
		mux.Handle("GET /metrics", m.metrics)
	}
	return mux
}

func (m *monitor) serveHealth(w http.ResponseWriter, _ *http.Request) {
	h := m.health()
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if h.Status != "ok" {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(h) // fails only if the caller has gone
}

// health says how things stand. Not ok: the scheduler shows no sign of life, a job's last run was given up, or the store
// could not be asked several times in a row.
func (m *monitor) health() Health {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	h := Health{Status: "ok", Beat: m.beat, Jobs: []JobHealth{}}
	if now.Sub(m.beat) > stalled {
		h.Problems = append(h.Problems, "the scheduler has shown no sign of life since "+m.beat.Format(time.RFC3339))
	}
	for _, name := range slices.Sorted(maps.Keys(m.jobs)) {
		s := m.jobs[name]
		h.Jobs = append(h.Jobs, JobHealth{
			Job: name, Schedule: s.schedule, NextRun: s.calendar.Next(now), RunningSince: s.running,
			LastRun: summary(s.last), LastSuccess: summary(s.success),
		})
		if s.failure != "" {
			h.Problems = append(h.Problems, name+": the last run was given up: "+s.failure)
		}
		if s.blind >= blindLimit {
			h.Problems = append(h.Problems, name+": cannot be looked after: "+s.blindFor)
		}
	}
	if len(h.Problems) > 0 {
		h.Status = "failing"
	}
	return h
}

func summary(r *run.Record) *RunSummary {
	if r == nil {
		return nil
	}
	return &RunSummary{ID: r.ID, LogicalDate: r.LogicalDate, Status: r.Status, Attempt: r.Attempt, EndedAt: r.EndedAt, Error: r.Error, Warnings: r.Warnings}
}
