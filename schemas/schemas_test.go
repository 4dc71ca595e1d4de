package schemas_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/pipelines/land"
	"countinghouse/schemas"
)

func builtIn(t *testing.T) *contract.Registry {
	t.Helper()
	registry, err := contract.Load(schemas.Files, nil)
	if err != nil {
		t.Fatal(err)
	}
	return registry
}

// alike are feeds that a header alone cannot tell apart: one table is the other with fewer columns, or only the file's name says what it counts.
func alike() [][]string {
	return [][]string{
		{"generic_coupons", "generic_orders"},
		{"meta_daily_follows", "meta_daily_views"},
		{"youtube_chart", "youtube_videos"},
	}
}

func areAlike(a, b string) bool {
	return slices.ContainsFunc(alike(), func(group []string) bool { return slices.Contains(group, a) && slices.Contains(group, b) })
}

// TestEachFeedTakesItsOwnFiles asks of every built-in feed's example which feed it is of: under its own name, and under one that says nothing.
func TestEachFeedTakesItsOwnFiles(t *testing.T) {
	registry := builtIn(t)
	for _, c := range registry.Feeds() {
		t.Run(c.Feed, func(t *testing.T) {
			in := exampleOf(t, c)
			named, err := land.Recognise(t.Context(), registry, nameOf(c), in)
			if err != nil || named.Feed != c.Feed {
				t.Errorf("%s is taken for %s (%s%s), %v", nameOf(c), named.Feed, named.Why, named.Reason, err)
			}
			if !c.Files.HasHeader() {
				return
			}
			nameless, err := land.Recognise(t.Context(), registry, "export", in)
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
func takenFor(told land.Recognition) []string {
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
	content := []byte(c.Example.File)
	switch {
	case c.Files.Container == contract.XLSX:
		content = workbookOf(t, c)
	case c.Files.Encoding == contract.GB18030:
		content = encoded(t, simplifiedchinese.GB18030, content)
	case c.Files.Encoding == contract.UTF16LE:
		content = encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), content)
	}
	return reader.Input{Size: int64(len(content)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }}
}

func encoded(t *testing.T, to encoding.Encoding, text []byte) []byte {
	t.Helper()
	content, err := to.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// workbookOf writes an example's CSV text as the cells of the contract's sheet.
func workbookOf(t *testing.T, c *contract.Contract) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer func() { _ = book.Close() }()
	sheet := "Sheet1"
	if c.Files.Sheet != "" {
		if err := book.SetSheetName(sheet, c.Files.Sheet); err != nil {
			t.Fatal(err)
		}
		sheet = c.Files.Sheet
	}
	lines := csv.NewReader(strings.NewReader(c.Example.File))
	lines.FieldsPerRecord = -1
	records, err := lines.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, record := range records {
		if err := book.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &record); err != nil {
			t.Fatal(err)
		}
	}
	content, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return content.Bytes()
}
