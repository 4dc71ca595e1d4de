package main

import (
	"context"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/conform"

	"github.com/spf13/cobra"
)

func (a *app) rejectsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rejects", Short: "Show what was refused, and why", Args: cobra.NoArgs,
		Long: `Show the files of which no row is used and the rows that were refused, with file, line, column and reason.
The refused rows themselves are Parquet files under rejects/ in the store; they may hold personal data.`,
		RunE: a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) error {
			report, pending, err := conform.Results(ctx, workshop.Bucket, workshop.Registry, workshop.Project.Zone)
			if err != nil {
				return err
			}
			unrecognised, err := workshop.Unrecognised(ctx)
			if err != nil {
				return err
			}
			refused := refusal{Unrecognised: append([]string{}, unrecognised...), Files: []conform.FileResult{}, Pending: pending}
			for _, file := range report.Files {
				if file.Quarantine != "" || file.Rejected > 0 {
					refused.Files = append(refused.Files, file)
				}
			}
			return a.print(refused, func() error { a.printRefused(refused); return nil })
		}),
	}
}

type refusal struct {
	Unrecognised []string             `json:"unrecognised"`
	Files        []conform.FileResult `json:"files"`
	Pending      int                  `json:"pending"` // landed and not read yet
}

func (a *app) printRefused(refused refusal) {
	for _, reason := range refused.Unrecognised {
		a.printf("unrecognised  %s\n", reason)
	}
	for _, file := range refused.Files {
		if file.Quarantine != "" {
			a.printf("quarantined   %s\n", file.Quarantine)
			continue
		}
		a.printf("rejected      %d of %d rows of %s (%s)\n", file.Rejected, file.Rows, file.Name, file.Rejects)
		for _, reason := range file.Reasons {
			a.printf("              %s\n", reason)
		}
		if more := file.Rejected - int64(len(file.Reasons)); more > 0 {
			a.printf("              and %s\n", fmt.Sprintf("%d more", more))
		}
	}
	if len(refused.Unrecognised)+len(refused.Files) == 0 {
		a.printf("nothing was refused\n")
	}
	if refused.Pending > 0 {
		a.printf("%d landed files have not been read yet: run `countinghouse conform`\n", refused.Pending)
	}
}
