package snapshot_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"

	"pgregory.net/rapid"
)

func folder(t *testing.T) *objectstore.Bucket {
	t.Helper()
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return bucket
}

func publish(t *testing.T, bucket *objectstore.Bucket, name, runID string) snapshot.Environment {
	t.Helper()
	current, generation, err := snapshot.Read(t.Context(), bucket, name)
	if err != nil {
		t.Fatal(err)
	}
	next := snapshot.Environment{Name: name, Version: current.Version + 1, RunID: runID, Tables: map[string]snapshot.Table{"core.a": {Fingerprint: runID}}}
	if err := snapshot.Publish(t.Context(), bucket, next, generation); err != nil {
		t.Fatal(err)
	}
	return next
}

// runs are the run ids of an environment's history.
func runs(t *testing.T, bucket *objectstore.Bucket, name string) []string {
	t.Helper()
	current, _, err := snapshot.Read(t.Context(), bucket, name)
	if err != nil {
		t.Fatal(err)
	}
	history, err := snapshot.History(t.Context(), bucket, current)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, version := range history {
		if version.Tables["core.a"].Fingerprint != version.RunID {
			t.Errorf("version %d: %+v", version.Version, version)
		}
		ids = append(ids, version.RunID)
	}
	return ids
}

func TestHistoryHoldsWhatWasCurrent(t *testing.T) {
	bucket := folder(t)
	for i := range 11 {
		publish(t, bucket, "prod", string(rune('a'+i)))
	}
	publish(t, bucket, "dev", "z")
	if got := strings.Join(runs(t, bucket, "prod"), ""); got != "jihgfedcba" {
		t.Errorf("history %q", got)
	}
	if got := runs(t, bucket, "dev"); got != nil {
		t.Errorf("the history of dev, which has one version, is %v", got)
	}
}

// TestWhoComesSecondLeavesNoHistory: a version that never was current is not in the history.
func TestWhoComesSecondLeavesNoHistory(t *testing.T) {
	bucket := folder(t)
	publish(t, bucket, "prod", "a")
	_, generation, err := snapshot.Read(t.Context(), bucket, "prod")
	if err != nil {
		t.Fatal(err)
	}
	publish(t, bucket, "prod", "b")
	late := snapshot.Environment{Name: "prod", Version: 2, RunID: "late"}
	if err := snapshot.Publish(t.Context(), bucket, late, generation); !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("the second one: %v", err)
	}
	publish(t, bucket, "prod", "c")
	if got := runs(t, bucket, "prod"); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("history %v", got)
	}
}

// TestADeathBetweenHistoryAndSwitchHarmsNobody: the current version is in the history as well, and is no earlier version of itself.
func TestADeathBetweenHistoryAndSwitchHarmsNobody(t *testing.T) {
	bucket := folder(t)
	publish(t, bucket, "prod", "a")
	current := publish(t, bucket, "prod", "b")
	text, err := json.MarshalIndent(current, "", "  ")
	if err == nil {
		_, err = bucket.Create(t.Context(), snapshot.HistoryKey("prod", 2), strings.NewReader(string(text)))
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := runs(t, bucket, "prod"); !slices.Equal(got, []string{"a"}) {
		t.Errorf("history %v", got)
	}
	publish(t, bucket, "prod", "c")
	if got := runs(t, bucket, "prod"); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("history %v", got)
	}
}

// TestARemovedEnvironmentBeginsAnew, also where a publication that came in between left a version of the old one.
func TestARemovedEnvironmentBeginsAnew(t *testing.T) {
	bucket := folder(t)
	for _, run := range []string{"a", "b", "c"} {
		publish(t, bucket, "dev", run)
	}
	if err := snapshot.LeaveCandidate(t.Context(), bucket, snapshot.Environment{Name: "dev", Tables: map[string]snapshot.Table{"core.a": {}}}); err != nil {
		t.Fatal(err)
	}
	publish(t, bucket, "prod", "kept")
	if err := snapshot.Remove(t.Context(), bucket, "dev"); err != nil {
		t.Fatal(err)
	}
	for object, err := range bucket.List(t.Context(), "environments/") {
		if err != nil || object.Key != "environments/prod.json" {
			t.Errorf("left: %s, %v", object.Key, err)
		}
	}
	if _, err := bucket.Create(t.Context(), snapshot.HistoryKey("dev", 1), strings.NewReader(`{"version": 1, "run_id": "of the old one"}`)); err != nil {
		t.Fatal(err)
	}
	publish(t, bucket, "dev", "d")
	publish(t, bucket, "dev", "e")
	if got := runs(t, bucket, "dev"); !slices.Equal(got, []string{"d"}) {
		t.Errorf("history %v", got)
	}
	if err := snapshot.Remove(t.Context(), bucket, "never"); err != nil {
		t.Errorf("to remove what is not there: %v", err)
	}
}

