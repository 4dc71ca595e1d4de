package check_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/check"

	"github.com/google/go-cmp/cmp"
)

// exec changes the tables of the stage, as a build would, and gives the table another fingerprint.
func (s *stage) exec(table, fingerprint, statement string) {
	s.t.Helper()
	if _, err := s.options.Session.Exec(s.t.Context(), statement); err != nil {
		s.t.Fatal(err)
	}
	s.candidate.Tables[table] = snapshot.Table{Fingerprint: fingerprint}
}

func (s *stage) keys(prefix string) []string {
	s.t.Helper()
	keys := []string{}
	for object, err := range s.options.Bucket.List(s.t.Context(), prefix) {
		if err != nil {
			s.t.Fatal(err)
		}
		keys = append(keys, object.Key)
	}
	return keys
}

func warning(name, query string) model.Audit {
	return model.Audit{Name: name, Query: query, Severity: model.SeverityWarning}
}

func TestWarningsStopNothing(t *testing.T) {
	s := newStage(t)
	late := warning("late", "select * from core.orders where amount < 0")
	audited := check.Audited{Table: "core.orders", Audits: []model.Audit{late, {Name: "known", Query: "select * from core.orders where order_id is null"}}}
	var found []check.Finding
	for _, again := range []struct {
		why         string
		run, reused int
	}{{"at first", 2, 0}, {"again: the warning is told again", 0, 2}} {
		result, err := s.run(audited)
		if err != nil || len(result.Findings) != 0 || len(result.Warnings) != 1 || result.Run != again.run || result.Reused != again.reused {
			t.Fatalf("%s: %v, %+v", again.why, err, result)
		}
		if found = append(found, result.Warnings[0]); found[0].BadRows != 2 || found[0].Severity != model.SeverityWarning {
			t.Errorf("%s: %+v", again.why, found)
		}
	}
	if difference := cmp.Diff(found[0], found[1]); difference != "" {
		t.Errorf("the warning as it was kept:\n%s", difference)
	}
	if s.candidate.Tables["core.orders"].Audits == "" {
		t.Error("a table with no more than warnings has not passed")
	}
	audited.Audits[0].File, audited.Audits[0].Line = "sql/core/orders.sql", 9
	if result, err := s.run(audited); err != nil || result.Reused != 2 || result.Warnings[0].Line != 9 {
		t.Errorf("with lines added above the audit: %v, %+v", err, result)
	}
	late.Severity = ""
	result, err := s.run(check.Audited{Table: "core.orders", Audits: []model.Audit{late}})
	if !errors.Is(err, check.ErrFailed) || len(result.Findings) != 1 || len(result.Warnings) != 0 {
		t.Errorf("the same audit, now blocking: %v, %+v", err, result)
	}
}

func TestBadRowsAreKeptUntilTheyAreGone(t *testing.T) {
	s := newStage(t)
	negative := check.Audited{Table: "core.orders", Audits: []model.Audit{
		{Name: "amount.range", Query: `select * from core.orders where "amount" < 0`},
		warning("a/b 客", "select order_id, null as reason from core.orders where amount = 5"),
	}}
	totals := check.Audited{Table: "mart.totals", Audits: audit("two", "select total from mart.totals where total = 2")}
	if _, err := s.run(negative, totals); !errors.Is(err, check.ErrFailed) {
		t.Fatal(err)
	}
	want := []string{"audits/prod/core.orders/a%2Fb 客.parquet", "audits/prod/core.orders/amount.range.parquet", "audits/prod/mart.totals/two.parquet"}
	if difference := cmp.Diff(want, s.keys("audits/")); difference != "" {
		t.Error(difference)
	}
	for kept, want := range map[check.Kept]check.Rows{
		{Environment: "prod", Table: "core.orders", Audit: "amount.range"}: {Columns: []string{"order_id", "amount"}, Lines: [][]string{{"o2", "-2"}, {"o2", "-1"}}},
		{Environment: "prod", Table: "core.orders", Audit: "a/b 客"}:        {Columns: []string{"order_id", "reason"}, Lines: [][]string{{"o1", "NULL"}}},
	} {
		rows, err := check.ReadKept(t.Context(), kept, 10, s.options)
		if difference := cmp.Diff(want, rows); err != nil || difference != "" {
			t.Errorf("%s: %v\n%s", kept.Audit, err, difference)
		}
	}
	s.exec("core.orders", "f3", "update core.orders set amount = 7 where amount < 0")
	if result, err := s.run(negative); err != nil || len(result.Warnings) != 1 {
		t.Errorf("%v, %+v", err, result)
	}
	// What passed is gone; what another table's audits found is not this check's to remove.
	if difference := cmp.Diff([]string{want[0], want[2]}, s.keys("audits/")); difference != "" {
		t.Error(difference)
	}
}

