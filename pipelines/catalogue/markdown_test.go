package catalogue_test

import (
	"path"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"countinghouse/pipelines/catalogue"
)

func markdown(t *testing.T, c catalogue.Catalogue) map[string]string {
	t.Helper()
	files, err := catalogue.Markdown(c)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]string{}
	for _, file := range files {
		made[file.Path] = string(file.Data)
	}
	return made
}

func TestMarkdown(t *testing.T) {
	made := markdown(t, builtIn(t))
	pyramid := made["tables/mart.customer_pyramid.md"]
	wants(t, "a table", pyramid, `# mart.customer\_pyramid 客户金字塔`, "| `revenue` | 净消费额 | | CNY | Paid in the window, less refunds made in it; may be negative | |",
		"- rows: 12,345", "](../tables/core.customer_days.md)", "```sql with customers as (select * from core.customers)")
	wants(t, "a feed", made["feeds/tmall_orders.md"], "| `phone` | 联系手机 | phone | | | yes |", "绿茶 50g，茶杯", "[dataset.orders](../tables/dataset.orders.md)")
	wants(t, "a seed", made["tables/seed.pyramid_layers.md"], "| 1 | 0 | 2 | refer | 荐 | Refer |")
	wants(t, "sources", made["tables/core.orders.md"], "`dataset.orders.channel`, `tmall_orders.paid_amount`, `gone.gone.x`, `window_days` |")
	wants(t, "the start", made["README.md"], "version 3, published 2026-11-01 06:00:00", `[mart.customer\_pyramid](tables/mart.customer_pyramid.md)`, "| `window_days` |")
	links := 0
	for name, text := range made {
		for _, link := range regexp.MustCompile(`\]\(([^)]+\.md)\)`).FindAllStringSubmatch(text, -1) {
			links++
			if made[path.Join(path.Dir(name), link[1])] == "" {
				t.Errorf("%s: %q leads nowhere", name, link[1])
			}
		}
	}
	if links < 300 {
		t.Errorf("only %d links were looked at", links)
	}
}

// TestExampleWithoutRows: an example may be there to show that its rows give nothing.
func TestExampleWithoutRows(t *testing.T) {
	silent := builtIn(t)
	silent.Feeds[0].Example = &catalogue.Example{File: "a,b\n1,2\n", Gives: []catalogue.Given{{Dataset: "refunds"}}}
	wants(t, "markdown", markdown(t, silent)["feeds/"+silent.Feeds[0].Name+".md"], "It gives refunds no row.")
	page := write(t, silent).pages["feeds/"+silent.Feeds[0].Name+".html"]
	wants(t, "page", textOf(page), "Rows out", "no row")
}

// TestMarkdownRows: every row of a table has as many cells as its header, whatever the cells hold.
func TestMarkdownRows(t *testing.T) {
	bad := builtIn(t)
	fill(reflect.ValueOf(bad.Table("mart.customer_pyramid")).Elem().FieldByName("Columns"), hostile)
	fill(reflect.ValueOf(bad.Table("mart.customer_pyramid")).Elem().FieldByName("Audits"), hostile)
	cells := func(line string) int { return len(regexp.MustCompile(`(^|[^\\])\|`).FindAllString(line, -1)) }
	for name, text := range markdown(t, bad) {
		if name == catalogue.MarkFile {
			continue
		}
		width := 0
		for _, line := range strings.Split(text, "\n") {
			if !strings.HasPrefix(line, "| ") {
				width = 0
				continue
			}
			if width == 0 {
				width = cells(line)
			}
			if cells(line) != width {
				t.Errorf("%s: %d cells in a table of %d: %s", name, cells(line)-1, width-1, line)
			}
		}
		if regexp.MustCompile("(?i)[^`]*<(script|img)").MatchString(withoutCode(text)) {
			t.Errorf("%s: a text became HTML", name)
		}
	}
}

// withoutCode is Markdown without what stands in backticks.
func withoutCode(text string) string {
	text = regexp.MustCompile("(?s)```.*?```").ReplaceAllString(text, "")
	return regexp.MustCompile("``.*?``|`[^`]+`").ReplaceAllString(text, "")
}
