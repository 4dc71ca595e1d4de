package generate

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func asOfDay() time.Time { return time.Date(2026, 10, 31, 0, 0, 0, 0, time.UTC) }

// brand makes a brand in a folder of the test's own.
func brand(t *testing.T, members int, seed uint64) (string, Summary) {
	t.Helper()
	dir := t.TempDir()
	summary, err := Run(context.Background(), Options{Dir: dir, Members: members, Seed: seed, AsOf: asOfDay()})
	if err != nil {
		t.Fatal(err)
	}
	return dir, summary
}

func fileHashes(t *testing.T, dir string) map[string][32]byte {
	t.Helper()
	hashes := map[string][32]byte{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		hashes[name] = sha256.Sum256(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hashes
}

func TestSameSeedGivesTheSameBytes(t *testing.T) {
	first, _ := brand(t, 300, 7)
	second, _ := brand(t, 300, 7)
	if diff := cmp.Diff(fileHashes(t, first), fileHashes(t, second)); diff != "" {
		t.Error(diff)
	}
}

func TestAnotherSeedGivesAnotherBrand(t *testing.T) {
	first, _ := brand(t, 300, 7)
	other, _ := brand(t, 300, 8)
	a, b := fileHashes(t, first), fileHashes(t, other)
	for name, hash := range a {
		stem := strings.SplitN(name, "_20", 2)[0]
		fixed := strings.HasSuffix(stem, "campaigns") || strings.HasSuffix(stem, "products") || strings.HasSuffix(stem, "communities")
		if b[name] == hash && !fixed {
			t.Errorf("%s is the same for two seeds", name)
		}
	}
}

// A person does not depend on how many others there are.
func TestAPersonIsAFunctionOfSeedAndNumber(t *testing.T) {
	small := newWorld(Options{Members: 100, Seed: 3, AsOf: asOfDay()})
	large := newWorld(Options{Members: 2000, Seed: 3, AsOf: asOfDay()})
	for i := range 150 {
		a, b := small.person(i), large.person(i)
		a.store, b.store = 0, 0 // there are more stores in the larger brand
		if diff := cmp.Diff(a, b, cmp.AllowUnexported(person{}, place{})); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestMembersAreAsManyAsAskedFor(t *testing.T) {
	for _, members := range []int{1, 2, 3, 4, 50, 51, 999} {
		w := newWorld(Options{Members: members, Seed: 1, AsOf: asOfDay()})
		count := 0
		for i := range w.people {
			if isMember(i) {
				count++
			}
		}
		if count != members {
			t.Errorf("asked for %d members, got %d of %d people", members, count, w.people)
		}
	}
}

// The live heap must not grow with the number of people.
func TestMemoryIsBounded(t *testing.T) {
	peak := func(members int) uint64 {
		var highest uint64
		_, err := Run(context.Background(), Options{Dir: t.TempDir(), Members: members, Seed: 1, AsOf: asOfDay(), Progress: func(done, _ int) {
			if done%4096 != 0 {
				return
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapAlloc)
		}})
		if err != nil {
			t.Fatal(err)
		}
		return highest
	}
	small, large := peak(4000), peak(20_000)
	if grown := int64(large) - int64(small); grown > 2<<20 {
		t.Errorf("live heap grew from %d to %d bytes with five times the members", small, large)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	full := t.TempDir()
	if err := os.Mkdir(filepath.Join(full, "exports"), 0o750); err != nil {
		t.Fatal(err)
	}
	cases := map[string]Options{
		"no folder":         {Members: 10, AsOf: asOfDay()},
		"no members":        {Dir: t.TempDir(), AsOf: asOfDay()},
		"too many members":  {Dir: t.TempDir(), Members: MaxMembers + 1, AsOf: asOfDay()},
		"no as-of day":      {Dir: t.TempDir(), Members: 10},
		"folder is not new": {Dir: full, Members: 10, AsOf: asOfDay()},
	}
	for name, options := range cases {
		if _, err := Run(context.Background(), options); !errors.Is(err, ErrOptions) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRunStopsWhenAsked(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	dir := t.TempDir()
	_, err := Run(ctx, Options{Dir: dir, Members: 3000, Seed: 1, AsOf: asOfDay(), Progress: func(done, _ int) {
		if done > 0 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "truth", ".spending")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("scratch file left behind: %v", err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "exports", "*.rows")); len(left) > 0 || err != nil {
		t.Errorf("scratch files left behind: %v, %v", left, err)
	}
}

func TestProgressEndsWithEverybody(t *testing.T) {
	last, total := 0, 0
	_, err := Run(context.Background(), Options{Dir: t.TempDir(), Members: 700, Seed: 1, AsOf: asOfDay(), Progress: func(d, n int) {
		if d < last {
			t.Errorf("progress went back from %d to %d", last, d)
		}
		last, total = d, n
	}})
	if err != nil || last != 1050 || total != 1050 {
		t.Errorf("ended at %d of %d, %v", last, total, err)
	}
}

func TestSummaryIsWhatIsWritten(t *testing.T) {
	dir, summary := brand(t, 200, 5)
	text, err := os.ReadFile(filepath.Join(dir, "truth", "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.MarshalIndent(summary, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want)+"\n", string(text)); diff != "" {
		t.Error(diff)
	}
}

func TestOtherDaysAndSizes(t *testing.T) {
	for _, day := range []time.Time{
		time.Date(2026, 7, 3, 0, 0, 0, 0, time.UTC), time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC), time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC),
	} {
		dir := t.TempDir()
		s, err := Run(context.Background(), Options{Dir: dir, Members: 30, Seed: 2, AsOf: day})
		if err != nil {
			t.Fatal(err)
		}
		if s.AsOf != day.Format(time.DateOnly) || s.Sales.Orders == 0 {
			t.Errorf("%s: %d orders as of %s", day, s.Sales.Orders, s.AsOf)
		}
	}
}

// A sheet holds no more rows than a workbook can; what is more goes into another file.
func TestLongExportsGoOnInAnotherFile(t *testing.T) {
	dir := t.TempDir()
	x, err := newExports(dir)
	if err != nil {
		t.Fatal(err)
	}
	sheet := feed{format: format{sheet: "订单"}, header: []string{"n"}, name: dated("long", "20060102", ".xlsx")}
	for n := range maxRowsXLSX + 2 {
		if err := x.write(seriesKey{feed: "long"}, dateDay(2026, 11, 1).at(0), sheet, strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
	want := []FileTotals{{"long_20261101.xlsx", maxRowsXLSX}, {"long_20261101_2.xlsx", 2}}
	if diff := cmp.Diff(want, x.files); diff != "" {
		t.Error(diff)
	}
	book, err := excelize.OpenFile(filepath.Join(dir, "long_20261101_2.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	if size, err := book.GetSheetDimension("订单"); size != "A1:A3" || err != nil {
		t.Errorf("second file says it is %s large, %v", size, err)
	}
	if err := book.Close(); err != nil {
		t.Error(err)
	}
	second := readRows(t, filepath.Join(dir, "long_20261101_2.xlsx"))
	if len(second) != 2 || second[1]["n"] != strconv.Itoa(maxRowsXLSX+1) {
		t.Errorf("second file holds %v", second)
	}
}

// readCSV reads a file with the standard library, header first; a byte-order mark is taken off.
func readCSV(t *testing.T, source io.Reader) [][]string {
	t.Helper()
	text, err := io.ReadAll(source)
	if err != nil {
		t.Fatal(err)
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff")))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func readTruth(t *testing.T, dir, name string) []map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "truth", name))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	return named(readCSV(t, file))
}

// named turns rows into maps by header; blanks around header cells are dropped, as readers do.
func named(rows [][]string) []map[string]string {
	var all []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, cell := range row {
			if i < len(rows[0]) {
				m[strings.TrimSpace(rows[0][i])] = cell
			}
		}
		all = append(all, m)
	}
	return all
}

func cents(t *testing.T, text string) fen {
	t.Helper()
	whole, part, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole+(part + "00")[:2], 10, 64)
	if err != nil || len(part) > 2 {
		t.Fatalf("not an amount: %q", text)
	}
	return fen(n)
}

func integer(t *testing.T, text string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
