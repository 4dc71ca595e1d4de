package publish_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/publish"

	"github.com/google/go-cmp/cmp"
)

// put publishes a set with one number in an environment, through a candidate as a build leaves it.
func (s *stage) put(name, number string) snapshot.Environment {
	s.t.Helper()
	return s.putAsOf(name, number, "2026-10-31")
}

func (s *stage) putAsOf(name, number, asOf string) snapshot.Environment {
	s.t.Helper()
	candidate := s.candidate(name, number)
	candidate.AsOf = asOf
	if err := snapshot.LeaveCandidate(s.t.Context(), s.bucket, candidate); err != nil {
		s.t.Fatal(err)
	}
	candidate, err := snapshot.ReadCandidate(s.t.Context(), s.bucket, name)
	if err != nil {
		s.t.Fatal(err)
	}
	published, _, err := publish.Run(s.t.Context(), candidate, s.options)
	if err != nil {
		s.t.Fatal(err)
	}
	return published
}

func (s *stage) promotion(from, to string) publish.Move {
	s.t.Helper()
	move, err := publish.Promotion(s.t.Context(), s.bucket, from, to, false)
	if err != nil {
		s.t.Fatal(err)
	}
	return move
}

func (s *stage) rollback(name string, version int64) publish.Move {
	s.t.Helper()
	move, err := publish.Rollback(s.t.Context(), s.bucket, name, version)
	if err != nil {
		s.t.Fatal(err)
	}
	return move
}

func (s *stage) make(move publish.Move) snapshot.Environment {
	s.t.Helper()
	environment, made, err := publish.Make(s.t.Context(), move, s.options)
	if err != nil || !made {
		s.t.Fatalf("%+v: %v %v", move, made, err)
	}
	return environment
}

// expectRefused holds that a move is refused with a word, and that trying changes nothing.
func (s *stage) expectRefused(move publish.Move, word string) {
	s.t.Helper()
	if len(move.Refusals) != 1 || !strings.Contains(move.Refusals[0], word) {
		s.t.Errorf("refused for %q, want one with %q", move.Refusals, word)
	}
	before, _, _ := snapshot.Read(s.t.Context(), s.bucket, move.Environment)
	if _, made, err := publish.Make(s.t.Context(), move, s.options); made || !errors.Is(err, publish.ErrRefused) || !strings.Contains(err.Error(), word) {
		s.t.Errorf("made %v, %v", made, err)
	}
	if after, _, _ := snapshot.Read(s.t.Context(), s.bucket, move.Environment); !cmp.Equal(before, after) {
		s.t.Errorf("changed: %s", cmp.Diff(before, after))
	}
}

// copied is the number that the published copy of Parquet holds.
func (s *stage) copied() string {
	s.t.Helper()
	return s.total("select total from read_parquet(" + warehouse.Quote(s.file("totals/data.parquet")) + ")")
}

func TestPromote(t *testing.T) {
	s := newStage(t)
	s.put("prod", "1")
	dev := s.put("dev", "2")
	move := s.promotion("dev", "prod")
	want := []publish.Change{{Table: "mart.totals", State: publish.Changed, RowsBefore: 1, RowsAfter: 1, Before: "f1", After: "f2"}}
	if diff := cmp.Diff(want, move.Changes); diff != "" || move.NextVersion != 2 || s.copied() != "1" {
		t.Errorf("%+v\n%s", move, diff)
	}
	prod := s.make(move)
	if prod.Version != 2 || prod.Name != "prod" || prod.Cause != "promoted from dev version 1" || !cmp.Equal(prod.Tables, dev.Tables) || prod.Base != nil {
		t.Errorf("%+v", prod)
	}
	if s.copied() != "2" {
		t.Errorf("the copy holds %s", s.copied())
	}
	again := s.promotion("dev", "prod")
	if environment, made, err := publish.Make(t.Context(), again, s.options); made || err != nil || environment.Version != 2 || !again.Nothing() {
		t.Errorf("again: %+v %v %v", environment, made, err)
	}
}

