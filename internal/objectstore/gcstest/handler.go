// Package gcstest is a small Google Cloud Storage for tests, with the semantics of the real one where it matters to a store:
// each write gives a new, higher generation, preconditions hold or give 412, checksums are verified, listings come in pages,
// uploads may be resumed. It keeps objects in memory, takes any bucket as existing, and refuses what it does not know.
package gcstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Start serves a new, empty storage on loopback until the test ends. The endpoint is what STORAGE_EMULATOR_HOST takes.
func Start(t testing.TB) (endpoint string) {
	t.Helper()
	server := httptest.NewServer(NewHandler())
	t.Cleanup(server.Close)
	return server.URL
}

// NewHandler is a new, empty storage.
func NewHandler() http.Handler {
	return &handler{store: store{objects: map[id]object{}}, sessions: map[string]*session{}}
}

type handler struct {
	mu       sync.Mutex
	store    store
	sessions map[string]*session // uploads to be resumed, by upload_id
}

// failure is an error with the status that the real service gives it.
type failure struct {
	status int
	text   string
}

func (f failure) Error() string { return f.text }

const (
	uploadPath = "/upload/storage/v1/b/"
	objectPath = "/storage/v1/b/"
)

// ServeHTTP answers the JSON interface (uploads, metadata, listings, deletion) and the XML one (downloads).
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h.serve(w, r); err != nil {
		writeFailure(w, err)
	}
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) error {
	if rest, ok := strings.CutPrefix(r.URL.Path, uploadPath); ok {
		return h.serveUpload(w, r, strings.TrimSuffix(rest, "/o"))
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, objectPath); ok {
		bucket, name, _ := strings.Cut(rest, "/o")
		return h.serveJSON(w, r, id{bucket, strings.TrimPrefix(name, "/")})
	}
	bucket, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return h.serveXML(w, r, id{bucket, name})
}

func (h *handler) serveJSON(w http.ResponseWriter, r *http.Request, of id) error {
	query := r.URL.Query()
	switch {
	case of.name == "" && r.Method == http.MethodGet:
		if err := known(query, "prefix", "pageToken", "maxResults"); err != nil {
			return err
		}
		return h.list(w, of.bucket, query)
	case of.name != "" && r.Method == http.MethodGet:
		if err := known(query, "generation", "ifGenerationMatch"); err != nil {
			return err
		}
		return h.metadata(w, of, query)
	case of.name != "" && r.Method == http.MethodDelete:
		if err := known(query, "generation", "ifGenerationMatch"); err != nil {
			return err
		}
		return h.remove(w, of, query)
	}
	return failure{http.StatusNotImplemented, fmt.Sprintf("gcstest does not know %s %s", r.Method, r.URL)}
}

// known refuses a request with parameters that would change its meaning, rather than pass over them.
func known(query url.Values, names ...string) error {
	harmless := []string{"alt", "prettyPrint", "projection", "fields"}
	for name := range query {
		if v := query.Get(name); v == "" || v == "false" || slices.Contains(harmless, name) || slices.Contains(names, name) {
			continue
		}
		return failure{http.StatusNotImplemented, fmt.Sprintf("gcstest does not know the parameter %s=%s", name, query.Get(name))}
	}
	if query.Get("alt") == "media" {
		return failure{http.StatusNotImplemented, "gcstest downloads by the XML interface only"}
	}
	return nil
}

func (h *handler) metadata(w http.ResponseWriter, of id, query url.Values) error {
	conditions, err := conditionsOf(query)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	o, err := h.store.get(of, conditions)
	if err != nil {
		return err
	}
	return writeJSON(w, o.resource())
}

func (h *handler) remove(w http.ResponseWriter, of id, query url.Values) error {
	conditions, err := conditionsOf(query)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.store.remove(of, conditions); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func writeJSON(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

func writeFailure(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var known failure
	if errors.As(err, &known) {
		status = known.status
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	body := map[string]any{"error": map[string]any{"code": status, "message": err.Error()}}
	_ = json.NewEncoder(w).Encode(body) // a client that has gone away
}
