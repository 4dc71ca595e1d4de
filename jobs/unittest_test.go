package jobs_test

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/project"
	"countinghouse/jobs"
	"countinghouse/pipelines/unittest"
	"countinghouse/sql"
)

// projectOf opens a project with these files, given as name and text in turn, and nothing landed.
func projectOf(t *testing.T, files ...string) *jobs.Workshop {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o750), os.WriteFile(name, []byte(files[i+1]), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	own, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := open.Bucket(t.Context(), "mem://", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	tools := jobs.Tools{Bucket: bucket, Key: []byte("a made-up key for the tests"), Now: time.Now, Random: rand.Reader, Log: slog.New(slog.DiscardHandler)}
	workshop, err := jobs.OpenWorkshop(t.Context(), own, time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC), tools)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = workshop.Close() })
	return workshop
}

// names are those of the cases that were run, and of those that failed.
func names(result jobs.TestResult) (run, failed []string) {
	for _, outcome := range result.Cases {
		run = append(run, outcome.Case)
		if !outcome.Passed() {
			failed = append(failed, outcome.Case)
		}
	}
	return run, failed
}

// wanted are the models that the cases run want something of, sorted.
func wanted(result jobs.TestResult) []string {
	models := []string{}
	for _, outcome := range result.Cases {
		models = append(models, outcome.Models...)
	}
	slices.Sort(models)
	return slices.Compact(models)
}

const (
	earned = `/* ---
about: Points that an account earned.
owner: finance
tags: [mine]
grain: [account_id]
columns:
  account_id: {about: Account}
  points: {about: Points earned}
--- */
select account_id, sum(points_issued) as points from ledger.lots group by account_id
`
	earnedCase = "-- given/ledger.lots.csv --\naccount_id,points_issued\na,10\na,5\n-- want/mart.earned.csv --\naccount_id,points\na,15\n"
)

func TestUnitTestsOfTheProductAndTheProject(t *testing.T) {
	workshop := projectOf(t,
		"sql/mart/earned.sql", earned, "sql/mart/testdata/earned__sum.txtar", earnedCase,
		"sql/mart/testdata/point_lots__status.txtar", "Ours.\n-- parameters --\nas_of: 2026-10-31\n-- want/mart.point_lots.csv --\nlot_id\nof ours\n",
	)
	result, err := workshop.Test(t.Context(), "prod", nil, false)
	run, failed := names(result)
	if !errors.Is(err, unittest.ErrFailed) || !slices.Equal(failed, []string{"point_lots__status"}) || result.Failed != 1 {
		t.Errorf("failed %v of %d, %v", failed, len(run), err)
	}
	if result.Passed != len(run)-1 || result.Passed < 40 || !slices.Contains(run, "earned__sum") {
		t.Errorf("%d passed of %d", result.Passed, len(run))
	}
	if len(result.Untested) != 0 {
		t.Errorf("untested %v", result.Untested)
	}
}

// TestReplacedModel: the built-in cases of a model hold the project's own one to what the product promises, until they are replaced too.
func TestReplacedModel(t *testing.T) {
	builtin, err := fs.ReadFile(sql.Files, "mart/point_lots.sql")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(builtin), "'open'", "'OPEN'", 1)
	if own == string(builtin) {
		t.Fatal("the model has changed: change something else of it")
	}
	result, err := projectOf(t, "sql/mart/point_lots.sql", own).Test(t.Context(), "prod", []string{"mart.point_lots"}, true)
	if !errors.Is(err, unittest.ErrFailed) || result.Updated != 0 {
		t.Errorf("%v, %d rewritten", err, result.Updated)
	}
	for _, outcome := range result.Cases {
		if !outcome.Builtin || !strings.HasPrefix(outcome.File, "sql/mart/testdata/") {
			t.Errorf("%s is no built-in case", outcome.File)
		}
	}
}

