package jobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/erasure"
	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/project"
	"countinghouse/internal/scratch"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/closing"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/identity"
	"countinghouse/pipelines/land"
	"countinghouse/pipelines/ledger"
	"countinghouse/pipelines/linkage"
	"countinghouse/pipelines/report"

	"golang.org/x/sync/errgroup"
)

// Tools are what a workshop is given by the command line: everything that is not the project's.
type Tools struct {
	Bucket *objectstore.Bucket
	Key    []byte // of customer ids, and of account ids that are a keyed hash
	// ValueKey, if set, is of the keyed hashes of identifiers.
	ValueKey []byte
	Now      func() time.Time
	Random   io.Reader
	Log      *slog.Logger
	// Progress, if set, is told how long work goes on: what, how much of how much.
	Progress func(step string, done, total int)
}

// Workshop is a project with all that is needed to work on it: its contracts, its models, a session and a scratch folder.
type Workshop struct {
	Tools
	Project  project.Project
	Registry *contract.Registry
	Library  *model.Library
	Session  *warehouse.Session
	Scratch  string
	AsOf     time.Time
	Values   map[string]any

	folder    *scratch.Folder
	defined   definitions
	base      *closing.Stored // the close that the day's figures begin with; see closedDatasets
	based     bool            // base was looked for, or set
	ownExpiry bool            // expiry is computed, whatever channels say of it
	ahead     *conform.Ahead  // what LandAhead has begun to read; nil when Conform has ended
	erased    int             // certificates of erasure that it knows of
	conformed *conform.Report // what Conform found; nil before it
	graph     *build.Graph    // over what was conformed; nil before it is asked for
	mutex     sync.Mutex
	attached  map[string]string // table: fingerprint
}

// OpenWorkshop reads a project's contracts and models and starts a session for one as-of date. Close it.
func OpenWorkshop(ctx context.Context, own project.Project, asOf time.Time, tools Tools) (*Workshop, error) {
	return openDefined(ctx, own, asOf, tools, definitionsOf(own))
}

// openDefined is OpenWorkshop with other models and contracts than the project's.
func openDefined(ctx context.Context, own project.Project, asOf time.Time, tools Tools, defined definitions) (*Workshop, error) {
	workshop, err := openWith(ctx, own, tools, defined, parts{contracts: contract.Load, session: true})
	if err != nil {
		return nil, err
	}
	workshop.AsOf = asOf
	if err := workshop.loadModels(ctx); err != nil {
		return nil, errors.Join(ProjectError{err}, workshop.Close())
	}
	return workshop, nil
}

// OpenIntake is OpenWorkshop without models: for work on export files, which is done before they come in. Close it.
func OpenIntake(ctx context.Context, own project.Project, tools Tools) (*Workshop, error) {
	return openWith(ctx, own, tools, definitionsOf(own), parts{contracts: contract.Open, session: true})
}

// OpenLanding is OpenIntake without a session: files land as they are. Close it.
func OpenLanding(ctx context.Context, own project.Project, tools Tools) (*Workshop, error) {
	return openWith(ctx, own, tools, definitionsOf(own), parts{contracts: contract.Open})
}

// OpenTables is OpenWorkshop without contracts and models: for work that reads the tables of an environment made for asOf, by which its views are
// read. Close it.
func OpenTables(ctx context.Context, own project.Project, asOf time.Time, tools Tools) (*Workshop, error) {
	workshop, err := openWith(ctx, own, tools, definitionsOf(own), parts{session: true})
	if err != nil {
		return nil, err
	}
	workshop.AsOf = asOf
	if workshop.Library, err = model.LoadParameters(workshop.modelSources()...); err == nil {
		err = workshop.setVariables()
	}
	if err != nil {
		return nil, errors.Join(ProjectError{err}, workshop.Close())
	}
	return workshop, nil
}

// parts say what of a workshop is needed.
type parts struct {
	contracts func(builtin, project fs.FS) (*contract.Registry, error) // nil: none
	session   bool
}

func openWith(ctx context.Context, own project.Project, tools Tools, defined definitions, needed parts) (workshop *Workshop, err error) {
	workshop = &Workshop{Tools: tools, Project: own, defined: defined, attached: map[string]string{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, workshop.Close())
		}
	}()
	if workshop.folder, err = scratch.New(own.WorkDir() + "/scratch"); err != nil {
		return workshop, err
	}
	workshop.Scratch = workshop.folder.Path
	defer lessGarbage()()
	// The contracts are read while DuckDB starts: each takes about as long as the other.
	var group errgroup.Group
	if needed.contracts != nil {
		group.Go(func() (err error) {
			if workshop.Registry, err = needed.contracts(defined.schemas, defined.ownSchemas); err != nil {
				return ProjectError{err}
			}
			return nil
		})
	}
	if needed.session {
		boundHeap(own.Resources.MemoryLimit)
		group.Go(func() (err error) {
			workshop.Session, err = warehouse.Open(ctx, warehouse.Options{
				Threads: own.Resources.Threads, MemoryLimit: own.Resources.MemoryLimit, ScratchDir: workshop.Scratch, AllowedDirs: []string{tools.Bucket.Root()},
				HashKey: tools.Key, Measured: workers(own),
			})
			return err
		})
	}
	return workshop, group.Wait()
}

