package unittest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
)

// wantSchema is where the rows that a case wants lie while it runs, and those of a CTE. No model can have it: a test's own rows are
// compared after the same casts as the model's.
const wantSchema = "unit test"

// trial is one case under way, in a transaction of its own.
type trial struct {
	*Case
	catalogue  *Catalogue
	connection *sql.Conn
	values     map[string]any
	models     []*model.Model // to make, in order
	outcome    *Outcome
}

// try runs a case and leaves the session as it was.
func try(ctx context.Context, session *warehouse.Session, catalogue *Catalogue, tested *Case, outcome *Outcome) (err error) {
	if err := errors.Join(tested.problems...); err != nil {
		return err
	}
	t := &trial{Case: tested, catalogue: catalogue, outcome: outcome}
	if t.models, err = catalogue.order(tested); err != nil {
		return err
	}
	if t.values, err = catalogue.values(tested); err != nil {
		return err
	}
	if t.connection, err = session.Conn(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.connection.Close()) }()
	if _, err := t.connection.ExecContext(ctx, "begin"); err != nil {
		return err
	}
	defer func() {
		_, rollback := t.connection.ExecContext(context.WithoutCancel(ctx), "rollback")
		err = errors.Join(err, rollback)
	}()
	return t.run(ctx)
}

func (t *trial) run(ctx context.Context) error {
	if err := t.prepare(ctx); err != nil {
		return err
	}
	for _, subject := range t.models {
		if _, err := t.connection.ExecContext(ctx, "create table "+quoted(subject.Name)+" as "+subject.Query); err != nil {
			return fmt.Errorf("%s: %w", subject.File, err)
		}
	}
	for i, want := range t.want {
		if err := t.compare(ctx, want, i); err != nil {
			return err
		}
	}
	return t.audit(ctx)
}

// prepare sets the parameters and makes the tables that are read, with the rows given.
func (t *trial) prepare(ctx context.Context) error {
	var script strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t.values)) {
		fmt.Fprintf(&script, "set variable %s = %s;\n", warehouse.QuoteName(name), warehouse.Literal(t.values[name]))
	}
	inputs := t.inputs()
	for _, schema := range t.schemas(inputs) {
		fmt.Fprintf(&script, "create schema %s;\n", warehouse.QuoteName(schema))
	}
	for _, input := range inputs {
		script.WriteString(create(input, t.catalogue.Columns[input]))
	}
	if _, err := t.connection.ExecContext(ctx, script.String()); err != nil {
		return fmt.Errorf("%s: %w", t.File, err)
	}
	for _, input := range inputs {
		if err := t.give(ctx, input); err != nil {
			return err
		}
	}
	return nil
}

// inputs are the tables that the case reads and does not make.
func (t *trial) inputs() []string {
	inputs := t.catalogue.inputs(t.Case)
	for _, made := range t.models {
		delete(inputs, made.Name)
	}
	return slices.Sorted(maps.Keys(inputs))
}

func (t *trial) schemas(inputs []string) []string {
	schemas := map[string]bool{wantSchema: true}
	for _, made := range t.models {
		inputs = append(inputs, made.Name)
	}
	for _, table := range inputs {
		schema, _, _ := strings.Cut(table, ".")
		schemas[schema] = true
	}
	return slices.Sorted(maps.Keys(schemas))
}

// give fills an input with the rows of the case, or a seed with its own.
func (t *trial) give(ctx context.Context, input string) error {
	known := t.catalogue.Columns[input]
	for _, given := range t.given {
		if given.name == input {
			columns, err := typed(t.Case, given, known)
			if err != nil {
				return err
			}
			return t.fill(ctx, input, columns, given)
		}
	}
	return fill(ctx, t.connection, input, known, t.catalogue.Seeds[input])
}

// fill puts the rows of a part into a table; what does not fit is told with its line.
func (t *trial) fill(ctx context.Context, name string, columns []warehouse.Column, part *table) error {
	rows := make([][]*string, len(part.rows))
	for i, row := range part.rows {
		rows[i] = row.cells
	}
	err := fill(ctx, t.connection, name, columns, rows)
	var wrong misfit
	if errors.As(err, &wrong) {
		return t.at(part.rows[wrong.row].line, wrong.what)
	}
	return err
}

// compare holds what came out against one wanted part, in any order.
func (t *trial) compare(ctx context.Context, want *table, number int) error {
	got := want.name
	if want.cte != "" {
		got = fmt.Sprintf("%s.got %d", wantSchema, number)
		if err := t.step(ctx, want, got); err != nil {
			return err
		}
	}
	known, err := describe(ctx, t.connection, got)
	if err != nil {
		return err
	}
	columns, err := typed(t.Case, want, known)
	if err != nil {
		return err
	}
	wanted := fmt.Sprintf("%s.want %d", wantSchema, number)
	if _, err := t.connection.ExecContext(ctx, create(wanted, columns)); err != nil {
		return fmt.Errorf("%s: %w", t.File, err)
	}
	if err := t.fill(ctx, wanted, columns, want); err != nil {
		return err
	}
	return t.hold(ctx, want, columns, wanted, got)
}

// step makes the rows of a wanted CTE a table.
func (t *trial) step(ctx context.Context, want *table, name string) error {
	subject := t.catalogue.Models[want.name]
	query, err := queryOf(ctx, t.connection, subject.Query, want.cte)
	if err != nil {
		return t.at(want.line-1, fmt.Errorf("%s: %w", want.name, err))
	}
	if _, err := t.connection.ExecContext(ctx, "create table "+quoted(name)+" as "+query); err != nil {
		return fmt.Errorf("%s: %w", subject.File, err)
	}
	return nil
}

func (t *trial) hold(ctx context.Context, want *table, columns []warehouse.Column, wanted, got string) error {
	wantedRows, err := read(ctx, t.connection, wanted, columns, asCompared)
	if err != nil {
		return err
	}
	gotRows, err := read(ctx, t.connection, got, columns, asCompared)
	if err != nil {
		return err
	}
	missing, surplus := difference(wantedRows, gotRows)
	if len(missing)+len(surplus) > 0 {
		t.outcome.Differences = append(t.outcome.Differences, Difference{
			Table: want.title(), Line: want.line, Columns: want.columns, Key: t.key(want), Missing: missing, Surplus: surplus, Got: gotRows, part: want,
		})
	}
	return nil
}

// key is the grain of a wanted model, if the part names all of it.
func (t *trial) key(want *table) []string {
	grain := t.catalogue.Models[want.name].Header.Grain
	lacks := func(column string) bool { return !slices.Contains(want.columns, strings.ToLower(column)) }
	if want.cte != "" || slices.ContainsFunc(grain, lacks) {
		return nil
	}
	return grain
}

func describe(ctx context.Context, connection *sql.Conn, table string) ([]warehouse.Column, error) {
	result, err := connection.QueryContext(ctx, "select column_name, column_type from (describe "+quoted(table)+")")
	if err != nil {
		return nil, fmt.Errorf("columns of %s: %w", table, err)
	}
	defer func() { _ = result.Close() }()
	var columns []warehouse.Column
	for result.Next() {
		var column warehouse.Column
		if err := result.Scan(&column.Name, &column.Type); err != nil {
			return nil, fmt.Errorf("columns of %s: %w", table, err)
		}
		columns = append(columns, column)
	}
	return columns, result.Err()
}
