package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/crash"
)

// smallOrders makes up small exports of one feed, each with a row that is refused, and gives their folder.
func (s *site) smallOrders(folder string, from, to int) string {
	s.t.Helper()
	for n := from; n < to; n++ {
		var text strings.Builder
		text.WriteString("channel,order_id,account_id,ordered_at,paid_at,paid_amount\n")
		for i := range 20 {
			day := time.Date(2026, 9, 1+n%30, 10, 0, i, 0, time.UTC).Format(time.DateTime)
			fmt.Fprintf(&text, "app,E%d-%d,U%d,%s,%s,%d.50\n", n, i, i%7, day, day, 10+n+i)
		}
		text.WriteString("app,broken,U1,,,1.2.3\n")
		s.write(fmt.Sprintf("%s/generic_orders_%03d_202610%02d.csv", folder, n, 1+n%28), text.String())
	}
	return s.path(folder)
}

// standing is what the feed of small exports has come to, and how many Parquet files its rows are in.
func (s *site) standing() string {
	s.t.Helper()
	var feeds []struct{ Files, Pending, Quarantined, Rows, Rejected int }
	if err := json.Unmarshal([]byte(s.do(exitDone, "feeds", "generic_orders", "-o", "json")), &feeds); err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("%+v", feeds[0])
}

func (s *site) parquets() int {
	found, err := filepath.Glob(s.path("store/files/generic_orders/*.parquet"))
	if err != nil {
		s.t.Fatal(err)
	}
	return len(found)
}

// warned is a run that takes files with refused rows.
func (s *site) warned(args ...string) {
	s.t.Helper()
	s.do(exitWarnings, append([]string{"run", "--as-of", asOf}, args...)...)
}

// A killing ends one command on the way from one state to another, and looks at what the same command once more, and a run, make of what it left.
type killing struct {
	name   string
	before *site // as the command finds it
	after  *site // as it is when nothing disturbs it
	crash  string
	args   []string
	again  int // exit code of the command once more
}

func (k killing) run(t *testing.T) {
	t.Run(k.name, func(t *testing.T) {
		t.Parallel()
		trial := k.before.copyOf(t)
		trial.env = []string{"COUNTINGHOUSE_CRASH_AT=" + k.crash}
		if got := trial.try(k.args...); got.code != crash.ExitCode {
			t.Fatalf("exit %d, want %d: it does not pass the point\n%s%s", got.code, crash.ExitCode, got.out, got.errs)
		}
		trial.env = nil
		trial.do(k.again, k.args...)
		k.recovers(t, trial)
	})
}

// recovers says that one more run makes of a site what nothing has disturbed.
func (k killing) recovers(t *testing.T, trial *site) {
	t.Helper()
	if got := trial.try("run", "--as-of", asOf); got.code != exitDone && got.code != exitWarnings {
		t.Fatalf("run: exit %d\n%s%s", got.code, got.out, got.errs)
	}
	if got, want := trial.standing(), k.after.standing(); got != want {
		t.Errorf("the feed is %s, want %s", got, want)
	}
	if got, want := trial.published().Digests, k.after.published().Digests; !maps.Equal(got, want) {
		t.Errorf("other digests: %s", differing(got, want))
	}
}

// TestKilledBundlesLoseAndDoubleNothing kills land, conform and conform --again where many small exports share a Parquet file: what follows makes of it
// what it is when nothing is killed.
func TestKilledBundlesLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	first := newSite(t)
	first.warned("--land", first.smallOrders("first", 0, 20))
	folder := first.smallOrders("second", 20, 60)
	landed := first.copyOf(t)
	landed.do(exitDone, "land", folder)
	bundled := landed.copyOf(t)
	bundled.warned()
	const want = "{Files:60 Pending:0 Quarantined:0 Rows:1200 Rejected:60}"
	if bundled.standing() != want || bundled.parquets() != 2 || maps.Equal(first.published().Digests, bundled.published().Digests) {
		t.Fatalf("the feed is %s in %d Parquet files, want %s in 2", bundled.standing(), bundled.parquets(), want)
	}
	conform := []string{"conform"}
	for _, k := range []killing{
		{"the first export has no manifest", first, bundled, crash.LandStored, []string{"land", folder}, exitDone},
		{"half of the exports have a manifest", first, bundled, crash.LandStored + ":20", []string{"land", folder}, exitDone},
		{"a bundle has no accounting", landed, bundled, crash.ConformWritten, conform, exitWarnings},
		{"a bundle is read again", bundled, bundled, crash.ConformWritten, []string{"conform", "--again", "generic_orders"}, exitWarnings},
	} {
		k.run(t)
	}
	for i := range 3 {
		t.Run(fmt.Sprint("at any time ", i), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(20261031, uint64(i)))
			trial := landed.copyOf(t)
			killed(t, trial.command(context.WithoutCancel(t.Context()), conform...), time.Duration(dice.Float64()*float64(time.Second)))
			killing{after: bundled}.recovers(t, trial)
		})
	}
}

// TestKilledMergesLoseAndDoubleNothing kills conform while it merges many small Parquet files into one, and gc while it removes those that were merged.
func TestKilledMergesLoseAndDoubleNothing(t *testing.T) {
	t.Parallel()
	scattered := newSite(t)
	for n := range 2 {
		scattered.do(exitDone, "land", scattered.smallOrders(fmt.Sprint("batch", n), 12*n, 12*n+12)) // too few to share a file
		scattered.do(exitWarnings, "conform")
	}
	scattered.do(exitDone, "land", scattered.smallOrders("last", 24, 36))
	merged := scattered.copyOf(t)
	merged.warned()
	const want = "{Files:36 Pending:0 Quarantined:0 Rows:720 Rejected:36}"
	if merged.standing() != want || merged.parquets() != 36+1 {
		t.Fatalf("the feed is %s in %d Parquet files, want %s in 36 and the one that they were merged into", merged.standing(), merged.parquets(), want)
	}
	collect := []string{"gc", "--older-than", "0", "--keep-versions", "0"}
	for _, k := range []killing{
		{"what is merged has no accounting", scattered, merged, crash.ConformWritten + ":13", []string{"conform"}, exitWarnings},
		{"nothing is removed", merged, merged, crash.CollectHidden, collect, exitDone},
		{"what was merged has no accounting", merged, merged, crash.CollectForgotten, collect, exitDone},
	} {
		k.run(t)
	}
	merged = merged.copyOf(t)
	merged.do(exitDone, collect...)
	if left := merged.parquets(); left != 1 {
		t.Errorf("%d Parquet files are left, want the one that holds all rows", left)
	}
}
