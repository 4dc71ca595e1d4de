package main

import (
	"context"

	"countinghouse/jobs"

	"github.com/spf13/cobra"
)

func (a *app) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Run the audits of the last build", Args: cobra.NoArgs,
		RunE: with(a.candidate, func(ctx context.Context, workshop *jobs.Workshop) error {
			result, err := workshop.Check(ctx, a.environment)
			if printErr := a.print(result, func() error {
				for _, finding := range result.Findings {
					a.printf("%s\n", finding)
				}
				a.printf("%d audits run, %d had passed before, %d failed\n", result.Run, result.Reused, len(result.Findings))
				return nil
			}); printErr != nil {
				return printErr
			}
			return err
		}),
	}
}
