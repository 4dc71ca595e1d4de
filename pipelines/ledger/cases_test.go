package ledger_test

import (
	"encoding/csv"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"countinghouse/pipelines/ledger"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestCases runs the cases that an accountant can read: movements in, tables wanted. A case wants the columns that it names, all rows, in order.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			runCase(t, archive)
		})
	}
}

func runCase(t *testing.T, archive *txtar.Archive) {
	t.Helper()
	given := history{
		programme: []map[string]string{{"valid_from": "2020-01-01", "validity": "rolling", "validity_days": "365"}},
	}
	wants := map[string][][]string{}
	for _, file := range archive.Files {
		text := strings.TrimSpace(string(file.Data))
		table, wanted := strings.CutPrefix(strings.TrimSuffix(file.Name, ".csv"), "want/")
		switch {
		case wanted:
			wants["ledger."+table] = records(t, text)
		case file.Name == "as_of":
			given.asOf = text
		case file.Name == "programme.csv":
			given.programme = named(t, records(t, text))
		case file.Name == "pools.csv":
			given.pools = poolsFrom(t, named(t, records(t, text)))
		case file.Name == "movements.csv":
			given.movements = named(t, records(t, text))
		default:
			t.Fatalf("a case has no part %q", file.Name)
		}
	}
	if len(wants) == 0 {
		t.Fatal("the case wants nothing")
	}
	got := given.run(t)
	for table, want := range wants {
		if difference := cmp.Diff(want, got.table(table, want[0])); difference != "" {
			t.Errorf("%s (-want +got):\n%s", table, difference)
		}
	}
}

func poolsFrom(t *testing.T, rows []map[string]string) []ledger.Membership {
	t.Helper()
	var all []ledger.Membership
	for _, row := range rows {
		one := ledger.Membership{Channel: "shop", AccountID: row["account_id"], Pool: row["pool"], JoinedOn: day(t, row["joined_on"]), LeftOn: ledger.NoExpiry}
		if row["left_on"] != "" {
			one.LeftOn = day(t, row["left_on"])
		}
		all = append(all, one)
	}
	return all
}

func records(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// named gives rows by column name.
func named(t *testing.T, rows [][]string) []map[string]string {
	t.Helper()
	var all []map[string]string
	for _, row := range rows[1:] {
		values := map[string]string{}
		for i, name := range rows[0] {
			values[name] = row[i]
		}
		all = append(all, values)
	}
	return all
}

// TestEveryCodeHasACase keeps the cases complete: an exception that no case shows is one that nobody has reviewed.
func TestEveryCodeHasACase(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range archive.Files {
			if part.Name != "want/exceptions.csv" {
				continue
			}
			for _, row := range named(t, records(t, strings.TrimSpace(string(part.Data)))) {
				shown = append(shown, row["code"])
			}
		}
	}
	for _, code := range everyCode() {
		if !slices.Contains(shown, string(code)) {
			t.Errorf("no case shows %s", code)
		}
	}
}
