package jobs

import (
	"context"
	"path/filepath"
	"time"

	"countinghouse/internal/lineage"
	"countinghouse/internal/project"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/openlineage"
)

// Announcer tells OpenLineage what a run does: the run when it begins, its tables and its end when it is over. It never fails a run: what cannot
// be told is a warning in the log. A nil Announcer tells nobody.
type Announcer struct {
	tools  Tools
	target string
	run    openlineage.Run
	built  []openlineage.Built
}

// NewAnnouncer tells the target, a server's address or a file (in the project's folder, unless its path is absolute); nil without a target.
// Tables of environments other than prod are in a namespace of their own.
func NewAnnouncer(own project.Project, tools Tools, environment, target string) *Announcer {
	if target == "" {
		return nil
	}
	if !openlineage.IsAddress(target) && !filepath.IsAbs(target) {
		target = filepath.Join(own.Dir, target)
	}
	namespace := "countinghouse"
	if own.Brand.Name != "" {
		namespace = own.Brand.Name
	}
	if environment != "prod" {
		namespace += "." + environment
	}
	return &Announcer{tools: tools, target: target, run: openlineage.Run{Namespace: namespace, Store: own.StoreURL()}}
}

// Begin tells that a run begins.
func (a *Announcer) Begin(ctx context.Context, trigger Trigger) {
	if a == nil {
		return
	}
	a.run.Job, a.run.ID, a.built = trigger.Job, trigger.RunID, nil
	a.send(ctx, []openlineage.Event{a.run.Start(a.tools.Now())})
}

// Built notes a table that was made; one that was there already is no news. It is told at the end, so that no table waits for a server.
func (a *Announcer) Built(event build.Event) {
	if a == nil || event.Reused {
		return
	}
	a.built = append(a.built, openlineage.Built{
		Table: lineage.Table{Name: event.Table}, Rows: event.Rows, Bytes: event.Bytes, Seconds: event.Seconds, EndedAt: a.tools.Now(),
	})
}

// End tells what was made and how the run ended. The workshop may be nil, where the run failed before it was open; made are the tables of the
// build, as far as it came.
func (a *Announcer) End(ctx context.Context, workshop *Workshop, made map[string]snapshot.Table, failure error) {
	if a == nil {
		return
	}
	after := context.WithoutCancel(ctx) // a run that was stopped ends too
	var events []openlineage.Event
	for _, built := range a.described(after, workshop, made) {
		events = append(events, a.run.Table(built)...)
	}
	a.send(after, append(events, a.run.End(a.tools.Now(), failure)))
}

// described adds columns and their sources. A Go step is made at once, and told as the tables that it has.
func (a *Announcer) described(ctx context.Context, workshop *Workshop, made map[string]snapshot.Table) []openlineage.Built {
	if workshop == nil || len(a.built) == 0 {
		return nil
	}
	graph, err := workshop.Lineage(ctx)
	if err != nil {
		a.warn(ctx, err)
		return nil
	}
	var all []openlineage.Built
	for _, built := range a.built {
		for _, table := range graph.Tables {
			if table.Name != built.Table.Name && table.Step != built.Table.Name {
				continue
			}
			one := built
			one.Table = table
			if manifest, err := snapshot.ReadManifest(ctx, a.tools.Bucket, table.Name, made[table.Name].Fingerprint); err == nil {
				one.Columns, one.Rows, one.Bytes = manifest.Columns, manifest.Rows, manifest.Bytes
			}
			all = append(all, one)
		}
	}
	return all
}

// announcing is how long a server may take for all that it is told at once.
const announcing = 30 * time.Second

func (a *Announcer) send(ctx context.Context, events []openlineage.Event) {
	ctx, cancel := context.WithTimeout(ctx, announcing)
	defer cancel()
	if err := openlineage.Send(ctx, a.target, events); err != nil {
		a.warn(ctx, err)
	}
}

func (a *Announcer) warn(ctx context.Context, err error) {
	a.tools.Log.WarnContext(ctx, "lineage events were not told; the run goes on", "target", a.target, "error", err)
}
