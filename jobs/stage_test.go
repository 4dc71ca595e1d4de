package jobs_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/run"
	"countinghouse/jobs"
)

// The tests run in a synctest bubble: its clock begins on 2000-01-01 at 00:00 UTC, which is 08:00 in the brand's zone, and
// goes on when everything sleeps. So days pass in an instant, and everything happens at an exact time.
var shanghai = time.FixedZone("CST", 8*60*60)

// stage is a store, a job, and what the job was asked to do.
type stage struct {
	*testing.T
	bucket  *objectstore.Bucket
	options jobs.Options
	job     jobs.Job

	mu    sync.Mutex
	calls []jobs.Trigger
}

// on runs a test in a bubble. The job runs at 04:00 for the day before; work is what it does.
func on(t *testing.T, work func(ctx context.Context, tr jobs.Trigger) error, test func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		bucket, err := open.Bucket(t.Context(), "mem://", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		s := &stage{T: t, bucket: bucket}
		s.options = jobs.Options{Bucket: bucket, Zone: shanghai, Holder: "first", Jitter: func() float64 { return 0.5 }}
		s.job = jobs.Job{Name: "daily", Schedule: "0 4 * * *", DaysBack: 1}
		s.job.Run = func(ctx context.Context, tr jobs.Trigger) (jobs.Result, error) {
			s.mu.Lock()
			s.calls = append(s.calls, tr)
			s.mu.Unlock()
			return jobs.Result{Rows: 10, Rejects: 1, Steps: []run.Step{{Name: "work", Rows: 10}}}, work(ctx, tr)
		}
		test(s)
	})
}

func succeed(context.Context, jobs.Trigger) error { return nil }

// taking is work that takes some time, and stops when asked to.
func taking(d time.Duration) func(context.Context, jobs.Trigger) error {
	return func(ctx context.Context, _ jobs.Trigger) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(d):
			return nil
		}
	}
}

// server is a Serve that is under way.
type server struct {
	*stage
	line *line
	stop context.CancelFunc
	done chan error
}

func (s *stage) serve() *server {
	ctx, stop := context.WithCancel(s.Context())
	v := &server{stage: s, line: newLine(), stop: stop, done: make(chan error, 1)}
	options := s.options
	go func() { v.done <- jobs.Serve(ctx, v.line, []jobs.Job{s.job}, options) }()
	synctest.Wait()
	return v
}

// end asks the server to stop, and waits until it has.
func (v *server) end() {
	v.Helper()
	v.stop()
	if err := <-v.done; err != nil {
		v.Errorf("Serve: %v", err)
	}
}

// health asks /healthz as anybody else would.
func (v *server) health() (code int, h jobs.Health) {
	v.Helper()
	code, body := v.get("/healthz")
	if err := json.Unmarshal([]byte(body), &h); err != nil {
		v.Fatalf("%v in %s", err, body)
	}
	return code, h
}

func (v *server) get(path string) (code int, body string) {
	v.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: v.line.dial, DisableKeepAlives: true}}
	answer, err := client.Get("http://countinghouse" + path)
	if err != nil {
		v.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		v.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// until lets time pass until that time in the brand's zone, and whatever is to happen then happen.
func (s *stage) until(text string) {
	s.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, shanghai)
	if err != nil {
		s.Fatal(err)
	}
	time.Sleep(time.Until(at))
	synctest.Wait()
}

// past writes to the ledger what happened before the test: a run of the job at that time, for that date.
func (s *stage) past(at string, date run.Date, status run.Status) {
	s.Helper()
	began, err := time.ParseInLocation("2006-01-02 15:04", at, shanghai)
	if err != nil {
		s.Fatal(err)
	}
	ledger := run.Ledger{Bucket: s.bucket, Now: func() time.Time { return began }, Random: strings.NewReader("seed")}
	started, err := ledger.Start(s.Context(), run.Record{Job: s.job.Name, LogicalDate: date, Attempt: 1, Holder: "earlier"})
	if err == nil && status != run.Running {
		_, err = ledger.Finish(s.Context(), started, run.Outcome{Status: status})
	}
	if err != nil {
		s.Fatal(err)
	}
}

// expectCalls compares what the job was asked for, each as "date cause attempt".
func (s *stage) expectCalls(want ...string) {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var got []string
	for _, c := range s.calls {
		got = append(got, fmt.Sprintf("%s %s %d", c.LogicalDate, c.Cause, c.Attempt))
	}
	if !slices.Equal(got, want) {
		s.Errorf("the job was asked for\n%q, want\n%q", got, want)
	}
}

// expectRecords compares the whole ledger, oldest first, each as "date status attempt at" with the time in the brand's zone.
func (s *stage) expectRecords(want ...string) []run.Record {
	s.Helper()
	ledger := run.Ledger{Bucket: s.bucket, Now: time.Now}
	records, err := ledger.Recent(s.Context(), 1000)
	if err != nil {
		s.Fatal(err)
	}
	slices.SortFunc(records, func(a, b run.Record) int { // nothing takes time in a bubble: ids of one time come in any order
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), strings.Compare(string(a.LogicalDate), string(b.LogicalDate)))
	})
	var got []string
	for _, r := range records {
		got = append(got, fmt.Sprintf("%s %s %d %s", r.LogicalDate, r.Status, r.Attempt, r.StartedAt.In(shanghai).Format("01-02 15:04:05")))
	}
	if !slices.Equal(got, want) {
		s.Fatalf("the ledger says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return records
}

// leaseHolder reads the lease as anybody else would.
func (s *stage) leaseHolder() string {
	s.Helper()
	data, _, err := s.bucket.Read(s.Context(), "leases/daily.json")
	if err != nil {
		s.Fatal(err)
	}
	var lease struct{ Holder string }
	if err := json.Unmarshal(data, &lease); err != nil {
		s.Fatal(err)
	}
	return lease.Holder
}

// line is a listener in memory: a bubble's clock stands still while a goroutine waits for a real socket.
type line struct {
	calls  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newLine() *line { return &line{calls: make(chan net.Conn), closed: make(chan struct{})} }

func (l *line) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case l.calls <- there:
		return here, nil
	case <-l.closed:
		return nil, errors.New("nobody listens")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *line) Accept() (net.Conn, error) {
	select {
	case c := <-l.calls:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *line) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *line) Addr() net.Addr { return &net.UnixAddr{Name: "in memory"} }
