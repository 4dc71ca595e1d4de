// Package check runs the audits of a candidate: queries whose rows break a promise that a table's header makes. A candidate with one
// such row is not published, unless the audit is a warning. An audit that passed is not run again while the table, the audit and all that
// it reads stay the same.
package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// ErrFailed says that an audit found bad rows. Nothing was published; what was current still is.
var ErrFailed = errors.New("an audit failed, nothing was published")

// ErrNotBuilt says that an audit reads a table which the candidate lacks.
var ErrNotBuilt = errors.New("it is not built: run `countinghouse build` first")

// Audited is a table with its audits, the tables that they read besides it, and the parameters that they read, each as name = value.
type Audited struct {
	Table      string
	Audits     []model.Audit
	Inputs     []string
	Parameters []string
}

// hasWarnings says whether a pass may leave something to tell.
func (a Audited) hasWarnings() bool {
	return slices.ContainsFunc(a.Audits, func(audit model.Audit) bool { return audit.Severity == model.SeverityWarning })
}

// Finding is one audit that found bad rows.
type Finding struct {
	Table    string     `json:"table"`
	Audit    string     `json:"audit"`
	About    string     `json:"about,omitempty"`
	Severity string     `json:"severity,omitempty"` // empty, or model.SeverityWarning
	File     string     `json:"file,omitempty"`     // where the audit is written
	Line     int        `json:"line,omitempty"`
	BadRows  int64      `json:"bad_rows"`
	Columns  []string   `json:"columns"`
	Sample   [][]string `json:"sample"` // at most five of the bad rows
}

// String is one line for a person.
func (f Finding) String() string {
	line := fmt.Sprintf("%s: audit %s: %d bad rows", f.Table, f.Audit, f.BadRows)
	if len(f.Sample) > 0 {
		cells := make([]string, len(f.Columns))
		for i, column := range f.Columns {
			cells[i] = column + "=" + f.Sample[0][i]
		}
		line += ", such as " + strings.Join(cells, " ")
	}
	return line
}

// Options are what a check works on.
type Options struct {
	Bucket  *objectstore.Bucket
	Session *warehouse.Session
	// Attach makes a table of the candidate readable in the session.
	Attach  func(ctx context.Context, table string) error
	Workers int
	// Scratch is a folder that the session may write to. If set, bad rows are kept in the store, for ReadKept.
	Scratch string
}

// Result is what came of a check.
type Result struct {
	Run      int       `json:"run"`      // audits
	Reused   int       `json:"reused"`   // audits that had passed before
	Findings []Finding `json:"findings"` // what stops publishing
	Warnings []Finding `json:"warnings"` // what does not; also those found before by audits that were not run again
}

// Run audits the candidate's tables and notes in the candidate which of them passed: warnings do not count against them. The error is
// ErrFailed when there are findings, and another one when an audit could not be run.
func Run(ctx context.Context, candidate *snapshot.Environment, audited []Audited, options Options) (Result, error) {
	run := &checking{
		Options: options, environment: candidate.Name, tables: candidate.Tables, passed: map[string]string{},
		result: Result{Findings: []Finding{}, Warnings: []Finding{}},
	}
	if err := run.run(ctx, audited); err != nil {
		return run.result, fmt.Errorf("check: %w", err)
	}
	for name, state := range run.passed { // now that nobody reads the candidate any more
		table := candidate.Tables[name]
		table.Audits = state
		candidate.Tables[name] = table
	}
	if len(run.result.Findings) > 0 {
		return run.result, ErrFailed
	}
	return run.result, nil
}

type checking struct {
	Options
	environment string
	tables      map[string]snapshot.Table // the candidate's; only read
	kept        map[string]bool           // the keys of bad rows that the last check kept; only read

	mutex  sync.Mutex
	passed map[string]string // table: the state of its audits
	result Result
}

