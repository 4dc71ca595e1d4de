package check_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/check"
)

// stage is a candidate of two small tables in a real session.
type stage struct {
	t         *testing.T
	options   check.Options
	candidate snapshot.Environment
}

func newStage(t *testing.T) *stage {
	t.Helper()
	scratch := t.TempDir()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, ScratchDir: scratch})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	for _, statement := range []string{
		"create schema core", "create table core.orders as select * from (values ('o1', 5), ('o2', -1), ('o2', -2)) as t(order_id, amount)",
		"create schema mart", "create table mart.totals as select 2 as total",
	} {
		if _, err := session.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	bucket, err := open.Bucket(t.Context(), t.TempDir(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, candidate: snapshot.Environment{Name: "prod", Tables: map[string]snapshot.Table{
		"core.orders": {Fingerprint: "f1"}, "mart.totals": {Fingerprint: "f2"},
	}}}
	s.options = check.Options{Bucket: bucket, Session: session, Workers: 2, Scratch: scratch, Attach: func(context.Context, string) error { return nil }}
	return s
}

func (s *stage) run(audited ...check.Audited) (check.Result, error) {
	s.t.Helper()
	return check.Run(s.t.Context(), &s.candidate, audited, s.options)
}

func audit(name, query string) []model.Audit { return []model.Audit{{Name: name, Query: query}} }

func TestBadRowsAreFoundAndShown(t *testing.T) {
	s := newStage(t)
	result, err := s.run(
		check.Audited{Table: "core.orders", Audits: []model.Audit{
			{Name: "grain", Query: "select order_id, count(*) as how_often from core.orders group by order_id having count(*) > 1"},
			{Name: "amount_is_positive", Query: "select * from core.orders where amount < 0"},
		}},
		check.Audited{Table: "mart.totals", Audits: audit("adds_up", "select total, (select sum(amount) from core.orders) as orders from mart.totals where total <> (select sum(amount) from core.orders)"), Inputs: []string{"core.orders"}},
	)
	if !errors.Is(err, check.ErrFailed) || result.Run != 3 || len(result.Findings) != 2 {
		t.Fatalf("%v, %+v", err, result)
	}
	if got, want := result.Findings[0].String(), "core.orders: audit amount_is_positive: 2 bad rows, such as order_id=o2 amount=-2"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := result.Findings[1].String(), "core.orders: audit grain: 1 bad rows, such as order_id=o2 how_often=2"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if s.candidate.Tables["core.orders"].Audits != "" || s.candidate.Tables["mart.totals"].Audits == "" {
		t.Errorf("only what passed is noted as passed: %+v", s.candidate.Tables)
	}
}

// TestPassedAuditsAreNotRunAgain until something that they read is another.
func TestPassedAuditsAreNotRunAgain(t *testing.T) {
	s := newStage(t)
	audited := check.Audited{Table: "mart.totals", Audits: audit("positive", "select * from mart.totals where total < 0"), Inputs: []string{"core.orders"}}
	expect := func(why string, run, reused int) {
		t.Helper()
		result, err := s.run(audited)
		if err != nil || result.Run != run || result.Reused != reused {
			t.Errorf("%s: %+v, %v; want %d run and %d reused", why, result, err, run, reused)
		}
	}
	expect("at first", 1, 0)
	expect("again", 0, 1)
	if unchecked := check.Unchecked(s.candidate.Tables, []check.Audited{audited}); len(unchecked) > 0 {
		t.Errorf("what passed counts as unchecked: %v", unchecked)
	}
	for why, audits := range map[string][]model.Audit{"another audit": audit("positive", "select 1"), "another severity": {{Name: "positive", Query: audited.Audits[0].Query, Severity: model.SeverityWarning}}} {
		if other := (check.Audited{Table: "mart.totals", Audits: audits, Inputs: audited.Inputs}); !slices.Equal(check.Unchecked(s.candidate.Tables, []check.Audited{audited, other}), []string{"mart.totals"}) {
			t.Errorf("%s counts as checked", why)
		}
	}
	table := s.candidate.Tables["mart.totals"]
	table.Audits = ""
	s.candidate.Tables["mart.totals"] = table
	expect("in another environment", 0, 1)
	s.candidate.Tables["core.orders"] = snapshot.Table{Fingerprint: "another"}
	expect("with another input", 1, 0)
	audited.Audits = audit("positive", "select * from mart.totals where total <= 0")
	expect("with another audit", 1, 0)
	audited.Parameters = []string{"as_of = date '2026-11-01'"}
	expect("for another day", 1, 0)
	expect("for that day again", 0, 1)
}

func TestAnAuditThatCannotRunIsNoFinding(t *testing.T) {
	s := newStage(t)
	_, err := s.run(check.Audited{Table: "core.orders", Audits: audit("broken", "select nothing from core.orders")})
	if err == nil || errors.Is(err, check.ErrFailed) || !strings.Contains(err.Error(), "core.orders: audit broken") {
		t.Errorf("got %v", err)
	}
	_, err = s.run(check.Audited{Table: "mart.unbuilt", Audits: audit("a", "select 1")})
	if !errors.Is(err, check.ErrNotBuilt) || !strings.Contains(err.Error(), "the audits of mart.unbuilt read mart.unbuilt") {
		t.Errorf("got %v", err)
	}
}
