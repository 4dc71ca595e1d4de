package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/project"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/publish"
	"countinghouse/pipelines/report"

	"golang.org/x/sys/unix"
)

// BuildOptions say how much of an environment is built.
type BuildOptions struct {
	Environment string
	KeepGoing   bool            // make all that does not read a table that could not be made
	Only        map[string]bool // if set: these tables with all that they read, and no candidate is left
	Months      *build.MonthRange
	Each        func(build.Event) // if set, is told of each table
}

// Build makes the tables of an environment that are not stored, and leaves the whole set as its candidate. All pending models are bound first,
// so that a mistake in one is told before anything runs.
func (w *Workshop) Build(ctx context.Context, options BuildOptions) (candidate snapshot.Environment, err error) {
	err = w.AtWork(ctx, func(ctx context.Context) (err error) {
		candidate, err = w.build(ctx, options)
		return err
	})
	return candidate, err
}

func (w *Workshop) build(ctx context.Context, options BuildOptions) (snapshot.Environment, error) {
	current, _, err := snapshot.Read(ctx, w.Bucket, options.Environment)
	if err != nil {
		return snapshot.Environment{}, err
	}
	graph, err := w.Graph(ctx)
	if err != nil {
		return snapshot.Environment{}, err
	}
	err = build.DryRun(ctx, graph, w.planOptions(current))
	wrong := build.ModelError{}
	switch {
	case errors.As(err, &wrong) && options.KeepGoing: // what reads a wrong model fails when its turn comes
	case errors.As(err, &wrong):
		return snapshot.Environment{}, ProjectError{err}
	case err != nil:
		return snapshot.Environment{}, err
	}
	tables, err := build.Run(ctx, graph, build.Options{
		Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Current: current.Tables, Workers: workers(w.Project), Random: w.Random, Now: w.Now, CPU: processorSeconds,
		KeepGoing: options.KeepGoing, Only: options.Only, Months: options.Months,
		Notify: func(event build.Event) {
			w.progress("build", event.Done, event.Total)
			if options.Each != nil {
				options.Each(event)
			}
		},
	})
	if err != nil {
		return snapshot.Environment{}, err
	}
	candidate := snapshot.Environment{Name: options.Environment, AsOf: w.AsOf.Format(time.DateOnly), Tables: tables}
	if options.Only != nil || options.Months != nil {
		return candidate, nil
	}
	if err := snapshot.LeaveCandidate(ctx, w.Bucket, candidate); err != nil {
		return snapshot.Environment{}, err
	}
	crash.Point(crash.BuildDone)
	return candidate, nil
}

// Plan says what a build of an environment would do. The changes are given also with a ProjectError, which says why it could not be done.
func (w *Workshop) Plan(ctx context.Context, environment string) ([]build.Change, error) {
	graph, err := w.Graph(ctx)
	if err != nil {
		return nil, err
	}
	current, _, err := snapshot.Read(ctx, w.Bucket, environment)
	if err != nil {
		return nil, err
	}
	changes, err := build.Plan(ctx, graph, w.planOptions(current))
	if wrong := (build.ModelError{}); errors.As(err, &wrong) {
		err = ProjectError{err}
	}
	return changes, err
}

// planOptions has everything bound where an audit has not passed in the environment: a new one may be wrong though no table is to be made.
func (w *Workshop) planOptions(current snapshot.Environment) build.PlanOptions {
	audited := check.Of(w.Library, w.Values)
	return build.PlanOptions{
		Bucket: w.Bucket, Current: current, Reader: w.Session, Bench: w.withBench, BindAll: len(check.Unchecked(current.Tables, audited)) > 0,
		Audits: func(ctx context.Context, bench *warehouse.Session) error { return check.Bind(ctx, bench, audited) },
	}
}

// withBench lends an empty session for binding models.
func (w *Workshop) withBench(ctx context.Context, use func(*warehouse.Session) error) error {
	bench, err := warehouse.Open(ctx, warehouse.Options{Threads: 1, Variables: w.Values, HashKey: w.Key})
	if err != nil {
		return err
	}
	return errors.Join(use(bench), bench.Close())
}

// processorSeconds is the time that the process has had, of all cores, its own and the system's for it.
func processorSeconds() float64 {
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / float64(time.Second)
}

