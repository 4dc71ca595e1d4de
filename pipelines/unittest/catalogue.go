package unittest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/internal/suggest"
	"countinghouse/internal/warehouse"
)

// Catalogue is what cases are run against: every table there is, with its typed columns.
type Catalogue struct {
	Models map[string]*model.Model
	// Columns are those of every table, models' own included, by schema.table.
	Columns map[string][]warehouse.Column
	// Seeds are the rows that a seed has when the case gives it none, as texts that its columns' types can be cast from; nil is null.
	Seeds map[string][][]*string
	// Parameters are those declared, with the defaults that a case starts from.
	Parameters map[string]model.Parameter
}

// WithSeeds completes a catalogue by the rows of its seeds, the tables of schema seed, which the session has.
func (c Catalogue) WithSeeds(ctx context.Context, session *warehouse.Session) (Catalogue, error) {
	connection, err := session.Conn(ctx)
	if err != nil {
		return c, fmt.Errorf("seeds of unit tests: %w", err)
	}
	defer func() { _ = connection.Close() }()
	c.Seeds = map[string][][]*string{}
	for table, columns := range c.Columns {
		if !strings.HasPrefix(table, "seed.") {
			continue
		}
		if c.Seeds[table], err = read(ctx, connection, table, columns, asText); err != nil {
			return c, fmt.Errorf("seeds of unit tests: %w", err)
		}
	}
	return c, nil
}

// order checks a case against the catalogue and gives its wanted models, each after those it reads, without the ones of which only a
// CTE is wanted. Every problem is told with its line.
func (c *Catalogue) order(tested *Case) ([]*model.Model, error) {
	var problems []error
	for _, want := range tested.want {
		if c.Models[want.name] == nil {
			problems = append(problems, tested.at(want.line-1, c.noModel(want.name)))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	whole := c.whole(tested)
	for _, given := range tested.given {
		if err := c.checkGiven(tested, given, whole); err != nil {
			problems = append(problems, err)
		}
	}
	return whole, errors.Join(problems...)
}

func (c *Catalogue) noModel(name string) error {
	if c.Columns[name] != nil {
		return fmt.Errorf("%s is not made by SQL: a case wants rows of models only", name)
	}
	return fmt.Errorf("there is no model %s%s", name, suggest.DidYouMean(name, slices.Collect(maps.Keys(c.Models))))
}

// whole gives the models whose rows are wanted, in build order.
func (c *Catalogue) whole(tested *Case) []*model.Model {
	wanted, placed := map[string]bool{}, map[string]bool{}
	for _, want := range tested.want {
		wanted[want.name] = wanted[want.name] || want.cte == ""
	}
	var ordered []*model.Model
	var place func(name string)
	place = func(name string) {
		if !wanted[name] || placed[name] {
			return
		}
		placed[name] = true
		for _, input := range c.Models[name].Inputs {
			place(input)
		}
		ordered = append(ordered, c.Models[name])
	}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		place(name)
	}
	return ordered
}

// checkGiven refuses a table that nothing of the case reads, for it would prove nothing, and columns that there are not.
func (c *Catalogue) checkGiven(tested *Case, given *table, whole []*model.Model) error {
	made := func(m *model.Model) bool { return m.Name == given.name }
	inputs := c.inputs(tested)
	_, read := inputs[given.name]
	switch {
	case c.Columns[given.name] == nil:
		known := slices.Collect(maps.Keys(c.Columns))
		return tested.at(given.line-1, fmt.Errorf("there is no table %s%s", given.name, suggest.DidYouMean(given.name, known)))
	case slices.ContainsFunc(whole, made):
		return tested.at(given.line-1, fmt.Errorf("%s is given and wanted: take one of the two away", given.name))
	case !read:
		return tested.at(given.line-1, fmt.Errorf("%s is given, and %s does not read it; it reads %s", given.name, strings.Join(tested.Wants(), ", "),
			strings.Join(slices.Sorted(maps.Keys(inputs)), ", ")))
	}
	_, err := typed(tested, given, c.Columns[given.name])
	return err
}

// inputs are the tables that the wanted models and their audits read.
func (c *Catalogue) inputs(tested *Case) map[string]bool {
	inputs := map[string]bool{}
	for _, name := range tested.Wants() {
		for _, input := range slices.Concat(c.Models[name].Inputs, c.Models[name].AuditInputs) {
			inputs[input] = true
		}
	}
	return inputs
}

// typed gives the columns that a part names, with their types.
func typed(tested *Case, part *table, known []warehouse.Column) ([]warehouse.Column, error) {
	columns := make([]warehouse.Column, len(part.columns))
	all := make([]string, len(known))
	for i, column := range known {
		all[i] = column.Name
	}
	for i, name := range part.columns {
		at := slices.IndexFunc(all, func(other string) bool { return strings.EqualFold(other, name) })
		if at < 0 {
			return nil, tested.at(part.line, fmt.Errorf("%s has no column %s%s", part.title(), name, suggest.DidYouMean(name, all)))
		}
		columns[i] = known[at]
	}
	return columns, nil
}

// values gives every parameter its value in a case.
func (c *Catalogue) values(tested *Case) (map[string]any, error) {
	set, problems := map[string]any{}, []error(nil)
	for _, parameter := range tested.parameters {
		declared, found := c.Parameters[parameter.name]
		if !found {
			hint := suggest.DidYouMean(parameter.name, slices.Collect(maps.Keys(c.Parameters)))
			problems = append(problems, tested.at(parameter.line, fmt.Errorf("parameter %s is not declared%s", parameter.name, hint)))
			continue
		}
		one := model.Library{Parameters: map[string]model.Parameter{parameter.name: declared}}
		if _, err := one.Values(map[string]any{parameter.name: parameter.value}); err != nil {
			problems = append(problems, tested.at(parameter.line, err))
			continue
		}
		set[parameter.name] = parameter.value
	}
	if reader := c.readsAsOf(tested); reader != "" && set[asOf] == nil && len(problems) == 0 {
		problems = append(problems, tested.at(1, fmt.Errorf("%s reads as_of: set it in a part `-- parameters --`, such as as_of: 2026-10-31", reader)))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return (&model.Library{Parameters: c.Parameters}).Values(set)
}

// asOf is the parameter that every run sets, so that it has no default.
const asOf = "as_of"

func (c *Catalogue) readsAsOf(tested *Case) string {
	for _, name := range tested.Wants() {
		if slices.Contains(c.Models[name].Parameters, asOf) {
			return name
		}
	}
	return ""
}