// TestAnEnvironmentHasTheRowsOfItsWarnings also when another one found them first.
func TestAnEnvironmentHasTheRowsOfItsWarnings(t *testing.T) {
	s := newStage(t)
	audited := check.Audited{Table: "core.orders", Audits: []model.Audit{warning("late", "select * from core.orders where amount < 0")}}
	for _, environment := range []string{"dev", "prod", "prod"} {
		s.candidate.Name = environment
		if result, err := s.run(audited); err != nil || len(result.Warnings) != 1 {
			t.Errorf("%s: %v, %+v", environment, err, result)
		}
	}
	if got := s.keys("audits/"); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestNoMoreRowsAreKeptThanMayBe(t *testing.T) {
	s := newStage(t)
	s.exec("mart.totals", "f3", "create or replace table mart.totals as select range as total from range(1500)")
	result, err := s.run(check.Audited{Table: "mart.totals", Audits: audit("none", "select * from mart.totals")})
	if !errors.Is(err, check.ErrFailed) || result.Findings[0].BadRows != 1500 || len(result.Findings[0].Sample) != 5 {
		t.Fatalf("%v, %+v", err, result)
	}
	kept := check.Kept{Environment: "prod", Table: "mart.totals", Audit: "none"}
	for limit, want := range map[int]int{3: 3, 9999: check.KeptRows} {
		rows, err := check.ReadKept(t.Context(), kept, limit, s.options)
		if err != nil || len(rows.Lines) != want || rows.Lines[2][0] != "2" {
			t.Errorf("limit %d: %v, %d rows, the third is %v", limit, err, len(rows.Lines), rows.Lines[2])
		}
	}
}

func TestNothingKeptSaysWhatIs(t *testing.T) {
	s := newStage(t)
	look := func(table, audit, want string) {
		t.Helper()
		_, err := check.ReadKept(t.Context(), check.Kept{Environment: "prod", Table: table, Audit: audit}, 5, s.options)
		if !errors.Is(err, check.ErrNothingKept) || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v, want …%s…", err, want)
		}
	}
	look("mart.totals", "two", "mart.totals.two in prod: no bad rows are kept, nor of any other audit")
	if _, err := s.run(check.Audited{Table: "mart.totals", Audits: audit("two", "select total from mart.totals")}); !errors.Is(err, check.ErrFailed) {
		t.Fatal(err)
	}
	look("mart.totals", "tow", `did you mean "mart.totals.two"?`)
	look("core.customers", "grain", "there are some of mart.totals.two")
}

// TestWithoutScratchNothingIsKept for a check in passing, of a candidate that has no name.
func TestWithoutScratchNothingIsKept(t *testing.T) {
	s := newStage(t)
	s.options.Scratch, s.candidate.Name = "", ""
	if result, err := s.run(check.Audited{Table: "mart.totals", Audits: audit("two", "select total from mart.totals")}); !errors.Is(err, check.ErrFailed) || len(result.Findings) != 1 {
		t.Fatalf("%v, %+v", err, result)
	}
	if got := s.keys("audits/"); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// TestOfReadsEverythingThatTheAuditsDo so that they run again when it changes.
func TestOfReadsEverythingThatTheAuditsDo(t *testing.T) {
	library := &model.Library{
		Models: []*model.Model{{
			Name: "mart.a", Audits: audit("x", "select 1"), Facts: model.Facts{Inputs: []string{"core.b"}},
			AuditInputs: []string{"core.a", "seed.s"}, AuditParameters: []string{"as_of", "days"},
		}},
		Seeds: []*model.Seed{{Name: "seed.s", Audits: audit("y", "select 2"), AuditInputs: []string{"seed.t"}}, {Name: "seed.t"}},
	}
	got := check.Of(library, map[string]any{"as_of": "2026-10-31", "days": 30})
	want := []check.Audited{
		{Table: "seed.s", Audits: audit("y", "select 2"), Inputs: []string{"seed.t"}, Parameters: []string{}},
		{Table: "mart.a", Audits: audit("x", "select 1"), Inputs: []string{"core.a", "core.b", "seed.s"}, Parameters: []string{"as_of = '2026-10-31'", "days = 30"}},
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Error(difference)
	}
	if !slices.Equal(library.Models[0].AuditInputs, []string{"core.a", "seed.s"}) {
		t.Error("the library was changed")
	}
}
