package schemas_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestDocumentNamesEveryFeed holds docs/FEEDS.md against the contracts: every feed stands in its table with its Chinese name, the names of its files and what it
// gives, and every dataset among those that have a generic feed.
func TestDocumentNamesEveryFeed(t *testing.T) {
	content, err := os.ReadFile("../docs/FEEDS.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(content), "\n")
	registry := builtIn(t)
	for _, feed := range registry.Feeds() {
		if strings.HasPrefix(feed.Feed, "generic_") {
			continue
		}
		cells := tableRow(lines, feed.Feed)
		if len(cells) != 4 {
			t.Errorf("docs/FEEDS.md has no row of four cells for %s", feed.Feed)
			continue
		}
		if cells[1] != feed.Zh {
			t.Errorf("%s: the document calls it %q, the contract %q", feed.Feed, cells[1], feed.Zh)
		}
		if want := fmt.Sprintf("`%s`", strings.Join(feed.Files.Names, "` `")); cells[2] != want {
			t.Errorf("%s: the document has the files %s, the contract %s", feed.Feed, cells[2], want)
		}
		given := strings.Split(cells[3], ", ")
		slices.Sort(given)
		if want := slices.Sorted(maps.Keys(feed.Gives)); !slices.Equal(given, want) {
			t.Errorf("%s: the document says that it gives %v, the contract %v", feed.Feed, given, want)
		}
	}
	for _, dataset := range registry.Datasets() {
		if dataset.IsDerived() {
			continue
		}
		if !slices.ContainsFunc(lines, func(line string) bool {
			return strings.HasPrefix(line, "`generic_<dataset>*.csv`") && strings.Contains(line, " "+dataset.Dataset)
		}) {
			t.Errorf("docs/FEEDS.md does not name dataset %s among the generic feeds", dataset.Dataset)
		}
	}
}

// tableRow gives the cells of the table's row that begins with a feed's name.
func tableRow(lines []string, feed string) []string {
	for _, line := range lines {
		if strings.HasPrefix(line, "| `"+feed+"` |") {
			cells := strings.Split(strings.Trim(line, "| "), " | ")
			return cells
		}
	}
	return nil
}
