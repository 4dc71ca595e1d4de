package jobs

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
)

// ask gives the code and the answer of /healthz.
func ask(t *testing.T, m *monitor) (int, Health) {
	t.Helper()
	w := httptest.NewRecorder()
	m.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	var h Health
	if err := json.Unmarshal(w.Body.Bytes(), &h); err != nil {
		t.Fatal(err)
	}
	return w.Code, h
}

func TestASilentSchedulerIsNotHealthy(t *testing.T) {
	clock := clockwork.NewFakeClock()
	m := newMonitor(clock, nil)
	clock.Advance(5 * time.Minute)
	if code, h := ask(t, m); code != 200 || h.Status != "ok" {
		t.Errorf("after 5 silent minutes: %d %+v", code, h)
	}
	clock.Advance(time.Second)
	if code, h := ask(t, m); code != 503 || len(h.Problems) != 1 {
		t.Errorf("after more than 5 silent minutes: %d %+v", code, h)
	}
	m.alive()
	if code, _ := ask(t, m); code != 200 {
		t.Errorf("after a sign of life: %d", code)
	}
}

func TestOnlyReadingIsServed(t *testing.T) {
	m := newMonitor(clockwork.NewFakeClock(), nil)
	for _, c := range []struct {
		method, path string
		want         int
	}{{http.MethodPost, "/healthz", 405}, {http.MethodGet, "/", 404}, {http.MethodGet, "/metrics", 404}} {
		w := httptest.NewRecorder()
		m.handler().ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if w.Code != c.want {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, w.Code, c.want)
		}
	}
}
