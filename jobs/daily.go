package jobs

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/project"
	"countinghouse/internal/run"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/fetch"
	"countinghouse/pipelines/land"
	"countinghouse/pipelines/report"
)

// DailyName is the job that does the whole work for one day.
const DailyName = "daily"

// Outcome is what a run of the whole work came to, step by step.
type Outcome struct {
	Fetched     []fetch.Report // of the project's sources
	Landed      []land.Landed
	Unlanded    []string // files that could not be read, each with the reason: the next run tries them again
	Conformed   conform.Report
	FeedNotes   []string // what is new about headers, and which feeds are late (Workshop.FeedWarnings)
	Built       int      // tables
	Reused      int
	Checked     check.Result
	Drift       *run.Drift // of customers, against what was published before
	DriftNote   string     // the warning, if they changed more than they should
	Environment snapshot.Environment
	Published   bool
	Steps       []run.Step
}

// Refused lists what no row is used of: files that no feed takes, and quarantined ones, each with its reason. Only this run's are told.
func (o Outcome) Refused() []string {
	reasons := slices.Clone(o.Unlanded)
	for _, report := range o.Fetched {
		for _, file := range report.Files {
			if file.What == fetch.Refused {
				reasons = append(reasons, report.Source+": "+file.Path+": "+file.Detail)
			}
		}
	}
	for _, file := range o.Landed {
		if !file.Recognised() {
			reasons = append(reasons, file.Path+": "+file.Manifest.Reason)
		}
	}
	for _, file := range o.Conformed.Quarantined() {
		if file.New {
			reasons = append(reasons, file.Quarantine)
		}
	}
	return reasons
}

// Unfetched lists what could not be fetched from sources, each with the reason. The next run tries again.
func (o Outcome) Unfetched() []string {
	var reasons []string
	for _, report := range o.Fetched {
		if report.Error != "" {
			reasons = append(reasons, report.Error)
		}
	}
	return reasons
}

// Warnings are what a person should look at though the work is done: audits that stop nothing, and customers that changed more than they should.
func (o Outcome) Warnings() []string {
	var warnings []string
	for _, warning := range o.Checked.Warnings {
		warnings = append(warnings, warning.String())
	}
	if o.DriftNote != "" {
		warnings = append(warnings, o.DriftNote)
	}
	return warnings
}

// Rejected counts the rows that this run's files had refused.
func (o Outcome) Rejected() int64 {
	var rows int64
	for _, file := range o.Conformed.Files {
		if file.New {
			rows += file.Rejected
		}
	}
	return rows
}

// Daily is the whole work for one day: fetch from all sources, land what is in the inbox and in paths, conform, build, check, publish. done, if set, is told what it
// came to, also when it fails on the way.
func Daily(own project.Project, tools Tools, environment string, paths []string, done func(Outcome)) Job {
	return Job{
		Name: DailyName, Schedule: own.Schedule.Daily, DaysBack: 1,
		Run: func(ctx context.Context, trigger Trigger) (Result, error) {
			work := &daily{trigger: trigger, environment: environment, tools: tools}
			err := work.run(ctx, own, paths)
			if done != nil {
				done(work.outcome)
			}
			return work.result(), err
		},
	}
}

type daily struct {
	trigger     Trigger
	environment string
	tools       Tools
	workshop    *Workshop
	announcer   *Announcer
	outcome     Outcome
}

