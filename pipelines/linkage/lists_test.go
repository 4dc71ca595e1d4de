package linkage_test

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/linkage"
)

// matchFiles links several files.
func matchFiles(t *testing.T, options linkage.Options, texts ...string) linkage.Report {
	t.Helper()
	dir := t.TempDir()
	for i, text := range texts {
		path := filepath.Join(dir, fmt.Sprintf("%d.csv", i))
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		options.Files = append(options.Files, path)
	}
	session, err := warehouse.Open(t.Context(), warehouse.Options{Threads: 2, ScratchDir: filepath.Join(dir, "scratch"), AllowedDirs: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	options.Budget, options.Threads = 1_000_000, 2
	report, err := linkage.Match(t.Context(), session, options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// catalogues are of two shops. Each has a product in several colours, which its own list words nearly alike, and the other one in its own way; every fifth
// product is in one of them only. The second has no description and names the columns in another order.
func catalogues(count int) (one, other string) {
	dice := rand.New(rand.NewPCG(7, 8))
	makers, kinds := strings.Fields("Sonora Kestrel Bramley Ovation Tindall"), []string{"digital camera", "dvd player", "headphones", "car speaker", "lcd tv", "keyboard"}
	colours := [][2]string{{"black", "B"}, {"silver", "S"}, {"white", "W"}}
	var first, second strings.Builder
	first.WriteString("id;name;description;price;which\n")
	second.WriteString("which,price,name\n")
	for i := range count {
		maker, kind, price := makers[dice.IntN(len(makers))], kinds[dice.IntN(len(kinds))], 20+dice.IntN(900)
		model := fmt.Sprintf("%c%c%d", 'A'+dice.IntN(26), 'A'+dice.IntN(26), 100+dice.IntN(900))
		for c, colour := range colours[:1+dice.IntN(3)] {
			which := fmt.Sprintf("%d-%d", i, c)
			if i%5 != 1 {
				fmt.Fprintf(&first, "%s;%s %s in %s with manual - %s%s;\"%s %s; %s finish\";%d;%s\n", which, maker, kind, colour[0], model, colour[1], maker, kind, colour[0], price, which)
			}
			if i%5 != 2 {
				fmt.Fprintf(&second, "%s,%d.99,%s %s%s %s\n", which, price-1, maker, model, colour[1], kind)
			}
		}
	}
	return first.String(), second.String()
}

// Of two lists without doubles each record has one partner or none, though its neighbours in its own list are more like it.
func TestListsOfThings(t *testing.T) {
	one, other := catalogues(200)
	report := matchFiles(t, linkage.Options{Truth: "which"}, one, other)
	if report.Truth.Precision < .95 || report.Truth.Recall < .95 || report.Sizes[len(report.Sizes)-1].Records != 2 {
		t.Errorf("%+v, sizes %v", report.Truth, report.Sizes)
	}
	if back := matchFiles(t, linkage.Options{Truth: "which"}, other, one); *back.Truth != *report.Truth {
		t.Errorf("the other file first: %+v, want %+v", back.Truth, report.Truth)
	}
}

// A third list with some of the things joins the pairs of the others, and no cluster has two records of one list.
func TestThreeListsOfThings(t *testing.T) {
	one, other := catalogues(150)
	var third strings.Builder
	third.WriteString("which,name\n")
	for i, line := range strings.Split(strings.TrimSpace(other), "\n") {
		if cells := strings.Split(line, ","); i > 0 && i%2 == 0 {
			fmt.Fprintf(&third, "%s,%s on sale\n", cells[0], cells[2])
		}
	}
	report := matchFiles(t, linkage.Options{Truth: "which"}, one, other, third.String())
	if report.Truth.Precision < .95 || report.Truth.Recall < .9 || report.Sizes[len(report.Sizes)-1].Records != 3 {
		t.Errorf("%+v, sizes %v", report.Truth, report.Sizes)
	}
}

// Two lists in one file, whose rows stand in any order, are told by how they write: the one has a dash before the number of the model, and a description.
func TestListsInOneFile(t *testing.T) {
	one, other := catalogues(200)
	var rows []string
	reader := csv.NewReader(strings.NewReader(one))
	reader.Comma = ';'
	lines, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, cells := range lines[1:] {
		rows = append(rows, strings.Join([]string{cells[1], cells[2], cells[4]}, ","))
	}
	for i, line := range strings.Split(strings.TrimSpace(other), "\n") {
		if cells := strings.Split(line, ","); i > 0 {
			rows = append(rows, cells[2]+",,"+cells[0])
		}
	}
	dice := rand.New(rand.NewPCG(1, 1))
	dice.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	report := match(t, "name,description,which\n"+strings.Join(rows, "\n")+"\n", linkage.Options{Truth: "which"})
	if report.Truth.Precision < .95 || report.Truth.Recall < .9 || report.Sizes[len(report.Sizes)-1].Records != 2 {
		t.Errorf("%+v, sizes %v, compared %d", report.Truth, report.Sizes, report.Compared)
	}
}

// Files of persons are one set of records, which may come twice in each.
func TestFilesOfPersonsMayHaveDoubles(t *testing.T) {
	rows := strings.SplitAfter(strings.TrimSpace(families), "\n")
	report := matchFiles(t, linkage.Options{Truth: "who"}, strings.Join(rows[:5], ""), rows[0]+strings.Join(rows[5:], ""))
	if report.Truth.F1 != 1 {
		t.Errorf("%+v", report.Truth)
	}
}
