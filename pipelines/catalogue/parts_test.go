package catalogue

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

// DescribedSteps are the columns that steps.yaml describes, by table.
func DescribedSteps(t *testing.T) map[string][]string {
	t.Helper()
	texts, described := map[string]stepText{}, map[string][]string{}
	if err := yaml.Unmarshal(stepTexts, &texts); err != nil {
		t.Fatal(err)
	}
	for table, text := range texts {
		described[table] = slices.Sorted(maps.Keys(text.Columns))
	}
	return described
}

// TestHighlightKeepsTheText: whatever the text, what a reader sees is that text, and nothing of it becomes HTML.
func TestHighlightKeepsTheText(t *testing.T) {
	links := func(table string) string {
		if table == "core.orders" {
			return "../tables/core.orders.html"
		}
		return ""
	}
	pieces := []string{"select ", "core.orders", "'it''s'", "'open", `"a ""b"`, "-- comment\n", "/* c */", "/* open", "/*/", "1.5", "<b>", "&amp;", "</pre>", "买家", "a.b.c", "\n"}
	rapid.Check(t, func(t *rapid.T) {
		query := strings.Join(rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(pieces), rapid.StringN(0, 5, -1))).Draw(t, "pieces"), "")
		query = strings.Map(func(letter rune) rune {
			if letter == 0 || letter == '\r' { // HTML has neither
				return -1
			}
			return letter
		}, strings.ToValidUTF8(query, ""))
		root, err := html.Parse(strings.NewReader("<!doctype html><pre>x" + string(highlight(query, links)) + "</pre>"))
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for node := range root.Descendants() {
			if node.Type == html.TextNode {
				text.WriteString(node.Data)
			}
		}
		if text.String() != "x"+query {
			t.Fatalf("shows %q for %q", text.String(), query)
		}
	})
}

func TestHighlight(t *testing.T) {
	got := string(highlight("select 'a' as x, 12 -- why\nfrom core.orders", func(table string) string { return map[string]string{"core.orders": "page"}[table] }))
	want := `<b>select</b> <span class="text">&#39;a&#39;</span> <b>as</b> x, <span class="number">12</span> <span class="comment">-- why</span>` + "\n" +
		`<b>from</b> <a href="page">core.orders</a>`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestFileNames: a name's file is the same each time, safe everywhere, and no other name's, also where capitals count for nothing.
func TestFileNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z_.]{1,4}`))
		a, b := names.Draw(t, "a"), names.Draw(t, "b")
		if strings.Trim(fileName(a), "abcdefghijklmnopqrstuvwxyz0123456789_.-") != "" || strings.HasPrefix(fileName(a), ".") {
			t.Fatalf("%q has the file %q", a, fileName(a))
		}
		if a != b && strings.EqualFold(fileName(a), fileName(b)) {
			t.Fatalf("%q and %q have the same file %q", a, b, fileName(a))
		}
	})
	if fileName("mart.customer_360") != "mart.customer_360" {
		t.Errorf("a plain name has the file %q", fileName("mart.customer_360"))
	}
}

func TestNumbers(t *testing.T) {
	for number, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567", -999: "-999"} {
		if got := count(number); got != want {
			t.Errorf("count(%d) = %q, want %q", number, got, want)
		}
	}
	for bytes, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 1234: "1.23 kB", 999_999: "1 MB", 25_000_000: "25 MB", 3_140_000_000_000: "3.14 TB"} {
		if got := size(bytes); got != want {
			t.Errorf("size(%d) = %q, want %q", bytes, got, want)
		}
	}
}

func TestFirstSentence(t *testing.T) {
	for text, want := range map[string]string{
		"One. Two.": "One.", "v1.5 is one. Two": "v1.5 is one.", "no end": "no end", "一行。二行。": "一行。", "ends.": "ends.", "": "",
	} {
		if got := firstSentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSparkline(t *testing.T) {
	rows := func(p Point) int64 { return p.Rows }
	if one := sparkline([]Point{{Rows: 5}}, rows, "t"); one != "" {
		t.Errorf("one point makes no line: %s", one)
	}
	if view := sparkline([]Point{{Rows: -1}, {Rows: -1}}, rows, "t"); view != "" {
		t.Errorf("rows that are not counted make no line: %s", view)
	}
	line := string(sparkline([]Point{{Rows: 0}, {Rows: 5}, {Rows: 10}}, rows, "<t>"))
	if want := `points="4,44 130,24 256,4"`; !strings.Contains(line, want) || !strings.Contains(line, "&lt;t&gt;") {
		t.Errorf("want %s in %s", want, line)
	}
	if flat := string(sparkline([]Point{{}, {}}, rows, "t")); !strings.Contains(flat, `points="4,44 256,44"`) {
		t.Errorf("nothing at all is a line at the bottom: %s", flat)
	}
}

// BenchmarkSite is of 400 models, of which 200 stand in a chain and 200 read one of them: half a second at most is for all pages.
func BenchmarkSite(b *testing.B) {
	c := Catalogue{}
	for i := range 400 {
		table := Table{Name: fmt.Sprintf("mart.model_%03d", i), Kind: "table", About: "One row.", SQL: strings.Repeat("select a, b from core.orders\n", 40)}
		for j := range 20 {
			table.Columns = append(table.Columns, Column{Name: fmt.Sprintf("column_%d", j), Type: "VARCHAR", Chinese: "列", About: "What it is"})
		}
		if i > 0 {
			table.Inputs = []string{fmt.Sprintf("mart.model_%03d", min(i-1, 199))}
		}
		c.Tables = append(c.Tables, table)
	}
	c.link()
	for b.Loop() {
		if _, err := Site(c); err != nil {
			b.Fatal(err)
		}
	}
}
