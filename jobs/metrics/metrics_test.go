package metrics_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/run"
	"countinghouse/jobs"
	"countinghouse/jobs/metrics"
)

// lines gives what a scrape answers about us, without comments.
func lines(t *testing.T, m *metrics.Metrics) map[string]bool {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("code %d: %s", w.Code, w.Body)
	}
	found := map[string]bool{}
	for line := range strings.Lines(w.Body.String()) {
		found[strings.TrimSpace(line)] = true
	}
	return found
}

func ended(status run.Status, took time.Duration, rows, rejects int64) run.Record {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	end := start.Add(took)
	return run.Record{Job: "daily", Status: status, StartedAt: start, EndedAt: &end, Rows: rows, Rejects: rejects}
}

func TestScrape(t *testing.T) {
	m := metrics.New()
	m.Watch("daily")
	m.Watch("quiet")
	m.Ended(ended(run.Succeeded, 3*time.Second, 100, 2))
	m.Ended(ended(run.Succeeded, 400*time.Millisecond, 50, 0))
	m.Ended(ended(run.Failed, time.Hour, 7, 1))
	m.Ended(ended(run.Abandoned, time.Hour, 0, 0))
	drifted := ended(run.Succeeded, 1500*time.Millisecond, 0, 0)
	drifted.Drift = &run.Drift{Customers: 8, ChangedCustomers: 2}
	m.Succeeded(drifted)
	got := lines(t, m)
	for _, want := range []string{
		`countinghouse_runs_total{job="daily",status="succeeded"} 2`,
		`countinghouse_runs_total{job="daily",status="failed"} 1`,
		`countinghouse_runs_total{job="daily",status="abandoned"} 1`,
		`countinghouse_runs_total{job="quiet",status="failed"} 0`,
		`countinghouse_rows_total{job="daily"} 157`,
		`countinghouse_rejects_total{job="daily"} 3`,
		`countinghouse_rows_total{job="quiet"} 0`,
		`countinghouse_run_duration_seconds_bucket{job="daily",status="succeeded",le="0.5"} 1`,
		`countinghouse_run_duration_seconds_bucket{job="daily",status="succeeded",le="4"} 2`,
		`countinghouse_run_duration_seconds_sum{job="daily",status="succeeded"} 3.4`,
		`countinghouse_run_duration_seconds_count{job="daily",status="failed"} 1`,
		`countinghouse_changed_customers_share{job="daily"} 0.25`,
		`countinghouse_last_success_timestamp_seconds{job="daily"} 1.7934912015e+09`,
	} {
		if !got[want] {
			t.Errorf("no line %s", want)
		}
	}
	for line := range got {
		if strings.Contains(line, `duration`) && strings.Contains(line, "abandoned") {
			t.Errorf("a run of unknown length has a duration: %s", line)
		}
	}
}

// The whole way once, on a real socket: a job that is due at the start is run, and a scrape counts it.
func TestServedWithTheJobs(t *testing.T) {
	bucket, err := open.Bucket(t.Context(), t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	worked := make(chan struct{})
	job := jobs.Job{Name: "daily", Schedule: "@daily", Run: func(context.Context, jobs.Trigger) (jobs.Result, error) {
		defer close(worked)
		return jobs.Result{Rows: 5}, nil
	}}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- jobs.Serve(ctx, listener, []jobs.Job{job}, jobs.Options{Bucket: bucket, Metrics: metrics.New()})
	}()
	<-worked
	const want = `countinghouse_rows_total{job="daily"} 5`
	for end := time.Now().Add(5 * time.Second); !strings.Contains(scrape(t, listener.Addr()), want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no line %s in\n%s", want, scrape(t, listener.Addr()))
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func scrape(t *testing.T, address net.Addr) string {
	t.Helper()
	answer, err := http.Get("http://" + address.String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
