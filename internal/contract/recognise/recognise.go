// Package recognise tells which feed takes a file, from its header and its name.
package recognise

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
)

// A Result is which feed takes a file, and why.
type Result struct {
	Feed   string   // landing.Unrecognised if none does
	Why    string   // why this feed; empty if none
	Also   []string // other feeds whose header fits as well, but less, by name
	Reason string   // why no feed does
}

// File finds the feed that takes a file of that base name. A file whose name one feed takes, and whose header fits it, is of that feed.
// Else, of the feeds whose required headers the file has, the one wins of which it has the most required headers, then the most headers, then
// the one that takes its name; two that are equal in all three are left to a person. But a file whose name only one feed takes is of another only
// if that one knows nearly all of its columns: else a column is missing, and conform says so.
func File(ctx context.Context, registry *contract.Registry, name string, in reader.Input) (Result, error) {
	byName := registry.Taking(name)
	if len(byName) == 1 {
		told, sure, err := nameAndHeader(ctx, byName[0], in)
		if sure || err != nil {
			return told, err
		}
	}
	fits, err := fitting(ctx, registry.Feeds(), name, in)
	if err != nil {
		return Result{}, err
	}
	if len(byName) == 1 {
		fits = slices.DeleteFunc(fits, func(one fit) bool { return !one.knowsNearlyAll() })
	}
	return choose(byName, fits), nil
}

// knowsNearlyAll says that at most one column in ten of the file is strange to the feed.
func (f fit) knowsNearlyAll() bool { return f.known*10 >= f.width*9 }

// nameAndHeader is for the one feed that takes the name; sure if nothing speaks against it.
func nameAndHeader(ctx context.Context, c *contract.Contract, in reader.Input) (told Result, sure bool, err error) {
	told = Result{Feed: c.Feed, Why: "by its name"}
	if !c.Files.HasHeader() {
		return told, true, nil
	}
	one, fits, err := fitOf(ctx, c, in)
	told.Why = "by its name and " + one.text()
	return told, fits, err
}

// A fit is a feed whose required headers a file has.
type fit struct {
	contract        *contract.Contract
	required, known int // headers of the file that the feed requires, and that it knows at all
	width           int // headers that the file has
	named           bool
	line            int64
	sheet           string
}

func (f fit) text() string {
	if f.line == 0 {
		return fmt.Sprintf("its fields (%d of %d required ones)", f.required, f.required)
	}
	place := fmt.Sprintf("line %d", f.line)
	if f.sheet != "" {
		place = fmt.Sprintf("sheet %q, row %d", f.sheet, f.line)
	}
	return fmt.Sprintf("its header (%s: %d required columns, %d known)", place, f.required, f.known)
}

// fitting gives the feeds whose container and required headers the file has, best first.
func fitting(ctx context.Context, candidates []*contract.Contract, name string, in reader.Input) ([]fit, error) {
	var found []fit
	for _, c := range candidates {
		one, fits, err := fitOf(ctx, c, in)
		if err != nil {
			return nil, err
		}
		if fits {
			one.named = c.Takes(name)
			found = append(found, one)
		}
	}
	slices.SortStableFunc(found, func(a, b fit) int { return b.compare(a) })
	return found, nil
}

// compare is greater than 0 if f fits better.
func (f fit) compare(other fit) int {
	return cmp.Or(cmp.Compare(f.required, other.required), cmp.Compare(f.known, other.known), cmp.Compare(number(f.named), number(other.named)))
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

func fitOf(ctx context.Context, c *contract.Contract, in reader.Input) (fit, bool, error) {
	header, fits, err := headerOf(ctx, c, in)
	if err != nil || !fits {
		return fit{}, false, err
	}
	one := fit{contract: c, line: header.Line, sheet: header.Sheet}
	for _, name := range header.Names {
		if contract.NormalHeader(name) != "" {
			one.width++
		}
	}
	fields := hasFields(c)
	for i, column := range c.Columns {
		switch {
		case column.Computed() || header.Fields[i] < 0:
		case column.Required:
			one.required, one.known = one.required+1, one.known+1
		case !fields: // which fields the records of a JSON file have is not in its header
			one.known++
		}
	}
	return one, true, nil
}

// hasFields says that a file has no header, but records whose fields have names.
func hasFields(c *contract.Contract) bool {
	return c.Files.Container == contract.JSON || c.Files.Container == contract.JSONL
}

// headerOf finds the contract's header in a file; fits is false if it has none, or holds something else. An error is about reaching the file.
func headerOf(ctx context.Context, c *contract.Contract, in reader.Input) (header reader.Header, fits bool, err error) {
	if !c.Files.HasHeader() {
		return header, false, nil
	}
	if hasFields(c) {
		if fits, err = reader.Fits(ctx, c, in); err != nil || !fits {
			return header, false, err
		}
	}
	header, err = reader.FindHeader(ctx, c, in)
	if wrong := (*reader.Problem)(nil); errors.As(err, &wrong) {
		return header, false, nil
	}
	return header, err == nil, err
}

// choose decides between the feeds that take the name and those whose header fits, best first.
func choose(byName []*contract.Contract, fits []fit) Result {
	switch {
	case len(fits) > 1 && fits[0].compare(fits[1]) == 0:
		equal := slices.IndexFunc(fits, func(other fit) bool { return fits[0].compare(other) != 0 })
		if equal < 0 {
			equal = len(fits)
		}
		return refused("its header fits the feeds %s: say which with --feed", strings.Join(feedsOf(fits[:equal]), ", "))
	case len(fits) > 0:
		told := Result{Feed: fits[0].contract.Feed, Why: "by " + fits[0].text(), Also: feedsOf(fits[1:])}
		if fits[0].named {
			told.Why = "by its name and " + fits[0].text()
		}
		return told
	case len(byName) == 1:
		return Result{Feed: byName[0].Feed, Why: "by its name; its header does not fit"}
	case len(byName) > 1:
		return refused("its name fits the feeds %s, its header none of them: say which with --feed", names(byName))
	default:
		return refused("neither its name nor its header fits a feed: name one with --feed, or write a contract (`countinghouse inspect` drafts one)")
	}
}

func refused(format string, args ...any) Result {
	return Result{Feed: landing.Unrecognised, Reason: fmt.Sprintf(format, args...)}
}

func feedsOf(fits []fit) []string {
	names := make([]string, len(fits))
	for i, one := range fits {
		names[i] = one.contract.Feed
	}
	slices.Sort(names)
	return names
}

func names(feeds []*contract.Contract) string {
	texts := make([]string, len(feeds))
	for i, feed := range feeds {
		texts[i] = feed.Feed
	}
	return strings.Join(texts, ", ")
}
