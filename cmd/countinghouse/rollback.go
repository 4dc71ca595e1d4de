package main

import (
	"context"
	"fmt"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/pipelines/publish"

	"github.com/spf13/cobra"
)

func (a *app) rollbackCommand() *cobra.Command {
	var version int64
	var planOnly bool
	command := &cobra.Command{
		Use: "rollback", Short: "Make an earlier version of an environment current again", Args: cobra.NoArgs,
		Long: `Make an earlier version of the environment current again, as a new version, in one step; the published copies follow. Without --to
it is the version before the current one, and after a rollback the one before that which was rolled back to. ` + "`countinghouse environments NAME`" + `
lists the versions that are kept.

A rollback takes back what was published, not the SQL nor the exports: the next run goes forward again. Mend or revert the SQL before it.`,
		Example: "  countinghouse rollback\n  countinghouse rollback --to 12 --plan",
	}
	command.Flags().Int64Var(&version, "to", 0, "the version to go back to (default: the one before the current one)")
	command.Flags().BoolVar(&planOnly, "plan", false, "show what would change, and change nothing")
	command.RunE = func(command *cobra.Command, _ []string) error {
		if err := snapshot.CheckName(a.environment); err != nil {
			return usage(err)
		}
		if command.Flags().Changed("to") && version < 1 {
			return usage(fmt.Errorf("--to: want a version from 1, got %d", version))
		}
		err := a.move(command.Context(), planOnly, func(ctx context.Context, bucket *objectstore.Bucket) (publish.Move, error) {
			return publish.Rollback(ctx, bucket, a.environment, version)
		})
		if err == nil && !planOnly && a.output == "text" {
			a.printf("The next run goes forward again: mend or revert the SQL before it.\n")
		}
		return err
	}
	return command
}
