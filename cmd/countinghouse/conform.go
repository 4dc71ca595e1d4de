package main

import (
	"context"
	"errors"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/conform"
	"countinghouse/pipelines/land"

	"github.com/spf13/cobra"
)

func (a *app) conformCommand() *cobra.Command {
	var again bool
	var paths []string
	command := &cobra.Command{
		Use: "conform [FEED|FILE...]", Short: "Read landed files by their contracts",
		Long: `Read every landed file that was not read yet by its contract as it is now: typed rows, rejects, and an accounting for each file. When a contract
is changed, its files are read again by themselves: nothing has to be landed twice.

With --land, files or folders are landed first, as "land" does; a large file is read while it lands.

With --again, files are read once more though nothing has changed: those of the feeds, or of the names (or beginnings of SHA-256), that are given;
without any, all files of which rows were refused.`,
		Example: "  countinghouse conform\n  countinghouse conform --land exports/\n  countinghouse conform --again tmall_orders",
	}
	command.Flags().BoolVar(&again, "again", false, "read files once more")
	command.Flags().StringSliceVar(&paths, "land", nil, "files or folders to land first")
	command.RunE = func(command *cobra.Command, args []string) error {
		if len(args) > 0 && !again {
			return usage(errors.New("conform: feeds and files are named with --again only"))
		}
		if err := mustExist(paths); err != nil {
			return err
		}
		return a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) error {
			if again {
				if err := workshop.Forget(ctx, args); err != nil {
					return err
				}
			}
			refused, err := landFirst(ctx, workshop, paths)
			if err != nil {
				return err
			}
			report, err := workshop.Conform(ctx)
			warnings := workshop.FeedWarnings(report)
			if printErr := a.print(report.Files, func() error { a.printConformed(report.Files, warnings); return nil }); printErr != nil {
				return printErr
			}
			if err != nil {
				return err
			}
			if len(refused) > 0 {
				return a.refused(refused)
			}
			return verdict(len(report.Quarantined()) > 0, rejectedRows(report) > 0)
		})(command, args)
	}
	return command
}

// landFirst lands files and gives those that are kept aside or cannot be read, each with the reason.
func landFirst(ctx context.Context, workshop *jobs.Workshop, paths []string) (refused []string, err error) {
	landed, err := workshop.LandAhead(ctx, paths)
	for _, file := range landed {
		if !file.Recognised() {
			refused = append(refused, file.Path+": "+file.Manifest.Reason)
		}
	}
	if err == nil {
		return refused, nil
	}
	lines, ok := land.Unreadable(err)
	if !ok {
		return nil, err
	}
	return append(refused, lines...), nil
}

func rejectedRows(report conform.Report) int64 {
	var rows int64
	for _, file := range report.Files {
		rows += file.Rejected
	}
	return rows
}

// verdict is how a run that did its work ended.
func verdict(refused, rejected bool) error {
	switch {
	case refused:
		return errRefused
	case rejected:
		return errWarnings
	}
	return nil
}

func (a *app) printConformed(files []conform.FileResult, warnings []string) {
	type sum struct{ files, rows, accepted, rejected, dropped, quarantined int64 }
	sums, order := map[string]*sum{}, []string{}
	for _, file := range files {
		if sums[file.Feed] == nil {
			sums[file.Feed], order = &sum{}, append(order, file.Feed)
		}
		s := sums[file.Feed]
		s.files, s.rows, s.accepted = s.files+1, s.rows+file.Rows, s.accepted+file.Accepted
		s.rejected, s.dropped = s.rejected+file.Rejected, s.dropped+file.Dropped
		if file.Quarantine != "" {
			s.quarantined++
		}
	}
	var rows [][]string
	for _, feed := range order {
		s := sums[feed]
		rows = append(rows, []string{feed, fmt.Sprint(s.files), fmt.Sprint(s.rows), fmt.Sprint(s.accepted), fmt.Sprint(s.rejected), fmt.Sprint(s.dropped), fmt.Sprint(s.quarantined)})
	}
	a.grid([]string{"feed", "files", "rows", "accepted", "rejected", "dropped", "quarantined"}, rows, 6)
	a.printWarnings(warnings)
}

// printWarnings says what does not keep the work from being done, but somebody should look at.
func (a *app) printWarnings(warnings []string) {
	for _, warning := range warnings {
		a.printf("warning  %s\n", warning)
	}
}
