package main

import (
	"context"
	"fmt"
	"time"

	"countinghouse/jobs"
	"countinghouse/pipelines/build"

	"github.com/spf13/cobra"
)

func (a *app) backfillCommand() *cobra.Command {
	months := &build.MonthRange{}
	var pick picked
	command := &cobra.Command{
		Use: "backfill --from MONTH --to MONTH", Short: "Make months of the tables that are made by the month", Args: cobra.NoArgs,
		Long: `Make the parts of some months of the tables whose kind is by_month, with all that they read. Parts are stored as they come: a long history can be made piece by
piece, and a build that follows takes what is there. What is published stays as it is. A table that another of them reads is made as a whole.

--again makes the parts also where they are stored, and holds the new rows against the stored ones: they must be the same.`,
		Example: "  countinghouse backfill --from 2024-01 --to 2024-12\n  countinghouse backfill --from 2026-10 --to 2026-10 --again --select mart.monthly_customers",
	}
	command.Flags().StringVar(&months.From, "from", "", "the first month, as 2024-01")
	command.Flags().StringVar(&months.To, "to", "", "the last month")
	command.Flags().BoolVar(&months.Again, "again", false, "also months that are stored, to compare")
	pick.flags(command)
	command.RunE = a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
		for _, month := range []string{months.From, months.To} {
			if _, err := time.Parse("2006-01", month); err != nil {
				return usage(fmt.Errorf("--from and --to: want months such as 2024-01, got %q", month))
			}
		}
		if months.From > months.To {
			return usage(fmt.Errorf("--from %s is after --to %s", months.From, months.To))
		}
		a.noteKey()
		if len(pick.include) == 0 {
			pick.include = []string{"kind:by_month"}
		}
		only, err := workshop.Select(ctx, a.environment, pick.include, pick.exclude)
		if err != nil {
			return err
		}
		return a.build(ctx, workshop, jobs.BuildOptions{Environment: a.environment, Only: only, Months: months})
	})
	return command
}
