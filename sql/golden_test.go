package sql_test

import (
	"context"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"countinghouse/internal/contract"
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

var update = flag.Bool("update", false, "rewrite the wanted rows of every case")

// TestGolden runs every case in */testdata: rows given, rows wanted.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("*/testdata/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runCase(t, file)
		})
	}
}

func runCase(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	session, library := emptyProject(t, caseParameters(t, archive))
	var wants []*txtar.File
	for i, part := range archive.Files {
		table := strings.TrimSuffix(filepath.Base(part.Name), ".csv")
		switch filepath.Dir(part.Name) {
		case "given":
			give(t, session, table, part.Data)
		case "want":
			wants = append(wants, &archive.Files[i])
		}
	}
	if len(wants) == 0 {
		t.Fatal("a case without want/… tests nothing")
	}
	for _, want := range inBuildOrder(t, library, wants) {
		compare(t, session, library, want)
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func caseParameters(t *testing.T, archive *txtar.Archive) map[string]any {
	set := map[string]any{"as_of": "2026-10-31"}
	for _, part := range archive.Files {
		if part.Name == "parameters" {
			if err := yaml.Unmarshal(part.Data, &set); err != nil {
				t.Fatalf("parameters: %v", err)
			}
		}
	}
	return set
}

// emptyProject is a session with every table of the product, empty but typed; seeds have their rows.
func emptyProject(t *testing.T, parameters map[string]any) (*warehouse.Session, *model.Library) {
	t.Helper()
	library, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	values, err := library.Values(parameters)
	if err != nil {
		t.Fatal(err)
	}
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := build.Resolve(library, jobs.Datasets(registry, nil, nil), jobs.Steps(jobs.StepOptions{}), values)
	if err != nil {
		t.Fatal(err)
	}
	session := openSession(t, values)
	if err := build.Bind(t.Context(), session, graph); err != nil {
		t.Fatal(err)
	}
	return session, library
}

// builtin is the library of the product, read once for all cases.
var builtin = sync.OnceValues(func() (*model.Library, error) {
	parser, err := warehouse.Open(context.Background(), warehouse.Options{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer func() { _ = parser.Close() }()
	return model.Load(func(text string) ([]byte, error) { return parser.Serialize(context.Background(), text) }, model.Source{Files: sql.Files, Label: "sql"})
})

func openSession(t *testing.T, variables map[string]any) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 1, Variables: variables})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// give fills an input with the rows of a CSV that names some of its columns; a seed's own rows go first.
func give(t *testing.T, session *warehouse.Session, table string, data []byte) {
	t.Helper()
	if strings.HasPrefix(table, "seed.") {
		exec(t, session, "delete from "+table)
	}
	records := readCSV(t, data)
	for _, record := range records[1:] {
		exec(t, session, fmt.Sprintf("insert into %s (%s) values (%s)", table, strings.Join(records[0], ", "), literals(record)))
	}
}

func literals(cells []string) string {
	quoted := make([]string, len(cells))
	for i, cell := range cells {
		quoted[i] = "null"
		if cell != "" {
			quoted[i] = warehouse.Quote(cell)
		}
	}
	return strings.Join(quoted, ", ")
}

func inBuildOrder(t *testing.T, library *model.Library, wants []*txtar.File) []*txtar.File {
	t.Helper()
	slices.SortStableFunc(wants, func(a, b *txtar.File) int {
		first, second := find(t, library, a), find(t, library, b)
		switch {
		case slices.Contains(second.Inputs, first.Name):
			return -1
		case slices.Contains(first.Inputs, second.Name):
			return 1
		}
		return 0
	})
	return wants
}

func find(t *testing.T, library *model.Library, part *txtar.File) *model.Model {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(part.Name), ".csv")
	for _, candidate := range library.Models {
		if candidate.Name == name {
			return candidate
		}
	}
	t.Fatalf("no model %s", name)
	return nil
}

// compare runs a model over what was given, runs its audits, and holds its rows against the wanted ones, in any order.
func compare(t *testing.T, session *warehouse.Session, library *model.Library, want *txtar.File) {
	t.Helper()
	subject := find(t, library, want)
	exec(t, session, "create or replace table "+subject.Name+" as "+subject.Query)
	for _, audit := range subject.Audits {
		var broken int
		if err := session.QueryRow(t.Context(), "select count(*) from (\n"+audit.Query+"\n)").Scan(&broken); err != nil || broken > 0 {
			t.Errorf("%s: audit %s: %d bad rows, %v", subject.Name, audit.Name, broken, err)
		}
	}
	records := readCSV(t, want.Data)
	got := query(t, session, subject.Name, records[0])
	if *update {
		want.Data = []byte(strings.Join(append([]string{strings.Join(records[0], ",")}, got...), "\n") + "\n")
		return
	}
	var wanted []string
	for _, record := range records[1:] {
		wanted = append(wanted, line(record))
	}
	slices.Sort(wanted)
	if difference := cmp.Diff(wanted, got); difference != "" {
		t.Errorf("%s (%s)\n- wanted, + got\n%s", subject.Name, strings.Join(records[0], ","), difference)
	}
}

func query(t *testing.T, session *warehouse.Session, table string, columns []string) []string {
	t.Helper()
	texts := make([]string, len(columns))
	for i, column := range columns {
		texts[i] = "coalesce(" + warehouse.QuoteName(column) + "::varchar, '')"
	}
	rows, err := session.Query(t.Context(), "select ["+strings.Join(texts, ", ")+"] from "+table)
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	defer func() { _ = rows.Close() }()
	var lines []string
	for rows.Next() {
		var cells any
		if err := rows.Scan(&cells); err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, cell := range cells.([]any) {
			texts = append(texts, cell.(string))
		}
		lines = append(lines, line(texts))
	}
	slices.Sort(lines)
	return lines
}

func line(cells []string) string {
	var text strings.Builder
	writer := csv.NewWriter(&text)
	_ = writer.Write(cells)
	writer.Flush()
	return strings.TrimSuffix(text.String(), "\n")
}

func readCSV(t *testing.T, data []byte) [][]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) == 0 {
		t.Fatal("a table needs at least its header line")
	}
	return records
}

func exec(t *testing.T, session *warehouse.Session, statement string) {
	t.Helper()
	if _, err := session.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s\n%v", statement, err)
	}
}
