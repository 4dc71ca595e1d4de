package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"

	"github.com/rogpeppe/go-internal/diff"
)

// Action is how a table stands to the one that is current.
type Action string

// The actions of a plan.
const (
	Unchanged Action = "unchanged"
	Changed   Action = "changed"  // its own definition: SQL, contract, header's kind
	Affected  Action = "affected" // something that it reads: a table, files, a parameter
	New       Action = "new"
	Removed   Action = "removed" // current, and nothing makes it any more
)

// Change is one line of a plan.
type Change struct {
	Table  string `json:"table"`
	Action Action `json:"action"`
	// Stored says that nothing has to be made: an earlier build left the very table.
	Stored bool     `json:"stored"`
	Why    []string `json:"why,omitempty"`
	// SQL is what changed in a model's text, as a unified diff, and Columns what its table gains, loses or gives in another type.
	SQL     string   `json:"sql,omitempty"`
	Columns []string `json:"columns,omitempty"`
	Last    *Build   `json:"last,omitempty"`
	// Months, of a table made by the month, are those that will be made as far as can be told before its inputs are there.
	Months *MonthPlan `json:"months,omitempty"`
}

// Build is what the making of the current table took.
type Build struct {
	At         time.Time `json:"at"`
	Rows       int64     `json:"rows"`
	Bytes      int64     `json:"bytes"`
	Seconds    float64   `json:"seconds"`
	CPUSeconds float64   `json:"cpu_seconds"`
	warehouse.Cost
}

// PlanOptions are what a plan works on.
type PlanOptions struct {
	Bucket  *objectstore.Bucket
	Current snapshot.Environment
	// Bench lends an empty session in which models are bound. It is asked for only when there is something to bind.
	Bench func(ctx context.Context, use func(*warehouse.Session) error) error
	// Audits, if set, binds the audits in the bench, where every table then is, empty.
	Audits func(ctx context.Context, bench *warehouse.Session) error
	// BindAll binds also where no table is pending.
	BindAll bool
	// Reader reads new export files, to tell which months they touch.
	Reader *warehouse.Session
}

// ModelError says that models, or their audits, are wrong, and not the machine or the store.
type ModelError struct{ error }

func (e ModelError) Unwrap() error { return e.error }

// modelError marks what binding found, unless it was interrupted.
func modelError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return ModelError{err}
}

// Plan says what a build would do for an environment, and why, and refuses what could not be built: every pending model is bound against empty
// tables. Nothing is run. The changes are given also with a ModelError.
func Plan(ctx context.Context, graph *Graph, options PlanOptions) ([]Change, error) {
	planning, err := newPlanning(ctx, graph, options)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	columns, problem := planning.bind(ctx)
	var changes []Change
	for _, n := range graph.nodes {
		for _, table := range n.tables {
			change, err := planning.change(ctx, n, table, columns[table])
			if err != nil {
				return nil, fmt.Errorf("plan %s: %w", table, err)
			}
			changes = append(changes, change)
		}
	}
	for _, table := range slices.Sorted(maps.Keys(options.Current.Tables)) {
		if graph.makers[table] == nil {
			changes = append(changes, Change{Table: table, Action: Removed, Last: lastBuild(planning.was[table])})
		}
	}
	return changes, problem
}

// DryRun binds what a build would have to make, as Plan does.
func DryRun(ctx context.Context, graph *Graph, options PlanOptions) error {
	planning, err := newPlanning(ctx, graph, options)
	if err != nil {
		return fmt.Errorf("dry run: %w", err)
	}
	_, err = planning.bind(ctx)
	return err
}

func newPlanning(ctx context.Context, graph *Graph, options PlanOptions) (*planning, error) {
	p := &planning{PlanOptions: options, graph: graph}
	return p, p.read(ctx)
}

type planning struct {
	PlanOptions
	graph  *Graph
	was    map[string]snapshot.Manifest // of current tables
	stored map[string]snapshot.Manifest // of tables as they would be made; pending ones are missing
}

// read reads the manifests of the current tables and of those that a build would leave.
func (p *planning) read(ctx context.Context) (err error) {
	if p.was, err = snapshot.OfEnvironment(ctx, p.Bucket, p.Current); err != nil {
		return err
	}
	p.stored = map[string]snapshot.Manifest{}
	var wanted []snapshot.Reference
	for table, maker := range p.graph.makers {
		if was, found := p.was[table]; found && was.Fingerprint == maker.fingerprint {
			p.stored[table] = was
		} else {
			wanted = append(wanted, snapshot.Reference{Table: table, Fingerprint: maker.fingerprint})
		}
	}
	read, err := snapshot.ReadManifests(ctx, p.Bucket, wanted)
	for one, manifest := range read {
		p.stored[one.Table] = manifest
	}
	return err
}

