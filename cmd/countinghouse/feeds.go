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
		Use: "feeds [FEED...]", Short: "List the feeds, or run their examples",
		Long:    "List the feeds of the product and of the project. With --test, run the example of each, or of those named.",
		Example: "  countinghouse feeds --test online_retail",
	}
	command.Flags().BoolVar(&test, "test", false, "run the examples")
	command.RunE = func(command *cobra.Command, args []string) error {
		return a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) error {
			feeds, err := workshop.Feeds(ctx, args, test)
			if err != nil {
				return usage(err)
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
	rows := make([][]string, len(feeds))
	for i, feed := range feeds {
		state := strings.Join(feed.Gives, ", ")
		if test {
			state = feed.Example
			if feed.Problem != "" {
				state = feed.Problem
			}
		}
		rows[i] = []string{feed.Feed, feed.Chinese, strings.Join(feed.Names, ", "), state}
	}
	last := "gives"
	if test {
		last = "example"
	}
	a.grid([]string{"feed", "名称", "files", last}, rows, 0)
}
