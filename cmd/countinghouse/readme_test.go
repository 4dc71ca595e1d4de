package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeFiveMinutes does what both READMEs tell a newcomer to do, and compares what they print with what comes.
func TestReadmeFiveMinutes(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.do(exitDone, "init")
	s.do(exitDone, "run")
	var marts []string
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		read, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		text := string(read)
		_, rest, _ := strings.Cut(text, "```sql\n")
		mart, _, found := strings.Cut(rest, "```\n")
		if !found {
			t.Fatalf("%s has no mart", name)
		}
		marts = append(marts, mart)
	}
	if marts[0] != marts[1] {
		t.Error("the READMEs have different marts")
	}
	s.write("sql/mart/best_sellers.sql", marts[0])
	if got := s.do(exitDone, "dev", "--once", "best_sellers"); !strings.Contains(got, "4 rows") {
		t.Errorf("dev prints %s", got)
	}
	s.do(exitDone, "run")
	s.do(exitDone, "fmt", "--check")
	s.do(exitDone, "lint")
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		s.printsAsIn(name, "select channel, month, orders, buyers, revenue from mart.sales_by_month order by month")
		s.printsAsIn(name, "select product_id, quantity, revenue from mart.best_sellers order by revenue desc")
	}
}

// printsAsIn holds what a query prints against what stands below it in a document.
func (s *site) printsAsIn(name, query string) {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		s.t.Fatal(err)
	}
	_, below, found := strings.Cut(string(text), query)
	if !found {
		s.t.Fatalf("%s does not ask %s", name, query)
	}
	for _, line := range strings.Split(strings.TrimSpace(s.do(exitDone, "query", query)), "\n") {
		if !strings.Contains(below, "    "+strings.TrimSpace(line)+"\n") {
			s.t.Errorf("%s does not show %s", name, line)
		}
	}
}
