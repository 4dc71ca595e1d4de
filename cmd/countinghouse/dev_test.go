package main

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"
)

// The watch shows each save, outlives mistakes, stores nothing, and ends well when it is interrupted.
func TestDevWatches(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.run("--land", brand(t, "first"))
	published := s.published()
	model := func(expression string) {
		s.write("sql/mart/buyers.sql", "/* ---\nabout: Customers.\ngrain: [buyers]\ncolumns: {buyers: {about: How many}}\n--- */\nselect "+expression+" as buyers\nfrom core.customers\n")
	}
	watch := s.command(t.Context(), "dev")
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
		close(lines)
	}()
	until := func(want string) {
		t.Helper()
		var seen []string
		for timeout := time.After(time.Minute); ; {
			select {
			case line, open := <-lines:
				if seen = append(seen, line); strings.Contains(line, want) {
					return
				}
				if !open {
					t.Fatalf("it ended without %q:\n%s", want, strings.Join(seen, "\n"))
				}
			case <-timeout:
				t.Fatalf("no %q in a minute:\n%s", want, strings.Join(seen, "\n"))
			}
		}
	}
	until("watching ")
	for _, c := range []struct{ expression, want string }{
		{"count(*)", "1 audits, 0 failed"},
		{"count(*", "buyers.sql:6: "},
		{"count(customr_id)", `did you mean "customer_id"?`},
		{"case when customer_id > '' then 1 end", "audit failed: mart.buyers: audit grain: 1 bad rows"},
		{"count(distinct customer_id)", "1 audits, 0 failed"},
	} {
		model(c.expression)
		until(c.want)
	}
	if err := watch.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for range lines { // until its end
	}
	if err := watch.Wait(); err != nil {
		t.Errorf("it did not end well: %v", err)
	}
	if now := s.published(); now.Version != published.Version {
		t.Errorf("version %d is published, %d before", now.Version, published.Version)
	}
}
