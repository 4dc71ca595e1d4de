package jobs

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"countinghouse/pipelines/closing"
)

// CloseStep is what one kind of change makes of a closed period's figures.
type CloseStep struct {
	Cause   string                 `json:"cause"`
	Details []string               `json:"details"`
	Figures []closing.FigureChange `json:"figures"`
	Error   string                 `json:"error,omitempty"` // why it cannot be derived so
}

// asClosed is the first step of a comparison: nothing is otherwise.
const asClosed = "nothing: as it was closed"

// DiffClose derives a closed period step by step with what is there today, and says what each step changes.
func (w *Workshop) DiffClose(ctx context.Context, period string) ([]CloseStep, error) {
	records, record, err := w.closeOf(ctx, period)
	if err != nil {
		return nil, err
	}
	made, err := w.ofClose(ctx, records, record)
	if err != nil {
		return nil, err
	}
	changes, fresh, err := w.changesSince(ctx, record)
	if err != nil {
		return nil, err
	}
	landed, err := w.landedFiles(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := w.defined.sources()
	if err != nil {
		return nil, err
	}
	rules, err := frozen(mixed(record.Sources, sources))
	if err != nil {
		return nil, err
	}
	before := derived{tables: record.Tables, figures: record.Figures}
	if err := w.attachClosed(ctx, record); err == nil { // after an erasure they are not there any more
		before.totals = w.monthTotals(ctx, record.Period)
	}
	compared := comparison{shop: w, made: made, before: before}
	err = errors.Join(
		compared.step(ctx, firstCause(changes), written(changes, codeChange), func(*derivation) {}),
		compared.step(ctx, "late files", exportNames(fresh), func(made *derivation) { made.files = landed }),
		compared.step(ctx, "changed parameters, seeds and estimates", written(changes, "parameter", "seed", "setting"), func(made *derivation) {
			made.own.Parameters, made.own.Zone, made.own.Brand.Country = w.Project.Parameters, w.Project.Zone, w.Project.Brand.Country
			made.defined = rules
		}),
		compared.step(ctx, "changed SQL and contracts", written(changes, "sql", "contract"), func(made *derivation) { made.defined = w.defined }),
	)
	return compared.steps, err
}

// firstCause is what the derivation with all as it was closed has of its own.
func firstCause(changes []closing.Change) string {
	if slices.ContainsFunc(changes, func(change closing.Change) bool { return change.What == codeChange }) {
		return "other code: nothing else than the steps of the program, as they are now"
	}
	return asClosed
}

// exportNames are the names of exports with their feeds.
func exportNames(files []closing.File) []string {
	var names []string
	for _, file := range files {
		names = append(names, file.Name+" ("+file.Feed+")")
	}
	return names
}

// comparison derives a close again and again, each time with one kind of change more.
type comparison struct {
	shop   *Workshop
	made   derivation
	before derived
	steps  []CloseStep
}

// step makes a change, if there are details of it, and notes what it moves.
func (c *comparison) step(ctx context.Context, cause string, details []string, change func(*derivation)) error {
	if change(&c.made); len(details) == 0 && cause != asClosed {
		return nil
	}
	again, err := c.shop.derive(ctx, c.made)
	if err != nil {
		c.steps = append(c.steps, CloseStep{Cause: cause, Details: details, Figures: []closing.FigureChange{}, Error: err.Error()})
		return ctx.Err()
	}
	if moved := movedCustomers(c.before.tables, again.tables); moved != "" {
		details = append(slices.Clone(details), moved)
	}
	c.steps = append(c.steps, CloseStep{Cause: cause, Details: details, Figures: figuresMoved(c.before, again)})
	c.before = again
	return nil
}

// figuresMoved compares the figures of the month, and of tables that have none what their columns come to: a sum over many periods tells nobody anything.
func figuresMoved(was, is derived) []closing.FigureChange {
	if len(was.totals) == 0 {
		return closing.FigureChanges(was.figures, is.figures)
	}
	told := func(figures, totals []closing.Figure) []closing.Figure {
		others := slices.DeleteFunc(slices.Clone(figures), func(figure closing.Figure) bool {
			return slices.ContainsFunc(totals, func(total closing.Figure) bool { return total.Table == figure.Table })
		})
		return append(others, totals...)
	}
	return closing.FigureChanges(told(was.figures, was.totals), told(is.figures, is.totals))
}

// movedCustomers says whether accounts are joined to customers in another way.
func movedCustomers(was, is []closing.Table) string {
	digest := func(tables []closing.Table) string {
		for _, table := range tables {
			if table.Name == customersTable {
				return table.Digest
			}
		}
		return ""
	}
	if digest(was) == digest(is) {
		return ""
	}
	return "customers: accounts came, or were merged or split differently"
}

// written tells of the changes of some kinds.
func written(changes []closing.Change, kinds ...string) []string {
	var told []string
	for _, change := range changes {
		if slices.Contains(kinds, change.What) {
			told = append(told, ChangeText(change))
		}
	}
	return told
}

// mixed takes seeds and parameters as they are now, and all else as it was.
func mixed(was, is []closing.Source) []closing.Source {
	rules := func(source closing.Source) bool {
		return strings.HasPrefix(source.Path, "seeds/") || filepath.Base(source.Path) == "parameters.yaml"
	}
	both := slices.DeleteFunc(slices.Clone(was), rules)
	return append(both, slices.DeleteFunc(slices.Clone(is), func(source closing.Source) bool { return !rules(source) })...)
}
