package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for what must come, on a machine that has other work.
const patience = 2 * time.Minute

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for start := time.Now(); time.Since(start) < patience; time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("%s did not come about in %s", what, patience)
}

// started begins a command and gives it with what it will have printed.
func (s *site) started(args ...string) (*exec.Cmd, *bytes.Buffer) {
	s.t.Helper()
	command := s.command(s.t.Context(), args...)
	var printed bytes.Buffer
	command.Stdout, command.Stderr = &printed, &printed
	if err := command.Start(); err != nil {
		s.t.Fatal(err)
	}
	return command, &printed
}

// TestOneAtATime stops a run in the middle, as a busy machine might, and finds that another one leaves it alone.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	slow, printed := s.started("run", "--as-of", asOf, "--land", brand(t, "first"))
	until(t, "the lease", func() bool { return s.leaseHolder() != "" })
	if err := slow.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	other := s.try("run", "--as-of", asOf, "--land", brand(t, "second"))
	if err := slow.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if other.code != exitTryAgain {
		t.Errorf("exit %d, want %d\n%s%s", other.code, exitTryAgain, other.out, other.errs)
	}
	if err := slow.Wait(); err != nil {
		t.Fatalf("the run that was first: %v\n%s", err, printed)
	}
	if orders := s.query("select count(*) from core.orders")[0][0]; orders != "6" {
		t.Errorf("%s orders, want the 6 of the first half", orders)
	}
}

// leaseHolder is who has the lease of the daily job; empty for nobody.
func (s *site) leaseHolder() string {
	text, err := os.ReadFile(s.path("store/leases/daily.json"))
	if err != nil {
		return ""
	}
	var lease struct{ Holder string }
	if err := json.Unmarshal(text, &lease); err != nil {
		s.t.Fatal(err)
	}
	return lease.Holder
}

// TestManyAtOnce starts several runs at the same moment: each does the work or says that another does, and what they leave is whole.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	calm, crowded := newSite(t), newSite(t)
	calm.run("--land", brand(t, "first"))
	var commands []*exec.Cmd
	var printed []*bytes.Buffer
	for range 3 {
		command, prints := crowded.started("run", "--as-of", asOf, "--land", brand(t, "first"))
		commands, printed = append(commands, command), append(printed, prints)
	}
	var codes []int
	for i, command := range commands {
		_ = command.Wait() // its exit code tells
		codes = append(codes, command.ProcessState.ExitCode())
		if code := codes[i]; code != exitDone && code != exitTryAgain {
			t.Errorf("exit %d, want %d or %d\n%s", code, exitDone, exitTryAgain, printed[i])
		}
	}
	if !slices.Contains(codes, exitDone) {
		t.Errorf("nobody did the work: %v", codes)
	}
	crowded.wholeAs(calm.set())
}
