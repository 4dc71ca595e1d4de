package main

import (
	"context"
	"strings"

	"countinghouse/internal/snapshot"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"

	"github.com/spf13/cobra"
)

func (a *app) planCommand() *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use: "plan", Short: "Show what a build would do, and why", Args: cobra.NoArgs,
		Long: `Show which tables a build would make, reuse or leave, and why. Nothing is run.`,
		RunE: a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			graph, err := workshop.Graph(ctx)
			if err != nil {
				return usage(err)
			}
			current, _, err := snapshot.Read(ctx, workshop.Bucket, a.environment)
			if err != nil {
				return err
			}
			changes, err := build.Plan(ctx, graph, workshop.Bucket, current)
			if err != nil {
				return err
			}
			return a.print(changes, func() error { a.printPlan(changes, all); return nil })
		}),
	}
	command.Flags().BoolVar(&all, "all", false, "list unchanged tables too")
	return command
}

func (a *app) printPlan(changes []build.Change, all bool) {
	var rows [][]string
	counts := map[build.Action]int{}
	for _, change := range changes {
		counts[change.Action]++
		if all || change.Action != build.Unchanged {
			rows = append(rows, []string{change.Table, string(change.Action), strings.Join(change.Why, "; ")})
		}
	}
	if len(rows) > 0 {
		a.grid([]string{"table", "action", "why"}, rows, 0)
	}
	a.printf("%d unchanged, %d to reuse, %d new, %d to rebuild, %d removed\n",
		counts[build.Unchanged], counts[build.Reuse], counts[build.New], counts[build.Rebuild], counts[build.Removed])
}
