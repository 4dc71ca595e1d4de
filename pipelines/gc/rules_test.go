package gc_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/gc"

	"github.com/google/go-cmp/cmp"
)

// inFolder is a place whose objects' times can be set.
func inFolder(t *testing.T) *place {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t.Context(), t, bucket)
	p.now = time.Now()
	return p
}

// age makes every object older that is there.
func (p *place) age(by time.Duration) {
	p.Helper()
	for key := range p.stored("") {
		path := filepath.Join(p.bucket.Root(), filepath.FromSlash(key))
		info, err := os.Stat(path)
		if err == nil {
			err = os.Chtimes(path, time.Time{}, info.ModTime().Add(-by))
		}
		if err != nil {
			p.Fatal(err)
		}
	}
}

const day = 24 * time.Hour

func month(options *gc.Options) { options.OlderThan = 30 * day }

// removed gives the keys that went, by kind.
func removed(report gc.Report, kind gc.Kind) []string {
	var keys []string
	for _, object := range report.Removed {
		if object.Kind == kind {
			keys = append(keys, object.Key)
		}
	}
	return keys
}

func TestWhatIsYoungStays(t *testing.T) {
	p := inFolder(t)
	tables := p.set(1, 1, 1)
	p.age(29 * day)
	if report := p.collect(month); len(report.Removed) > 0 || report.KeptTables != 7 {
		t.Errorf("%+v", report)
	}
	p.age(2 * day)
	// One new view keeps the old table that it is of, and nothing else.
	view := snapshot.Manifest{Name: "mart.young", Table: snapshot.Table{Fingerprint: hexOf("young")[:32]}, View: "from core.a"}
	view.Inputs = map[string]string{"core.a": tables["core.a"].Fingerprint}
	p.make(view, p.needs[snapshot.ManifestKey("core.a", tables["core.a"].Fingerprint)]...)
	report := p.collect(month)
	want := map[string]bool{}
	for _, key := range p.needs[snapshot.ManifestKey("mart.young", view.Fingerprint)] {
		want[key] = true
	}
	if diff := cmp.Diff(want, p.stored("tables/")); diff != "" || report.KeptTables != 2 {
		t.Errorf("%d tables (-want +got):\n%s", report.KeptTables, diff)
	}
}

func TestVersionsAreKeptByAgeAndNumber(t *testing.T) {
	p := inFolder(t)
	begin := p.now
	for version := range 6 { // one every ten days: version n is current from day 10(n-1) to day 10n
		p.now = begin.Add(time.Duration(version) * 10 * day)
		p.publish("dev", p.set(version, 0, 0))
	}
	for _, c := range []struct {
		days, keep int
		left       []int64
	}{
		{45, 5, []int64{5, 4, 3, 2, 1}},
		{25, 3, []int64{5, 4, 3}},
		{25, 0, []int64{5, 4, 3}}, // version 3 was current until day 30, of 50
		{15, 1, []int64{5, 4}},
		{0, 1, []int64{5}},
		{0, 0, nil},
	} {
		p.collect(func(o *gc.Options) { o.OlderThan, o.KeepVersions = time.Duration(c.days)*day, c.keep })
		_, _, history := p.read("dev")
		var left []int64
		for _, version := range history {
			left = append(left, version.Version)
		}
		if !slices.Equal(left, c.left) {
			t.Errorf("%d days and %d versions: left %v, want %v", c.days, c.keep, left, c.left)
		}
		p.expectThere("the history", p.needed(history...))
	}
}

func TestWhatKilledBuildsLeftGoes(t *testing.T) {
	p := inFolder(t)
	tables := p.set(1, 1, 1)
	p.publish("dev", tables)
	folder := filepath.ToSlash(filepath.Dir(snapshot.ManifestKey("core.a", tables["core.a"].Fingerprint)))
	rival, alone := folder+"/data-rival.parquet", "tables/core/a/"+hexOf("never finished")[:32]+"/data-1.parquet"
	stale, passed := snapshot.AuditsKey("core.a", tables["core.a"].Fingerprint, "stale"), snapshot.AuditsKey("core.a", tables["core.a"].Fingerprint, "passed")
	for _, key := range []string{rival, alone, stale, passed, folder + "/bad-rows.json"} {
		p.write(key, "…")
	}
	before := p.stored("")
	if report := p.collect(month); len(report.Removed) > 0 {
		t.Errorf("young ones went: %+v", report.Removed)
	}
	p.age(31 * day)
	report := p.collect(month)
	if got := removed(report, gc.Unfinished); !slices.Equal(got, []string{rival, alone}) && !slices.Equal(got, []string{alone, rival}) {
		t.Errorf("unfinished: %v", got)
	}
	if got := removed(report, gc.Audit); !slices.Equal(got, []string{stale}) || len(report.Removed) != 3 {
		t.Errorf("audits: %v of %v", got, report.Removed)
	}
	for _, key := range []string{rival, alone, stale} {
		delete(before, key)
	}
	if diff := cmp.Diff(before, p.stored("")); diff != "" {
		t.Error(diff)
	}
}