func (d *daily) run(ctx context.Context, own project.Project, paths []string) (err error) {
	asOf, err := time.Parse(time.DateOnly, string(d.trigger.LogicalDate))
	if err != nil {
		return err
	}
	d.announcer = NewAnnouncer(own, d.tools, d.environment, own.OpenLineage)
	d.announcer.Begin(ctx, d.trigger)
	if d.workshop, err = OpenWorkshop(ctx, own, asOf, d.tools); err != nil {
		d.announcer.End(ctx, nil, nil, err)
		return Permanent(err)
	}
	defer func() {
		d.announcer.End(ctx, d.workshop, d.outcome.Environment.Tables, err)
		err = errors.Join(err, d.workshop.Close())
	}()
	if inbox := own.InboxDir(); inbox != "" {
		paths = append(paths, inbox)
	}
	if len(own.Sources) > 0 {
		if err := d.step(ctx, "fetch", d.fetch); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) (run.Step, error)
	}{
		{"land", func(ctx context.Context) (run.Step, error) { return d.land(ctx, paths) }},
		{"conform", d.conform},
		{"build", d.build},
		{"check", d.check},
		{"publish", d.publish},
	} {
		if err := d.step(ctx, step.name, step.do); err != nil {
			return err
		}
	}
	return nil
}

// step records when a step began and ended, and how.
func (d *daily) step(ctx context.Context, name string, do func(context.Context) (run.Step, error)) error {
	start := d.tools.Now().UTC()
	step, err := do(ctx)
	if wrong := (ProjectError{}); errors.As(err, &wrong) || errors.Is(err, check.ErrFailed) {
		err = Permanent(err)
	}
	step.Name, step.StartedAt, step.EndedAt, step.Status = name, start, d.tools.Now().UTC(), run.Succeeded
	if err != nil {
		step.Status, step.Error = run.Failed, err.Error()
	}
	d.outcome.Steps = append(d.outcome.Steps, step)
	return err
}

// fetch goes through all sources, those with a schedule of their own too: what has not changed costs a listing. What cannot be fetched does
// not stop the run.
func (d *daily) fetch(ctx context.Context) (run.Step, error) {
	reports, err := d.workshop.FetchAll(ctx)
	d.outcome.Fetched = reports
	details := make([]string, len(reports))
	for i, report := range reports {
		details[i] = report.Source + ": " + FetchDetail(report)
	}
	return run.Step{Detail: strings.Join(details, "; ")}, err
}

func (d *daily) land(ctx context.Context, paths []string) (run.Step, error) {
	landed, err := d.workshop.LandAhead(ctx, paths)
	d.outcome.Landed = landed
	if err != nil && ctx.Err() == nil {
		// A file that cannot be read harms no other: the run goes on without it and says so.
		d.outcome.Unlanded, err = strings.Split(err.Error(), "\n"), nil
	}
	fresh := 0
	for _, file := range landed {
		if !file.Already {
			fresh++
		}
	}
	detail := fmt.Sprintf("%d files, %d of them new", len(landed), fresh)
	if failed := len(d.outcome.Unlanded); failed > 0 {
		detail += fmt.Sprintf(", %d could not be read", failed)
	}
	return run.Step{Detail: detail}, err
}

func (d *daily) conform(ctx context.Context) (run.Step, error) {
	report, err := d.workshop.Conform(ctx)
	d.outcome.Conformed, d.outcome.FeedNotes = report, d.workshop.FeedWarnings(report)
	step := run.Step{Rejects: d.outcome.Rejected()}
	for _, file := range report.Files {
		if file.New {
			step.Rows += file.Accepted
		}
	}
	step.Detail = fmt.Sprintf("%d files read, %d in quarantine", report.New(), len(report.Quarantined()))
	return step, err
}

func (d *daily) build(ctx context.Context) (run.Step, error) {
	var step run.Step
	candidate, err := d.workshop.Build(ctx, BuildOptions{Environment: d.environment, Each: func(event build.Event) {
		if event.Reused {
			d.outcome.Reused++
			return
		}
		d.outcome.Built++
		d.announcer.Built(event)
		step.Rows += event.Rows
		step.Tables = append(step.Tables, run.Table{
			Name: event.Table, Rows: event.Rows, Bytes: event.Bytes, Seconds: event.Seconds,
			CPUSeconds: event.CPUSeconds, PeakMemory: event.PeakMemory, Spilled: event.Spilled, Months: event.Months,
		})
	}})
	slices.SortStableFunc(step.Tables, func(a, b run.Table) int { return cmp.Compare(b.Seconds, a.Seconds) })
	d.outcome.Environment = candidate
	step.Detail = fmt.Sprintf("%d tables made, %d reused", d.outcome.Built, d.outcome.Reused)
	return step, err
}

