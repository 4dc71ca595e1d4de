package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"countinghouse/internal/lineage"
	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/catalogue"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/ledger"

	"golang.org/x/sync/errgroup"
)

// Catalogue describes the project, with what is current in an environment, which may be nothing. No table is built or attached.
func (w *Workshop) Catalogue(ctx context.Context, environment string) (catalogue.Catalogue, error) {
	steps := Steps(StepOptions{Identity: w.identity(), AsOf: ledger.DayOf(w.AsOf)})
	made, err := catalogue.New(catalogue.Definitions{
		Library: w.Library, Registry: w.Registry, Steps: describedSteps(steps), Values: w.Values, Dir: w.Project.Dir,
	})
	if err != nil {
		return made, err
	}
	made.Brand, made.Currency, made.Environment.Name = w.Project.Brand.Name, w.Project.Brand.Currency, environment
	// Following columns is most of the work, and reads nothing of what the rest finds.
	var followed *lineage.Graph
	group, groupContext := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		followed, err = w.Lineage(groupContext)
		return err
	})
	group.Go(func() error { return w.describe(groupContext, &made, steps) })
	if err := group.Wait(); err != nil {
		return made, fmt.Errorf("catalogue: %w", err)
	}
	addLineage(&made, followed)
	return made, nil
}

// describe adds what is stored, what was received, and the types of columns.
func (w *Workshop) describe(ctx context.Context, made *catalogue.Catalogue, steps []build.Step) error {
	if err := w.addStored(ctx, made); err != nil {
		return err
	}
	if err := w.addReceived(ctx, made); err != nil {
		return err
	}
	w.addTypes(ctx, made, steps)
	return nil
}

func describedSteps(steps []build.Step) []catalogue.Step {
	described := make([]catalogue.Step, len(steps))
	for i, step := range steps {
		described[i] = catalogue.Step{Name: step.Name, Inputs: step.Inputs, Parameters: step.Parameters, Tables: step.Tables}
	}
	return described
}

// versions is how many versions of an environment the history of a table goes back.
const versions = 30

// addStored tells of each table what is current and what was.
func (w *Workshop) addStored(ctx context.Context, made *catalogue.Catalogue) error {
	current, _, err := snapshot.Read(ctx, w.Bucket, made.Environment.Name)
	if err != nil || current.Version == 0 {
		return err
	}
	made.Environment = catalogue.Environment{
		Name: current.Name, Version: current.Version, AsOf: current.AsOf, RunID: current.RunID, PublishedAt: current.PublishedAt.In(w.Project.Zone),
	}
	past, err := snapshot.History(ctx, w.Bucket, current)
	if err != nil {
		return err
	}
	all := append([]snapshot.Environment{current}, past...)
	all = all[:min(len(all), versions)]
	slices.Reverse(all)
	manifests, err := readManifests(ctx, w.Bucket, all)
	if err != nil {
		return err
	}
	for i := range made.Tables {
		if err := w.addTable(ctx, &made.Tables[i], all, manifests); err != nil {
			return err
		}
	}
	return nil
}

// addTable tells what is stored of one table; the last of the environments is the current one.
func (w *Workshop) addTable(ctx context.Context, table *catalogue.Table, environments []snapshot.Environment, manifests map[snapshot.Reference]snapshot.Manifest) error {
	for _, version := range environments {
		if then, found := version.Tables[table.Name]; found {
			table.History = append(table.History, catalogue.Point{
				Version: version.Version, AsOf: version.AsOf, PublishedAt: version.PublishedAt.In(w.Project.Zone), RunID: version.RunID, Rows: then.Rows,
				Bytes: manifests[snapshot.Reference{Table: table.Name, Fingerprint: then.Fingerprint}].Bytes,
			})
		}
	}
	now, found := environments[len(environments)-1].Tables[table.Name]
	if manifest, has := manifests[snapshot.Reference{Table: table.Name, Fingerprint: now.Fingerprint}]; found && has {
		table.SetBuilt(manifest, w.Project.Zone)
		return w.addAudits(ctx, table, now)
	}
	return nil
}

// readManifests reads those of all tables of some environments; those that were collected are missing.
func readManifests(ctx context.Context, bucket *objectstore.Bucket, environments []snapshot.Environment) (map[snapshot.Reference]snapshot.Manifest, error) {
	wanted := map[snapshot.Reference]bool{}
	for _, environment := range environments {
		for name, table := range environment.Tables {
			wanted[snapshot.Reference{Table: name, Fingerprint: table.Fingerprint}] = true
		}
	}
	return snapshot.ReadManifests(ctx, bucket, slices.Collect(maps.Keys(wanted)))
}

// addReceived sums up the files of each feed.
func (w *Workshop) addReceived(ctx context.Context, made *catalogue.Catalogue) error {
	report, _, err := conform.Results(ctx, w.Bucket, w.Registry, w.Project.Zone)
	if err != nil {
		return err
	}
	received := map[string]*catalogue.Received{}
	for i := range made.Feeds {
		received[made.Feeds[i].Name] = &made.Feeds[i].Received
	}
	for _, file := range report.Files {
		sum := received[file.Feed]
		if sum == nil {
			continue
		}
		sum.Files++
		if file.Quarantine != "" {
			sum.Quarantined++
		}
		sum.Rows, sum.Accepted, sum.Rejected = sum.Rows+file.Rows, sum.Accepted+file.Accepted, sum.Rejected+file.Rejected
		sum.Dropped, sum.Withheld = sum.Dropped+file.Dropped, sum.Withheld+file.Withheld
		if file.ExportedAt.After(sum.Last) {
			sum.Last = file.ExportedAt.In(w.Project.Zone)
		}
	}
	return nil
}

// addTypes binds the models over empty datasets where the types of some columns are not known: those of a table that was never built, or has
// changed since. A model that cannot be bound is described without types.
func (w *Workshop) addTypes(ctx context.Context, made *catalogue.Catalogue, steps []build.Step) {
	if !slices.ContainsFunc(made.Tables, func(table catalogue.Table) bool { return table.Untyped() }) {
		return
	}
	var columns build.Columns
	err := w.withBench(ctx, func(bench *warehouse.Session) (err error) {
		columns, err = w.boundColumns(ctx, bench, w.Library, Datasets(w.Registry, nil, w.Key), steps)
		return err
	})
	if err != nil {
		w.Log.Warn("the types of some columns are not known", "why", err)
	}
	for i := range made.Tables {
		made.Tables[i].SetTypes(columns[made.Tables[i].Name])
	}
}

// addAudits tells how the audits of a table ended: those that are as they were when the table was let through.
func (w *Workshop) addAudits(ctx context.Context, table *catalogue.Table, current snapshot.Table) error {
	if current.Audits == "" {
		return nil
	}
	passed, err := check.ReadPass(ctx, w.Bucket, table.Name, current.Fingerprint, current.Audits)
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for i := range table.Audits {
		audit := &table.Audits[i]
		if slices.ContainsFunc(passed.Audits, func(one model.Audit) bool { return one.Name == audit.Name && one.Query == audit.Query }) {
			audit.State = catalogue.AuditPassed
		}
		for _, warning := range passed.Warnings {
			if audit.State == catalogue.AuditPassed && warning.Audit == audit.Name {
				audit.State, audit.BadRows = catalogue.AuditWarned, warning.BadRows
			}
		}
	}
	return nil
}