func TestResultsOfOlderContractsGo(t *testing.T) {
	p := inFolder(t)
	// File 1 is read by dataset views of set 1; files 2 and 3 by nobody.
	p.publish("dev", p.set(1, 1, 1))
	result := func(file int, contract string) []string {
		key := conformed(file, contract)
		stem := strings.TrimSuffix(key, ".parquet")
		return []string{stem + ".json", key, strings.Replace(key, "files/", "rejects/", 1)}
	}
	text := func(key string, file int) string {
		if strings.HasSuffix(key, ".json") {
			return `{"sha256": "` + hexOf("file", file) + `"}`
		}
		return "typed rows"
	}
	var old, kept []string
	for file, contracts := range map[int][]string{1: {"new"}, 2: {"old", "now"}, 3: {"old"}, 4: {"old", "now"}} {
		for _, contract := range contracts {
			keys := result(file, contract)
			for _, key := range keys {
				p.write(key, text(key, file))
			}
			if contract == "old" && file == 2 {
				old = append(old, keys...)
				continue
			}
			kept = append(kept, keys...)
		}
	}
	p.age(40 * day)
	for _, file := range []int{1, 2, 3, 4} { // all were read again, but file 3
		if file != 3 {
			for _, key := range result(file, "newest") {
				p.write(key, text(key, file))
				kept = append(kept, key)
			}
		}
	}
	p.write("closes/2026-09/1.json", `{"files": ["`+hexOf("file", 4)+`"]}`)
	report := p.collect(func(o *gc.Options) { month(o); o.Contracts = map[string]string{"shop_orders": "now"} })
	slices.Sort(old)
	if diff := cmp.Diff(old, removed(report, gc.Conformed)); diff != "" || len(report.Removed) != 3 {
		t.Errorf("%v\n%s", report.Removed, diff)
	}
	there := p.stored("")
	for _, key := range kept {
		if conformedOnce := result(1, "new"); !there[key] && !slices.Contains(conformedOnce[:1], key) {
			t.Errorf("%s is gone", key)
		}
	}
}

// TestSupersededBundlesGo: a bundle, or a file read alone, goes when each of its files stands in a larger bundle or was read by a newer contract; the
// rejects of a file stay as long as one accounting that is kept has it.
func TestSupersededBundlesGo(t *testing.T) {
	p := inFolder(t)
	bundle := func(feed, contract, name string, files ...int) (keys []string) {
		var text []string
		for _, file := range files {
			text = append(text, `{"sha256": "`+hexOf("file", file)+`"}`)
		}
		stem := "files/" + feed + "/" + hexOf("bundle", name) + "-" + contract
		p.write(stem+".json", `{"files": [`+strings.Join(text, ", ")+`]}`)
		p.write(stem+".parquet", "typed rows")
		return []string{stem + ".json", stem + ".parquet"}
	}
	rejects := func(feed, contract string, file int) string {
		key := "rejects/" + feed + "/" + hexOf("file", file) + "-" + contract + ".parquet"
		p.write(key, "refused rows")
		return key
	}
	gone := slices.Concat(
		bundle("shop", "now", "small", 1, 2),            // within the large one
		bundle("shop", "now", "one", 3),                 // too
		bundle("shop", "old", "all of old", 1, 2, 3, 4), // read again
		bundle("shop", "now", "between", 3, 5),          // by two larger ones
		[]string{rejects("shop", "old", 2)},
	)
	needed := bundle("shop", "old", "needed", 6, 7)
	bundle("shop", "old", "not yet read again", 4, 8)
	bundle("shop", "old", "closed", 9)
	p.age(40 * day)
	bundle("shop", "now", "large", 1, 2, 3, 4)
	bundle("shop", "now", "other", 5, 6, 7, 10)
	bundle("shop", "now", "of nine", 9)
	rejects("shop", "now", 2)  // of the large one
	rejects("shop", "now", 77) // nobody has read such a file
	p.write("closes/2026-09/1.json", `{"files": ["`+hexOf("file", 9)+`"]}`)
	p.age(40 * day)
	name := snapshot.Manifest{Name: "mart.pane", Table: snapshot.Table{Fingerprint: hexOf("pane")[:32], Audits: "passed"}, View: "from x", Objects: []string{needed[1]}}
	p.publish("dev", map[string]snapshot.Table{"mart.pane": p.make(name)})
	report := p.collect(func(o *gc.Options) { month(o); o.Contracts = map[string]string{"shop": "now"} })
	slices.Sort(gone)
	if diff := cmp.Diff(gone, removed(report, gc.Conformed)); diff != "" {
		t.Error(diff)
	}
	p.write("files/shop/"+hexOf("bundle", "strange")+"-now.json", "{}")
	options := gc.Options{Bucket: p.bucket, Now: func() time.Time { return p.now }, Alone: func(context.Context) error { return nil }}
	if _, err := gc.Run(p.ctx, options); err == nil || !strings.Contains(err.Error(), "does not say which file") {
		t.Errorf("an accounting that cannot be read: %v", err)
	}
}

