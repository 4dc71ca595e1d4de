package scratch_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/scratch"

	"golang.org/x/sync/errgroup"
)

// TestMain lets the test binary stand in for a process that takes a folder and is then killed.
func TestMain(m *testing.M) {
	if parent := os.Getenv("SCRATCH_TEST_PARENT"); parent != "" {
		folder, err := scratch.New(parent)
		if err != nil {
			panic(err)
		}
		if err := os.WriteFile(filepath.Join(folder.Path, "spilled"), []byte("13900001111"), 0o600); err != nil {
			panic(err)
		}
		_, _ = os.Stdout.WriteString(folder.Path + "\n")
		for { // until it is killed, holding the folder: one that nothing refers to any more is let go
			time.Sleep(time.Hour)
			runtime.KeepAlive(folder)
		}
	}
	os.Exit(m.Run())
}

func TestKilledProcessLeavesNothingForLong(t *testing.T) {
	parent := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "SCRATCH_TEST_PARENT="+parent)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	left := strings.TrimSpace(string(line[:n]))

	living, err := scratch.New(parent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(left, "spilled")); err != nil {
		t.Errorf("the folder of a living process was swept: %v", err)
	}
	if scratch.Abandoned(left) {
		t.Error("the folder of a living process is taken for abandoned")
	}
	if err := errors.Join(living.Close(), child.Process.Kill()); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait()
	if !scratch.Abandoned(left) {
		t.Error("the folder of a killed process is not taken for abandoned")
	}

	next, err := scratch.New(parent)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of a killed process is still there: %v", err)
	}
	info, err := os.Stat(next.Path)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v; want 0700", info.Mode(), err)
	}
	if err := next.Close(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := filepath.Glob(filepath.Join(parent, "run-*")); len(entries) != 0 {
		t.Errorf("%d folders are left", len(entries))
	}
}

func TestManyAtOnceDoNotSweepEachOther(t *testing.T) {
	parent := t.TempDir()
	var group errgroup.Group
	for range 16 {
		group.Go(func() error {
			for range 50 {
				folder, err := scratch.New(parent)
				if err != nil {
					return err
				}
				if _, err := os.Stat(folder.Path); err != nil {
					return err
				}
				if err := folder.Close(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}