// TestBuiltinCasesCountOnBuiltinSeeds: a brand that sets its own layers and windows has broken nothing, and its own cases see them.
func TestBuiltinCasesCountOnBuiltinSeeds(t *testing.T) {
	workshop := projectOf(t,
		"countinghouse.yaml", "parameters: {window_days: 7, near_expiry_days: 1}\n",
		"sql/parameters.yaml", "near_expiry_days: {type: integer, default: 2}\n",
		"sql/seeds/points_programme.csv", "valid_from,points_per_unit,redemption_points,validity,validity_days,product_cost_rate,expected_redemption_rate,standalone_price_per_point\n2020-01-01,7,70,rolling,77,0.7,,0.07\n",
		"sql/mart/rates.sql", strings.NewReplacer("select account_id, sum(points_issued) as points from ledger.lots group by account_id",
			"select validity_days as account_id, getvariable('near_expiry_days') as points from seed.points_programme").Replace(earned),
		"sql/mart/testdata/rates__own.txtar", "-- want/mart.rates.csv --\naccount_id,points\n77,2\n",
	)
	result, err := workshop.Test(t.Context(), "prod", nil, false)
	if _, failed := names(result); err != nil {
		t.Errorf("%v, failed %v", err, failed)
	}
}

func TestUnitTestsSelected(t *testing.T) {
	workshop := projectOf(t, "sql/mart/earned.sql", earned, "sql/mart/testdata/earned__sum.txtar", earnedCase)
	for words, want := range map[string]string{ // the tables of which the cases run want something
		"mart.earned":                           "mart.earned",
		"tag:mine":                              "mart.earned",
		"path:sql/mart/earned.sql":              "mart.earned",
		"earned__sum":                           "mart.earned",
		"core.order_lines earned__sum":          "core.order_lines mart.earned",
		"core.refunds core.orders":              "core.orders core.refunds",
		"core.coupons+":                         "core.coupons",
		"core.stores":                           "",
		"path:sql/core,kind:table,+core.orders": "core.orders",
	} {
		result, err := workshop.Test(t.Context(), "prod", strings.Fields(words), false)
		if got := strings.Join(wanted(result), " "); err != nil || got != want {
			t.Errorf("%s: cases of %s were run, want %s, %v", words, got, want, err)
		}
	}
	result, err := workshop.Test(t.Context(), "prod", []string{"state:changed"}, false)
	if err != nil || result.Passed < 40 {
		t.Errorf("nothing was built, so everything is changed: %d cases, %v", result.Passed, err)
	}
	var ours jobs.ProjectError
	if _, err := workshop.Test(t.Context(), "prod", []string{"mart.erned"}, false); !errors.As(err, &ours) || !strings.Contains(err.Error(), "mart.earned") {
		t.Errorf("an unknown model: %v", err)
	}
}

func TestUntestedMartsOfFinance(t *testing.T) {
	another := strings.Replace(earned, "owner: finance", "owner: crm", 1)
	workshop := projectOf(t,
		"sql/mart/earned.sql", earned, "sql/mart/others.sql", another, "sql/core/earned.sql", earned,
		"sql/mart/testdata/earned__step.txtar", "-- want/mart.earned.step.csv --\na\n",
	)
	result, err := workshop.Test(t.Context(), "prod", []string{"mart.earned"}, false)
	if !errors.Is(err, unittest.ErrFailed) || !slices.Equal(result.Untested, []string{"mart.earned"}) {
		t.Errorf("untested %v, %v", result.Untested, err)
	}
}

// TestUnitTestsOfABrokenProject: what does not bind is the project's mistake, and named.
func TestUnitTestsOfABrokenProject(t *testing.T) {
	broken := strings.Replace(earned, "points_issued", "points_isued", 1)
	var ours jobs.ProjectError
	_, err := projectOf(t, "sql/mart/earned.sql", broken).Test(t.Context(), "prod", nil, false)
	if !errors.As(err, &ours) || !strings.Contains(err.Error(), "sql/mart/earned.sql") || !strings.Contains(err.Error(), "points_isued") {
		t.Errorf("got %v", err)
	}
}
