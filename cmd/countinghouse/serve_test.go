package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestServe keeps a brand on time that was left alone for some days: serve answers, catches up day by day, counts, and ends when told to.
func TestServe(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t)
	s.write("countinghouse.yaml", "inbox: inbox\nschedule: {daily: \"0 0 * * *\"}\n")
	if err := os.CopyFS(s.path("inbox"), os.DirFS(brand(t, "first"))); err != nil {
		t.Fatal(err)
	}
	day := func(ago int) string { return time.Now().In(zone).AddDate(0, 0, -ago).Format(time.DateOnly) }
	wanted := []string{day(3), day(2), day(1)} // the last run was for the first; the two after it were missed
	s.do(exitDone, "run", "--as-of", wanted[0])
	if err := os.CopyFS(s.path("inbox"), os.DirFS(brand(t, "second"))); err != nil {
		t.Fatal(err)
	}

	command, base := s.serving()
	counted := regexp.MustCompile(`\ncountinghouse_runs_total\{job="daily",status="succeeded"\} [2-9]\n`)
	// A run on a schedule is never for today, and if midnight passes meanwhile there is one more.
	until(t, "the days that were missed", func() bool { return slices.Equal(s.daysDone(len(wanted)), wanted) })
	until(t, "the count of them", func() bool {
		_, metrics := get(t, base+"/metrics")
		return counted.MatchString(metrics)
	})
	s.healthy(t, base, wanted)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil {
		t.Errorf("serve ended with %v\n%s", err, s.log())
	}
	if holder := s.leaseHolder(); holder != "" {
		t.Errorf("the lease is still that of %s", holder)
	}
	if orders := s.query("select count(*) from core.orders")[0][0]; orders != "8" {
		t.Errorf("%s orders, want the 8 of both halves: the inbox was landed anew", orders)
	}
}

// serving starts serve and waits for the address that it says it answers on.
func (s *site) serving() (command *exec.Cmd, base string) {
	s.t.Helper()
	command = s.command(s.t.Context(), "serve", "--listen", "127.0.0.1:0")
	log, err := os.Create(s.path("serve.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = log.Close() })
	command.Stderr = log
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	address := regexp.MustCompile(`serving on (http://\S+)`)
	var found []string
	until(s.t, "the address", func() bool { found = address.FindStringSubmatch(s.log()); return found != nil })
	return command, found[1]
}

func (s *site) log() string {
	text, err := os.ReadFile(s.path("serve.log"))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// daysDone are the first days that runs succeeded for, oldest first.
func (s *site) daysDone(count int) []string {
	s.t.Helper()
	var runs []struct {
		Status      string `json:"status"`
		LogicalDate string `json:"logical_date"`
	}
	if err := json.Unmarshal([]byte(s.do(exitDone, "runs", "-o", "json")), &runs); err != nil {
		s.t.Fatal(err)
	}
	var days []string
	for _, run := range runs {
		if run.Status == "succeeded" {
			days = append(days, run.LogicalDate)
		}
	}
	slices.Sort(days)
	return days[:min(count, len(days))]
}

// healthy holds what /healthz and /metrics say of a server that has caught up.
func (s *site) healthy(t *testing.T, base string, days []string) {
	t.Helper()
	status, body := get(t, base+"/healthz")
	var health struct {
		Status string
		Jobs   []struct {
			Job     string
			LastRun struct {
				LogicalDate string `json:"logical_date"`
				Status      string
			} `json:"last_run"`
		}
	}
	if err := json.Unmarshal([]byte(body), &health); err != nil {
		t.Fatal(err)
	}
	if status != http.StatusOK || health.Status != "ok" || len(health.Jobs) != 1 {
		t.Fatalf("/healthz answers %d:\n%s", status, body)
	}
	if last := health.Jobs[0].LastRun; last.Status != "succeeded" || last.LogicalDate < days[len(days)-1] {
		t.Errorf("the last run is %+v", last)
	}
	_, metrics := get(t, base+"/metrics")
	for _, name := range []string{"countinghouse_last_success_timestamp_seconds", "countinghouse_run_duration_seconds_count", "countinghouse_runs_total"} {
		if !strings.Contains(metrics, "\n"+name+"{") {
			t.Errorf("/metrics has no %s:\n%s", name, metrics)
		}
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(body)
}
