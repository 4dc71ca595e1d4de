package openlineage_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/lineage"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/openlineage"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC)

func daily() openlineage.Run {
	return openlineage.Run{Namespace: "shop", Job: "daily", ID: "20261031T120000.000Z-daily-00000000", Store: "gs://bucket/store/"}
}

func built() openlineage.Built {
	return openlineage.Built{
		Table: lineage.Table{
			Name: "mart.days", Inputs: []string{"core.orders"},
			Rows: []lineage.Source{{Table: "core.orders", Column: "*"}, {Table: "core.orders", Column: "status"}, {Table: "parameter", Column: "as_of"}},
			Columns: []lineage.TableColumn{
				{Name: "day", Values: []lineage.Source{{Table: "core.orders", Column: "paid_on"}}},
				{
					Name: "last", Values: []lineage.Source{{Table: "core.orders", Column: "amount"}}, Filters: []lineage.Source{{Table: "core.orders", Column: "paid_at"}},
					Expressions: []lineage.Expression{{SQL: "max_by(amount, paid_at)"}},
				},
			},
		},
		Columns: []warehouse.Column{{Name: "day", Type: "DATE"}, {Name: "last", Type: "DECIMAL(18,2)"}},
		Rows:    3, Bytes: 400, Seconds: 1.5, EndedAt: noon,
	}
}

// wanted is the end of a table's making, written by hand after the specification.
const wanted = `{
  "eventType": "COMPLETE", "eventTime": "2026-10-31T12:00:00Z",
  "producer": "P", "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
  "run": {"runId": "ID", "facets": {"parent": {
    "_producer": "P", "_schemaURL": "F/1-0-1/ParentRunFacet.json#/$defs/ParentRunFacet",
    "run": {"runId": "ID"}, "job": {"namespace": "shop", "name": "daily"}}}},
  "job": {"namespace": "shop", "name": "daily.mart.days"},
  "inputs": [{"namespace": "shop", "name": "core.orders"}],
  "outputs": [{"namespace": "shop", "name": "mart.days",
    "facets": {
      "schema": {"_producer": "P", "_schemaURL": "F/1-1-1/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
        "fields": [{"name": "day", "type": "DATE"}, {"name": "last", "type": "DECIMAL(18,2)"}]},
      "dataSource": {"_producer": "P", "_schemaURL": "F/1-0-1/DatasourceDatasetFacet.json#/$defs/DatasourceDatasetFacet",
        "name": "shop", "uri": "gs://bucket/store/tables/mart/days"},
      "columnLineage": {"_producer": "P", "_schemaURL": "F/1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet",
        "fields": {
          "day": {"inputFields": [{"namespace": "shop", "name": "core.orders", "field": "paid_on", "transformations": [{"type": "DIRECT", "subtype": "IDENTITY"}]}]},
          "last": {"inputFields": [
            {"namespace": "shop", "name": "core.orders", "field": "amount", "transformations": [{"type": "DIRECT", "subtype": "TRANSFORMATION"}]},
            {"namespace": "shop", "name": "core.orders", "field": "paid_at", "transformations": [{"type": "INDIRECT"}]}]}},
        "dataset": [{"namespace": "shop", "name": "core.orders", "field": "status", "transformations": [{"type": "INDIRECT"}]}]}},
    "outputFacets": {"outputStatistics": {"_producer": "P", "_schemaURL": "F/1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet",
      "rowCount": 3, "size": 400}}}]
}`

var id = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// plain is a value as JSON has it, with ids, the producer and the place of facets written short.
func plain(t *testing.T, text string) any {
	t.Helper()
	text = id.ReplaceAllString(text, "ID")
	text = strings.ReplaceAll(text, "https://openlineage.io/spec/facets/", "F/")
	text = regexp.MustCompile(`"(_?producer)": ?"[^"]*"`).ReplaceAllString(text, `"$1": "P"`)
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return value
}

func TestATableIsToldAsTheSpecificationHasIt(t *testing.T) {
	events := daily().Table(built())
	if len(events) != 2 || events[0].EventType != "START" || events[0].EventTime != "2026-10-31T11:59:58.5Z" || events[0].Run.RunID != events[1].Run.RunID {
		t.Fatalf("%+v", events)
	}
	text, err := json.Marshal(events[1])
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(plain(t, wanted), plain(t, string(text))); difference != "" {
		t.Error(difference)
	}
}

func TestARunBeginsAndEndsUnderOneID(t *testing.T) {
	start, end, failed := daily().Start(noon), daily().End(noon, nil), daily().End(noon, errors.New("no space left"))
	if start.EventType != "START" || end.EventType != "COMPLETE" || failed.EventType != "FAIL" {
		t.Errorf("%s %s %s", start.EventType, end.EventType, failed.EventType)
	}
	if start.Run.RunID != end.Run.RunID || !id.MatchString(start.Run.RunID) {
		t.Errorf("ids %s, %s", start.Run.RunID, end.Run.RunID)
	}
	text, _ := json.Marshal(failed)
	if !strings.Contains(string(text), `"message":"no space left","programmingLanguage":"Go"`) {
		t.Errorf("%s", text)
	}
	other := daily()
	other.ID = "another"
	if other.Start(noon).Run.RunID == start.Run.RunID {
		t.Error("two runs under one id")
	}
}

func TestSendAddsLinesToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	for range 2 {
		if err := openlineage.Send(t.Context(), path, []openlineage.Event{daily().Start(noon), daily().End(noon, nil)}); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != 4 || lines[0] != lines[2] || !strings.Contains(lines[3], `"COMPLETE"`) {
		t.Errorf("%q", lines)
	}
	if err := openlineage.Send(t.Context(), filepath.Join(path, "no folder"), nil); err == nil {
		t.Error("a file below a file was written")
	}
}

func TestSendPostsEachEvent(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+" "+string(body))
		if len(got) > 2 {
			http.Error(w, "the disk is full", http.StatusInsufficientStorage)
		}
	}))
	defer server.Close()
	events := []openlineage.Event{daily().Start(noon), daily().End(noon, nil)}
	if err := openlineage.Send(t.Context(), server.URL+"/api/v1/lineage", events); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !strings.HasPrefix(got[0], "POST /api/v1/lineage application/json {") || !strings.Contains(got[1], "COMPLETE") {
		t.Errorf("%q", got)
	}
	err := openlineage.Send(t.Context(), server.URL, events)
	if err == nil || !strings.Contains(err.Error(), "507") || !strings.Contains(err.Error(), "the disk is full") || len(got) != 3 {
		t.Errorf("a server that refuses: %v, after %d posts", err, len(got))
	}
}
