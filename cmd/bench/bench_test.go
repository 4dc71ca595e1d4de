package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/text/encoding/simplifiedchinese"

	"countinghouse/internal/contract"
	"countinghouse/internal/warehouse"
	"countinghouse/schemas"
)

func seconds(values ...float64) []usage {
	var all []usage
	for _, value := range values {
		all = append(all, usage{wall: time.Duration(value * float64(time.Second)), cpu: time.Second, peak: 1 << 20})
	}
	return all
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{5, 1, 3}, 3}, {[]float64{8, 1, 2, 4}, 3}} {
		if got := median(c.values); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.values, got, c.want)
		}
	}
}

// The pairs 10/2, 3/3, 4/2 have the ratios 5, 1 and 2; the medians 4 and 2 would give 2 as well, so the third pair is 9/2.
func TestRatioIsOfPairs(t *testing.T) {
	got := line("x", seconds(10, 3, 9), seconds(2, 3, 2))
	if got.WallRatio != 4.5 || got.A.Wall != 9 || got.B.Wall != 2 || got.Pairs != 3 {
		t.Errorf("got %+v, want the ratio 4.5 of 9 s and 2 s in 3 pairs", got)
	}
	if uneven := line("x", seconds(1, 10, 100), seconds(10, 1, 50)); uneven.WallRatio != 2 {
		t.Errorf("the median of 0.1, 10 and 2 is 2, got %v", uneven.WallRatio)
	}
}

func TestPairsTakeTurns(t *testing.T) {
	var order strings.Builder
	note := func(name string) measured {
		return measured{
			before: func() error { order.WriteString("-"); return nil },
			run:    func(context.Context) (usage, error) { order.WriteString(name); return usage{}, nil },
		}
	}
	as, bs, err := pairs(t.Context(), 3, note("a"), note("b"))
	if err != nil || len(as) != 3 || len(bs) != 3 {
		t.Fatalf("%d and %d measurements, error %v", len(as), len(bs), err)
	}
	if got, want := order.String(), "-a-b-b-a-a-b"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
}

func TestVerdict(t *testing.T) {
	r := result{Name: "x"}
	if r.verdict() != "" {
		t.Errorf("without a goal: %q", r.verdict())
	}
	if got := r.goal(1.15, 1.15, "times").verdict(); got != "met: 1.15 of at most 1.15 times" {
		t.Error(got)
	}
	if got := r.goal(1.16, 1.15, "times").verdict(); got != "missed: 1.16 of at most 1.15 times" {
		t.Error(got)
	}
}

func TestReportAsJSONAndTable(t *testing.T) {
	share := alone("a step", seconds(2))
	share.WallShare, share.CPUShare = 0.25, 0.5
	told := report{
		Machine: header{Processor: "a processor", Cores: 2, LoadBefore: 3.5},
		Results: []result{line("one", seconds(2), seconds(1)).goal(2, 1.3, "times"), share},
	}
	var text bytes.Buffer
	if err := told.print(&text, "json"); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Machine map[string]any
		Results []map[string]any
	}
	if err := json.Unmarshal(text.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	first := back.Results[0]
	if back.Machine["load_before"] != 3.5 || first["wall_ratio"] != 2.0 || first["goal"] != 1.3 || first["a"].(map[string]any)["wall_seconds"] != 2.0 {
		t.Errorf("%v", back)
	}
	text.Reset()
	if err := told.print(&text, "table"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"missed: 2.00 of at most 1.3 times", "25 % of wall, 50 % of cpu", "a processor, 2 cores", "load was 3.50"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("without %q:\n%s", want, &text)
		}
	}
}

func TestMachineIsThisOne(t *testing.T) {
	now := time.Date(2026, 11, 1, 8, 30, 0, 0, time.UTC)
	told := machine(now)
	var system unix.Sysinfo_t
	if err := unix.Sysinfo(&system); err != nil {
		t.Fatal(err)
	}
	memory := float64(system.Totalram) * float64(system.Unit) / (1 << 30)
	if told.Cores != runtime.NumCPU() || told.MemoryGB < memory*0.99 || told.MemoryGB > memory*1.01 || !strings.Contains(told.String(), "2026-11-01 08:30") {
		t.Errorf("%s, want %.1f GB", told, memory)
	}
	if (header{LoadBefore: 1}).warning() != "" || (header{LoadBefore: 1.01}).warning() == "" {
		t.Error("a load of 1 is quiet, more is not")
	}
}

