package jobs

import (
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"countinghouse/internal/run"
)

const (
	pulse       = time.Minute // how often the scheduler says that it lives, and workers look again
	stalled     = 5 * pulse   // without a sign of life for this long it is taken for dead
	blindLimit  = 3           // looks in a row that may fail before it is a matter of health
	secondsBase = 0.5         // the shortest bucket of durations; each next one is twice as long
	secondsSize = 16          // … up to some four and a half hours
)

// monitor knows how things stand, for /healthz and /metrics.
type monitor struct {
	clock clockwork.Clock

	mu   sync.Mutex
	beat time.Time // the scheduler's last sign of life
	jobs map[string]*standing

	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	success  *prometheus.GaugeVec
	duration *prometheus.HistogramVec
	rows     *prometheus.CounterVec
	rejects  *prometheus.CounterVec
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

func newMonitor(clock clockwork.Clock) *monitor {
	m := &monitor{clock: clock, beat: clock.Now(), jobs: map[string]*standing{}, registry: prometheus.NewRegistry()}
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "countinghouse", Name: name, Help: help}, labels)
	}
	m.runs = count("runs_total", "Tries of runs that ended, by how.", "job", "status")
	m.rows = count("rows_total", "Rows accepted from export files.", "job")
	m.rejects = count("rejects_total", "Rows of export files that were refused.", "job")
	m.success = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "countinghouse", Name: "last_success_timestamp_seconds", Help: "When the last successful run ended.",
	}, []string{"job"})
	m.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "countinghouse", Name: "run_duration_seconds", Help: "How long tries of runs took.",
		Buckets: prometheus.ExponentialBuckets(secondsBase, 2, secondsSize),
	}, []string{"job", "status"})
	m.registry.MustRegister(m.runs, m.rows, m.rejects, m.success, m.duration,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// watch adds a job. Its counters begin at zero, so that a rate over them is right from the first run on.
func (m *monitor) watch(job Job, c calendar) {
	m.jobs[job.Name] = &standing{calendar: c, schedule: job.Schedule}
	for _, status := range []run.Status{run.Succeeded, run.Failed, run.Cancelled, run.Abandoned, run.Skipped} {
		m.runs.WithLabelValues(job.Name, string(status))
	}
	m.rows.WithLabelValues(job.Name)
	m.rejects.WithLabelValues(job.Name)
}

// alive notes a beat of the scheduler's pulse.
func (m *monitor) alive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.beat = m.clock.Now()
}

// ended counts a try of a run, or one that was skipped or found abandoned.
func (m *monitor) ended(r run.Record) {
	m.runs.WithLabelValues(r.Job, string(r.Status)).Inc()
	m.rows.WithLabelValues(r.Job).Add(float64(r.Rows))
	m.rejects.WithLabelValues(r.Job).Add(float64(r.Rejects))
	if r.Status == run.Succeeded || r.Status == run.Failed || r.Status == run.Cancelled {
		m.duration.WithLabelValues(r.Job, string(r.Status)).Observe(r.Duration().Seconds())
	}
	if r.Status == run.Succeeded {
		m.succeeded(r)
	}
}

// succeeded takes note of a job's success, be it of this process or found in the ledger.
func (m *monitor) succeeded(r run.Record) {
	m.of(r.Job, func(s *standing) { s.success = &r })
	if r.EndedAt != nil {
		m.success.WithLabelValues(r.Job).Set(float64(r.EndedAt.UnixMilli()) / 1000)
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
