package check_test

import (
	"errors"
	"strings"
	"testing"

	"countinghouse/internal/model"
	"countinghouse/pipelines/check"

	"github.com/google/go-cmp/cmp"
)

func TestBindFindsAuditsThatCannotRun(t *testing.T) {
	s := newStage(t)
	audited := []check.Audited{
		{Table: "core.orders", Audits: []model.Audit{
			{Name: "good", Query: "select * from core.orders where amount < 0", File: "sql/core/orders.sql", Line: 7},
			{Name: "slip", Query: "select * from core.orders\nwhere order_id is null\n  or amuont < 0", File: "sql/core/orders.sql", Line: 8},
			// It would fail on the first row: binding does not look at rows.
			{Name: "number", Query: "select * from core.orders where cast(order_id as integer) < 0", File: "sql/core/orders.sql", Line: 12},
		}},
		{Table: "mart.totals", Audits: []model.Audit{{Name: "tables", Query: "select 1 from mart.total", File: "sql/audits/tables.sql", Line: 4}}},
	}
	err := check.Bind(t.Context(), s.options.Session, audited)
	if err == nil {
		t.Fatal("not refused")
	}
	var got []string
	for _, line := range strings.Split(err.Error(), "\n") {
		words, _, _ := strings.Cut(line, " not ")
		words, _, _ = strings.Cut(words, " does")
		got = append(got, words)
	}
	want := []string{
		`sql/core/orders.sql:10: core.orders: audit slip: Referenced column "amuont"`,
		`sql/audits/tables.sql:4: mart.totals: audit tables: Table with name total`,
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
	var problem model.Problem
	if !errors.As(err, &problem) || problem.Line != 10 {
		t.Errorf("%+v", problem)
	}
}

// TestAnErrorAtRunHasItsPlace as one at binding has.
func TestAnErrorAtRunHasItsPlace(t *testing.T) {
	s := newStage(t)
	number := model.Audit{Name: "number", Query: "select * from core.orders where cast(order_id as integer) < 0", File: "sql/core/orders.sql", Line: 12}
	_, err := s.run(check.Audited{Table: "core.orders", Audits: []model.Audit{number}})
	if want := "check: sql/core/orders.sql:12: core.orders: audit number: Could not convert string 'o"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %s…", err, want)
	}
}
