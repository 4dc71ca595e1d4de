package lineage_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/lineage"
	"countinghouse/internal/warehouse"
)

// columnTypes are those of the tables that the cases read.
func columnTypes() map[string]map[string]string {
	return map[string]map[string]string{
		"x.t": {"k": "bigint", "v": "bigint", "w": "bigint", "day": "varchar"},
		"x.u": {"k": "bigint", "v": "bigint", "name": "varchar"},
		"x.s": {"id": "bigint", "data": "struct(a struct(b bigint), x bigint)", "items": "bigint[]"},
	}
}

// value is what a column holds in one row: small numbers that meet often, mixed well; turned, they are mixed in another way.
func value(name, kind string, row int, turned bool) string {
	mixed := uint32(row+1)*2654435761 ^ uint32(name[0])*2246822519
	if turned {
		mixed = mixed*3266489917 + 7
	}
	n := int(mixed>>17) % 4
	switch kind {
	case "bigint":
		return fmt.Sprint(n)
	case "varchar":
		return fmt.Sprintf("'%c'", 'a'+n)
	case "bigint[]":
		return fmt.Sprintf("[%d, %d]", n, n+1)
	default:
		return fmt.Sprintf("{'a': {'b': %d}, 'x': %d}", n, n+2)
	}
}

// lay gives every table eight rows; the columns that are not to stay have other values than usual.
func lay(t *testing.T, session *warehouse.Session, stays func(lineage.Source) bool) {
	t.Helper()
	for table, types := range columnTypes() {
		rows := make([]string, 8)
		for row := range rows {
			cells := make([]string, 0, len(types))
			for _, name := range tables(table) {
				turned := !stays(lineage.Source{Table: table, Column: name})
				cells = append(cells, value(name, types[name], row, turned)+"::"+types[name]+" as "+name)
			}
			rows[row] = "select " + strings.Join(cells, ", ")
		}
		run(t, session, "create or replace table "+table+" as "+strings.Join(rows, " union all "))
	}
}

func run(t *testing.T, session *warehouse.Session, statement string) {
	t.Helper()
	if _, err := session.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s\n%v", statement, err)
	}
}

// outcome is each column of a query's result, its values in order.
func outcome(t *testing.T, session *warehouse.Session, query string) (names []string, values [][]string) {
	t.Helper()
	run(t, session, "create or replace table x.result as "+query)
	columns, err := session.Columns(t.Context(), "x.result")
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range columns {
		rows, err := session.Query(t.Context(), "select coalesce("+warehouse.QuoteName(column.Name)+"::varchar, 'null') from x.result order by 1")
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			list = append(list, text)
		}
		names, values = append(names, column.Name), append(values, list)
	}
	return names, values
}

// TestDuckDBAgrees runs every case, once for each of its columns with all else turned about that the column is said not to come from: the
// column must stay as it is. Two rules of the cases are not DuckDB's to prove: which rows a limit or distinct on keeps of equal ones, and
// which row stands beside which in a positional join.
func TestDuckDBAgrees(t *testing.T) {
	session := open(t)
	run(t, session, "create schema x")
	turned := 0
	for _, c := range sourceCases() {
		if strings.Contains(c.query, "distinct on") || strings.Contains(c.query, "limit") || strings.Contains(c.query, "positional") {
			continue
		}
		t.Run(c.about, func(t *testing.T) {
			tree, err := session.Serialize(t.Context(), c.query)
			if err != nil {
				t.Fatal(err)
			}
			query, err := lineage.Of(tree, tables)
			if err != nil {
				t.Fatal(err)
			}
			lay(t, session, func(lineage.Source) bool { return true })
			names, before := outcome(t, session, c.query)
			for i, name := range names {
				claimed := claims(query, i, name)
				lay(t, session, func(source lineage.Source) bool { return claimed[source] })
				if _, after := outcome(t, session, c.query); !slices.Equal(before[i], after[i]) {
					t.Errorf("%s: %s was %v, became %v, with nothing changed of %v", c.query, name, before[i], after[i], slices.Collect(maps.Keys(claimed)))
				}
				turned++
			}
		})
	}
	if turned < 80 {
		t.Errorf("only %d columns were tried", turned)
	}
}

// claims are what the i-th column of a result is said to come from.
func claims(query lineage.Query, i int, name string) map[lineage.Source]bool {
	column := query.Others
	if query.Others == nil {
		column = &query.Columns[i]
	}
	for at := range query.Columns {
		if query.Others != nil && strings.EqualFold(query.Columns[at].Name, name) {
			column = &query.Columns[at]
		}
	}
	claimed := map[lineage.Source]bool{}
	for _, source := range slices.Concat(column.Values, column.Filters, query.Rows) {
		claimed[source] = true
	}
	return claimed
}
