package main

import (
	"context"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/build"

	"github.com/spf13/cobra"
)

func (a *app) buildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "build", Short: "Make the tables that are not stored yet", Args: cobra.NoArgs,
		Long: `Make every table of the environment that is not stored yet, and leave the whole set as a candidate. What is published stays as it is:
check and publish come next.`,
		RunE: a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			a.noteKey()
			made := []build.Event{}
			candidate, err := workshop.Build(ctx, a.environment, func(event build.Event) {
				if !event.Reused {
					made = append(made, event)
				}
			})
			if err != nil {
				return err
			}
			return a.print(made, func() error {
				var rows [][]string
				for _, event := range made {
					rows = append(rows, []string{event.Table, fmt.Sprint(event.Rows), fmt.Sprintf("%.2f", event.Seconds)})
				}
				if len(rows) > 0 {
					a.grid([]string{"table", "rows", "seconds"}, rows, 2)
				}
				a.printf("%d tables in the candidate of %s, %d made now\n", len(candidate.Tables), a.environment, len(made))
				return nil
			})
		}),
	}
}

func (a *app) publishCommand() *cobra.Command {
	return &cobra.Command{
		Use: "publish", Short: "Make the checked build current", Args: cobra.NoArgs,
		RunE: with(a.candidate, func(ctx context.Context, workshop *jobs.Workshop) error {
			environment, published, err := workshop.Publish(ctx, a.environment, workshop.Meta(a.environment))
			if err != nil {
				return err
			}
			return a.print(environment, func() error {
				state := "was current already"
				if published {
					state = "is now current"
				}
				a.printf("version %d of %s %s\n", environment.Version, a.environment, state)
				return nil
			})
		}),
	}
}
