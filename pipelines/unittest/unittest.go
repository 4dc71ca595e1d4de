package unittest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"countinghouse/internal/warehouse"

	"golang.org/x/tools/txtar"
)

// ErrFailed says that some case did not come out as wanted.
var ErrFailed = errors.New("a unit test failed")

// Suite is cases with what they are run against.
type Suite struct {
	Cases     []*Case
	Catalogue Catalogue
}

// Options say how cases are run.
type Options struct {
	Workers int // how many at once; each has a session of its own
	// Update rewrites the wanted rows that did not come, of the cases that have a place on disk.
	Update bool
	Now    func() time.Time
}

// Outcome is what came of one case.
type Outcome struct {
	Case    string   `json:"case"`
	File    string   `json:"file"`
	Models  []string `json:"models"`
	Seconds float64  `json:"seconds"`
	// Builtin says that the file is not the project's, so that nothing rewrites it.
	Builtin bool `json:"builtin,omitempty"`
	// Problems are what keeps the case from being run or compared, and audits that found bad rows; each names its place.
	Problems    []string     `json:"problems,omitempty"`
	Differences []Difference `json:"differences,omitempty"`
	// Updated says that the file was rewritten, so that it wants what came.
	Updated bool `json:"updated,omitempty"`
}

// Passed says that everything came as wanted, or is wanted now.
func (o Outcome) Passed() bool { return len(o.Problems) == 0 && (o.Updated || len(o.Differences) == 0) }

// String says what did not come as wanted, for a person; empty if nothing.
func (o Outcome) String() string {
	parts := slices.Clone(o.Problems)
	for _, difference := range o.Differences {
		parts = append(parts, fmt.Sprintf("%s:%d: %s", o.File, difference.Line, strings.TrimSuffix(difference.String(), "\n")))
	}
	return strings.Join(parts, "\n")
}

// Run runs the cases side by side. The outcomes are in the order of the suites. The error is of the run and not of a case.
func Run(ctx context.Context, suites []Suite, options Options) ([]Outcome, error) {
	work := &runner{Options: options, queue: make(chan job)}
	outcomes := work.outcomes(suites)
	workers := max(1, min(options.Workers, len(outcomes)))
	problems := make([]error, workers)
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() { problems[i] = work.serve(ctx) })
	}
	number := 0
	for i := range suites {
		for _, each := range suites[i].Cases {
			work.queue <- job{&suites[i].Catalogue, each, &outcomes[number]}
			number++
		}
	}
	close(work.queue)
	group.Wait()
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("unit tests: %w", err)
	}
	return outcomes, ctx.Err()
}

type runner struct {
	Options
	queue chan job
}

type job struct {
	catalogue *Catalogue
	tested    *Case
	outcome   *Outcome
}

func (r *runner) outcomes(suites []Suite) []Outcome {
	outcomes := []Outcome{}
	for _, suite := range suites {
		for _, each := range suite.Cases {
			outcomes = append(outcomes, Outcome{Case: each.Name(), File: each.File, Models: each.Wants(), Builtin: each.disk == ""})
		}
	}
	return outcomes
}

// serve runs cases in a session of its own until there are no more. Once the session is broken it goes on taking cases, so that nobody
// waits for it.
func (r *runner) serve(ctx context.Context) (err error) {
	session, err := warehouse.Open(ctx, warehouse.Options{Threads: 1})
	if err == nil {
		defer func() { err = errors.Join(err, session.Close()) }()
	}
	for next := range r.queue {
		if err == nil {
			r.run(ctx, session, next)
		}
	}
	return err
}

func (r *runner) run(ctx context.Context, session *warehouse.Session, next job) {
	begun := r.Now()
	err := try(ctx, session, next.catalogue, next.tested, next.outcome)
	if err == nil && r.Update {
		err = next.tested.update(next.outcome)
	}
	if err != nil {
		next.outcome.Problems = append(next.outcome.Problems, each(err)...)
	}
	next.outcome.Seconds = r.Now().Sub(begun).Seconds()
}

// each gives the messages of errors that were joined.
func each(err error) []string {
	joined, many := err.(interface{ Unwrap() []error })
	if !many {
		return []string{err.Error()}
	}
	var messages []string
	for _, one := range joined.Unwrap() {
		messages = append(messages, each(one)...)
	}
	return messages
}

// update writes what came in the place of what was wanted. The rest of the file stays as it is, and so do the rows of a part that came
// as wanted. A case whose audits fail is not rewritten: it would want what the model promises not to give.
func (c *Case) update(outcome *Outcome) error {
	if c.disk == "" || len(outcome.Differences) == 0 || len(outcome.Problems) > 0 {
		return nil
	}
	for _, changed := range outcome.Differences {
		text, err := changed.rewritten()
		if err != nil {
			return c.at(changed.Line, err)
		}
		changed.part.part.Data = text
	}
	if err := os.WriteFile(c.disk, txtar.Format(c.archive), 0o644); err != nil {
		return fmt.Errorf("rewrite unit test: %w", err)
	}
	outcome.Updated = true
	return nil
}

func (d Difference) rewritten() ([]byte, error) {
	lines := []string{strings.Join(d.Columns, ",")}
	for _, cells := range d.Got {
		line := csvLine(cells)
		if line == "" {
			return nil, errors.New("a null alone in its row cannot be written: name a second column")
		}
		lines = append(lines, line)
	}
	return []byte(strings.Join(lines, "\n") + "\n"), nil
}
