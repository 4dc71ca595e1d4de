package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The test binary is the command itself when it is called by the command's name, so every test here runs real processes.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"countinghouse": main})
}

const (
	asOf = "2026-10-31"
	// key is the secret of the keyed hashes in these tests.
	key = "a made-up key for the tests"
	// threads of each process (GOMAXPROCS), since as many processes run at once as there are cores. Tests that want more say so in resources.threads.
	threads = "1"
)

// site is a project folder that commands are run in.
type site struct {
	t   *testing.T
	dir string
	env []string // name=value, over the test's own
}

// newSite is an empty project in a folder of its own.
func newSite(t *testing.T) *site {
	t.Helper()
	return &site{t: t, dir: t.TempDir()}
}

// copyOf is a project with the files of another one.
func (s *site) copyOf(t *testing.T) *site {
	t.Helper()
	copied := newSite(t)
	if err := os.CopyFS(copied.dir, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	copied.env = s.env
	return copied
}

// path is a file of the project.
func (s *site) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// write makes a file of the project.
func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o750); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// command is a call of countinghouse in the project that has not begun.
func (s *site) command(ctx context.Context, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, "countinghouse", append(args, "--project", s.dir)...)
	command.Env = append(append(os.Environ(), "COUNTINGHOUSE_HASH_KEY="+key, "GOMAXPROCS="+threads), s.env...)
	return command
}

// answer is what a command printed and its exit code, -1 if a signal ended it.
type answer struct {
	out, errs string
	code      int
}

// try runs a command to its end.
func (s *site) try(args ...string) answer {
	s.t.Helper()
	command := s.command(s.t.Context(), args...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return answer{out.String(), errs.String(), command.ProcessState.ExitCode()}
}

// do runs a command that must end with a code, and gives what it printed.
func (s *site) do(code int, args ...string) string {
	s.t.Helper()
	got := s.try(args...)
	if got.code != code {
		s.t.Fatalf("countinghouse %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got.code, code, got.out, got.errs)
	}
	return got.out
}

// run does the whole work for the day of these tests.
func (s *site) run(args ...string) string {
	s.t.Helper()
	return s.do(exitDone, append([]string{"run", "--as-of", asOf}, args...)...)
}

// query gives the rows of a query, as texts, without the header.
func (s *site) query(sql string) [][]string {
	s.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(s.do(exitDone, "query", "--format", "csv", sql))).ReadAll()
	if err != nil {
		s.t.Fatal(err)
	}
	return rows[1:]
}

// published is marts/current.json, as a reader of the folder finds it.
type published struct {
	Version int64             `json:"version"`
	DuckDB  string            `json:"duckdb"`
	Digests map[string]string `json:"digests"`
}

func (s *site) published() published {
	s.t.Helper()
	text, err := os.ReadFile(s.path("store/marts/current.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var current published
	if err := json.Unmarshal(text, &current); err != nil {
		s.t.Fatal(err)
	}
	if len(current.Digests) < 11 {
		s.t.Fatalf("%d marts are published, want the 11 of the issue at least", len(current.Digests))
	}
	return current
}

// brand is the path of a part of the small brand in testdata/brand: first or second.
func brand(t *testing.T, part string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", "brand", part))
	if err != nil {
		t.Fatal(err)
	}
	return path
}
