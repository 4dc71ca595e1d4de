package model_test

import (
	"errors"
	"strings"
	"testing"

	"countinghouse/internal/model"

	"github.com/google/go-cmp/cmp"
)

// TestEveryProblemHasItsPlace counts the lines of the file as an editor does; «…» marks where the problem is.
func TestEveryProblemHasItsPlace(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an unknown key":          {"/* ---\nabout: x\n«grian: [a]\n--- */\nselect 1 as a", `header: unknown key "grian"; did you mean "grain"?`},
		"a key like no other":     {"/* ---\nabout: x\ngrain: [a]\n«materialized: table\n--- */\nselect 1 as a", `header: unknown key "materialized"; known are about, audits, back, by, columns, grain, kind, month, owner, reads, tags, zh`},
		"a column's key":          {"/* ---\nabout: x\ngrain: [a]\ncolumns:\n  a: {zh: 甲}\n  «b: {nul: true}\n--- */\nselect 1 as a", `header: column b: unknown key "nul"`},
		"a column's value":        {"/* ---\nabout: x\ngrain: [a]\ncolumns:\n  a:\n    zh: 甲\n    «not_null: often\n--- */\nselect 1 as a", `header: column a: want true or false, got "often"`},
		"a column that is no map": {"/* ---\nabout: x\ngrain: [a]\ncolumns:\n  «a: 甲\n--- */\nselect 1 as a", "header: column a: want keys with values, got a text"},
		"columns as a list":       {"/* ---\nabout: x\ngrain: [a]\ncolumns:\n  «- a\n--- */\nselect 1 as a", "header: want keys with values, got a list in brackets"},
		"a grain that is no list": {"/* ---\nabout: x\n«grain: a\n--- */\nselect 1 as a", "header: want a list in brackets, got a text"},
		"a grain that is unknown": {"/* ---\nabout: x\ncolumns: {order_id: }\n«grain: [oder_id]\n--- */\nselect 1 as order_id", `header: grain: "oder_id" is none of the columns; did you mean "order_id"?`},
		"the same key twice":      {"/* ---\nabout: x\ngrain: [a]\n«about: y\n--- */\nselect 1 as a", `header: mapping key "about" already defined`},
		"an open bracket":         {"/* ---\nabout: x\n«grain: [a\n--- */\nselect 1 as a", "header: sequence end token"},
		"an open quote in YAML":   {"/* ---\nabout: x\n«zh: '甲\ngrain: [a]\n--- */\nselect 1 as a", "header: could not find end character"},
		"a header without an end": {"«/* ---\nabout: x\ngrain: [a]\nselect 1 as a", "the header that begins here has no end"},
		"no header":               {"«select 1 as a", "the file begins with its header"},
		"a word that is wrong":    {"/* ---\nabout: x\ngrain: [a]\n--- */\n\n-- 说明：客户\nselect a\nfrom core.b\n«wher a > 1 and", `syntax error at or near "a"`},
		"an open quote":           {"/* ---\nabout: x\ngrain: [a]\n--- */\nselect a\nfrom core.b\n«where b = 'x\n  and c = 1\n", `unterminated quoted string at or near "'x`},
		"two statements":          {"/* ---\nabout: x\ngrain: [a]\n--- */\nselect 1 as a;\n\n«select 2 as a;\n", "want one select statement, got 2"},
		"no statement":            {"/* ---\nabout: x\ngrain: [a]\n«--- */", "want one select statement, got none"},
		"a file":                  {"/* ---\nabout: x\ngrain: [a]\n--- */\nwith b as (\n    select a from core.b\n)\nselect a from b join\n«    read_csv('x.csv') using (a)", "table function read_csv: a model reads tables only, not files or the session"},
		"a file by its name":      {"/* ---\nabout: x\ngrain: [a]\n--- */\nselect a\n«from 'x.parquet'", `table "x.parquet": a model reads tables only, not files`},
		"the clock":               {"/* ---\nabout: x\ngrain: [a]\n--- */\nselect\n    '客户' as a,\n«    now() as b", "function now: a table must come out the same"},
		"another encoding":        {"/* ---\nabout: x\ngrain: [a]\n--- */\nselect\n«    'caf\xe9' as a", "this is not UTF-8"},
		"an unknown parameter":    {"/* ---\nabout: x\ngrain: [a]\n--- */\nselect a from core.b\n«where day <= getvariable('asof')", `parameter "asof" is not declared in parameters.yaml; did you mean "as_of"?`},
		"a parameter in an audit": {"/* ---\nabout: x\ngrain: [a]\naudits:\n  late: |\n    a is null\n    «or a > getvariable('asof')\n--- */\nselect 1 as a", `audit late: parameter "asof" is not declared`},
		"an audit that is wrong":  {"/* ---\nabout: x\ngrain: [a]\naudits:\n  good: a > 1\n  «bad: a >\n--- */\nselect 1 as a", "audit bad: syntax error"},
	} {
		t.Run(name, func(t *testing.T) {
			before, _, _ := strings.Cut(c.text, "«")
			_, err := load(t, model.Source{Files: files("mart/a.sql", strings.ReplaceAll(c.text, "«", "")), Label: "sql"})
			var problem model.Problem
			if !errors.As(err, &problem) || !strings.HasPrefix(problem.Message, c.want) || problem.File != "sql/mart/a.sql" {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			if want := 1 + strings.Count(before, "\n"); problem.Line != want {
				t.Errorf("line %d, want %d: %v", problem.Line, want, err)
			}
		})
	}
}

// TestAllProblemsAreTold at once: those of the header with those of the query, those of one file with those of another.
func TestAllProblemsAreTold(t *testing.T) {
	_, err := load(t, model.Source{Label: "sql", Files: files(
		"mart/a.sql", "/* ---\nabout: x\ngrain: [a]\nownr: crm\n--- */\nselect now() as a,\n    random() as b\nfrom 'x.csv'",
		"mart/b.sql", "select 1",
		"seeds/s.csv", "a\n1\n", "seeds/s.yaml", "about: x\ncolumns:\n  a: {type: integer}\n  b: {zh: 乙}\n",
	)})
	if err == nil {
		t.Fatal("not refused")
	}
	var places []string
	for _, line := range strings.Split(err.Error(), "\n") {
		place, _, _ := strings.Cut(line, ": ")
		places = append(places, place)
	}
	want := []string{"sql/mart/a.sql:4", "sql/mart/a.sql:6", "sql/mart/a.sql:7", "sql/mart/a.sql:8", "sql/mart/b.sql:1", "sql/seeds/s.yaml:4"}
	if difference := cmp.Diff(want, places); difference != "" {
		t.Errorf("(-want +got):\n%s\n%v", difference, err)
	}
}

func TestWindowsFiles(t *testing.T) {
	text := "\ufeff/* ---\r\nabout: x\r\ngrain: [a]\r\n--- */\r\nselect a from\r\n  core.b\r\n"
	library, err := load(t, model.Source{Files: files("mart/a.sql", text), Label: "sql"})
	if err != nil {
		t.Fatal(err)
	}
	m := library.Models[0]
	if m.Header.About != "x" || m.QueryLine != 5 || m.InputLines["core.b"] != 6 {
		t.Errorf("%+v", m)
	}
	if got, want := m.Problem(2, "no such table").Error(), "sql/mart/a.sql:6: no such table"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