func TestClosesKeepWhatTheyName(t *testing.T) {
	p := inFolder(t)
	tables, others := p.set(1, 1, 1), p.set(2, 2, 4)
	p.write("closes/2026-09/1.json", `{"tables": {"mart.pane": {"fingerprint": "`+tables["mart.pane"].Fingerprint+`"}}, "before": "`+hexOf("nothing")+`"}`)
	p.write("closes/2026-09/2.json", `{"months":"`+others["mart.months"].Fingerprint+`"}`)
	p.age(40 * day)
	p.collect(nil)
	want := p.needed(snapshot.Environment{Tables: map[string]snapshot.Table{"mart.pane": tables["mart.pane"]}},
		snapshot.Environment{Tables: map[string]snapshot.Table{"mart.months": others["mart.months"]}})
	maps.DeleteFunc(want, func(key string, _ bool) bool { return !strings.HasPrefix(key, "tables/") })
	if diff := cmp.Diff(want, p.stored("tables/")); diff != "" {
		t.Error(diff)
	}
}

func TestOldCopiesGo(t *testing.T) {
	p := inFolder(t)
	for _, key := range []string{"marts/marts-6.duckdb", "marts/marts-7.duckdb", "marts/marts-8.duckdb", "marts/marts-mine.duckdb", "landing/shop/1/a.csv"} {
		p.write(key, "…")
	}
	if report := p.collect(nil); len(report.Removed) > 0 {
		t.Errorf("without a list of what is current: %v", report.Removed)
	}
	p.write("marts/current.json", `{"version": 7, "duckdb": "marts-7.duckdb"}`)
	p.age(time.Hour)
	report := p.collect(nil)
	if got := removed(report, gc.Copy); !slices.Equal(got, []string{"marts/marts-6.duckdb"}) || len(report.Removed) != 1 {
		t.Errorf("%v", report.Removed)
	}
}

func TestBadRowsGoWithTheirEnvironment(t *testing.T) {
	p := inFolder(t)
	p.publish("dev", p.set(1, 1, 1))
	kept, gone := "audits/dev/core.a/grain.parquet", "audits/was/core.a/grain.parquet"
	p.write(kept, "rows")
	p.write(gone, "rows")
	p.age(29 * day)
	if report := p.collect(month); len(report.Removed) > 0 {
		t.Errorf("young ones went: %v", report.Removed)
	}
	p.age(2 * day)
	if report := p.collect(month); !slices.Equal(removed(report, gc.BadRows), []string{gone}) || len(report.Removed) != 1 || !p.stored("")[kept] {
		t.Errorf("%v", report.Removed)
	}
}

