// Package openlineage tells lineage servers, in their common language, what a run made from what: OpenLineage run events, specification 2-0-2
// (https://openlineage.io/spec/2-0-2/OpenLineage.json). One run has an event at its start and one at its end; so has each table made in it,
// as a child of the run.
package openlineage

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"countinghouse/internal/lineage"
	"countinghouse/internal/warehouse"
)

const (
	producer  = "urn:countinghouse"
	schemaURL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
	facets    = "https://openlineage.io/spec/facets/"
)

// Run is one run of a job.
type Run struct {
	Namespace string // of jobs and datasets alike
	Job       string
	ID        string // of the run's record
	Store     string // the URL of the store, which holds every table
}

// Built is one table that a run made.
type Built struct {
	Table   lineage.Table
	Columns []warehouse.Column // with their types; nil: only the names are known
	Rows    int64              // negative: not counted, as of a view
	Bytes   int64              // 0: not known
	Seconds float64
	EndedAt time.Time
}

// Event is a run event, as it is sent.
type Event struct {
	EventType string    `json:"eventType"` // START, COMPLETE or FAIL
	EventTime string    `json:"eventTime"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
	Run       eventRun  `json:"run"`
	Job       job       `json:"job"`
	Inputs    []dataset `json:"inputs"`
	Outputs   []dataset `json:"outputs"`
}

type eventRun struct {
	RunID  string         `json:"runId"`
	Facets map[string]any `json:"facets,omitempty"`
}

type job struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

type dataset struct {
	Namespace    string         `json:"namespace"`
	Name         string         `json:"name"`
	Facets       map[string]any `json:"facets,omitempty"`
	OutputFacets map[string]any `json:"outputFacets,omitempty"`
}

// facet is what every facet begins with.
type facet struct {
	Producer  string `json:"_producer"`
	SchemaURL string `json:"_schemaURL"`
}

func newFacet(version, name string) facet {
	return facet{producer, facets + version + "/" + name + ".json#/$defs/" + name}
}

// Start is the event of a run that begins.
func (r Run) Start(at time.Time) Event { return r.event("START", at, r.id(), r.Job) }

// End is the event of a run that is over, with a failure or nil.
func (r Run) End(at time.Time, failure error) Event {
	if failure == nil {
		return r.event("COMPLETE", at, r.id(), r.Job)
	}
	event := r.event("FAIL", at, r.id(), r.Job)
	event.Run.Facets = map[string]any{"errorMessage": struct {
		facet
		Message  string `json:"message"`
		Language string `json:"programmingLanguage"`
	}{newFacet("1-0-1", "ErrorMessageRunFacet"), failure.Error(), "Go"}}
	return event
}

// Table gives the two events of a table that was made: when it began, and what came of it.
func (r Run) Table(built Built) []Event {
	name, id := r.Job+"."+built.Table.Name, uuid(r.Namespace, r.ID, built.Table.Name)
	started := built.EndedAt.Add(-time.Duration(built.Seconds * float64(time.Second)))
	events := []Event{r.event("START", started, id, name), r.event("COMPLETE", built.EndedAt, id, name)}
	for i := range events {
		events[i].Run.Facets = map[string]any{"parent": struct {
			facet
			Run eventRun `json:"run"`
			Job job      `json:"job"`
		}{newFacet("1-0-1", "ParentRunFacet"), eventRun{RunID: r.id()}, job{r.Namespace, r.Job}}}
		for _, input := range built.Table.Inputs {
			events[i].Inputs = append(events[i].Inputs, dataset{Namespace: r.Namespace, Name: input})
		}
	}
	events[1].Outputs = []dataset{r.output(built)}
	return events
}

func (r Run) event(kind string, at time.Time, id, name string) Event {
	return Event{
		EventType: kind, EventTime: at.UTC().Format(time.RFC3339Nano), Producer: producer, SchemaURL: schemaURL,
		Run: eventRun{RunID: id}, Job: job{r.Namespace, name}, Inputs: []dataset{}, Outputs: []dataset{},
	}
}

func (r Run) id() string { return uuid(r.Namespace, r.ID) }

// uuid is a function of the parts, in the form of version 8 (RFC 9562, 5.8): the same run has the same id however often it is told.
func uuid(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x1f")))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	text := hex.EncodeToString(sum[:16])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}
