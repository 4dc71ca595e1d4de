package lease_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"

	"countinghouse/internal/lease"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/fs"
	"countinghouse/internal/objectstore/mem"
	"countinghouse/internal/objectstore/open"
)

// storeEnv makes the test binary a process that reaches for the lease in that store each time it reads a line.
const storeEnv = "LEASE_TEST_STORE"

func TestMain(m *testing.M) {
	if store, child := os.LookupEnv(storeEnv); child {
		if err := contend(store); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func newDriver() objectstore.Driver { return mem.New() }

func bucketOf(t *testing.T, driver objectstore.Driver) *objectstore.Bucket {
	t.Helper()
	cache, err := fs.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return objectstore.NewRemote(driver, cache, "mem://")
}

// contend answers each line with won or held; "release" gives back what it won.
func contend(store string) error {
	ctx := context.Background()
	bucket, err := open.Bucket(ctx, store, "")
	if err != nil {
		return err
	}
	o := lease.Options{Holder: fmt.Sprint("process ", os.Getpid()), TTL: time.Minute, Clock: clockwork.NewRealClock()}
	var mine *lease.Lease
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if lines.Text() == "release" {
			if mine != nil {
				err, mine = mine.Release(ctx), nil
			}
			fmt.Println("released", err)
			continue
		}
		l, _, err := lease.Acquire(ctx, bucket, "daily", o)
		var held *lease.HeldError
		switch {
		case err == nil:
			mine = l
			fmt.Println("won")
		case errors.As(err, &held):
			fmt.Println("held")
		default:
			return err
		}
	}
	return nil
}

type process struct {
	in  io.WriteCloser
	out *bufio.Scanner
}

func spawn(t *testing.T, store string) process {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), storeEnv+"="+store)
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = child.Wait() })
	return process{in: in, out: bufio.NewScanner(out)}
}

func (p process) say(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (p process) answer(t *testing.T) string {
	t.Helper()
	if !p.out.Scan() {
		t.Fatalf("the process gave no answer: %v", p.out.Err())
	}
	return p.out.Text()
}

func TestOfTwoProcessesExactlyOneWins(t *testing.T) {
	store := t.TempDir()
	processes := []process{spawn(t, store), spawn(t, store)}
	for round := range 25 {
		var answers []string
		for _, p := range processes {
			p.say(t, "take")
		}
		for _, p := range processes {
			answers = append(answers, p.answer(t))
		}
		if got := strings.Join(answers, " "); got != "won held" && got != "held won" {
			t.Fatalf("round %d: %s", round, got)
		}
		for _, p := range processes {
			p.say(t, "release")
			if got := p.answer(t); got != "released <nil>" {
				t.Fatalf("round %d: %s", round, got)
			}
		}
	}
}
