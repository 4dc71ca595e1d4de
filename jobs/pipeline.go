package jobs

import (
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/publish"
	"countinghouse/pipelines/report"
)

// Build makes the tables of an environment that are not stored and leaves the whole set as its candidate.
func (w *Workshop) Build(ctx context.Context, environment string, each func(build.Event)) (snapshot.Environment, error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, environment)
	if err != nil {
		return snapshot.Environment{}, err
	}
	graph, err := w.Graph(ctx)
	if err != nil {
		return snapshot.Environment{}, err
	}
	tables, err := build.Run(ctx, graph, build.Options{
		Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Current: current.Tables, Workers: w.workers(), Random: w.Random, Now: w.Now,
		Notify: func(event build.Event) {
			w.progress("build", event.Done, event.Total)
			if each != nil {
				each(event)
			}
		},
	})
	if err != nil {
		return snapshot.Environment{}, err
	}
	candidate := snapshot.Environment{Name: environment, AsOf: w.AsOf.Format(time.DateOnly), Tables: tables}
	if err := snapshot.LeaveCandidate(ctx, w.Bucket, candidate); err != nil {
		return snapshot.Environment{}, err
	}
	crash.Point(crash.BuildDone)
	return candidate, nil
}

// workers is how many tables are made at once: DuckDB uses every core for one table, a second one fills the gaps.
func (w *Workshop) workers() int {
	threads := w.Project.Resources.Threads
	if threads == 0 {
		threads = runtime.NumCPU()
	}
	return max(2, threads)
}

// Check audits the candidate of an environment and notes what it has passed.
func (w *Workshop) Check(ctx context.Context, environment string) (check.Result, error) {
	candidate, err := w.candidate(ctx, environment)
	if err != nil {
		return check.Result{}, err
	}
	if err := w.isCurrent(ctx, candidate); err != nil {
		return check.Result{}, ProjectError{fmt.Errorf("check: %w", err)}
	}
	result, err := check.Run(ctx, &candidate, check.Of(w.Library, w.Values), check.Options{
		Bucket: w.Bucket, Session: w.Session, Workers: w.workers(),
		Attach: func(ctx context.Context, table string) error { return w.attach(ctx, candidate, table) },
	})
	if err != nil {
		return result, err
	}
	return result, snapshot.LeaveCandidate(ctx, w.Bucket, candidate)
}

// Publish makes the candidate of an environment current. A candidate that was not checked is refused.
func (w *Workshop) Publish(ctx context.Context, environment string, meta report.Meta) (snapshot.Environment, bool, error) {
	candidate, err := w.candidate(ctx, environment)
	if err != nil {
		return snapshot.Environment{}, false, err
	}
	if err := w.publishable(ctx, candidate); err != nil {
		return snapshot.Environment{}, false, ProjectError{fmt.Errorf("publish: %w", err)}
	}
	return publish.Run(ctx, candidate, publish.Options{
		Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Comments: w.comments(), RunID: meta.RunID, Now: w.Now,
		Report: func(ctx context.Context, published snapshot.Environment, path string) error {
			return w.writeReport(ctx, published, path, meta)
		},
	})
}

// candidate is what the last build of an environment left.
func (w *Workshop) candidate(ctx context.Context, environment string) (snapshot.Environment, error) {
	candidate, err := snapshot.ReadCandidate(ctx, w.Bucket, environment)
	if err == nil && len(candidate.Tables) == 0 {
		err = ProjectError{fmt.Errorf("environment %s has not been built: run `countinghouse build` first", environment)}
	}
	return candidate, err
}

// publishable refuses a candidate that was not checked, or is not what a build would make now.
func (w *Workshop) publishable(ctx context.Context, candidate snapshot.Environment) error {
	for _, model := range w.Library.Models {
		if candidate.Tables[model.Name].Audits == "" {
			return fmt.Errorf("%s has not been checked: run `countinghouse check` first", model.Name)
		}
	}
	return w.isCurrent(ctx, candidate)
}

// isCurrent refuses a candidate that is not what a build would make now: a model that was changed or removed since would be audited, or
// published, as it was.
func (w *Workshop) isCurrent(ctx context.Context, candidate snapshot.Environment) error {
	graph, err := w.Graph(ctx)
	if err != nil {
		return err
	}
	wanted := graph.Fingerprints()
	for _, table := range slices.Sorted(maps.Keys(candidate.Tables)) {
		if candidate.Tables[table].Fingerprint != wanted[table] {
			return fmt.Errorf("%s is not what it was when it was built: run `countinghouse build` again", table)
		}
	}
	return nil
}

func (w *Workshop) writeReport(ctx context.Context, published snapshot.Environment, path string, meta report.Meta) error {
	if err := w.AttachAll(ctx, published, isMart); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := report.Write(ctx, w.Session, file, meta); err != nil {
		_ = file.Close() // the first error is the one to tell
		return err
	}
	return file.Close()
}

func isMart(table string) bool { return strings.HasPrefix(table, "mart.") }

// comments are the marts' dictionary, for those who find the tables in a BI tool.
func (w *Workshop) comments() map[string]publish.Comment {
	comments := map[string]publish.Comment{}
	for _, model := range w.Library.Models {
		comment := publish.Comment{Table: label(model.Header.Chinese, model.Header.About, ""), Columns: map[string]string{}}
		for _, column := range model.Columns {
			comment.Columns[column.Name] = label(column.Chinese, column.About, column.Unit)
		}
		comments[model.Name] = comment
	}
	return comments
}

func label(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), "; ")
}