func TestPromotionsThatAreRefused(t *testing.T) {
	s := newStage(t)
	s.put("prod", "1")
	unknown := s.promotion("dev", "prod")
	s.expectRefused(unknown, "never published")
	if len(unknown.Changes) > 0 {
		t.Errorf("an environment that is not there is told to change %+v", unknown.Changes)
	}
	s.expectRefused(s.promotion("prod", "prod"), "itself")
	s.putAsOf("dev", "2", "2026-10-24")
	s.expectRefused(s.promotion("dev", "prod"), "--as-of 2026-10-31")
	meant, err := publish.Promotion(t.Context(), s.bucket, "dev", "prod", true)
	if err != nil || len(meant.Refusals) > 0 || s.make(meant).AsOf != "2026-10-24" {
		t.Errorf("as it is meant: %+v, %v", meant, err)
	}
}

// TestAColleaguesWorkIsNotUndone: what was built before a colleague's promotion is not promoted over it.
func TestAColleaguesWorkIsNotUndone(t *testing.T) {
	s := newStage(t)
	s.put("prod", "1")
	s.put("mine", "2")
	s.put("theirs", "3")
	s.make(s.promotion("theirs", "prod"))
	s.expectRefused(s.promotion("mine", "prod"), "promoted from theirs version 1")
	// The same set, built again on what is current now, is another version.
	if again := s.put("mine", "2"); again.Version != 2 {
		t.Errorf("version %d", again.Version)
	}
	if again := s.put("mine", "2"); again.Version != 2 {
		t.Errorf("built twice, it is version %d", again.Version)
	}
	if prod := s.make(s.promotion("mine", "prod")); prod.Version != 3 || s.copied() != "2" {
		t.Errorf("%+v, %s in the copy", prod, s.copied())
	}
}

func TestStagesInBetween(t *testing.T) {
	s := newStage(t)
	s.put("prod", "1")
	s.put("dev", "2")
	staging := s.make(s.promotion("dev", "staging"))
	if staging.Version != 1 || staging.Base == nil || *staging.Base != 1 || s.copied() != "1" {
		t.Errorf("%+v", staging)
	}
	s.put("prod", "3")
	s.expectRefused(s.promotion("staging", "prod"), "built on version 1")
}

// TestWhoIsQuickerWins: of two moves that were worked out at once, the second finds the environment changed.
func TestWhoIsQuickerWins(t *testing.T) {
	s := newStage(t)
	s.put("prod", "1")
	s.put("dev", "2")
	first, second := s.promotion("dev", "prod"), s.promotion("dev", "prod")
	s.make(first)
	if _, made, err := publish.Make(t.Context(), second, s.options); made || !errors.Is(err, objectstore.ErrPrecondition) {
		t.Errorf("%v %v", made, err)
	}
}

func TestRollback(t *testing.T) {
	s := newStage(t)
	s.expectRefused(s.rollback("prod", 0), "never published")
	for _, number := range []string{"1", "2", "3", "4"} {
		s.put("prod", number)
	}
	for _, c := range []struct {
		to       int64
		number   string
		restores int64
	}{
		{0, "3", 3}, // version 5
		{0, "2", 2}, // the one before that, not the one that was taken back: version 6
		{4, "4", 4}, // version 7
		{6, "2", 2}, // a rollback is a version like others: version 8
		{0, "1", 1},
	} {
		back := s.make(s.rollback("prod", c.to))
		if back.Restores != c.restores || s.copied() != c.number || !strings.HasPrefix(back.Cause, "rolled back to version ") {
			t.Fatalf("to %d: %+v, %s in the copy", c.to, back, s.copied())
		}
	}
	s.expectRefused(s.rollback("prod", 0), "no version of prod before version 1")
	s.expectRefused(s.rollback("prod", 9), "is the current one")
	s.expectRefused(s.rollback("prod", 77), "kept are 8, 7, 6, 5, 4, 3, 2, 1")
	if next := s.put("prod", "5"); next.Version != 10 || next.Restores != 0 || next.Cause != "" {
		t.Errorf("the next run: %+v", next)
	}
	if back := s.make(s.rollback("prod", 0)); back.Restores != 1 {
		t.Errorf("before the run was what had been rolled back to: %+v", back)
	}
}