// A process that does nothing but hold memory and wait is measured by what it was told to do.
func TestCommandMeasures(t *testing.T) {
	took, err := command(t.Context(), nil, nil, "sh", "-c", "sleep 0.2; echo done")
	if err != nil {
		t.Fatal(err)
	}
	if took.wall < 200*time.Millisecond || took.cpu > 150*time.Millisecond || took.peak < 100<<10 || string(took.output) != "done\n" {
		t.Errorf("%+v", took)
	}
}

func TestCommandFailsWithWhatWasSaid(t *testing.T) {
	_, err := command(t.Context(), []string{"WORD=broken"}, nil, "sh", "-c", "echo it is $WORD >&2; exit 3")
	if err == nil || !strings.Contains(err.Error(), "it is broken") {
		t.Errorf("%v", err)
	}
	if _, err := command(t.Context(), nil, []int{3}, "sh", "-c", "exit 3"); err != nil {
		t.Errorf("exit code 3 was said to be fine: %v", err)
	}
}

// The same rows come out whatever the encoding, and the same bytes each time.
func TestCSVIsTheSameRows(t *testing.T) {
	dir := t.TempDir()
	paths := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "gb")}
	var texts [][]byte
	for i, path := range paths {
		if err := writeCSV(path, 200_000, i == 2); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(texts[2])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(texts[0], texts[1]) || !bytes.Equal(texts[0], decoded) || bytes.Equal(texts[0], texts[2]) {
		t.Error("the three files do not hold the same text in two encodings")
	}
	if len(texts[0]) < 200_000 || len(texts[0]) > 200_500 {
		t.Errorf("%d bytes", len(texts[0]))
	}
}

