package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/land"
)

// FeedState is a feed and, where its example was run, what came of it.
type FeedState struct {
	Feed    string   `json:"feed"`
	Chinese string   `json:"zh"`
	About   string   `json:"about"`
	Names   []string `json:"names"` // patterns of file names
	Gives   []string `json:"gives"` // canonical datasets
	// Example is passed, failed, none, or empty if it was not run; Problem says what differs.
	Example string `json:"example,omitempty"`
	Problem string `json:"problem,omitempty"`

	Expected    string   `json:"expected,omitempty"` // daily, weekly or monthly
	Files       int      `json:"files"`              // that were read
	Pending     int      `json:"pending"`            // that landed and were not read yet
	Quarantined int      `json:"quarantined"`        // of Files, those of which no row is used
	Rows        int64    `json:"rows"`               // accepted
	Rejected    int64    `json:"rejected"`
	Last        *Export  `json:"last,omitempty"`  // the newest export that is used
	Drift       []string `json:"drift,omitempty"` // how its header differs from what the contract expects
	Late        string   `json:"late,omitempty"`  // since when a newer one is overdue: a day, YYYY-MM-DD; empty: none is
}

// An Export is one file of a feed.
type Export struct {
	Name       string    `json:"name"`
	ExportedAt time.Time `json:"exported_at"`
	Rows       int64     `json:"rows"` // accepted
	Rejected   int64     `json:"rejected"`
}

// Feeds lists the feeds named, or all, with what has come of them, and runs their examples if test is set. An unknown name is an error.
func (w *Workshop) Feeds(ctx context.Context, names []string, test bool) ([]FeedState, error) {
	feeds := w.Registry.Feeds()
	if len(names) > 0 {
		feeds = nil
		for _, name := range names {
			feed, found := w.Registry.Feed(name)
			if !found {
				return nil, ProjectError{fmt.Errorf("there is no feed %q", name)}
			}
			feeds = append(feeds, feed)
		}
	}
	states := make([]FeedState, len(feeds))
	for i, feed := range feeds {
		states[i] = FeedState{
			Feed: feed.Feed, Chinese: feed.Zh, About: feed.About, Names: feed.Files.Names, Gives: slices.Sorted(maps.Keys(feed.Gives)), Expected: feed.Expected,
		}
	}
	if test {
		return states, w.runExamples(ctx, feeds, states)
	}
	return states, w.standings(ctx, states)
}

// standings fills in what has come of feeds.
func (w *Workshop) standings(ctx context.Context, states []FeedState) error {
	report, _, err := conform.Results(ctx, w.Bucket, w.Registry, w.Project.Zone)
	if err != nil {
		return err
	}
	found := map[string]conform.Standing{}
	for _, standing := range report.Standings() {
		found[standing.Feed] = standing
	}
	for i := range states {
		landed, err := landing.List(ctx, w.Bucket, states[i].Feed)
		if err != nil {
			return err
		}
		standing := found[states[i].Feed]
		states[i].Pending = len(landed) - standing.Files
		feed, _ := w.Registry.Feed(states[i].Feed)
		states[i].stand(standing, feed, w.moment())
	}
	return nil
}

func (s *FeedState) stand(standing conform.Standing, feed *contract.Contract, now time.Time) {
	s.Files, s.Quarantined, s.Rows, s.Rejected = standing.Files, standing.Quarantined, standing.Rows, standing.Rejected
	if standing.Files == standing.Quarantined {
		return
	}
	last := standing.Last
	s.Last = &Export{Name: last.Name, ExportedAt: last.ExportedAt, Rows: last.Accepted, Rejected: last.Rejected}
	s.Drift = last.Drift.Notes()
	if due, rhythm := feed.Due(last.ExportedAt); rhythm && now.After(due) {
		s.Late = due.Format(time.DateOnly)
	}
}

// moment is when it is for feeds to be late: now, or the end of the as-of day, where figures are made for a day in the past.
func (w *Workshop) moment() time.Time {
	now := w.Now()
	if w.AsOf.IsZero() {
		return now
	}
	year, month, day := w.AsOf.Date()
	if end := time.Date(year, month, day+1, 0, 0, 0, 0, w.Project.Zone); end.Before(now) {
		return end
	}
	return now
}

// FeedWarnings says what somebody should know who relies on the feeds: how the headers of the files that a run has read differ from what was
// there before, and which feeds are late.
func (w *Workshop) FeedWarnings(report conform.Report) []string {
	var warnings []string
	for _, change := range report.Changes() {
		warnings = append(warnings, fmt.Sprintf("%s: %s: %s", change.File.Feed, change.File.Name, strings.Join(change.Drift.Notes(), "; ")))
	}
	for _, standing := range report.Standings() {
		feed, found := w.Registry.Feed(standing.Feed)
		if !found {
			continue
		}
		var state FeedState
		if state.stand(standing, feed, w.moment()); state.Late != "" {
			warnings = append(warnings, fmt.Sprintf("%s: no %s export since %s: one was due on %s", standing.Feed, feed.Expected, state.Last.ExportedAt.Format(time.DateOnly), state.Late))
		}
	}
	return warnings
}

// runExamples runs the examples of feeds, and notes in states what came of them.
func (w *Workshop) runExamples(ctx context.Context, feeds []*contract.Contract, states []FeedState) error {
	// A session of its own, without the brand's key: what an example gives is written in the contract.
	scratch := filepath.Join(w.Scratch, "examples")
	session, err := warehouse.Open(ctx, warehouse.Options{ScratchDir: scratch})
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(contract.ExampleZone)
	if err != nil {
		return errors.Join(err, session.Close())
	}
	for i, feed := range feeds {
		w.progress("examples", i+1, len(feeds))
		states[i].Example, states[i].Problem = w.runExample(ctx, session, scratch, zone, feed)
	}
	return session.Close()
}

func (w *Workshop) runExample(ctx context.Context, session *warehouse.Session, scratch string, zone *time.Location, feed *contract.Contract) (state, problem string) {
	if feed.Example.File == "" {
		return "none", ""
	}
	if err := conform.RunExample(ctx, session, w.Registry, feed, scratch, zone); err != nil {
		return "failed", err.Error()
	}
	return "passed", ""
}

// LandAgain looks once more at the files that no feed took. feed takes every one of them; empty: each file's own.
func (w *Workshop) LandAgain(ctx context.Context, feed string) ([]land.Landed, error) {
	return land.Again(ctx, w.Bucket, w.Registry, land.Options{Feed: feed, Now: w.Now(), Zone: w.Project.Zone, Scratch: w.Scratch})
}

// Forget makes Conform read files again (conform.Forget). A name that means nothing is a ProjectError.
func (w *Workshop) Forget(ctx context.Context, names []string) error {
	_, err := conform.Forget(ctx, w.Bucket, w.Registry, w.Project.Zone, names)
	if errors.Is(err, conform.ErrNoSuchFile) {
		return ProjectError{err}
	}
	return err
}