func TestNothingIsCurrentThatIsGone(t *testing.T) {
	s := newStage(t)
	s.put("dev", "1")
	s.put("dev", "2")
	candidate := s.candidate("dev", "3")
	for _, number := range []string{"1", "3"} {
		if err := s.bucket.Delete(t.Context(), snapshot.ManifestKey("mart.totals", "f"+number)); err != nil {
			t.Fatal(err)
		}
	}
	s.expectRefused(s.rollback("dev", 1), "mart.totals")
	if _, published, err := publish.Run(t.Context(), candidate, s.options); published || !errors.Is(err, publish.ErrRefused) || !strings.Contains(err.Error(), "mart.totals") {
		t.Errorf("published %v, %v", published, err)
	}
}

func TestChanges(t *testing.T) {
	table := func(fingerprint, digest string, rows int64) snapshot.Table {
		return snapshot.Table{Fingerprint: fingerprint, Digest: digest, Rows: rows}
	}
	before := map[string]snapshot.Table{"a": table("1", "d", 1), "b": table("1", "d", 2), "c": table("1", "d", 3), "d": table("1", "d", 4), "f": table("1", "", -1)}
	after := map[string]snapshot.Table{"b": table("1", "d", 2), "c": table("2", "d", 3), "d": table("2", "e", 5), "e": table("1", "d", 6), "f": table("2", "", -1)}
	want := []publish.Change{
		{Table: "a", State: publish.Removed, RowsBefore: 1, RowsAfter: -1, Before: "1"},
		{Table: "c", State: publish.SameRows, RowsBefore: 3, RowsAfter: 3, Before: "1", After: "2"},
		{Table: "d", State: publish.Changed, RowsBefore: 4, RowsAfter: 5, Before: "1", After: "2"},
		{Table: "e", State: publish.Added, RowsBefore: -1, RowsAfter: 6, After: "1"},
		{Table: "f", State: publish.Changed, RowsBefore: -1, RowsAfter: -1, Before: "1", After: "2"},
	}
	if diff := cmp.Diff(want, publish.Changes(before, after)); diff != "" {
		t.Error(diff)
	}
}

// TestViewsAndMonthsAreCopiedAsRows: a reader of the copies sees no difference.
func TestViewsAndMonthsAreCopiedAsRows(t *testing.T) {
	s := newStage(t)
	candidate := s.candidate("prod", "41")
	part := candidate.Tables["mart.totals"]
	view := snapshot.Manifest{Name: "mart.view", Table: snapshot.Table{Fingerprint: "v", Rows: snapshot.Uncounted}, View: "select total + 1 as total from mart.totals"}
	view.Inputs = map[string]string{"mart.totals": part.Fingerprint}
	months := snapshot.Manifest{Name: "mart.months", Table: snapshot.Table{Fingerprint: "m", Rows: 1}, InParts: true, Parts: []snapshot.Part{{Month: "2026-10", Table: part}}}
	file, err := os.ReadFile(s.bucket.Root() + "/" + snapshot.DataKey("mart.totals", part))
	if err == nil {
		_, err = s.bucket.Create(t.Context(), snapshot.DataKey("mart.months", part), strings.NewReader(string(file)))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.describe(snapshot.Manifest{Name: "mart.months", Table: part, Month: "2026-10"})
	for _, manifest := range []snapshot.Manifest{view, months} {
		s.describe(manifest)
		candidate.Tables[manifest.Name] = manifest.Table
	}
	if _, _, err := publish.Run(t.Context(), candidate, s.options); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"view": "42", "months": "41"} {
		if got := s.total("select total from read_parquet(" + warehouse.Quote(s.file(name+"/data.parquet")) + ")"); got != want {
			t.Errorf("%s holds %s, want %s", name, got, want)
		}
		if got := s.total("attach " + warehouse.Quote(s.file("marts-1.duckdb")) + " as published (read_only);select total from published." + name); got != want {
			t.Errorf("%s in the database holds %s, want %s", name, got, want)
		}
	}
}
