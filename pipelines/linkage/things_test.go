package linkage_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"countinghouse/pipelines/linkage"
)

// goods are products of two shops, which name them in their own ways; the number of the model is in both names, the price only nearly the same.
func goods(count int) string {
	dice := rand.New(rand.NewPCG(3, 4))
	makers, kinds := strings.Fields("Sonora Kestrel Bramley Ovation Tindall"), []string{"digital camera", "dvd player", "headphones", "car speaker", "lcd tv", "keyboard"}
	colours := strings.Fields("black silver white red")
	var text strings.Builder
	text.WriteString("id,name,description,price,which\n")
	for i := range count {
		maker, kind, price := makers[dice.IntN(len(makers))], kinds[dice.IntN(len(kinds))], 20+dice.IntN(900)
		model := fmt.Sprintf("%c%c%d", 'A'+dice.IntN(26), 'A'+dice.IntN(26), 100+dice.IntN(9000))
		fmt.Fprintf(&text, "a%d,%s %s %s,%s %s with manual,%d,%d\n", i, maker, kind, model, maker, kind, price, i)
		if i%3 != 0 {
			fmt.Fprintf(&text, "b%d,%s %s %s %s,,%d.99,%d\n", i, model, maker, kind, colours[dice.IntN(4)], price-1, i)
		}
	}
	return text.String()
}

// Names of things are no names of persons: they are compared by their words, of which rare ones bring records together.
func TestThingsMeetByTheirWords(t *testing.T) {
	for _, count := range []int{300, 2400} { // each pair is compared, and those of blocks
		report := match(t, goods(count), linkage.Options{Truth: "which"})
		if report.Columns[1].Role != "text" || report.Truth.Precision < .95 || report.Truth.Recall < .95 || report.Sizes[len(report.Sizes)-1].Records > 4 {
			t.Errorf("%d things: %+v, sizes %v, columns %v", count, report.Truth, report.Sizes, report.Columns)
		}
		if !report.Every && report.Compared > 240*report.Records {
			t.Errorf("%d pairs of %d things: want a number that grows with the things", report.Compared, report.Records)
		}
	}
}

func TestPersonsAreToldByTheirNames(t *testing.T) {
	for name, want := range map[string]string{"Mary Kusha": "full_name", "王杰": "full_name", "Golden Dragon": "text"} {
		report := match(t, "name,phone,street\n"+strings.Repeat(name+",512-353-8633,1 Elm St\n", 3)+"Robert Low,,2 Oak St\n", linkage.Options{})
		if got := report.Columns[0].Role; want != "text" && got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	things := match(t, "name,phone,city\nGolden Dragon,512-353-8633,Reno\nLa Grotta,404-231-1368,Reno\nPalm 9,,Reno\nGolden  Dragon,512/353-8633,Reno\nArt's Deli,,Reno\nLe Bec,,Reno\n", linkage.Options{})
	if things.Columns[0].Role != "text" || !slices.Equal(clusters(things), []int64{1, 2, 3, 1, 5, 6}) {
		t.Errorf("%v: %v", things.Columns, clusters(things))
	}
}

// Namesakes whose addresses are made of their name and of figures are as many people as there are figures; with another name beside them, that counts.
func TestFiguresBehindANameTellNamesakesApart(t *testing.T) {
	dice := rand.New(rand.NewPCG(5, 6))
	var text strings.Builder
	text.WriteString("first_name,surname,email,city,who\n")
	cities := strings.Fields("Ashby Corby Derry Exton Filey")
	people := crowd(350)
	for i, row := range people {
		cells := strings.Split(row, ",")
		fmt.Fprintf(&text, "%s,%s,%s.%s%d@mail.com,%s,%s\n", cells[0], cells[1], cells[0], cells[1], 10+dice.IntN(80), cities[i%5], cells[4])
	}
	for i := range 40 {
		fmt.Fprintf(&text, "Anna,Smithers,anna.smithers%d@mail.com,%s,smithers%d\n", 11+i, cities[i%5], i)
	}
	report := match(t, text.String(), linkage.Options{})
	joined := map[int64]int{}
	for _, cluster := range clusters(report)[len(people):] {
		joined[cluster]++
	}
	if len(joined) < 38 {
		t.Errorf("40 people of one name are %d: %v", len(joined), joined)
	}
}

func TestPairsFollowTheMemoryLimit(t *testing.T) {
	for limit, want := range map[string]int64{
		"": linkage.MostPairs, "80%": linkage.MostPairs, "16GB": linkage.MostPairs, "10GB": linkage.MostPairs, "1 GB": 5_000_000, "1GiB": 5_368_709, "512mb": 2_560_000, "1KB": 100_000,
	} {
		if got := linkage.PairsWithin(limit); got != want {
			t.Errorf("%q: %d pairs, want %d", limit, got, want)
		}
	}
	usual, small := linkage.Config{Threads: 2, Pairs: linkage.PairsWithin("")}, linkage.Config{Pairs: linkage.PairsWithin("1GB")}
	if usual.Definition() != "" || small.Definition() == "" {
		t.Errorf("definitions %q and %q", usual.Definition(), small.Definition())
	}
}
