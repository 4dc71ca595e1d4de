package fs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/objectstoretest"
	"countinghouse/internal/objectstore/open"
)

// The test binary runs itself as other processes, which find their task and store in the environment.
const (
	taskVariable  = "OBJECTSTORE_TEST_TASK"
	storeVariable = "OBJECTSTORE_TEST_STORE"
	increments    = 60
	stateSize     = 64 << 10 // bytes: more than one write of a pipe or a page
)

func TestMain(m *testing.M) {
	task := os.Getenv(taskVariable)
	if task == "" {
		os.Exit(m.Run())
	}
	if err := runTask(context.Background(), task, os.Getenv(storeVariable)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runTask(ctx context.Context, task, dir string) error {
	b, err := open.Bucket(ctx, dir, "")
	if err != nil {
		return err
	}
	switch task {
	case "increment":
		return objectstoretest.Increment(ctx, b, "n", increments)
	case "set for ever":
		return setForEver(ctx, b)
	case "create from stdin":
		_, err = b.Create(ctx, "landing/export.csv", os.Stdin)
		return err
	}
	return errors.New("no task " + task)
}

// setForEver writes large states, each the repetition of a number, until it is killed.
func setForEver(ctx context.Context, b *objectstore.Bucket) error {
	_, a, err := b.Read(ctx, "state")
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return err
	}
	for n := os.Getpid() * 1000; ; n++ {
		if a, err = b.CompareAndSet(ctx, "state", state(n), a.Generation); err != nil {
			return err
		}
	}
}

func state(n int) []byte {
	word := strconv.Itoa(n) + "\n"
	return []byte(strings.Repeat(word, stateSize/len(word)))
}

// process starts the test binary with a task; killed at the latest when the test ends.
func process(t *testing.T, task, dir string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this binary
	command.Env = append(os.Environ(), taskVariable+"="+task, storeVariable+"="+dir)
	said := &bytes.Buffer{}
	command.Stderr = said
	return command, said
}

func TestProcessesLoseNoIncrement(t *testing.T) {
	dir := t.TempDir()
	first, firstSaid := process(t, "increment", dir)
	second, secondSaid := process(t, "increment", dir)
	if err := errors.Join(first.Start(), second.Start()); err != nil {
		t.Fatal(err)
	}
	if err := objectstoretest.Increment(t.Context(), openAt(t, dir), "n", increments); err != nil {
		t.Error(err)
	}
	if err := errors.Join(first.Wait(), second.Wait()); err != nil {
		t.Errorf("%v: %s%s", err, firstSaid, secondSaid)
	}
	data, _, err := openAt(t, dir).Read(t.Context(), "n")
	if want := strconv.Itoa(3 * increments); err != nil || string(data) != want {
		t.Errorf("counted to %q, %v; want %s", data, err, want)
	}
}

// TestKilledWritersLeaveWholeStates kills a writer at moments of all kinds: what is there is one whole state, the lock is free,
// and nothing of the dead stays.
func TestKilledWritersLeaveWholeStates(t *testing.T) {
	dir := t.TempDir()
	for round := range 10 {
		writer, said := process(t, "set for ever", dir)
		if err := writer.Start(); err != nil {
			t.Fatal(err)
		}
		waitForState(t, dir)
		time.Sleep(time.Duration(round) * 700 * time.Microsecond)
		if err := errors.Join(writer.Process.Kill()); err != nil {
			t.Fatal(err)
		}
		_ = writer.Wait() // "signal: killed"
		if said.Len() > 0 {
			t.Fatalf("the writer failed by itself: %s", said)
		}
		checkAfterDeath(t, dir, round)
	}
}

// waitForState waits until the writer has begun: a state of its own is there.
func waitForState(t *testing.T, dir string) {
	t.Helper()
	before, _ := os.ReadFile(filepath.Join(dir, "state"))
	for range 5000 {
		now, _ := os.ReadFile(filepath.Join(dir, "state"))
		if len(now) > 0 && !bytes.Equal(now, before) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the writer writes nothing")
}

func checkAfterDeath(t *testing.T, dir string, round int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second) // a lock left behind would end it
	defer cancel()
	b := openAt(t, dir)
	data, a, err := b.Read(ctx, "state")
	if err != nil {
		t.Fatal(err)
	}
	word, _, _ := strings.Cut(string(data), "\n")
	n, err := strconv.Atoi(word)
	if err != nil || !bytes.Equal(data, state(n)) {
		t.Errorf("round %d: the state is torn: %.20q… (%d bytes)", round, data, len(data))
	}
	if _, err := b.CompareAndSet(ctx, "state", state(round), a.Generation); err != nil {
		t.Errorf("round %d: after the death: %v", round, err)
	}
	wantStaged(t, dir, 0)
}

// wantStaged counts the files on their way to becoming objects.
func wantStaged(t *testing.T, dir string, want int) {
	t.Helper()
	staged, err := os.ReadDir(filepath.Join(dir, objectstore.StagingFolder))
	if err != nil {
		t.Fatal(err)
	}
	if len(staged) != want {
		t.Errorf("%d staged files, want %d", len(staged), want)
	}
}

// TestDeadWritersAreSweptLivingOnesAreNot has one process in the middle of a write while others come and go.
func TestDeadWritersAreSweptLivingOnesAreNot(t *testing.T) {
	dir := t.TempDir()
	writer, said := process(t, "create from stdin", dir)
	input, err := writer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(input, strings.Repeat("one line\n", 10_000)); err != nil {
		t.Fatal(err)
	}
	// The dead one: as a process leaves it that was killed while it wrote.
	staging := filepath.Join(dir, objectstore.StagingFolder)
	dead, deadFolder := filepath.Join(staging, "dead"), filepath.Join(staging, "dead folder")
	if err := errors.Join(os.Mkdir(deadFolder, 0o700), os.WriteFile(filepath.Join(deadFolder, "f"), nil, 0o600),
		os.WriteFile(dead, []byte("张三,13800000000"), 0o600)); err != nil {
		t.Fatal(err)
	}
	b := openAt(t, dir)
	if _, err := b.Create(t.Context(), "other", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	for _, left := range []string{dead, deadFolder} {
		if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("what the dead process left is still there: %s (%v)", left, err)
		}
	}
	wantStaged(t, dir, 1)
	for a, err := range b.List(t.Context(), "") {
		if err != nil || a.Key != "other" {
			t.Errorf("listed %s, %v", a.Key, err)
		}
	}
	if err := errors.Join(input.Close(), writer.Wait()); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if _, a, err := b.Open(t.Context(), "landing/export.csv"); err != nil || a.Size != 90_000 {
		t.Errorf("the living one wrote %+v, %v", a, err)
	}
	wantStaged(t, dir, 0)
}

func TestWaitForTheLockCanBeGivenUp(t *testing.T) {
	dir := t.TempDir()
	b := openAt(t, dir)
	first, err := b.CompareAndSet(t.Context(), "e", []byte("v1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	holder, err := os.Open(filepath.Join(dir, objectstore.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(holder.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := b.CompareAndSet(ctx, "e", []byte("v2"), first.Generation); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := holder.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CompareAndSet(t.Context(), "e", []byte("v3"), first.Generation); err != nil {
		t.Errorf("after the lock was given back: %v", err)
	}
}
