package main

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/snapshot"
	"countinghouse/jobs"
	"countinghouse/pipelines/diff"

	"github.com/spf13/cobra"
)

func (a *app) diffCommand() *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use: "diff ENVIRONMENT [ENVIRONMENT]", Short: "Compare the marts of two environments", Args: cobra.RangeArgs(1, 2),
		Long: `Compare the marts of two environments: schema, rows, and by grain which rows were added, are missing or changed.
With one name, that environment is compared with the one of --env.`,
		Example: "  countinghouse build --env dev && countinghouse check --env dev && countinghouse publish --env dev && countinghouse diff prod dev",
	}
	command.Flags().BoolVar(&all, "all", false, "compare every table, not only marts")
	command.RunE = func(command *cobra.Command, args []string) error {
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			names := append(args, a.environment)[:2]
			environments := make([]snapshot.Environment, 2)
			for i, name := range names {
				var err error
				if environments[i], _, err = snapshot.Read(ctx, workshop.Bucket, name); err != nil {
					return err
				}
				if environments[i].Version == 0 {
					return usage(fmt.Errorf("environment %s was never published", name))
				}
			}
			wanted := func(table string) bool { return all || strings.HasPrefix(table, "mart.") }
			tables, err := diff.Environments(ctx, environments[0], environments[1], wanted,
				diff.Options{Bucket: workshop.Bucket, Session: workshop.Session, Grain: workshop.Grain})
			if err != nil {
				return err
			}
			return a.print(tables, func() error { a.printDiff(tables); return nil })
		})(command, args)
	}
	return command
}

func (a *app) printDiff(tables []diff.Table) {
	var rows [][]string
	for _, table := range tables {
		var notes []string
		notes = append(notes, table.Schema...)
		for _, column := range table.Columns {
			notes = append(notes, fmt.Sprintf("%s in %d rows", column.Column, column.Rows))
		}
		rows = append(rows, []string{
			table.Name, table.State, strings.Join(notes, "; "), fmt.Sprint(table.RowsBefore), fmt.Sprint(table.RowsAfter),
			fmt.Sprint(table.Added), fmt.Sprint(table.Missing), fmt.Sprint(table.Changed),
		})
	}
	a.grid([]string{"table", "state", "what changed", "rows before", "after", "added", "missing", "changed"}, rows, 5)
}
