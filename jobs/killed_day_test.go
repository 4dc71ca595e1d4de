package jobs_test

import (
	"encoding/json"
	"errors"
	random "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore/open"
)

// dayOf and dayIn name, to a process that is to be killed, the step and the folder of the store.
const dayOf, dayIn = "KILLED_DAY_OF", "KILLED_DAY_IN"

// killedDay is a step whose second run goes on from its first.
type killedDay struct {
	first, second func(*crm) (map[string]string, int)
	points        []string
}

func killedDays() map[string]killedDay {
	similar := newSimilarHistory(3)
	var exports []described
	for day := 30; day < 60; day += 4 {
		exports = append(exports, similar.export(len(exports), day, 60))
	}
	more := append(exports[:len(exports):len(exports)], similar.export(len(exports), 62, 6))
	merged := crmHistory{Rand: random.New(random.NewPCG(1, 5)), accounts: 120}
	state := crmState{rules: crmRules, junk: "phone,13800138000\n"}
	for range 40 {
		state.exports = append(state.exports, merged.export(len(state.exports), 60))
	}
	next := state
	next.exports = append(state.exports[:len(state.exports):len(state.exports)], merged.export(len(state.exports), 61), merged.export(len(state.exports)+1, 61))
	compare := func(exports []described, today int) func(*crm) (map[string]string, int) {
		return func(c *crm) (map[string]string, int) { return c.compare(exports, today) }
	}
	run := func(state crmState) func(*crm) (map[string]string, int) {
		return func(c *crm) (map[string]string, int) { return c.run(state) }
	}
	points := []string{crash.BuildWritten, crash.BuildWritten + ":3", crash.BuildWritten + ":5"}
	return map[string]killedDay{"similar": {compare(exports, 61), compare(more, 63), points}, "identity": {run(state), run(next), points}}
}

// crmIn is a store that stands between processes: what is current lies beside it.
func crmIn(t *testing.T, dir string) *crm {
	t.Helper()
	store := filepath.Join(dir, "store")
	if err := os.MkdirAll(store, 0o700); err != nil {
		t.Fatal(err)
	}
	bucket, err := open.Bucket(t.Context(), store, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &crm{t: t, bucket: bucket}
	if text, err := os.ReadFile(filepath.Join(dir, "current.json")); err == nil {
		if err := json.Unmarshal(text, &c.current); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// TestADayThatIsKilledIsGoneOnWith kills a run that goes on from the one before where a part of its tables is written, each time over what the killed one left,
// a little later. The one that is left alone must go on too, and make the tables that are made from scratch.
func TestADayThatIsKilledIsGoneOnWith(t *testing.T) {
	if name := os.Getenv(dayOf); name != "" {
		if err := crash.Arm(os.Getenv("COUNTINGHOUSE_CRASH_AT")); err != nil {
			t.Fatal(err)
		}
		killedDays()[name].second(crmIn(t, os.Getenv(dayIn)))
		return
	}
	t.Parallel()
	for name, day := range killedDays() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			shop := crmIn(t, dir)
			day.first(shop)
			text, err := json.Marshal(shop.current)
			if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "current.json"), text, 0o600)); err != nil {
				t.Fatal(err)
			}
			for _, point := range day.points {
				killed := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestADayThatIsKilledIsGoneOnWith$")
				killed.Env = append(os.Environ(), dayOf+"="+name, dayIn+"="+dir, "COUNTINGHOUSE_CRASH_AT="+point)
				out, _ := killed.CombinedOutput()
				if code := killed.ProcessState.ExitCode(); code != crash.ExitCode {
					t.Fatalf("exit %d, want %d: it does not pass %s\n%s", code, crash.ExitCode, point, out)
				}
			}
			got, parts := day.second(crmIn(t, dir))
			want, _ := day.second(newCRM(t))
			if difference := differingRows(want, got); difference != "" || parts < 2 {
				t.Errorf("(-from scratch +in %d parts):\n%s", parts, difference)
			}
		})
	}
}
