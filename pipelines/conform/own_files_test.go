package conform

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/contract/recognise"
	"countinghouse/schemas"
)

// alike are feeds that a header alone cannot tell apart: only the file's name says what it counts.
func alike() [][]string {
	return [][]string{
		{"meta_daily_follows", "meta_daily_views"},
	}
}

func areAlike(a, b string) bool {
	return slices.ContainsFunc(alike(), func(group []string) bool { return slices.Contains(group, a) && slices.Contains(group, b) })
}

// TestEachFeedTakesItsOwnFiles asks of every built-in feed's example which feed it is of: under its own name, and under one that says nothing.
func TestEachFeedTakesItsOwnFiles(t *testing.T) {
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range registry.Feeds() {
		t.Run(c.Feed, func(t *testing.T) {
			in := exampleOf(t, c)
			named, err := recognise.File(t.Context(), registry, nameOf(c), in)
			if err != nil || named.Feed != c.Feed {
				t.Errorf("%s is taken for %s (%s%s), %v", nameOf(c), named.Feed, named.Why, named.Reason, err)
			}
			if !c.Files.HasHeader() {
				return
			}
			nameless, err := recognise.File(t.Context(), registry, "export", in)
			if err != nil {
				t.Fatal(err)
			}
			for _, other := range takenFor(nameless) {
				if other != c.Feed && !areAlike(c.Feed, other) {
					t.Errorf("by its header it is taken for %s (%s%s)", other, nameless.Why, nameless.Reason)
				}
			}
		})
	}
}

// takenFor are the feeds that a file is of, or between which a person has to choose.
func takenFor(told recognise.Result) []string {
	if told.Feed != landing.Unrecognised {
		return []string{told.Feed}
	}
	between, _, _ := strings.Cut(strings.TrimPrefix(told.Reason, "its header fits the feeds "), ":")
	return strings.Split(between, ", ")
}

func nameOf(c *contract.Contract) string {
	if c.Example.Name != "" {
		return c.Example.Name
	}
	return strings.ReplaceAll(c.Files.Names[0], "*", "1")
}

func exampleOf(t *testing.T, c *contract.Contract) reader.Input {
	t.Helper()
	content, err := exampleBytes(c, nameOf(c))
	if err != nil {
		t.Fatal(err)
	}
	return reader.Input{Size: int64(len(content)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}
