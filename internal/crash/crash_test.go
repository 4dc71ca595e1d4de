package crash_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/crash"
)

// armEnv makes the test binary play the part of a program with crash points.
const armEnv = "CRASH_TEST_ARM"

func TestMain(m *testing.M) {
	if spec, child := os.LookupEnv(armEnv); child {
		program(spec)
	}
	os.Exit(m.Run())
}

// program passes every point twice and says after which ones it was still alive.
func program(spec string) {
	defer fmt.Println("deferred")
	if err := crash.Arm(spec); err != nil {
		fmt.Println("error:", err)
		os.Exit(2)
	}
	for round := 1; round <= 2; round++ {
		for _, name := range crash.Names() {
			crash.Point(name)
			fmt.Printf("passed %s:%d\n", name, round)
		}
	}
	os.Exit(0)
}

// start runs the program and returns its output and exit code.
func start(t *testing.T, spec string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), armEnv+"="+spec)
	child.Stdout, child.Stderr = &out, &out
	if err := child.Run(); err != nil && child.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), child.ProcessState.ExitCode()
}

func TestEveryPointEndsTheProcess(t *testing.T) {
	for i, name := range crash.Names() {
		out, code := start(t, name)
		if code != 137 {
			t.Errorf("%s: exit code %d, want 137", name, code)
		}
		if got := strings.Count(out, "passed"); got != i {
			t.Errorf("%s: %d points were passed before, want %d\n%s", name, got, i, out)
		}
		if strings.Contains(out, "deferred") {
			t.Errorf("%s: a deferred function ran", name)
		}
	}
}

func TestCountEndsTheProcessAtThatTime(t *testing.T) {
	name := crash.Names()[0]
	out, code := start(t, name+":2")
	if code != 137 || !strings.Contains(out, "passed "+name+":1\n") || strings.Contains(out, "passed "+name+":2\n") {
		t.Errorf("exit code %d, output:\n%s", code, out)
	}
	if out, code = start(t, name+":3"); code != 0 || strings.Count(out, "passed") != 2*len(crash.Names()) {
		t.Errorf("a count never reached must do nothing: exit code %d, output:\n%s", code, out)
	}
}

func TestUnarmedDoesNothing(t *testing.T) {
	if out, code := start(t, ""); code != 0 || strings.Count(out, "passed") != 2*len(crash.Names()) {
		t.Errorf("exit code %d, output:\n%s", code, out)
	}
}

func TestArmRefuses(t *testing.T) {
	for _, spec := range []string{"no.such.point", "run.started:0", "run.started:-1", "run.started:x", "run.started:"} {
		if err := crash.Arm(spec); err == nil || !strings.Contains(err.Error(), spec) {
			t.Errorf("Arm(%q) = %v, want an error that names it", spec, err)
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	names := crash.Names()
	slices.Sort(names)
	if len(slices.Compact(names)) != len(crash.Names()) {
		t.Errorf("a name stands twice in %v", crash.Names())
	}
}
