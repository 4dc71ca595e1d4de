package main

import (
	"context"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/land"

	"github.com/spf13/cobra"
)

func (a *app) landCommand() *cobra.Command {
	var feed string
	command := &cobra.Command{
		Use: "land PATH...", Short: "Take export files into the store", Args: cobra.MinimumNArgs(1),
		Long: `Take export files, and the files below folders, into the store, byte for byte. The feed is told from the file's name and header.
The same bytes twice are landed once. A file that no feed takes is kept aside, under landing/unrecognised.`,
		Example: "  countinghouse land exports/ && countinghouse run",
	}
	command.Flags().StringVar(&feed, "feed", "", "the feed that takes every file, whatever its name")
	command.RunE = func(command *cobra.Command, args []string) error {
		return a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) error {
			if _, known := workshop.Registry.Feed(feed); feed != "" && !known {
				return usage(fmt.Errorf("--feed: there is no feed %q", feed))
			}
			if err := mustExist(args); err != nil {
				return err
			}
			landed, err := workshop.Land(ctx, args, feed)
			if printErr := a.print(landedLines(landed), func() error { a.printLanded(landed); return nil }); printErr != nil {
				return printErr
			}
			if err != nil {
				return err
			}
			for _, file := range landed {
				if !file.Recognised() {
					return errRefused
				}
			}
			return nil
		})(command, args)
	}
	return command
}

type landedLine struct {
	Path    string `json:"path"`
	Feed    string `json:"feed"`
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	Already bool   `json:"already"`
	Reason  string `json:"reason,omitempty"`
}

func landedLines(landed []land.Landed) []landedLine {
	lines := make([]landedLine, len(landed))
	for i, file := range landed {
		lines[i] = landedLine{
			Path: file.Path, Feed: file.Manifest.Feed, SHA256: file.Manifest.SHA256, Size: file.Manifest.Size,
			Already: file.Already, Reason: file.Manifest.Reason,
		}
	}
	return lines
}

func (a *app) printLanded(landed []land.Landed) {
	for _, file := range landed {
		switch {
		case !file.Recognised():
			a.printf("refused  %s: %s\n", file.Path, file.Manifest.Reason)
		case file.Already:
			a.printf("already  %s (feed %s)\n", file.Path, file.Manifest.Feed)
		default:
			a.printf("landed   %s (feed %s, %s)\n", file.Path, file.Manifest.Feed, bytesText(file.Manifest.Size))
		}
	}
}

func bytesText(size int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	value, unit := float64(size), 0
	for value >= 1000 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", size)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