func (c *checking) run(ctx context.Context, audited []Audited) error {
	if c.Scratch != "" {
		var err error
		if c.kept, err = keptKeys(ctx, c.Bucket, c.environment); err != nil {
			return err
		}
	}
	slots := make(chan struct{}, max(1, c.Workers))
	problems := make([]error, len(audited))
	var group sync.WaitGroup
	for i, table := range audited {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			problems[i] = c.table(ctx, table)
		})
	}
	group.Wait()
	byName := func(a, b Finding) int { return strings.Compare(a.Table+" "+a.Audit, b.Table+" "+b.Audit) }
	slices.SortFunc(c.result.Findings, byName)
	slices.SortFunc(c.result.Warnings, byName)
	return errors.Join(errors.Join(problems...), c.forget(ctx, audited))
}

func (c *checking) table(ctx context.Context, audited Audited) error {
	state, err := c.state(audited)
	if err != nil {
		return err
	}
	if warnings, passed, err := c.passedBefore(ctx, audited, state); err != nil || passed {
		if passed {
			c.note(audited, state, warnings, true)
		}
		return err
	}
	findings, err := c.audit(ctx, audited)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(findings, Finding.stops) {
		if err := c.remember(ctx, audited, state, findings); err != nil {
			return err
		}
	}
	c.note(audited, state, findings, false)
	return nil
}

func (f Finding) stops() bool { return f.Severity != model.SeverityWarning }

func (c *checking) note(audited Audited, state string, findings []Finding, reused bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if reused {
		c.result.Reused += len(audited.Audits)
	} else {
		c.result.Run += len(audited.Audits)
	}
	passed := true
	for _, finding := range findings {
		if finding.stops() {
			passed = false
			c.result.Findings = append(c.result.Findings, finding)
		} else {
			c.result.Warnings = append(c.result.Warnings, finding)
		}
	}
	if passed {
		c.passed[audited.Table] = state
	}
}

func (c *checking) audit(ctx context.Context, audited Audited) ([]Finding, error) {
	for _, table := range append([]string{audited.Table}, audited.Inputs...) {
		if err := c.Attach(ctx, table); err != nil {
			return nil, err
		}
	}
	var findings []Finding
	for _, audit := range audited.Audits {
		finding, err := c.one(ctx, audited.Table, audit)
		if err != nil {
			return nil, err
		}
		if finding.BadRows > 0 {
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

const sampleRows = 5

func (c *checking) one(ctx context.Context, table string, audit model.Audit) (Finding, error) {
	finding := Finding{Table: table, Audit: audit.Name, About: audit.About, Severity: audit.Severity, File: audit.File, Line: audit.Line}
	if err := c.Session.QueryRow(ctx, from("count(*)", audit.Query)).Scan(&finding.BadRows); err != nil {
		return finding, cannotRun(ctx, table, audit, err)
	}
	if finding.BadRows == 0 {
		return finding, nil
	}
	rows, err := Texts(ctx, c.Session, audit.Query, sampleRows)
	if err != nil {
		return finding, cannotRun(ctx, table, audit, err)
	}
	finding.Columns, finding.Sample = rows.Columns, rows.Lines
	return finding, c.keep(ctx, finding, audit.Query)
}

// cannotRun tells an error with the place of the audit, unless the check itself was ended.
func cannotRun(ctx context.Context, table string, audit model.Audit, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: audit %s: %w", table, audit.Name, ctx.Err())
	}
	return broken(table, audit, err)
}

// Of gives the audits of every model and seed that has some; values are those of the parameters.
func Of(library *model.Library, values map[string]any) []Audited {
	var audited []Audited
	add := func(table string, audits []model.Audit, inputs, parameters []string) {
		if len(audits) == 0 {
			return
		}
		slices.Sort(inputs)
		read := make([]string, len(parameters))
		for i, name := range parameters {
			read[i] = name + " = " + warehouse.Literal(values[name])
		}
		audited = append(audited, Audited{Table: table, Audits: audits, Inputs: slices.Compact(inputs), Parameters: read})
	}
	for _, seed := range library.Seeds {
		add(seed.Name, seed.Audits, slices.Clone(seed.AuditInputs), seed.AuditParameters)
	}
	for _, m := range library.Models {
		add(m.Name, m.Audits, slices.Concat(m.AuditInputs, m.Inputs), m.AuditParameters)
	}
	return audited
}