// workers is how many tables are made at once: DuckDB uses every core for one table, a second one fills the gaps.
func workers(own project.Project) int { return max(2, own.Resources.Threads) }

// Check audits the candidate of an environment and notes what it has passed.
func (w *Workshop) Check(ctx context.Context, environment string) (check.Result, error) {
	candidate, err := w.candidate(ctx, environment)
	if err != nil {
		return check.Result{}, err
	}
	if err := w.isCurrent(ctx, candidate); err != nil {
		return check.Result{}, fmt.Errorf("check: %w", err)
	}
	if err := w.allTested(); err != nil {
		return check.Result{}, err
	}
	result, err := check.Run(ctx, &candidate, check.Of(w.Library, w.Values), check.Options{
		Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Workers: workers(w.Project),
		Attach: func(ctx context.Context, table string) error { return w.attach(ctx, candidate, table) },
	})
	if err != nil {
		return result, err
	}
	return result, snapshot.LeaveCandidate(ctx, w.Bucket, candidate)
}

// Publish makes the candidate of an environment current. A candidate that was not checked is refused.
func (w *Workshop) Publish(ctx context.Context, environment string, meta report.Meta) (current snapshot.Environment, published bool, err error) {
	candidate, err := w.candidate(ctx, environment)
	if err != nil {
		return snapshot.Environment{}, false, err
	}
	if err := w.publishable(ctx, candidate); err != nil {
		return snapshot.Environment{}, false, fmt.Errorf("publish: %w", err)
	}
	err = w.AtWork(ctx, func(ctx context.Context) (err error) {
		current, published, err = publish.Run(ctx, candidate, publish.Options{
			Bucket: w.Bucket, Session: w.Session, Scratch: w.Scratch, Comments: w.comments(), RunID: meta.RunID, Now: w.Now,
			Report: func(ctx context.Context, published snapshot.Environment, path string) error {
				return w.writeReport(ctx, published, path, meta)
			},
		})
		return err
	})
	if errors.Is(err, publish.ErrRefused) {
		err = ProjectError{err}
	}
	return current, published, err
}

// candidate is what the last build of an environment left.
func (w *Workshop) candidate(ctx context.Context, environment string) (snapshot.Environment, error) {
	candidate, err := snapshot.ReadCandidate(ctx, w.Bucket, environment)
	if err == nil && len(candidate.Tables) == 0 {
		err = ProjectError{fmt.Errorf("environment %s has not been built: run `countinghouse build` first", environment)}
	}
	return candidate, err
}

// allTested refuses marts of finance without a unit test: their figures go into the books.
func (w *Workshop) allTested() error {
	tested, err := w.Tested()
	if err != nil {
		return err
	}
	untested := w.untested(tested)
	if len(untested) == 0 {
		return nil
	}
	return ProjectError{fmt.Errorf("check: %s: owned by finance, and no unit test wants it: add sql/mart/testdata/%s__<case>.txtar",
		strings.Join(untested, ", "), strings.TrimPrefix(untested[0], "mart."))}
}

// publishable refuses a candidate that was not checked, or is not what a build would make now.
func (w *Workshop) publishable(ctx context.Context, candidate snapshot.Environment) error {
	for _, model := range w.Library.Models {
		if candidate.Tables[model.Name].Audits == "" {
			return ProjectError{fmt.Errorf("%s has not been checked: run `countinghouse check` first", model.Name)}
		}
	}
	if err := w.isCurrent(ctx, candidate); err != nil {
		return err
	}
	if unchecked := check.Unchecked(candidate.Tables, check.Of(w.Library, w.Values)); len(unchecked) > 0 {
		return ProjectError{fmt.Errorf("%s: its audits, as they are now, have not passed: run `countinghouse check` to see which", strings.Join(unchecked, ", "))}
	}
	return nil
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
			return ProjectError{fmt.Errorf("%s is not what it was when it was built: run `countinghouse build` again", table)}
		}
	}
	return nil
}

func (w *Workshop) writeReport(ctx context.Context, published snapshot.Environment, path string, meta report.Meta) error {
	isShown := func(table string) bool { return snapshot.IsMart(table) || table == "identity.model" }
	if err := w.AttachAll(ctx, published, isShown); err != nil {
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
