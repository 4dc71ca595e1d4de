package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/warehouse"
)

// The product and the joins in SQL make the same number of pairs, with rules that have all their blocks and rules whose large blocks are refused.
func TestLinkageAndSQLMakeTheSamePairs(t *testing.T) {
	const records, budget = 4000, 40_000
	dir := t.TempDir()
	run := func(name, text string) {
		t.Helper()
		script := filepath.Join(dir, name+".sql")
		if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := child(t.Context(), []string{"-dirs", dir, "-scratch", t.TempDir(), script}, os.Stdout); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	scripts := linkageScripts(dir, records, budget)
	for _, name := range []string{"people", "persons", "match"} {
		run(name, scripts[name])
	}
	report, err := readMatch(dir)
	if err != nil {
		t.Fatal(err)
	}
	run("pairs", pairsScript(dir, report.Blocks))
	session, err := warehouse.Open(t.Context(), warehouse.Options{AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	var made int64
	if err := session.QueryRow(t.Context(), "select pairs from "+parquet(filepath.Join(dir, "pairs.parquet"))).Scan(&made); err != nil {
		t.Fatal(err)
	}
	if made != report.Compared || made > budget {
		t.Errorf("SQL made %d pairs, the product %d, allowed are %d", made, report.Compared, budget)
	}
	whole, neighbours := 0, int64(0)
	for _, block := range report.Blocks {
		neighbours += block.Neighbours
		if block.Pairs > 0 && block.RefusedBlocks == 0 {
			whole++
		}
	}
	if report.Every || report.Records != records || whole < 5 || neighbours == 0 {
		t.Errorf("%d records, every pair %v, %d whole rules, %d neighbours: too few to prove anything", report.Records, report.Every, whole, neighbours)
	}
	var people, most int
	query := "select count(*), max(n) from (select count(*) as n from read_csv('" + filepath.Join(dir, "people.csv") + "') group by person)"
	if err := session.QueryRow(t.Context(), query).Scan(&people, &most); err != nil {
		t.Fatal(err)
	}
	if people < 1400 || people > 1800 || most != 4 || report.Truth.Precision < .9 || report.Truth.Recall < .8 {
		t.Errorf("%d people with up to %d records, truth %+v", people, most, report.Truth)
	}
	note := matchNote(report, budget)
	if want := fmt.Sprintf("both made %d pairs of the %d allowed", made, budget); !strings.HasPrefix(note, want) {
		t.Errorf("the note says %q, want %q", note, want)
	}
}