func inSession(t *testing.T, dir string) *warehouse.Session {
	t.Helper()
	session, err := warehouse.Open(t.Context(), warehouse.Options{AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// DuckDB sniffs the made-up CSV for itself: types and rows must be as the typed statement makes them.
func TestBareStatementTypesTheCSV(t *testing.T) {
	dir := t.TempDir()
	csv, out := filepath.Join(dir, "x.csv"), filepath.Join(dir, "x.parquet")
	if err := writeCSV(csv, 50_000, false); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "x.sql")
	statement := strings.Replace(strings.Replace(bareConform, "%s", csv, 1), "%s", out, 1)
	if err := os.WriteFile(script, []byte(statement), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := child(t.Context(), []string{"-dirs", dir, script}, os.Stdout); err != nil {
		t.Fatal(err)
	}
	var rows, sniffed int64
	var sum, sniffedSum, types string
	session := inSession(t, dir)
	query := "select count(*), sum(paid_amount)::varchar, any_value(typeof(paid_amount) || ' ' || typeof(paid_at) || ' ' || typeof(quantity)) from " + parquet(out)
	if err := session.QueryRow(t.Context(), query).Scan(&rows, &sum, &types); err != nil {
		t.Fatal(err)
	}
	query = `select count(*), sum("实付金额"::decimal(18, 2))::varchar from read_csv('` + csv + `')`
	if err := session.QueryRow(t.Context(), query).Scan(&sniffed, &sniffedSum); err != nil {
		t.Fatal(err)
	}
	if rows != sniffed || rows == 0 || sum != sniffedSum || types != "DECIMAL(18,2) TIMESTAMP BIGINT" {
		t.Errorf("%d rows with the sum %s (%s), sniffed %d with %s", rows, sum, types, sniffed, sniffedSum)
	}
}

func TestDigestTellsRowsApart(t *testing.T) {
	session := inSession(t, t.TempDir())
	digest := func(relation string) string {
		t.Helper()
		text, err := digestOf(t.Context(), session, relation)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	base := digest("(select * from (values ('a', 1, 0.1::double), ('b', 2, 0.5)) as v(x, y, z))")
	same := []string{
		"(select * from (values ('b', 2, 0.5::double), ('a', 1, 0.1)) as v(x, y, z))",
		"(select * from (values ('a', 1, 0.1::double + 1e-15), ('b', 2, 0.5)) as v(x, y, z))",
	}
	other := []string{
		"(select * from (values ('a', 2, 0.1::double), ('b', 1, 0.5)) as v(x, y, z))",                // the same sums
		"(select * from (values ('a', 1, 0.1::double), ('b', 2, 0.5), ('b', 2, 0.5)) as v(x, y, z))", // a row twice
		"(select * from (values ('a', 1, 0.1001::double), ('b', 2, 0.5)) as v(x, y, z))",             // a little more
		"(select * from (values ('a', 1::bigint, 0.1::double), ('b', 2, 0.5)) as v(x, y, z))",        // another type
		"(select * from (values ('a', 1, 0.1::double), ('b', 2, 0.5)) as v(x, q, z))",                // another name
		"(select * from (values ('a', 1, 0.1::double), (null, 2, 0.5)) as v(x, y, z))",               // no value
		"(select * from (values ('a', 1, 0.1::double), ('b', 2, 0.5)) as v(x, y, z) where false)",    // nothing
	}
	for _, relation := range same {
		if got := digest(relation); got != base {
			t.Errorf("%s\n%s\n%s", relation, got, base)
		}
	}
	for _, relation := range other {
		if digest(relation) == base {
			t.Errorf("%s has the digest of other rows", relation)
		}
	}
}

func TestDifferencesNameTheMart(t *testing.T) {
	err := differences([]string{"same", "other"}, []string{"1", "2"}, []string{"1", "3"})
	if err == nil || !strings.Contains(err.Error(), "other:") || strings.Contains(err.Error(), "same:") {
		t.Errorf("%v", err)
	}
}

// Steps in Go run where the script says, on what it made before.
func TestScriptWaitsForSteps(t *testing.T) {
	dir := t.TempDir()
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	kinds := identifierKinds(registry)
	script := filepath.Join(dir, "steps.sql")
	for text, want := range map[string]string{
		"select 1;\n--: step accounts\nselect 2;\n":             `there is no step "accounts"`,
		"select 1;\n--: step identity " + kinds + "\nselect 2;": "read identity_rules",
		"select 1;\n--: step ledger\nselect 2;\n":               "points_programme",
		"select 1;\n-- no step\nselect 2;\n":                    "",
	} {
		if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := child(t.Context(), []string{"-dirs", dir, "-scratch", t.TempDir(), script}, os.Stdout)
		if (err == nil) != (want == "") || (err != nil && !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// Two steps of 1 and 3 s, each with 1 s of processor time: together 4 and 2 s, in shares of 25 and 75 % of wall, and half of the rest.
func TestStepsHaveShares(t *testing.T) {
	b := &bencher{}
	steps := []step{{"first", seconds(1)[0]}, {"second", seconds(3)[0]}}
	(&whole{b: b}).add(seconds(6), seconds(4), steps)
	if len(b.results) != 4 {
		t.Fatalf("%d lines: %+v", len(b.results), b.results)
	}
	pair, sum, first, second := b.results[0], b.results[1], b.results[2], b.results[3]
	if pair.WallRatio != 1.5 || *pair.Value != 1.5 || pair.met() {
		t.Errorf("pair: %+v", pair)
	}
	if sum.A != (side{Wall: 4, CPU: 2, Peak: 1}) || sum.Value != nil {
		t.Errorf("sum: %+v", sum)
	}
	if first.WallShare != 0.25 || second.WallShare != 0.75 || first.CPUShare != 0.5 || first.A.Wall != 1 {
		t.Errorf("steps: %+v, %+v", first, second)
	}
}

// What conform made stays; what came after it goes.
func TestOnlyTypedIsLeft(t *testing.T) {
	store := t.TempDir()
	for _, folder := range []string{"landing/x", "files/x", "rejects/x", "tables/x", "marts/x", "environments", "runs"} {
		if err := os.MkdirAll(filepath.Join(store, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := onlyTyped(store); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(store, "*", "x"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(store, "files", "x"), filepath.Join(store, "landing", "x"), filepath.Join(store, "rejects", "x")}
	if !slices.Equal(left, want) {
		t.Errorf("left %v", left)
	}
}

// Every mart of the product is in the script, so that a new one cannot be forgotten.
func TestScriptMakesEveryMart(t *testing.T) {
	models := filepath.Join("..", "..", "sql")
	text, marts, err := wholeScript(places{models: models, store: "a-store", seeds: "the-seeds", out: "an-out"})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(models, "mart", "*.sql"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d models, error %v", len(files), err)
	}
	made := map[string]int{}
	for _, mart := range marts {
		made[mart]++
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".sql")
		if made[name] != 1 {
			t.Errorf("the script makes %s %d times", name, made[name])
		}
		if !strings.Contains(text, "to 'an-out/"+name+".parquet'") {
			t.Errorf("the script does not write %s", name)
		}
	}
	if len(marts) != len(files) || regexp.MustCompile(`(?m)^--: (core|mart|empty)|\{[a-z]+\}`).MatchString(text) {
		t.Errorf("%d marts for %d models; or a mark is left", len(marts), len(files))
	}
}

func TestParseRefusesAnUnknownOutput(t *testing.T) {
	if _, err := parse([]string{"-output", "xml"}); err == nil {
		t.Error("xml was taken")
	}
	s, err := parse([]string{"-members", "7", "-output", "json"})
	if err != nil || s.members != 7 || s.pairs < 5 || s.long < 3 || !filepath.IsAbs(s.product) {
		t.Errorf("%+v %v", s, err)
	}
}
