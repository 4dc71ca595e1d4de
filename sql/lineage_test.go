package sql_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/internal/lineage"
	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"
	"countinghouse/schemas"
	"countinghouse/sql"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// TestLineageNamesTheColumnsThatDuckDBGives holds the names of every model's columns, in order, against the table that DuckDB makes.
func TestLineageNamesTheColumnsThatDuckDBGives(t *testing.T) {
	session, library := emptyTables(t)
	for _, made := range library.Models {
		found := traced(t, session, made)
		var names []string
		for _, column := range found.Columns {
			names = append(names, column.Name)
		}
		if difference := cmp.Diff(columnNames(t, session, made.Name), names); difference != "" || found.Others != nil {
			t.Errorf("%s: - DuckDB, + lineage; columns without names: %v\n%s", made.Name, found.Others != nil, difference)
		}
	}
}

// casesOfOne is how many cases of a model are looked at: every one more takes as long again, and tells little.
const casesOfOne = 2

// TestLineageMissesNoSource changes, for every column of every model that has a case, all that it is said not to come from: it must
// stay as it is. The models and the rows are the product's own, so this holds the sources against what DuckDB does, not against the code that
// finds them.
func TestLineageMissesNoSource(t *testing.T) {
	cases, err := filepath.Glob("*/testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	session, library := emptyTables(t)
	looked := map[string]int{}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			session.SetVariables(parametersOf(t, library, archive))
			wanted, touched := map[string]bool{}, map[string]bool{}
			for _, part := range archive.Files {
				table := strings.TrimSuffix(filepath.Base(part.Name), ".csv")
				switch filepath.Dir(part.Name) {
				case "given":
					touch(t, session, touched, table)
					fill(t, session, table, part.Data)
				case "want":
					wanted[table] = true
				}
			}
			for _, subject := range library.Models {
				if wanted[subject.Name] && looked[subject.Name] < casesOfOne {
					looked[subject.Name]++
					for _, input := range subject.Inputs {
						touch(t, session, touched, input)
					}
					disturb(t, session, subject)
				}
			}
			for table := range touched {
				do(t, session, "create or replace table "+table+" as from "+inSchema("pristine", table))
			}
		})
	}
}

// touch keeps a table as it was before the case.
func touch(t *testing.T, session *warehouse.Session, touched map[string]bool, table string) {
	t.Helper()
	if !touched[table] {
		touched[table] = true
		do(t, session, "create or replace table "+inSchema("pristine", table)+" as from "+table)
	}
}

func inSchema(schema, table string) string { return schema + "." + strings.ReplaceAll(table, ".", "_") }

