package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/build"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/diff"
	"countinghouse/pipelines/ledger"
)

// modelNamed finds a model by schema.table, or by its table alone where it is the only one of that name.
func (w *Workshop) modelNamed(name string) (*model.Model, error) {
	var found []*model.Model
	for _, made := range w.Library.Models {
		_, table, _ := strings.Cut(made.Name, ".")
		if made.Name == strings.ToLower(name) || table == strings.ToLower(name) {
			found = append(found, made)
		}
	}
	switch len(found) {
	case 0:
		return nil, w.unknownModel(name)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("several models are called %s: write %s or %s", name, found[0].Name, found[1].Name)
}

// looking is one look at a model. It has a session of its own, in which the tables of the environment lie under their names, with those that
// changed over them.
type looking struct {
	*Workshop
	target      *model.Model
	models      map[string]*model.Model
	seeds       map[string]*model.Seed
	environment snapshot.Environment
	was         map[string]snapshot.Manifest // of the environment's tables
	session     *warehouse.Session
	// above are the stale tables that the target reads, and beside those that only its audits read: they may read the target themselves.
	// Both are in the order in which they can be computed.
	above, beside []string
	look          Look
}

func newLooking(w *Workshop, target *model.Model, current snapshot.Environment) *looking {
	l := &looking{
		Workshop: w, target: target, models: map[string]*model.Model{}, seeds: map[string]*model.Seed{}, environment: current,
		look: Look{Model: target.Name, File: target.File, Version: current.Version},
	}
	for _, made := range w.Library.Models {
		l.models[made.Name] = made
	}
	for _, seed := range w.Library.Seeds {
		l.seeds[seed.Name] = seed
	}
	return l
}

func (l *looking) run(ctx context.Context, limit int) (err error) {
	if l.was, err = snapshot.OfEnvironment(ctx, l.Bucket, l.environment); err != nil {
		return err
	}
	graph, err := build.Resolve(l.Library, Datasets(l.Registry, nil, l.Key), Steps(StepOptions{Identity: l.identity(), AsOf: ledger.DayOf(l.AsOf)}), l.Values)
	if err != nil {
		return ProjectError{err}
	}
	l.findStale(graph)
	if err := l.bind(ctx, graph); err != nil {
		return err
	}
	l.session, err = warehouse.Open(ctx, warehouse.Options{
		Threads: l.Project.Resources.Threads, MemoryLimit: l.Project.Resources.MemoryLimit, ScratchDir: filepath.Join(l.Scratch, "look"),
		AllowedDirs: []string{l.Bucket.Root(), l.Scratch}, HashKey: l.Key, Variables: l.Values,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.session.Close()) }()
	return l.evaluate(ctx, limit)
}

// evaluate runs the model, then compares, audits and shows what came.
func (l *looking) evaluate(ctx context.Context, limit int) error {
	before, err := l.currentTable(ctx)
	if err != nil {
		return err
	}
	if err := l.lay(ctx); err != nil {
		return err
	}
	path := filepath.Join(l.Scratch, "look.parquet")
	begun := l.Now()
	statement := "copy (\n" + l.target.Query + "\n) to " + warehouse.Quote(path) + " " + warehouse.WorkingParquet
	if l.look.Rows, err = l.session.Exec(ctx, statement); err != nil {
		return l.failed(ctx, err)
	}
	l.look.Seconds = l.Now().Sub(begun).Seconds()
	after := "read_parquet(" + warehouse.Quote(path) + ")"
	first := "select * from " + after + " order by " + strings.Join(l.target.Header.Grain, ", ")
	if l.look.First, err = check.Texts(ctx, l.session, first, limit); err != nil {
		return err
	}
	if before != "" {
		if err := l.compare(ctx, before, after); err != nil {
			return err
		}
	}
	if err := l.session.CreateView(ctx, l.target.Name, "select * from "+after); err != nil {
		return err
	}
	problem := l.computeAll(ctx, l.beside)
	if problem == nil {
		l.look.Audits, err = l.audit(ctx)
		return err
	}
	l.look.Readers = append(l.look.Readers, "the audits are not run: "+problem.Error())
	return nil
}

// failed tells an error of the running model with its file, and lets an interrupt pass.
func (l *looking) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, message := model.EngineError(err, l.target.Query)
	return ProjectError{l.target.Problem(0, message)}
}

// findStale finds the models and seeds that are not in the environment as they are in the project, and the models that read them. Datasets and
// Go steps are taken from the environment as they are: what is looked at is SQL.
func (l *looking) findStale(graph *build.Graph) {
	changed, visited := graph.ChangedDefinitions(l.was), map[string]bool{}
	var order []string
	var visit func(table string) bool
	visit = func(table string) bool {
		if known, done := visited[table]; done {
			return known
		}
		made := l.models[table]
		isStale := changed[table] && (made != nil || l.seeds[table] != nil) || made != nil && l.readsOtherValues(made)
		for _, input := range graph.Inputs(table) {
			if made != nil && visit(input) {
				isStale = true
			}
		}
		visited[table] = isStale
		if isStale && table != l.target.Name {
			order = append(order, table)
		}
		return isStale
	}
	visit(l.target.Name)
	visited[l.target.Name] = true // for what reads it
	above := len(order)
	for _, input := range l.target.AuditInputs {
		visit(input)
	}
	l.above, l.beside = order[:above], order[above:]
}

// readsOtherValues says whether a parameter that the model reads has another value than when its table was made.
func (l *looking) readsOtherValues(made *model.Model) bool {
	return slices.ContainsFunc(made.Parameters, func(name string) bool {
		return l.was[made.Name].Parameters[name] != warehouse.Literal(l.Values[name])
	})
}

