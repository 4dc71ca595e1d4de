// Package metrics counts runs for Prometheus. It is the one importer of its client library.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"countinghouse/internal/run"
)

// Durations are counted in buckets from half a second, each twice the one before, up to some four and a half hours.
const (
	shortest = 0.5
	buckets  = 16
)

// Metrics are the counters of one process, in a registry of their own.
type Metrics struct {
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	success  *prometheus.GaugeVec
	duration *prometheus.HistogramVec
	rows     *prometheus.CounterVec
	rejects  *prometheus.CounterVec
	changed  *prometheus.GaugeVec
}

// New makes the counters, and those of the Go runtime and the process with them.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		runs:     counter("runs_total", "Tries of runs that ended, by how.", "job", "status"),
		rows:     counter("rows_total", "Rows accepted from export files.", "job"),
		rejects:  counter("rejects_total", "Rows of export files that were refused.", "job"),
		success: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "countinghouse", Name: "last_success_timestamp_seconds", Help: "When the last successful run ended.",
		}, []string{"job"}),
		changed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "countinghouse", Name: "changed_customers_share", Help: "Share of customers that the last successful run changed.",
		}, []string{"job"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "countinghouse", Name: "run_duration_seconds", Help: "How long tries of runs took.",
			Buckets: prometheus.ExponentialBuckets(shortest, 2, buckets),
		}, []string{"job", "status"}),
	}
	m.registry.MustRegister(m.runs, m.rows, m.rejects, m.success, m.duration, m.changed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "countinghouse", Name: name, Help: help}, labels)
}

// Watch begins the counters of a job at zero, so that a rate over them is right from its first run on.
func (m *Metrics) Watch(job string) {
	for _, status := range []run.Status{run.Succeeded, run.Failed, run.Cancelled, run.Abandoned, run.Skipped} {
		m.runs.WithLabelValues(job, string(status))
	}
	m.rows.WithLabelValues(job)
	m.rejects.WithLabelValues(job)
}

// Ended counts a try of a run, or one that was skipped or found abandoned: those have no duration that means anything.
func (m *Metrics) Ended(r run.Record) {
	m.runs.WithLabelValues(r.Job, string(r.Status)).Inc()
	m.rows.WithLabelValues(r.Job).Add(float64(r.Rows))
	m.rejects.WithLabelValues(r.Job).Add(float64(r.Rejects))
	if r.Status != run.Abandoned && r.Status != run.Skipped {
		m.duration.WithLabelValues(r.Job, string(r.Status)).Observe(r.Duration().Seconds())
	}
}

// Succeeded sets the time of a job's last success, be it of this process or found in the run ledger.
func (m *Metrics) Succeeded(r run.Record) {
	if r.Drift != nil {
		m.changed.WithLabelValues(r.Job).Set(r.Drift.ChangedShare())
	}
	if r.EndedAt != nil {
		m.success.WithLabelValues(r.Job).Set(float64(r.EndedAt.UnixMilli()) / 1000)
	}
}

// ServeHTTP answers in the text form that Prometheus reads.
func (m *Metrics) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}