// ProjectError says that the project's own files are wrong (a contract, a model, a parameter), or that a step before is missing. Nothing was done.
type ProjectError struct{ error }

func (e ProjectError) Unwrap() error { return e.error }

// lessGarbage lets the collector run more seldom until the function that it gives is called: reading contracts, models and exports makes much garbage
// and keeps little. Collecting it takes a quarter of the time that every command needs to begin.
func lessGarbage() func() {
	before := debug.SetGCPercent(800)
	return func() { debug.SetGCPercent(before) }
}

// boundHeap has the collector of Go's own memory run more often rather than let it grow over half of what DuckDB may use, unless GOMEMLIMIT says something. It is
// no limit that anything fails at: what a step needs at once it gets.
func boundHeap(memoryLimit string) {
	if bytes, ok := warehouse.Bytes(memoryLimit); ok && debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(int64(max(bytes/2, leastHeap)))
	}
}

// leastHeap is less than what a build of a few files needs in Go, so that a small limit does not make the collector run all the time.
const leastHeap = 300e6

func (w *Workshop) loadModels(ctx context.Context) (err error) {
	defer lessGarbage()()
	serialize := func(text string) ([]byte, error) { return w.Session.Serialize(ctx, text) }
	if w.Library, err = model.Load(serialize, w.modelSources()...); err != nil {
		return err
	}
	return w.setVariables()
}

func (w *Workshop) modelSources() []model.Source {
	sources := []model.Source{{Files: w.defined.sql, Label: "sql"}}
	if w.defined.ownSQL != nil {
		sources = append(sources, model.Source{Files: w.defined.ownSQL, Label: w.Project.Dir + "/sql"})
	}
	return sources
}

// setVariables gives the session the parameters by which its tables are read.
func (w *Workshop) setVariables() (err error) {
	set := map[string]any{"as_of": w.AsOf}
	maps.Copy(set, w.Project.Parameters)
	if w.Values, err = w.Library.Values(set); err != nil {
		return fmt.Errorf("%s: %w", project.ConfigFile, err)
	}
	w.Session.SetVariables(w.Values)
	return nil
}

// Close ends the session and removes the scratch folder.
func (w *Workshop) Close() error {
	problems := []error{w.endAhead()}
	if w.Session != nil {
		problems = append(problems, w.Session.Close())
	}
	if w.folder != nil {
		problems = append(problems, w.folder.Close())
	}
	return errors.Join(problems...)
}

// Land puts files, and the files below folders, into the store. feed takes every file; empty: each file's own.
func (w *Workshop) Land(ctx context.Context, paths []string, feed string) ([]land.Landed, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	return land.Land(ctx, w.Bucket, w.Registry, paths, land.Options{Feed: feed, Now: w.Now(), Zone: w.Project.Zone, Scratch: w.Scratch})
}