func (d *daily) check(ctx context.Context) (run.Step, error) {
	result, err := d.workshop.Check(ctx, d.environment)
	d.outcome.Checked = result
	step := run.Step{Detail: fmt.Sprintf("%d audits run, %d passed before, %d failed", result.Run, result.Reused, len(result.Findings))}
	if warnings := len(result.Warnings); warnings > 0 {
		step.Detail += fmt.Sprintf(", %d with warnings", warnings)
	}
	return step, err
}

func (d *daily) publish(ctx context.Context) (run.Step, error) {
	found, err := d.workshop.Drift(ctx, d.environment)
	if err != nil {
		return run.Step{}, err
	}
	d.outcome.Drift, d.outcome.DriftNote = found, d.workshop.DriftWarning(found)
	environment, published, err := d.workshop.Publish(ctx, d.environment, d.meta())
	if err != nil {
		return run.Step{}, err
	}
	d.outcome.Environment, d.outcome.Published = environment, published
	detail := fmt.Sprintf("version %d, as it was", environment.Version)
	if published {
		detail = fmt.Sprintf("version %d", environment.Version)
	}
	if found != nil && found.ChangedCustomers > 0 {
		detail += fmt.Sprintf(", %d customers changed", found.ChangedCustomers)
	}
	return run.Step{Detail: detail}, nil
}

func (d *daily) result() Result {
	result := Result{Steps: d.outcome.Steps, Rejects: d.outcome.Rejected(), Drift: d.outcome.Drift, Warnings: d.outcome.Warnings()}
	for _, file := range d.outcome.Conformed.Files {
		if file.New {
			result.Rows += file.Accepted
		}
	}
	return result
}

// meta is what the report says of the run itself, up to the step that writes it.
func (d *daily) meta() report.Meta {
	own := d.workshop.Project
	meta := report.Meta{
		Brand: own.Brand.Name, Environment: d.environment, Currency: own.Brand.Currency, AsOf: d.workshop.AsOf, RunID: d.trigger.RunID,
		Audits: report.Audits{Passed: int64(d.outcome.Checked.Run + d.outcome.Checked.Reused)}, Warnings: d.outcome.Warnings(),
	}
	if d.outcome.Drift != nil {
		meta.Customers = DriftDetail(*d.outcome.Drift)
	}
	for i, step := range d.outcome.Steps {
		if i == 0 {
			meta.StartedAt = step.StartedAt.In(own.Zone)
		}
		meta.Duration = step.EndedAt.Sub(d.outcome.Steps[0].StartedAt)
		meta.Steps = append(meta.Steps, report.Step{Name: step.Name, Note: step.Detail, Rows: step.Rows, Seconds: step.EndedAt.Sub(step.StartedAt).Seconds()})
	}
	meta.Feeds, meta.Quarantined = reportFiles(d.outcome.Conformed)
	return meta
}

func reportFiles(conformed conform.Report) ([]report.Feed, []report.Quarantine) {
	var feeds []report.Feed
	var quarantined []report.Quarantine
	for _, file := range conformed.Files {
		if file.Quarantine != "" {
			quarantined = append(quarantined, report.Quarantine{File: file.Name, Reason: file.Quarantine})
			continue
		}
		if len(feeds) == 0 || feeds[len(feeds)-1].Name != file.Feed {
			feeds = append(feeds, report.Feed{Name: file.Feed})
		}
		feed := &feeds[len(feeds)-1]
		feed.Files++
		feed.Rows, feed.Accepted = feed.Rows+file.Rows, feed.Accepted+file.Accepted
		feed.Rejected, feed.Dropped = feed.Rejected+file.Rejected, feed.Dropped+file.Dropped
	}
	return feeds, quarantined
}
