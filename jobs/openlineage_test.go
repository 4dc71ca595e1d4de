package jobs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countinghouse/jobs"
	"countinghouse/pipelines/build"
)

func TestARunIsAnnounced(t *testing.T) {
	workshop := projectOf(t)
	announcer := jobs.NewAnnouncer(workshop.Project, workshop.Tools, "dev-x", "events.ndjson")
	announcer.Begin(t.Context(), jobs.Trigger{Job: "daily", RunID: "run-1"})
	announcer.Built(build.Event{Table: "mart.customer_360", Rows: 7, Seconds: 2})
	announcer.Built(build.Event{Table: "ledger", Rows: 9})
	announcer.Built(build.Event{Table: "core.orders", Reused: true})
	announcer.End(t.Context(), workshop, nil, errors.New("an audit failed"))

	text, err := os.ReadFile(filepath.Join(workshop.Project.Dir, "events.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for line := range strings.Lines(string(text)) {
		var event struct {
			EventType string
			Job       struct{ Namespace, Name string }
			Inputs    []any
			Outputs   []struct{ Name string }
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		told = append(told, event.EventType+" "+event.Job.Namespace+" "+event.Job.Name)
		if event.EventType == "COMPLETE" && (len(event.Outputs) != 1 || len(event.Inputs) == 0) {
			t.Errorf("%s: %d inputs, outputs %v", event.Job.Name, len(event.Inputs), event.Outputs)
		}
	}
	want := []string{"START countinghouse.dev-x daily"}
	for _, table := range []string{"mart.customer_360", "ledger.balances", "ledger.consumption", "ledger.entries", "ledger.exceptions", "ledger.lots"} {
		want = append(want, "START countinghouse.dev-x daily."+table, "COMPLETE countinghouse.dev-x daily."+table)
	}
	if want = append(want, "FAIL countinghouse.dev-x daily"); !slices.Equal(told, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

func TestAnAnnouncementThatFailsIsAWarning(t *testing.T) {
	workshop := projectOf(t)
	var log bytes.Buffer
	tools := workshop.Tools
	tools.Log = slog.New(slog.NewTextHandler(&log, nil))
	announcer := jobs.NewAnnouncer(workshop.Project, tools, "prod", "no/such/folder/events.ndjson")
	announcer.Begin(t.Context(), jobs.Trigger{Job: "daily", RunID: "run-1"})
	announcer.End(t.Context(), nil, nil, nil)
	if got := strings.Count(log.String(), "level=WARN"); got != 2 {
		t.Errorf("%d warnings:\n%s", got, log.String())
	}
}

func TestNobodyIsTold(t *testing.T) {
	workshop := projectOf(t)
	announcer := jobs.NewAnnouncer(workshop.Project, workshop.Tools, "prod", "")
	if announcer != nil {
		t.Fatal("an announcer without a target")
	}
	announcer.Begin(t.Context(), jobs.Trigger{})
	announcer.Built(build.Event{Table: "core.orders"})
	announcer.End(t.Context(), workshop, nil, nil)
}
