package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/publish"
)

// stage is a store with one mart and what is needed to publish it.
type stage struct {
	t       *testing.T
	bucket  *objectstore.Bucket
	options publish.Options
	reports int
}

func newStage(t *testing.T) *stage {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, ScratchDir: scratch, AllowedDirs: []string{bucket.Root()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	s := &stage{t: t, bucket: bucket}
	s.options = publish.Options{
		Bucket: bucket, Session: session, Scratch: scratch, RunID: "r1", Now: func() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) },
		Comments: map[string]publish.Comment{"mart.totals": {Table: "Totals; 合计", Columns: map[string]string{"total": "it's all", "dropped": "a column that the table does not have"}}},
		Report: func(_ context.Context, environment snapshot.Environment, path string) error {
			s.reports++
			return os.WriteFile(path, []byte("as of "+environment.AsOf), 0o600)
		},
	}
	return s
}

// candidate is a set with one mart that holds one number.
func (s *stage) candidate(name, number string) snapshot.Environment {
	s.t.Helper()
	path := filepath.Join(s.options.Scratch, "data")
	if _, err := s.options.Session.Exec(s.t.Context(), "copy (select "+number+" as total) to "+warehouse.Quote(path)+" (format parquet)"); err != nil {
		s.t.Fatal(err)
	}
	table := snapshot.Table{Fingerprint: "f" + number, Data: "data.parquet", Rows: 1, Digest: "d" + number}
	if _, err := s.bucket.CreateFile(s.t.Context(), snapshot.DataKey("mart.totals", table), path); err != nil {
		s.t.Fatal(err)
	}
	s.describe(snapshot.Manifest{Name: "mart.totals", Table: table})
	return snapshot.Environment{Name: name, AsOf: "2026-10-31", Tables: map[string]snapshot.Table{"mart.totals": table}}
}

// describe makes a table exist.
func (s *stage) describe(manifest snapshot.Manifest) {
	s.t.Helper()
	text, err := json.Marshal(manifest)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.bucket.Create(s.t.Context(), snapshot.ManifestKey(manifest.Name, manifest.Fingerprint), strings.NewReader(string(text))); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) file(name string) string { return filepath.Join(s.bucket.Root(), "marts", name) }

// total reads a published copy as another tool would.
func (s *stage) total(query string) string {
	s.t.Helper()
	reader, err := warehouse.Open(s.t.Context(), warehouse.Options{AllowedDirs: []string{s.bucket.Root()}})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	connection, err := reader.Conn(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	attach, query, found := strings.Cut(query, ";")
	if !found {
		attach, query = "select 1", attach
	}
	if _, err := connection.ExecContext(s.t.Context(), attach); err != nil {
		s.t.Fatal(err)
	}
	var got string
	if err := connection.QueryRowContext(s.t.Context(), query).Scan(&got); err != nil {
		s.t.Fatal(err)
	}
	return got
}

func TestCopiesFollowTheEnvironment(t *testing.T) {
	s := newStage(t)
	environment, published, err := publish.Run(t.Context(), s.candidate("prod", "41"), s.options)
	if err != nil || !published || environment.Version != 1 || environment.RunID != "r1" {
		t.Fatalf("%+v %v %v", environment, published, err)
	}
	if _, published, err := publish.Run(t.Context(), s.candidateAgain("41"), s.options); err != nil || published || s.reports != 1 {
		t.Errorf("the same set is published twice: %v %v, %d reports", published, err, s.reports)
	}
	if _, _, err := publish.Run(t.Context(), s.candidate("prod", "42"), s.options); err != nil {
		t.Fatal(err)
	}
	if got := s.total("select total from read_parquet(" + warehouse.Quote(s.file("totals/data.parquet")) + ")"); got != "42" {
		t.Errorf("Parquet holds %s", got)
	}
	database := "attach " + warehouse.Quote(s.file("marts-2.duckdb")) + " as published (read_only);"
	if got := s.total(database + "select total || ' ' || (select comment from duckdb_columns() where table_name = 'totals') || ' ' || (select comment from duckdb_tables() where table_name = 'totals') from published.totals"); got != "42 it's all Totals; 合计" {
		t.Errorf("DuckDB holds %s", got)
	}
	if _, err := os.Stat(s.file("marts-1.duckdb")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old database is still there: %v", err)
	}
	text, err := os.ReadFile(s.file("current.json"))
	var current struct {
		Version int64             `json:"version"`
		Digests map[string]string `json:"digests"`
	}
	if err := errors.Join(err, json.Unmarshal(text, &current)); err != nil || current.Version != 2 || current.Digests["mart.totals"] != "d42" {
		t.Errorf("%s, %v", text, err)
	}
}

func (s *stage) candidateAgain(number string) snapshot.Environment {
	return snapshot.Environment{Name: "prod", AsOf: "2026-10-31", Tables: map[string]snapshot.Table{
		"mart.totals": {Fingerprint: "f" + number, Data: "data.parquet", Rows: 1, Digest: "d" + number},
	}}
}

// TestLostCopiesAreRenewed: a run that died between the switch and the copies has left the environment ahead of them.
func TestLostCopiesAreRenewed(t *testing.T) {
	s := newStage(t)
	candidate := s.candidate("prod", "41")
	if _, _, err := publish.Run(t.Context(), candidate, s.options); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(s.file("")); err != nil {
		t.Fatal(err)
	}
	if _, published, err := publish.Run(t.Context(), candidate, s.options); err != nil || published {
		t.Fatalf("%v %v", published, err)
	}
	if got := s.total("select total from read_parquet(" + warehouse.Quote(s.file("totals/data.parquet")) + ")"); got != "41" {
		t.Errorf("Parquet holds %s", got)
	}
}

func TestOtherEnvironmentsMakeNoCopies(t *testing.T) {
	s := newStage(t)
	if _, published, err := publish.Run(t.Context(), s.candidate("dev", "41"), s.options); err != nil || !published {
		t.Fatalf("%v %v", published, err)
	}
	if _, err := os.Stat(s.file("")); !errors.Is(err, os.ErrNotExist) || s.reports > 0 {
		t.Errorf("dev was copied to marts/: %v", err)
	}
}

// TestAFailedReportPublishesNoCopies but leaves the environment switched, and the next run makes them.
func TestAFailedReportPublishesNoCopies(t *testing.T) {
	s := newStage(t)
	report := s.options.Report
	s.options.Report = func(context.Context, snapshot.Environment, string) error { return errors.New("no room") }
	if _, _, err := publish.Run(t.Context(), s.candidate("prod", "41"), s.options); err == nil || !strings.Contains(err.Error(), "no room") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(s.file("")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("part of a set was copied: %v", err)
	}
	s.options.Report = report
	if _, _, err := publish.Run(t.Context(), s.candidateAgain("41"), s.options); err != nil || s.reports != 1 {
		t.Errorf("%v, %d reports", err, s.reports)
	}
}