// LandAhead is Land for a Conform that follows: large files are read while they land.
func (w *Workshop) LandAhead(ctx context.Context, paths []string) ([]land.Landed, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	erased, err := erasure.List(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	w.erased = len(erased)
	w.ahead = conform.NewAhead(ctx, w.Bucket, w.Session, w.Registry, w.conforming(erased))
	return land.Land(ctx, w.Bucket, w.Registry, paths, land.Options{Now: w.Now(), Zone: w.Project.Zone, Scratch: w.Scratch, Begin: w.ahead.Begin})
}

func (w *Workshop) conforming(erased []erasure.Certificate) conform.Options {
	return conform.Options{
		Scratch: w.Scratch, Zone: w.Project.Zone, Threads: w.Project.Resources.Threads, Erased: erasure.NewSet(w.Key, erased), Ahead: w.ahead,
	}
}

// Conform reads every landed file that was not read by its contract as it is now.
func (w *Workshop) Conform(ctx context.Context) (conform.Report, error) {
	_, pending, err := conform.Results(ctx, w.Bucket, w.Registry, w.Project.Zone)
	if err != nil {
		return conform.Report{}, err
	}
	erased, err := erasure.List(ctx, w.Bucket)
	if err != nil {
		return conform.Report{}, err
	}
	if w.ahead != nil && w.erased != len(erased) { // somebody was erased meanwhile
		if err := w.endAhead(); err != nil {
			return conform.Report{}, err
		}
	}
	done := 0
	options := w.conforming(erased)
	options.Progress = func(conform.FileResult) { done++; w.progress("conform", done, pending) }
	report, err := conform.Run(ctx, w.Bucket, w.Session, w.Registry, options)
	if err == nil {
		var settled bool
		if settled, err = w.settleErasures(ctx, erased, report); settled {
			report, err = conform.Run(ctx, w.Bucket, w.Session, w.Registry, options)
		}
	}
	if err == nil {
		w.conformed, w.graph = &report, nil
	}
	return report, errors.Join(err, w.endAhead())
}

// endAhead removes what was read ahead and not used.
func (w *Workshop) endAhead() error {
	if w.ahead == nil {
		return nil
	}
	ahead := w.ahead
	w.ahead = nil
	return ahead.Close()
}

// feedFiles are the conformed files by feed.
func (w *Workshop) feedFiles(ctx context.Context) (map[string][]FeedFile, error) {
	if w.conformed == nil {
		report, _, err := conform.Results(ctx, w.Bucket, w.Registry, w.Project.Zone)
		if err != nil {
			return nil, err
		}
		w.conformed = &report
	}
	files := map[string][]FeedFile{}
	for _, result := range w.conformed.Files {
		if result.Quarantine != "" {
			continue
		}
		local, err := w.Bucket.LocalPath(ctx, result.Parquet)
		if err != nil {
			return nil, err
		}
		files[result.Feed] = append(files[result.Feed], FeedFile{
			Local: result.Conformed(local), Stored: result.Conformed(result.Parquet), Rows: result.Accepted,
		})
	}
	return files, nil
}

// Graph resolves every table over the exports that are conformed now.
func (w *Workshop) Graph(ctx context.Context) (*build.Graph, error) {
	if w.graph != nil {
		return w.graph, nil
	}
	files, err := w.feedFiles(ctx)
	if err != nil {
		return nil, err
	}
	datasets := Datasets(w.Registry, files, w.Key)
	if w.ownExpiry {
		withoutExpiry(datasets)
	}
	if err := w.closedDatasets(ctx, datasets); err != nil {
		return nil, err
	}
	steps := Steps(StepOptions{Identity: w.identity(), Linkage: w.linkage(files), AsOf: ledger.DayOf(w.AsOf)})
	if w.graph, err = build.Resolve(w.Library, datasets, steps, w.Values); err != nil {
		return nil, ProjectError{err}
	}
	return w.graph, nil
}

// linkage learns from the accounts that the files showed which were exported before the month began.
func (w *Workshop) linkage(files map[string][]FeedFile) linkage.Config {
	config := linkage.Config{Threads: workers(w.Project), Pairs: linkage.PairsWithin(w.Project.Resources.MemoryLimit), Key: w.Key}
	if len(w.ValueKey) > 0 {
		config.Key = w.ValueKey
	}
	year, month, _ := w.AsOf.Date()
	begin := time.Date(year, month, 1, 0, 0, 0, 0, w.AsOf.Location())
	earlier := map[string][]FeedFile{}
	for feed, all := range files {
		earlier[feed] = slices.DeleteFunc(slices.Clone(all), func(file FeedFile) bool { return !file.Stored.ExportedAt.Before(begin) })
	}
	config.Earlier, config.EarlierFrom = earlierAccounts(w.Registry, earlier, w.Key)
	return config
}

func (w *Workshop) identity() identity.Config {
	config := identity.Config{Key: w.Key, ValueKey: w.ValueKey, Region: w.Project.Brand.Country}
	accounts, found := w.Registry.Dataset("accounts")
	if !found {
		return config
	}
	for _, column := range accounts.Columns {
		if column.Identifier != "" {
			config.Kinds = append(config.Kinds, column.Name)
		}
	}
	return config
}

// attach makes a table of an environment readable in the session.
func (w *Workshop) attach(ctx context.Context, environment snapshot.Environment, table string) error {
	current, found := environment.Tables[table]
	if !found {
		return fmt.Errorf("environment %s has no table %s", environment.Name, table)
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.attached[table] == current.Fingerprint {
		return nil
	}
	if err := snapshot.Attach(ctx, w.Session, w.Bucket, table, current); err != nil {
		return err
	}
	w.attached[table] = current.Fingerprint
	return nil
}

// AttachAll makes every table of an environment readable in the session, or only those of some schemas.
func (w *Workshop) AttachAll(ctx context.Context, environment snapshot.Environment, tables func(name string) bool) error {
	for _, table := range slices.Sorted(maps.Keys(environment.Tables)) {
		if tables(table) {
			if err := w.attach(ctx, environment, table); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Workshop) progress(step string, done, total int) {
	if w.Progress != nil {
		w.Progress(step, done, total)
	}
}

// Unrecognised lists the files that no feed takes, each with the reason.
func (w *Workshop) Unrecognised(ctx context.Context) ([]string, error) {
	found, err := landing.List(ctx, w.Bucket, landing.Unrecognised)
	if err != nil {
		return nil, err
	}
	var reasons []string
	for _, sha256 := range found {
		manifest, err := landing.Read(ctx, w.Bucket, landing.Unrecognised, sha256)
		if err != nil {
			return nil, err
		}
		reasons = append(reasons, manifest.Name+": "+manifest.Reason)
	}
	return reasons, nil
}

// Meta is what a report says of a publication by hand, which is no run.
func (w *Workshop) Meta(environment string) report.Meta {
	return report.Meta{
		Brand: w.Project.Brand.Name, Environment: environment, Currency: w.Project.Brand.Currency, AsOf: w.AsOf, RunID: "by hand",
		StartedAt: w.Now().In(w.Project.Zone),
	}
}
