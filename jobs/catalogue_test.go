package jobs_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/jobs"
	"countinghouse/pipelines/catalogue"
	"countinghouse/pipelines/check"
)

const dailyModel = `/* ---
about: Orders of a day.
grain: [day]
columns:
  day: {zh: 日, not_null: true}
  orders: {zh: 订单数, range: {min: 1}, severity: warning}
audits:
  day_is_past: "day > getvariable('as_of')"
--- */
select paid_on as day, count(*) as orders from core.orders where paid_on is not null group by paid_on
`

// put stores a value as JSON, as a build would.
func put(t *testing.T, workshop *jobs.Workshop, key string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := workshop.Bucket.CompareAndSet(t.Context(), key, text, 0); err != nil {
		t.Fatal(err)
	}
}

// publish makes mart.daily current with some rows, as the next version.
func publish(t *testing.T, workshop *jobs.Workshop, fingerprint string, rows int64) {
	t.Helper()
	before, generation, err := snapshot.Read(t.Context(), workshop.Bucket, "prod")
	if err != nil {
		t.Fatal(err)
	}
	next := snapshot.Environment{
		Name: "prod", Version: before.Version + 1, AsOf: "2026-10-31", RunID: "run", PublishedAt: time.Date(2026, 11, int(before.Version)+1, 20, 0, 0, 0, time.UTC),
		Tables: map[string]snapshot.Table{"mart.daily": {Fingerprint: fingerprint, Data: "d", Rows: rows, Audits: "a1"}},
	}
	if err := snapshot.Publish(t.Context(), workshop.Bucket, next, generation); err != nil {
		t.Fatal(err)
	}
}

func catalogueOf(t *testing.T, workshop *jobs.Workshop) catalogue.Catalogue {
	t.Helper()
	made, err := workshop.Catalogue(t.Context(), "prod")
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestCatalogue: of three versions the rows of the first were collected; the current one was made by other SQL, and a warning was found in it.
func TestCatalogue(t *testing.T) {
	workshop := projectOf(t, "sql/mart/daily.sql", dailyModel)
	manifest := snapshot.Manifest{
		Name: "mart.daily", Table: snapshot.Table{Fingerprint: "f2", Data: "d", Rows: 20}, Bytes: 2000, Seconds: 0.5, SQL: "select 1",
		Columns: []warehouse.Column{{Name: "day", Type: "DATE"}, {Name: "orders", Type: "BIGINT"}}, CPUSeconds: 0.75, Cost: warehouse.Cost{PeakMemory: 1 << 20},
	}
	put(t, workshop, snapshot.ManifestKey("mart.daily", "f2"), manifest)
	publish(t, workshop, "f1", 10)
	publish(t, workshop, "f2", 20)
	publish(t, workshop, "f2", 20)
	made := catalogueOf(t, workshop)
	daily := made.Table("mart.daily")
	audited := struct {
		Audits   []model.Audit   `json:"audits"`
		Warnings []check.Finding `json:"warnings"`
	}{Warnings: []check.Finding{{Table: "mart.daily", Audit: "orders.range", BadRows: 3}}}
	for _, audit := range daily.Audits {
		if audit.State != catalogue.AuditOpen {
			t.Errorf("audit %s is %s before any check", audit.Name, audit.State)
		}
		if audit.Name != "day_is_past" { // that one is new
			audited.Audits = append(audited.Audits, model.Audit{Name: audit.Name, Query: audit.Query})
		}
	}
	put(t, workshop, snapshot.AuditsKey("mart.daily", "f2", "a1"), audited)
	made = catalogueOf(t, workshop)
	daily = made.Table("mart.daily")
	if made.Environment.Version != 3 || made.Environment.PublishedAt.Format(time.DateTime) != "2026-11-04 04:00:00" {
		t.Errorf("environment %+v, want version 3, published in the brand's time zone", made.Environment)
	}
	var history []int64
	for _, point := range daily.History {
		history = append(history, point.Version, point.Rows, point.Bytes)
	}
	if want := []int64{1, 10, 0, 2, 20, 2000, 3, 20, 2000}; !slices.Equal(history, want) {
		t.Errorf("history %v, want %v", history, want)
	}
	if built := daily.Built; built.Rows != 20 || built.Bytes != 2000 || built.CPUSeconds != 0.75 || built.PeakMemory != 1<<20 || !built.Changed {
		t.Errorf("built %+v", daily.Built)
	}
	var states []string
	for _, audit := range daily.Audits {
		states = append(states, audit.Name+" ("+audit.Column+") "+audit.Severity+": "+audit.State)
	}
	want := []string{"grain () error: passed", "day.not_null (day) error: passed", "orders.range (orders) warning: warned", "day_is_past () error: not run"}
	if !slices.Equal(states, want) {
		t.Errorf("audits %q, want %q", states, want)
	}
}

// TestCatalogueBeforeAnything: types and lineage come from the SQL alone, and no path of this machine gets in.
func TestCatalogueBeforeAnything(t *testing.T) {
	workshop := projectOf(t, "sql/mart/daily.sql", dailyModel, "sql/mart/bare.sql", "/* ---\nabout: No columns described.\ngrain: [day]\n--- */\nselect day, orders from mart.daily")
	made := catalogueOf(t, workshop)
	daily := made.Table("mart.daily")
	if daily.Built != nil || daily.Columns[0].Type != "DATE" || daily.Columns[1].Type != "BIGINT" {
		t.Errorf("%+v", daily)
	}
	if got := daily.Columns[0].Sources; !slices.Contains(got, catalogue.Source{Table: "core.orders", Column: "paid_on"}) {
		t.Errorf("day comes from %v", got)
	}
	if bare := made.Table("mart.bare").Columns; len(bare) != 2 || bare[1].Type != "BIGINT" || !slices.Contains(bare[1].Sources, catalogue.Source{Table: "mart.daily", Column: "orders"}) {
		t.Errorf("columns that the header does not describe: %+v", bare)
	}
	if daily.File != "sql/mart/daily.sql" {
		t.Errorf("the file is %q", daily.File)
	}
	if !slices.Equal(daily.Readers, []string{"mart.bare"}) || !slices.Equal(daily.Parameters, []string{"as_of"}) {
		t.Errorf("readers %v, parameters %v", daily.Readers, daily.Parameters)
	}
	var text strings.Builder
	if err := catalogue.WriteJSON(&text, made); err != nil || strings.Contains(text.String(), workshop.Project.Dir) {
		t.Errorf("the catalogue names the folder of the project: %v", err)
	}
}
