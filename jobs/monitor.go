package jobs

import (
	"net/http"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"countinghouse/internal/run"
)

const (
	pulse      = time.Minute // how often the scheduler says that it lives, and workers look again
	stalled    = 5 * pulse   // without a sign of life for this long it is taken for dead
	blindLimit = 3           // looks in a row that may fail before it is a matter of health
)

// Metrics are told what becomes of runs, and answer to /metrics. They are called by several goroutines.
type Metrics interface {
	http.Handler
	Watch(job string)       // the job will be run
	Ended(r run.Record)     // a try of a run ended, or was skipped, or found abandoned
	Succeeded(r run.Record) // the job's last success, be it of this process or found in the run ledger
}

// monitor knows how things stand, for /healthz, and passes on what metrics must know.
type monitor struct {
	clock   clockwork.Clock
	metrics Metrics // may be nil

	mu   sync.Mutex
	beat time.Time // the scheduler's last sign of life
	jobs map[string]*standing
}

// standing is how one job stands.
type standing struct {
	calendar calendar
	schedule string
	running  *time.Time // since when
	last     *run.Record
	failure  string // why the last run was given up; "" if it was not
	success  *run.Record
	blind    int    // looks in a row that failed
	blindFor string // why the last of them did
}

func newMonitor(clock clockwork.Clock, metrics Metrics) *monitor {
	return &monitor{clock: clock, metrics: metrics, beat: clock.Now(), jobs: map[string]*standing{}}
}

// watch adds a job.
func (m *monitor) watch(job Job, c calendar) {
	m.jobs[job.Name] = &standing{calendar: c, schedule: job.Schedule}
	if m.metrics != nil {
		m.metrics.Watch(job.Name)
	}
}

// alive notes a beat of the scheduler's pulse.
func (m *monitor) alive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.beat = m.clock.Now()
}

// ended takes note of a try of a run, or of one that was skipped or found abandoned.
func (m *monitor) ended(r run.Record) {
	if m.metrics != nil {
		m.metrics.Ended(r)
	}
	if r.Status == run.Succeeded {
		m.succeeded(r)
	}
}

// succeeded takes note of a job's success, be it of this process or found in the ledger.
func (m *monitor) succeeded(r run.Record) {
	m.of(r.Job, func(s *standing) { s.success = &r })
	if m.metrics != nil {
		m.metrics.Succeeded(r)
	}
}

// began and settled stand around all tries of a run; err says that it was given up.
func (m *monitor) began(job string) {
	now := m.clock.Now()
	m.of(job, func(s *standing) { s.running = &now })
}

func (m *monitor) settled(job string, r run.Record, err error) {
	m.of(job, func(s *standing) {
		s.running, s.last, s.failure = nil, &r, ""
		if err != nil && r.Status != run.Cancelled {
			s.failure = err.Error()
		}
	})
}

// looked notes whether a worker could find out what is due.
func (m *monitor) looked(job string, err error) {
	m.of(job, func(s *standing) {
		s.blind, s.blindFor = s.blind+1, ""
		if err == nil {
			s.blind = 0
			return
		}
		s.blindFor = err.Error()
	})
}

func (m *monitor) of(job string, change func(*standing)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.jobs[job]; ok {
		change(s)
	}
}