func TestDryRunRemovesNothingAndTellsAll(t *testing.T) {
	p := inFolder(t)
	p.publish("dev", p.set(1, 1, 1))
	p.publish("dev", p.set(2, 1, 1))
	before := p.stored("")
	p.now = p.now.Add(time.Hour)
	never := func(context.Context) error { return errors.New("a dry run needs nobody's leave") }
	planned := p.collect(func(o *gc.Options) { o.DryRun, o.Alone = true, never })
	if diff := cmp.Diff(before, p.stored("")); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(planned, p.collect(nil)); diff != "" || len(planned.Removed) == 0 {
		t.Errorf("planned and done differ:\n%s", diff)
	}
	left := maps.Clone(before)
	var bytes, objects int64
	for _, object := range planned.Removed {
		delete(left, object.Key)
		bytes += object.Bytes
	}
	if diff := cmp.Diff(left, p.stored("")); diff != "" {
		t.Error(diff)
	}
	var total int64
	for _, kind := range gc.Kinds() {
		count, of := planned.Total(kind)
		objects, total = objects+int64(count), total+of
	}
	if total != bytes || objects != int64(len(planned.Removed)) {
		t.Errorf("%d objects of %d bytes by kind, %d of %d in all", objects, total, len(planned.Removed), bytes)
	}
}

// TestItMayStopAnywhere cuts a collection off before each removal: every table that is still there can be read, and the next collection
// ends the work.
func TestItMayStopAnywhere(t *testing.T) {
	stop := errors.New("killed")
	whole := 0
	for allowed := 1; whole == 0; allowed++ {
		p := newPlace(t.Context(), t, memory(t))
		p.publish("dev", p.set(1, 1, 1))
		p.publish("dev", p.set(2, 2, 5))
		p.publish("dev", p.set(1, 2, 1))
		looks := 0
		clock := p.now
		options := gc.Options{Bucket: p.bucket, Now: func() time.Time { clock = clock.Add(time.Minute); return clock }}
		options.Alone = func(context.Context) error {
			if looks++; looks > allowed {
				return stop
			}
			return nil
		}
		report, err := gc.Run(t.Context(), options)
		switch {
		case err == nil:
			if whole = len(report.Removed); allowed < 10 {
				t.Fatalf("it was over after %d looks: the test proves little", allowed)
			}
		case !errors.Is(err, stop):
			t.Fatal(err)
		}
		there := p.stored("")
		for manifest, needs := range p.needs {
			for _, key := range needs {
				if there[manifest] && !there[key] {
					t.Fatalf("cut off after %d looks: %s is there without %s", allowed, manifest, key)
				}
			}
		}
		_, _, history := p.read("dev")
		p.expectThere("the history", p.needed(history...))
		p.expectOnlyTheNeeded()
	}
}

func TestNothingIsRemovedWhileSomebodyIsAtWork(t *testing.T) {
	p := inFolder(t)
	p.set(1, 1, 1)
	p.age(day)
	before := p.stored("")
	busy := errors.New("somebody is at work")
	_, err := gc.Run(t.Context(), gc.Options{Bucket: p.bucket, Now: time.Now, Alone: func(context.Context) error { return busy }})
	if !errors.Is(err, busy) || !maps.Equal(before, p.stored("")) {
		t.Errorf("%v, or something is gone", err)
	}
}

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 30 * day, "0": 0, "0d": 0, "12h": 12 * time.Hour, "90m": 90 * time.Minute, "999999999d": 36_500 * day} {
		if got, err := gc.ParseAge(text); err != nil || got != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "30", "-1d", "-1h", "1.5d", "30 d", "a month", "99999999999999999999d"} {
		if got, err := gc.ParseAge(text); err == nil || !strings.Contains(err.Error(), "30d") {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
}

// TestAStrangeManifestStopsTheCollection: who cannot read what a table needs removes nothing.
func TestAStrangeManifestStopsTheCollection(t *testing.T) {
	p := inFolder(t)
	p.set(1, 1, 1)
	p.write("tables/core/strange/"+hexOf("strange")[:32]+"/manifest.json", "{")
	p.age(day)
	before := p.stored("")
	_, err := gc.Run(t.Context(), gc.Options{Bucket: p.bucket, Now: time.Now, Alone: func(context.Context) error { return nil }})
	if err == nil || errors.Is(err, objectstore.ErrNotFound) || !strings.Contains(err.Error(), "core.strange") || !maps.Equal(before, p.stored("")) {
		t.Errorf("%v, or something is gone", err)
	}
}
