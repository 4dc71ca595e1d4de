package main

import (
	"context"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/conform"

	"github.com/spf13/cobra"
)

func (a *app) conformCommand() *cobra.Command {
	return &cobra.Command{
		Use: "conform", Short: "Read landed files by their contracts", Args: cobra.NoArgs,
		Long: `Read every landed file that was not read yet by its contract as it is now: typed rows, rejects, and an accounting for each file.`,
		RunE: a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) error {
			report, err := workshop.Conform(ctx)
			if printErr := a.print(report.Files, func() error { a.printConformed(report.Files); return nil }); printErr != nil {
				return printErr
			}
			if err != nil {
				return err
			}
			return verdict(len(report.Quarantined()) > 0, rejectedRows(report) > 0)
		}),
	}
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

func (a *app) printConformed(files []conform.FileResult) {
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
}
