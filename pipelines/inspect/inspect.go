// Package inspect looks at an export file that nobody has described yet: what it is, what its columns seem to hold, which feed takes it or
// nearly does, and a draft of a contract for it. It looks at a sample from the beginning, counts the rest, and writes nothing anywhere.
//
// What it says of types is a guess from the sample; a contract is what a person makes of it.
package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/contract/recognise"
)

// Limits of the sample.
const (
	sampleRows  = 1000
	sampleBytes = 8 << 20
	mostColumns = 500
)

// A Report is what there is to say about one file, or one member of an archive.
type Report struct {
	Path      string   `json:"path"` // of a member: the archive's, "!" and the member's
	Size      int64    `json:"size"` // bytes as stored
	Problem   string   `json:"problem,omitempty"`
	Packed    string   `json:"packed,omitempty"` // gzip
	Container string   `json:"container,omitempty"`
	Encoding  string   `json:"encoding,omitempty"`
	Mark      bool     `json:"mark,omitempty"` // there is a byte order mark
	LineEnds  string   `json:"line_ends,omitempty"`
	Delimiter string   `json:"delimiter,omitempty"`
	Quotes    bool     `json:"quotes,omitempty"` // cells are quoted
	Sheets    []string `json:"sheets,omitempty"`
	Sheet     string   `json:"sheet,omitempty"` // the one that was looked at
	Records   string   `json:"records,omitempty"`
	// Preamble is how many lines stand before the header, HeaderLine where it stands; 0: none was found.
	Preamble   int64    `json:"preamble"`
	HeaderLine int64    `json:"header_line"`
	Columns    []Column `json:"columns"`
	Comma      bool     `json:"comma,omitempty"` // stands before decimals
	// MoreColumns is how many columns stand behind those that are looked at.
	MoreColumns int   `json:"more_columns,omitempty"`
	Rows        int64 `json:"rows"`    // behind the header, all of them
	Sampled     int   `json:"sampled"` // of them, those that were looked at

	Feed   string   `json:"feed,omitempty"` // that takes it; empty: none does
	Why    string   `json:"why,omitempty"`
	Also   []string `json:"also,omitempty"`
	Reason string   `json:"reason,omitempty"` // why no feed takes it
	Near   []Near   `json:"near"`             // feeds that nearly do, best first
	Draft  string   `json:"draft,omitempty"`  // a contract for it, YAML
}

// A Near is a feed whose header the file nearly has.
type Near struct {
	Feed    string   `json:"feed"`
	Known   int      `json:"known"`   // headers of the file that the feed knows
	Missing []string `json:"missing"` // required headers that the file lacks, each with the file's header that is most like it
}

// File looks at a file; of a zip archive at each member. name is the draft's feed; empty: made from the file's name.
func File(ctx context.Context, registry *contract.Registry, place, name string) ([]Report, error) {
	open := func() (fs.File, error) { return os.Open(place) }
	info, err := os.Stat(place)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("inspect %s: not a regular file", place)
	}
	members, err := reader.Members(open, info.Size())
	if wrong := (*reader.Problem)(nil); errors.As(err, &wrong) {
		return []Report{{Path: place, Size: info.Size(), Container: "zip", Problem: wrong.Error()}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("inspect %s: %w", place, err)
	}
	if members == nil {
		in := reader.Input{Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(place) }}
		report, err := one(ctx, registry, place, filepath.Base(place), name, in)
		return []Report{report}, err
	}
	var reports []Report
	for _, member := range members {
		report, err := one(ctx, registry, place+"!"+member.Name, path.Base(member.Name), name, reader.Input{Size: member.Size, Open: member.Open})
		if err != nil {
			return reports, err
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// one looks at one file. What is wrong with the file is part of the report.
func one(ctx context.Context, registry *contract.Registry, place, base, name string, in reader.Input) (Report, error) {
	report := Report{Path: place, Size: in.Size, Columns: []Column{}, Near: []Near{}}
	told, err := recognise.File(ctx, registry, base, in)
	if err != nil {
		return report, fmt.Errorf("inspect %s: %w", place, err)
	}
	report.Why, report.Also, report.Reason = told.Why, told.Also, told.Reason
	if told.Feed != landing.Unrecognised {
		report.Feed = told.Feed
	}
	table, err := sample(ctx, in, &report)
	if wrong := (*reader.Problem)(nil); errors.As(err, &wrong) {
		report.Problem = wrong.Error()
		return report, nil
	}
	if err != nil {
		return report, fmt.Errorf("inspect %s: %w", place, err)
	}
	table.findHeader(knownHeader(ctx, registry, report.Feed, in))
	report.fill(table)
	if report.Feed == "" {
		report.Near = near(registry, report)
	}
	if report.HeaderLine > 0 || report.Container == contract.JSONL || report.Container == contract.JSON {
		report.Draft = draft(table, report, base, name)
	}
	return report, nil
}

// knownHeader is the line of the header, where a feed takes the file; 0: it has to be looked for.
func knownHeader(ctx context.Context, registry *contract.Registry, feed string, in reader.Input) int64 {
	c, found := registry.Feed(feed)
	if !found {
		return 0
	}
	header, err := reader.FindHeader(ctx, c, in)
	if err != nil {
		return 0
	}
	return header.Line
}

func (r *Report) fill(t *table) {
	r.HeaderLine, r.Sampled, r.Rows = t.headerLine, len(t.rows), t.total
	if t.headerLine > 0 {
		r.Preamble = t.headerLine - 1
	}
	if r.MoreColumns = len(t.header) - mostColumns; r.MoreColumns < 0 {
		r.MoreColumns = 0
	}
	names := t.header[:len(t.header)-r.MoreColumns]
	columns := make([][]string, len(names))
	for i := range names {
		columns[i] = make([]string, len(t.rows))
		for j, row := range t.rows {
			if i < len(row) {
				columns[i][j] = row[i]
			}
		}
	}
	r.Comma = writesComma(columns)
	for i, name := range names {
		r.Columns = append(r.Columns, describe(strings.TrimSpace(name), columns[i], writing{serials: t.serials, comma: r.decimal() != ""}))
	}
}
