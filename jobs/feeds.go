package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"countinghouse/internal/contract"
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
}

// Feeds lists the feeds named, or all, and runs their examples if test is set. An unknown name is an error.
func (w *Workshop) Feeds(ctx context.Context, names []string, test bool) ([]FeedState, error) {
	feeds := w.Registry.Feeds()
	if len(names) > 0 {
		feeds = nil
		for _, name := range names {
			feed, found := w.Registry.Feed(name)
			if !found {
				return nil, fmt.Errorf("there is no feed %q", name)
			}
			feeds = append(feeds, feed)
		}
	}
	states := make([]FeedState, len(feeds))
	for i, feed := range feeds {
		states[i] = FeedState{Feed: feed.Feed, Chinese: feed.Zh, About: feed.About, Names: feed.Files.Names, Gives: slices.Sorted(maps.Keys(feed.Gives))}
	}
	if !test {
		return states, nil
	}
	// A session of its own, without the brand's key: what an example gives is written in the contract.
	scratch := filepath.Join(w.Scratch, "examples")
	session, err := warehouse.Open(ctx, warehouse.Options{ScratchDir: scratch})
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(contract.ExampleZone)
	if err != nil {
		return nil, errors.Join(err, session.Close())
	}
	for i, feed := range feeds {
		w.progress("examples", i+1, len(feeds))
		states[i].Example, states[i].Problem = w.runExample(ctx, session, scratch, zone, feed)
	}
	return states, session.Close()
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