// bind finds what is wrong with the models before any runs. What concerns the target or what it reads is an error; problems elsewhere, such as of
// a reader whose column went, are noted.
func (l *looking) bind(ctx context.Context, graph *build.Graph) error {
	own := map[string]bool{l.target.File: true}
	for _, name := range l.above {
		if made := l.models[name]; made != nil {
			own[made.File] = true
		}
	}
	return l.withBench(ctx, func(bench *warehouse.Session) error {
		_, err := build.Bind(ctx, bench, graph, nil)
		var mine []error
		for _, problem := range problemsOf(err) {
			var placed model.Problem
			if errors.As(problem, &placed) && !own[placed.File] {
				l.look.Readers = append(l.look.Readers, problem.Error())
			} else {
				mine = append(mine, problem)
			}
		}
		if len(mine) > 0 {
			return ProjectError{errors.Join(mine...)}
		}
		return nil
	})
}

// problemsOf takes joined errors apart.
func problemsOf(err error) []error {
	if err == nil {
		return nil
	}
	joined, isJoined := err.(interface{ Unwrap() []error }) //nolint:errorlint // what is joined, not what is wrapped
	if !isJoined {
		return []error{err}
	}
	var all []error
	for _, each := range joined.Unwrap() {
		all = append(all, problemsOf(each)...)
	}
	return all
}

// currentTable makes the environment's table of the target readable and gives what to read it by; empty if there is none.
func (l *looking) currentTable(ctx context.Context) (string, error) {
	table, found := l.environment.Tables[l.target.Name]
	if !found {
		return "", nil
	}
	if err := snapshot.Attach(ctx, l.session, l.Bucket, l.target.Name, table); err != nil {
		return "", err
	}
	if l.was[l.target.Name].View == "" {
		return l.target.Name, nil
	}
	// A view would be read again over the changed tables.
	path := filepath.Join(l.Scratch, "look-current.parquet")
	_, err := l.session.Exec(ctx, "copy (from "+l.target.Name+") to "+warehouse.Quote(path)+" "+warehouse.WorkingParquet)
	return "read_parquet(" + warehouse.Quote(path) + ")", err
}

// lay puts what the model and its audits read into the session: the environment's tables, and the changed ones over them.
func (l *looking) lay(ctx context.Context) error {
	computed := slices.Concat(l.above, l.beside)
	reads := map[string]bool{}
	for _, name := range append(slices.Clone(computed), l.target.Name) {
		if made := l.models[name]; made != nil {
			for _, input := range made.Inputs {
				reads[input] = true
			}
		}
	}
	for _, input := range l.target.AuditInputs {
		reads[input] = true
	}
	for _, table := range slices.Sorted(maps.Keys(reads)) {
		if slices.Contains(computed, table) || table == l.target.Name {
			continue
		}
		if err := l.attachCurrent(ctx, table); err != nil {
			return err
		}
	}
	l.look.Computed = l.above
	return l.computeAll(ctx, l.above)
}

func (l *looking) attachCurrent(ctx context.Context, table string) error {
	current, found := l.environment.Tables[table]
	if !found {
		return ProjectError{fmt.Errorf("%s needs %s, which environment %s does not have: run `countinghouse run --env %[3]s` first", l.target.Name, table, l.environment.Name)}
	}
	return snapshot.Attach(ctx, l.session, l.Bucket, table, current)
}

// computeAll makes changed tables readable: a seed as its rows, a model as a view.
func (l *looking) computeAll(ctx context.Context, tables []string) error {
	for _, table := range tables {
		var err error
		if seed := l.seeds[table]; seed != nil {
			err = l.computeSeed(ctx, seed)
		} else {
			err = l.session.CreateView(ctx, table, l.models[table].Query)
		}
		if err != nil {
			return fmt.Errorf("compute %s: %w", table, err)
		}
	}
	return nil
}

func (l *looking) computeSeed(ctx context.Context, seed *model.Seed) error {
	graph, err := build.Resolve(&model.Library{Seeds: []*model.Seed{seed}}, nil, nil, l.Values)
	if err != nil {
		return err
	}
	if _, err := l.session.Exec(ctx, "drop view if exists "+seed.Name); err != nil { // what a view of the environment read
		return err
	}
	_, err = build.Bind(ctx, l.session, graph, nil)
	return err
}

// audit runs the target's audits in a store of its own, which is forgotten: what a look finds counts for nothing else.
func (l *looking) audit(ctx context.Context) (check.Result, error) {
	forgotten, err := open.Bucket(ctx, "mem://", filepath.Join(l.Scratch, "forgotten"))
	if err != nil {
		return check.Result{}, err
	}
	candidate := snapshot.Environment{Name: l.environment.Name, Tables: map[string]snapshot.Table{}}
	var own []check.Audited
	for _, audited := range check.Of(l.Library, l.Values) {
		if audited.Table == l.target.Name {
			own = append(own, audited)
			for _, table := range append(audited.Inputs, audited.Table) {
				candidate.Tables[table] = snapshot.Table{Fingerprint: "looked at"}
			}
		}
	}
	laid := func(context.Context, string) error { return nil }
	result, err := check.Run(ctx, &candidate, own, check.Options{Bucket: forgotten, Session: l.session, Workers: 1, Attach: laid})
	if errors.Is(err, check.ErrFailed) {
		err = nil
	}
	if err != nil {
		err = ProjectError{err}
	}
	return result, err
}

func (l *looking) compare(ctx context.Context, before, after string) error {
	against, err := diff.Relations(ctx, l.target.Name, before, after, diff.Options{
		Session: l.session, Scratch: l.Scratch, Grain: func(string) []string { return l.target.Header.Grain },
	})
	l.look.Against = &against
	return err
}