func TestCandidatesKnowWhatTheyWereBuiltOn(t *testing.T) {
	bucket := folder(t)
	base := func(name string) *int64 {
		candidate, err := snapshot.ReadCandidate(t.Context(), bucket, name)
		if err != nil {
			t.Fatal(err)
		}
		return candidate.Base
	}
	leave := func(candidate snapshot.Environment) {
		if err := snapshot.LeaveCandidate(t.Context(), bucket, candidate); err != nil {
			t.Fatal(err)
		}
	}
	leave(snapshot.Environment{Name: "prod"})
	leave(snapshot.Environment{Name: "dev"})
	if base("prod") != nil || base("dev") == nil || *base("dev") != 0 {
		t.Errorf("prod %v, dev %v", base("prod"), base("dev"))
	}
	publish(t, bucket, "prod", "a")
	checked, err := snapshot.ReadCandidate(t.Context(), bucket, "dev")
	if err != nil {
		t.Fatal(err)
	}
	leave(checked) // as the check does
	if *base("dev") != 0 {
		t.Error("a check is taken for a build")
	}
	leave(snapshot.Environment{Name: "dev"})
	if *base("dev") != 1 {
		t.Errorf("built on version %d, want 1", *base("dev"))
	}
}

func TestNames(t *testing.T) {
	bucket := folder(t)
	for _, name := range []string{"prod", "dev-x"} {
		publish(t, bucket, name, "a")
		publish(t, bucket, name, "b")
	}
	for _, name := range []string{"dev-x", "built_only"} {
		if err := snapshot.LeaveCandidate(t.Context(), bucket, snapshot.Environment{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := snapshot.Names(t.Context(), bucket); err != nil || !slices.Equal(got, []string{"built_only", "dev-x", "prod"}) {
		t.Errorf("%v, %v", got, err)
	}
	for _, name := range []string{"", "a/b", "prod.candidate", "-x", "..", "dev x", "开发"} {
		if _, _, err := snapshot.Read(t.Context(), bucket, name); err == nil || !strings.Contains(err.Error(), "dev-x") {
			t.Errorf("%q is taken for a name: %v", name, err)
		}
	}
}

// TestMissing takes away each object that a set needs in turn.
func TestMissing(t *testing.T) {
	for gone, want := range map[string]string{
		"":                                  "",
		"tables/core/a/fa/data-1":           "core.a mart.pane mart.view",
		"tables/core/a/fa/manifest.json":    "core.a mart.pane mart.view",
		"tables/mart/view/fv/manifest.json": "mart.pane mart.view",
		"files/f/1.parquet":                 "mart.pane",
		"tables/mart/m/p1/data-2":           "mart.m",
		"tables/mart/m/p1/manifest.json":    "mart.m",
		"tables/mart/m/fm/manifest.json":    "mart.m",
	} {
		bucket := folder(t)
		set := map[string]snapshot.Table{}
		part := snapshot.Table{Fingerprint: "p1", Data: "data-2"}
		for _, m := range []snapshot.Manifest{
			{Name: "core.a", Table: snapshot.Table{Fingerprint: "fa", Data: "data-1"}, Inputs: map[string]string{"dataset.gone": "long ago"}},
			{Name: "mart.view", Table: snapshot.Table{Fingerprint: "fv"}, View: "from core.a", Inputs: map[string]string{"core.a": "fa"}},
			{Name: "mart.pane", Table: snapshot.Table{Fingerprint: "fp"}, View: "from mart.view", Inputs: map[string]string{"mart.view": "fv"}, Objects: []string{"files/f/1.parquet"}},
			{Name: "mart.m", Table: part, Month: "2026-01"},
			{Name: "mart.m", Table: snapshot.Table{Fingerprint: "fm"}, InParts: true, Parts: []snapshot.Part{{Month: "2026-01", Table: part}}},
		} {
			text, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			write(t, bucket, snapshot.ManifestKey(m.Name, m.Fingerprint), string(text))
			if m.Data != "" {
				write(t, bucket, snapshot.DataKey(m.Name, m.Table), "rows")
			}
			set[m.Name] = m.Table // of mart.m the last
		}
		write(t, bucket, "files/f/1.parquet", "rows")
		if gone != "" {
			if err := bucket.Delete(t.Context(), gone); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := snapshot.Missing(t.Context(), bucket, set, nil); err != nil || strings.Join(got, " ") != want {
			t.Errorf("without %q: %q, want %q (%v)", gone, got, want, err)
		}
		if got, err := snapshot.Missing(t.Context(), bucket, set, set); err != nil || got != nil {
			t.Errorf("trusted: %q, %v", got, err)
		}
	}
}

func write(t *testing.T, bucket *objectstore.Bucket, key, text string) {
	t.Helper()
	if _, err := bucket.Create(t.Context(), key, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

func TestOfManifest(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.StringMatching(`[a-z_]+`)
		table, fingerprint := name.Draw(r, "schema")+"."+name.Draw(r, "table"), rapid.StringMatching(`[0-9a-f]{32}`).Draw(r, "fingerprint")
		gotTable, got, ok := snapshot.OfManifest(snapshot.ManifestKey(table, fingerprint))
		if !ok || gotTable != table || got != fingerprint {
			r.Fatalf("%s %s became %s %s", table, fingerprint, gotTable, got)
		}
	})
	for _, key := range []string{"", "manifest.json", "tables/a/b/c/data.parquet", "tables/a/b/manifest.json", "landing/a/b/c/manifest.json", "tables/a/b/c/d/manifest.json"} {
		if _, _, ok := snapshot.OfManifest(key); ok {
			t.Errorf("%q is taken for a manifest's key", key)
		}
	}
}