func parametersOf(t *testing.T, library *model.Library, archive *txtar.Archive) map[string]any {
	t.Helper()
	set := map[string]any{"as_of": "2026-10-31"}
	for _, part := range archive.Files {
		if part.Name == "parameters" {
			if err := yaml.Unmarshal(part.Data, &set); err != nil {
				t.Fatal(err)
			}
		}
	}
	values, err := library.Values(set)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// emptyTables is a session with every table of the product, empty but typed; seeds have their rows.
func emptyTables(t *testing.T) (*warehouse.Session, *model.Library) {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	serialize := func(text string) ([]byte, error) { return session.Serialize(context.WithoutCancel(t.Context()), text) }
	library, err := model.Load(serialize, model.Source{Files: sql.Files, Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	values := parametersOf(t, library, &txtar.Archive{})
	session.SetVariables(values)
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := build.Resolve(library, jobs.Datasets(registry, nil, nil), jobs.Steps(jobs.StepOptions{}), values)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := build.Bind(t.Context(), session, graph, nil); err != nil {
		t.Fatal(err)
	}
	do(t, session, "create schema original")
	do(t, session, "create schema pristine")
	return session, library
}

// fill gives a table the rows of a CSV that names some of its columns; a seed's own rows go first.
func fill(t *testing.T, session *warehouse.Session, table string, data []byte) {
	t.Helper()
	if strings.HasPrefix(table, "seed.") {
		do(t, session, "delete from "+table)
	}
	records, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range records[1:] {
		for i, cell := range record {
			record[i] = "nullif(" + warehouse.Quote(cell) + ", '')"
		}
		do(t, session, fmt.Sprintf("insert into %s (%s) values (%s)", table, strings.Join(records[0], ", "), strings.Join(record, ", ")))
	}
}

func do(t *testing.T, session *warehouse.Session, statement string) {
	t.Helper()
	if _, err := session.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s\n%v", statement, err)
	}
}

func traced(t *testing.T, session *warehouse.Session, made *model.Model) lineage.Query {
	t.Helper()
	tree, err := session.Serialize(t.Context(), made.Query)
	if err != nil {
		t.Fatal(err)
	}
	found, err := lineage.Of(tree, func(table string) []string { return columnNames(t, session, table) })
	if err != nil {
		t.Fatalf("%s: %v", made.Name, err)
	}
	return found
}

func columnNames(t *testing.T, session *warehouse.Session, table string) []string {
	t.Helper()
	columns, err := session.Columns(context.WithoutCancel(t.Context()), table)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.Name
	}
	return names
}

// disturb changes the inputs of a model once for each set of columns that some output is said not to come from.
func disturb(t *testing.T, session *warehouse.Session, subject *model.Model) {
	found := traced(t, session, subject)
	originals := keepInputs(t, session, subject)
	outputs := map[string][]string{} // what is left alone: the columns that must stay as they are
	sources := map[string][]lineage.Source{}
	for _, column := range found.Columns {
		claimed := slices.Concat(column.Values, column.Filters, found.Rows)
		slices.SortFunc(claimed, func(a, b lineage.Source) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		claimed = slices.Compact(claimed)
		key := fmt.Sprint(claimed)
		outputs[key], sources[key] = append(outputs[key], column.Name), claimed
	}
	before := contents(t, session, subject.Query, slices.Concat(slices.Collect(maps.Values(outputs))...))
	for key, columns := range outputs {
		if changeAllBut(t, session, originals, sources[key]) == 0 {
			continue
		}
		for column, after := range contents(t, session, subject.Query, columns) {
			if before[column] != after {
				t.Errorf("%s: %s changed, with none of its sources:\n%v\nbefore %s\nafter  %s", subject.Name, column, sources[key], before[column], after)
			}
		}
	}
	for table := range originals {
		do(t, session, "create or replace table "+table+" as select * exclude (row_no) from "+aside(table))
	}
}

// keepInputs sets the inputs' rows aside and gives the tables' columns.
func keepInputs(t *testing.T, session *warehouse.Session, subject *model.Model) map[string][]warehouse.Column {
	t.Helper()
	originals := map[string][]warehouse.Column{}
	for _, input := range subject.Inputs {
		columns, err := session.Columns(t.Context(), input)
		if err != nil {
			t.Fatal(err)
		}
		originals[input] = columns
		do(t, session, "create or replace table "+aside(input)+" as select *, row_number() over () as row_no from "+input)
	}
	return originals
}

func aside(table string) string { return inSchema("original", table) }

// changeAllBut gives every column of the inputs other values in every row, but for those that are to stay. It says how many it changed.
func changeAllBut(t *testing.T, session *warehouse.Session, originals map[string][]warehouse.Column, stay []lineage.Source) int {
	t.Helper()
	changed := 0
	for table, columns := range originals {
		items := make([]string, len(columns))
		for i, column := range columns {
			name := warehouse.QuoteName(column.Name)
			items[i] = name
			if !slices.Contains(stay, lineage.Source{Table: table, Column: column.Name}) {
				items[i] = "cast(" + another(name, column.Type) + " as " + column.Type + ") as " + name
				changed++
			}
		}
		do(t, session, "create or replace table "+table+" as select "+strings.Join(items, ", ")+" from "+aside(table))
	}
	return changed
}

// another is an expression for a value that is not the column's own, and another one in each row.
func another(name, kind string) string {
	switch {
	case kind == "VARCHAR":
		return "coalesce(" + name + ", '') || '~' || row_no"
	case kind == "BOOLEAN":
		return "case when " + name + " then false else row_no % 2 = 0 end"
	case kind == "DATE":
		return "coalesce(" + name + ", date '2026-03-01') - cast(row_no as integer)"
	case kind == "TIMESTAMP":
		return "coalesce(" + name + ", timestamp '2026-03-01 10:00:00') - to_days(cast(row_no as integer))"
	case strings.HasPrefix(kind, "DECIMAL"), strings.HasSuffix(kind, "INT"), kind == "INTEGER", kind == "DOUBLE":
		return "coalesce(" + name + ", 0) / 2 + 3 + row_no"
	}
	return "null"
}

// contents are the values of some columns of a query's result, each column's in order.
func contents(t *testing.T, session *warehouse.Session, query string, columns []string) map[string]string {
	t.Helper()
	lists := make([]string, len(columns))
	for i, column := range columns {
		lists[i] = "coalesce(list_sort(list(coalesce(cast(" + warehouse.QuoteName(column) + " as varchar), 'null')))::varchar, '')"
	}
	texts := make([]string, len(columns))
	places := make([]any, len(columns))
	for i := range texts {
		places[i] = &texts[i]
	}
	if err := session.QueryRow(t.Context(), "select "+strings.Join(lists, ", ")+" from (\n"+query+"\n)").Scan(places...); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for i, column := range columns {
		found[column] = texts[i]
	}
	return found
}