// bind binds the pending nodes over the columns of the others, and the audits when all of them are right.
func (p *planning) bind(ctx context.Context) (columns Columns, err error) {
	known := Columns{}
	for table, manifest := range p.stored {
		known[table] = manifest.Columns
	}
	if len(known) == len(p.graph.makers) && !p.BindAll {
		return known, modelError(ctx, p.graph.checkHeaders(known))
	}
	err = p.Bench(ctx, func(bench *warehouse.Session) (err error) {
		if columns, err = Bind(ctx, bench, p.graph, known); err != nil {
			return modelError(ctx, p.nameCauses(err, columns))
		}
		if p.Audits == nil {
			return nil
		}
		return modelError(ctx, p.Audits(ctx, bench))
	})
	return columns, err
}

// nameCauses adds to the problem of a model that was right and was not changed which of its inputs changed under it.
func (p *planning) nameCauses(problem error, columns Columns) error {
	problems := []error{problem}
	for _, n := range p.graph.nodes {
		if n.model == nil || p.was[n.name].Definition != n.definition || columns[n.name] != nil {
			continue
		}
		for _, input := range n.inputs {
			if lost := lostColumns(p.was[input].Columns, columns[input]); len(lost) > 0 {
				problems = append(problems, fmt.Errorf("%s reads %s, which no longer gives %s: give it back, or change %s too", n.name, input, strings.Join(lost, ", "), n.model.File))
			}
		}
	}
	return errors.Join(problems...)
}

// lostColumns are those that are missing now or of another type, if the table is known now.
func lostColumns(before, after []warehouse.Column) []string {
	if after == nil {
		return nil
	}
	var lost []string
	for _, change := range columnChanges(before, after) {
		if !strings.HasPrefix(change, "+") {
			lost = append(lost, strings.TrimPrefix(change, "- "))
		}
	}
	return lost
}

func (p *planning) change(ctx context.Context, n *node, table string, columns []warehouse.Column) (Change, error) {
	current, found := p.Current.Tables[table]
	if found && current.Fingerprint == n.fingerprint {
		return Change{Table: table, Action: Unchanged, Stored: true, Last: lastBuild(p.was[table])}, nil
	}
	_, stored := p.stored[table]
	change := Change{Table: table, Action: New, Stored: stored}
	if was, described := p.was[table]; found && described {
		change.Action, change.Why = p.graph.reasons(n, was)
		change.Last = lastBuild(was)
		change.SQL = sqlChange(n, was)
		if columns != nil {
			change.Columns = columnChanges(was.Columns, columns)
		}
	}
	if stored {
		return change, nil
	}
	var err error
	change.Months, err = p.months(ctx, n)
	return change, err
}

func lastBuild(was snapshot.Manifest) *Build {
	if was.Name == "" {
		return nil
	}
	return &Build{At: was.BuiltAt, Rows: was.Rows, Bytes: was.Bytes, Seconds: was.Seconds, CPUSeconds: was.CPUSeconds, Cost: was.Cost}
}

func sqlChange(n *node, was snapshot.Manifest) string {
	if n.model == nil || was.SQL == "" || was.Definition == n.definition {
		return ""
	}
	return string(diff.Diff("current", []byte(was.SQL+"\n"), n.model.File, []byte(n.query+"\n")))
}

// columnChanges tells what a table gains, loses and gives in another type.
func columnChanges(before, after []warehouse.Column) []string {
	types := map[string]string{}
	for _, column := range before {
		types[column.Name] = column.Type
	}
	var changes []string
	for _, column := range after {
		was, had := types[column.Name]
		delete(types, column.Name)
		switch {
		case !had:
			changes = append(changes, "+ "+column.Name+" "+column.Type)
		case was != column.Type:
			changes = append(changes, column.Name+" "+was+" -> "+column.Type)
		}
	}
	for _, column := range before {
		if _, lost := types[column.Name]; lost {
			changes = append(changes, "- "+column.Name)
		}
	}
	return changes
}

// reasons tells what is not as it was when the current table was made.
func (g *Graph) reasons(n *node, was snapshot.Manifest) (Action, []string) {
	action, reasons := Affected, []string{}
	if was.Definition != n.definition {
		reasons = append(reasons, definitionChange(n, was))
		if n.dataset == nil {
			action = Changed
		}
	}
	inputs := g.inputsOf(n)
	for _, input := range slices.Sorted(maps.Keys(inputs)) {
		if old, had := was.Inputs[input]; !had || old != inputs[input] {
			reasons = append(reasons, input+" changed")
		}
	}
	parameters := g.parametersOf(n)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if was.Parameters[name] != parameters[name] {
			reasons = append(reasons, fmt.Sprintf("%s: %s -> %s", name, was.Parameters[name], parameters[name]))
		}
	}
	if len(reasons) == 0 {
		return Changed, []string{"the way it is kept changed, or the engine's"}
	}
	return action, reasons
}

func definitionChange(n *node, was snapshot.Manifest) string {
	switch {
	case n.step != nil:
		return "the Go step changed"
	case n.dataset != nil:
		return fmt.Sprintf("export files: %d -> %d, or their contract changed", len(was.Files), len(n.files()))
	case n.seed != nil:
		return "its rows or their types changed"
	}
	return "its SQL changed"
}
