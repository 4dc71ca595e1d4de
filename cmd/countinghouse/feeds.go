package main

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/jobs"

	"github.com/spf13/cobra"
)

func (a *app) feedsCommand() *cobra.Command {
	var test bool
	command := &cobra.Command{
		Use: "feeds [FEED...]", Short: "List the feeds and how they stand, or run their examples",
		Long: `List the feeds of the product and of the project: of those that files have come for, the newest export, rows, rejects, whether a newer one is
overdue by the rhythm that the contract expects, and how the file differs from the contract (drift). With --test, run the example of each feed, or
of those named.`,
		Example: "  countinghouse feeds\n  countinghouse feeds tmall_orders\n  countinghouse feeds --test online_retail",
	}
	command.Flags().BoolVar(&test, "test", false, "run the examples")
	command.RunE = func(command *cobra.Command, args []string) error {
		return a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) error {
			feeds, err := workshop.Feeds(ctx, args, test)
			if err != nil {
				return err
			}
			if err := a.print(feeds, func() error { a.printFeeds(feeds, test); return nil }); err != nil {
				return err
			}
			for _, feed := range feeds {
				if feed.Problem != "" {
					return usage(fmt.Errorf("the example of %s is not what the contract gives", feed.Feed))
				}
			}
			return nil
		})(command, args)
	}
	return command
}

func (a *app) printFeeds(feeds []jobs.FeedState, test bool) {
	if !test {
		a.printStandings(feeds)
	}
	var rows [][]string
	for _, feed := range feeds {
		state := strings.Join(feed.Gives, ", ")
		if test {
			state = feed.Example
			if feed.Problem != "" {
				state = feed.Problem
			}
		}
		rows = append(rows, []string{feed.Feed, feed.Chinese, strings.Join(feed.Names, ", "), state})
	}
	last := "gives"
	if test {
		last = "example"
	}
	a.grid([]string{"feed", "名称", "files", last}, rows, 0)
}

// printStandings shows the feeds that files have come for.
func (a *app) printStandings(feeds []jobs.FeedState) {
	var rows [][]string
	var notes []string
	for _, feed := range feeds {
		if feed.Files+feed.Pending == 0 {
			continue
		}
		name, exported := "", ""
		if feed.Last != nil {
			name, exported = feed.Last.Name, feed.Last.ExportedAt.Format("2006-01-02 15:04")
		}
		rows = append(rows, []string{
			feed.Feed, name, exported, freshness(feed), fmt.Sprint(feed.Files), fmt.Sprint(feed.Pending), fmt.Sprint(feed.Quarantined), fmt.Sprint(feed.Rows), fmt.Sprint(feed.Rejected),
		})
		for _, note := range feed.Drift {
			notes = append(notes, fmt.Sprintf("drift    %s: %s\n", feed.Feed, note))
		}
	}
	if len(rows) == 0 {
		return
	}
	a.grid([]string{"feed", "newest export", "of", "freshness", "files", "unread", "quarantined", "rows", "rejects"}, rows, 5)
	for _, note := range notes {
		a.printf("%s", note)
	}
	a.printf("\n")
}

func freshness(feed jobs.FeedState) string {
	switch {
	case feed.Expected == "":
		return "no rhythm"
	case feed.Last == nil:
		return feed.Expected + ", none yet"
	case feed.Late != "":
		return feed.Expected + ", late since " + feed.Late
	}
	return feed.Expected + ", in time"
}
