package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/contract/landing"
	"countinghouse/jobs"
	"countinghouse/pipelines/land"

	"github.com/spf13/cobra"
)

func (a *app) landCommand() *cobra.Command {
	var feed string
	var again bool
	command := &cobra.Command{
		Use: "land PATH...", Short: "Take export files into the store",
		Long: `Take export files, and the files below folders, into the store, byte for byte. Of a zip archive each member lands as a file of its own.
The same bytes twice are landed once.

A file's feed is told from its header and name, and "land" says how. If the one feed that takes the name also fits the header, it is that one. Else, of
the feeds whose required columns the file has, the one with the most required columns wins, then the one with the most known columns, then the
one that takes the name. A file that no feed takes, or two equally well, is kept aside under landing/unrecognised.

With --again, files that were kept aside are looked at once more: after a contract was written, nothing has to be brought again.`,
		Example: "  countinghouse land exports/ && countinghouse run\n  countinghouse land --feed wechat_pay_bill bill.csv\n  countinghouse land --again",
	}
	command.Flags().StringVar(&feed, "feed", "", "the feed that takes every file, whatever its name and header")
	command.Flags().BoolVar(&again, "again", false, "look once more at the files that no feed took")
	command.RunE = func(command *cobra.Command, args []string) error {
		if again == (len(args) > 0) {
			return usage(errors.New("land: want files or folders, or --again without any"))
		}
		return with(a.landing, func(ctx context.Context, workshop *jobs.Workshop) error {
			if _, known := workshop.Registry.Feed(feed); feed != "" && !known {
				return usage(fmt.Errorf("--feed: there is no feed %q", feed))
			}
			if again {
				landed, err := workshop.LandAgain(ctx, feed)
				return a.landedAs(landed, err)
			}
			if err := mustExist(args); err != nil {
				return err
			}
			landed, err := workshop.Land(ctx, args, feed)
			return a.landedAs(landed, err)
		})(command, args)
	}
	return command
}

// landedAs prints what became of files, and gives the exit code.
func (a *app) landedAs(landed []land.Landed, err error) error {
	if printErr := a.print(landedLines(landed), func() error { a.printLanded(landed); return nil }); printErr != nil {
		return printErr
	}
	if err != nil {
		return a.unread(err)
	}
	for _, file := range landed {
		if !file.Recognised() {
			return errRefused
		}
	}
	return nil
}

// unread tells of files that could not be read: the others have landed.
func (a *app) unread(err error) error {
	lines, ok := land.Unreadable(err)
	if !ok {
		return err
	}
	return a.refused(lines)
}

// refused tells of files that are not used, each with the reason, and gives the exit code.
func (a *app) refused(lines []string) error {
	if a.output == "json" {
		return fmt.Errorf("%w: %s", errRefused, strings.Join(lines, "; "))
	}
	for _, line := range lines {
		a.printf("refused  %s\n", line)
	}
	return errRefused
}

type landedLine struct {
	Path    string   `json:"path"`
	Feed    string   `json:"feed"`
	SHA256  string   `json:"sha256"`
	Size    int64    `json:"size"`
	Already bool     `json:"already"`
	Why     string   `json:"why,omitempty"`    // why this feed
	Also    []string `json:"also,omitempty"`   // other feeds that fit, but less
	Reason  string   `json:"reason,omitempty"` // why no feed
}

func landedLines(landed []land.Landed) []landedLine {
	lines := make([]landedLine, len(landed))
	for i, file := range landed {
		lines[i] = landedLine{
			Path: file.Path, Feed: file.Manifest.Feed, SHA256: file.Manifest.SHA256, Size: file.Manifest.Size,
			Already: file.Already, Why: file.Manifest.Why, Also: file.Manifest.Also, Reason: file.Manifest.Reason,
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
			a.printf("landed   %s (feed %s, %s; %s)\n", file.Path, file.Manifest.Feed, bytesText(file.Manifest.Size), whyText(file.Manifest))
		}
	}
}

// whyText says how the feed of a file was told.
func whyText(manifest landing.Manifest) string {
	if len(manifest.Also) == 0 {
		return manifest.Why
	}
	return manifest.Why + ", better than " + strings.Join(manifest.Also, ", ")
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
