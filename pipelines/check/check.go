// Package check runs the audits of a candidate: queries whose rows break a promise that a table's header makes. A candidate with one
// such row is not published. An audit that passed is not run again while the table, the audit and all that it reads stay the same.
package check

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// Audited is a table with its audits, the tables that they read besides it, and the parameters that they read, each as name = value.
type Audited struct {
	Table      string
	Audits     []model.Audit
	Inputs     []string
	Parameters []string
}

// Finding is one audit that found bad rows.
type Finding struct {
	Table   string     `json:"table"`
	Audit   string     `json:"audit"`
	BadRows int64      `json:"bad_rows"`
	Columns []string   `json:"columns"`
	Sample  [][]string `json:"sample"` // at most five of the bad rows
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
}

// Result is what came of a check.
type Result struct {
	Run      int       `json:"run"`    // audits
	Reused   int       `json:"reused"` // audits that had passed before
	Findings []Finding `json:"findings"`
}

// Run audits the candidate's tables and notes in the candidate which audits each has passed. The error is ErrFailed when there are
// findings, and another one when an audit could not be run.
func Run(ctx context.Context, candidate *snapshot.Environment, audited []Audited, options Options) (Result, error) {
	run := &checking{Options: options, tables: candidate.Tables, passed: map[string]string{}, result: Result{Findings: []Finding{}}}
	slots := make(chan struct{}, max(1, options.Workers))
	problems := make([]error, len(audited))
	var group sync.WaitGroup
	for i, table := range audited {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			problems[i] = run.table(ctx, table)
		})
	}
	group.Wait()
	for name, state := range run.passed { // now that nobody reads the candidate any more
		table := candidate.Tables[name]
		table.Audits = state
		candidate.Tables[name] = table
	}
	slices.SortFunc(run.result.Findings, func(a, b Finding) int { return strings.Compare(a.Table+a.Audit, b.Table+b.Audit) })
	if err := errors.Join(problems...); err != nil {
		return run.result, fmt.Errorf("check: %w", err)
	}
	if len(run.result.Findings) > 0 {
		return run.result, ErrFailed
	}
	return run.result, nil
}

type checking struct {
	Options
	tables map[string]snapshot.Table // the candidate's; only read

	mutex  sync.Mutex
	passed map[string]string // table: the state of its audits
	result Result
}

func (c *checking) table(ctx context.Context, audited Audited) error {
	state, err := c.state(audited)
	if err != nil {
		return err
	}
	passed, err := c.passedBefore(ctx, audited, state)
	if err != nil {
		return err
	}
	if passed {
		c.note(audited, state, nil, true)
		return nil
	}
	findings, err := c.audit(ctx, audited)
	if err != nil {
		return err
	}
	if len(findings) == 0 {
		if err := c.remember(ctx, audited, state); err != nil {
			return err
		}
	}
	c.note(audited, state, findings, false)
	return nil
}

// state is the hash of everything that decides the outcome of a table's audits.
func (c *checking) state(audited Audited) (string, error) {
	hash := sha256.New()
	for _, table := range append([]string{audited.Table}, audited.Inputs...) {
		current := c.tables[table]
		if current.Fingerprint == "" {
			return "", fmt.Errorf("audits of %s read %s, which is not built", audited.Table, table)
		}
		_, _ = fmt.Fprintln(hash, table, current.Fingerprint)
	}
	for _, audit := range audited.Audits {
		_, _ = fmt.Fprintln(hash, audit.Name, audit.Query)
	}
	for _, parameter := range audited.Parameters {
		_, _ = fmt.Fprintln(hash, parameter)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

func (c *checking) passedBefore(ctx context.Context, audited Audited, state string) (bool, error) {
	table := c.tables[audited.Table]
	if table.Audits == state {
		return true, nil
	}
	_, _, err := c.Bucket.Read(ctx, snapshot.AuditsKey(audited.Table, table.Fingerprint, state))
	if errors.Is(err, objectstore.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (c *checking) remember(ctx context.Context, audited Audited, state string) error {
	text, err := json.Marshal(audited.Audits)
	if err != nil {
		return err
	}
	_, err = c.Bucket.Create(ctx, snapshot.AuditsKey(audited.Table, c.tables[audited.Table].Fingerprint, state), strings.NewReader(string(text)))
	return err
}

func (c *checking) note(audited Audited, state string, findings []Finding, reused bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if reused {
		c.result.Reused += len(audited.Audits)
	} else {
		c.result.Run += len(audited.Audits)
	}
	c.result.Findings = append(c.result.Findings, findings...)
	if len(findings) == 0 {
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
			return nil, fmt.Errorf("%s: audit %s: %w", audited.Table, audit.Name, err)
		}
		if finding.BadRows > 0 {
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

const sampleRows = 5

func (c *checking) one(ctx context.Context, table string, audit model.Audit) (Finding, error) {
	finding := Finding{Table: table, Audit: audit.Name}
	if err := c.Session.QueryRow(ctx, "select count(*) from (\n"+audit.Query+"\n)").Scan(&finding.BadRows); err != nil || finding.BadRows == 0 {
		return finding, err
	}
	var err error
	finding.Columns, finding.Sample, err = sample(ctx, c.Session, audit.Query)
	return finding, err
}

func sample(ctx context.Context, session *warehouse.Session, query string) (columns []string, lines [][]string, err error) {
	rows, err := session.Query(ctx, fmt.Sprintf("select columns(*)::varchar from (\n%s\n) order by all limit %d", query, sampleRows))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if columns, err = rows.Columns(); err != nil {
		return nil, nil, err
	}
	for rows.Next() {
		cells, targets := make([]*string, len(columns)), make([]any, len(columns))
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, nil, err
		}
		lines = append(lines, texts(cells))
	}
	return columns, lines, rows.Err()
}

func texts(cells []*string) []string {
	line := make([]string, len(cells))
	for i, cell := range cells {
		line[i] = "NULL"
		if cell != nil {
			line[i] = *cell
		}
	}
	return line
}

// Of gives the audits of every model and seed that has some; values are those of the parameters.
func Of(library *model.Library, values map[string]any) []Audited {
	var audited []Audited
	for _, seed := range library.Seeds {
		if len(seed.Audits) > 0 {
			audited = append(audited, Audited{Table: seed.Name, Audits: seed.Audits})
		}
	}
	for _, m := range library.Models {
		inputs := append(slices.Clone(m.AuditInputs), m.Inputs...)
		slices.Sort(inputs)
		parameters := make([]string, len(m.AuditParameters))
		for i, name := range m.AuditParameters {
			parameters[i] = name + " = " + warehouse.Literal(values[name])
		}
		audited = append(audited, Audited{Table: m.Name, Audits: m.Audits, Inputs: slices.Compact(inputs), Parameters: parameters})
	}
	return audited
}
