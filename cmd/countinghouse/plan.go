package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"countinghouse/jobs"
	"countinghouse/pipelines/build"

	"github.com/spf13/cobra"
)

func (a *app) planCommand() *cobra.Command {
	var all, text bool
	var pick picked
	command := &cobra.Command{
		Use: "plan", Short: "Show what a build would do, and why", Args: cobra.NoArgs,
		Long: `Show which tables a build would make, reuse or leave, and why; with what the last build of each took. Nothing is run, but every model that would be
made is bound: a wrong table, column or type is told with its place, and the plan is refused.`,
		Example: "  countinghouse plan\n  countinghouse plan --env dev --sql\n  countinghouse plan --select mart.customer_pyramid+",
	}
	command.Flags().BoolVar(&all, "all", false, "list unchanged tables too")
	command.Flags().BoolVar(&text, "sql", false, "show how the SQL of changed models differs from that of the current tables")
	pick.flags(command)
	command.RunE = a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
		tables, err := pick.tables(ctx, workshop, a.environment)
		if err != nil {
			return err
		}
		changes, problem := workshop.Plan(ctx, a.environment)
		if len(changes) == 0 {
			return problem
		}
		if tables != nil {
			changes = slices.DeleteFunc(changes, func(change build.Change) bool { return !tables[change.Table] })
		}
		if err := a.print(changes, func() error { a.printPlan(changes, all, text); return nil }); err != nil {
			return err
		}
		return problem
	})
	return command
}

func (a *app) printPlan(changes []build.Change, all, text bool) {
	var rows [][]string
	counts := map[build.Action]int{}
	toMake, stored, seconds := 0, 0, 0.0
	for _, change := range changes {
		counts[change.Action]++
		if all || change.Action != build.Unchanged {
			rows = append(rows, planRow(change))
		}
		switch {
		case change.Action == build.Unchanged || change.Action == build.Removed:
		case change.Stored:
			stored++
		default:
			toMake++
			if change.Last != nil {
				seconds += change.Last.Seconds
			}
		}
	}
	if len(rows) > 0 {
		a.grid([]string{"table", "state", "build", "why", "rows", "seconds"}, rows, 2)
	}
	if text {
		for _, change := range changes {
			if change.SQL != "" {
				a.printf("\n%s", change.SQL)
			}
		}
	}
	a.printf("%d unchanged, %d changed, %d affected, %d new, %d removed: %d to make", counts[build.Unchanged], counts[build.Changed],
		counts[build.Affected], counts[build.New], counts[build.Removed], toMake)
	if seconds >= 1 {
		a.printf(" (%.0f s of work last time)", seconds)
	}
	a.printf(", %d stored already\n", stored)
}

func planRow(change build.Change) []string {
	why := slices.Clone(change.Why)
	if len(change.Columns) > 0 {
		why = append(why, "columns: "+strings.Join(change.Columns, ", "))
	}
	if change.Months != nil {
		why = append(why, change.Months.String())
	}
	work := "make"
	switch {
	case change.Action == build.Unchanged || change.Action == build.Removed:
		work = ""
	case change.Stored:
		work = "reuse"
	}
	rows, seconds := "", ""
	if change.Last != nil {
		seconds = fmt.Sprintf("%.2f", change.Last.Seconds)
		if change.Last.Rows >= 0 {
			rows = fmt.Sprint(change.Last.Rows)
		}
	}
	return []string{change.Table, string(change.Action), work, strings.Join(why, "; "), rows, seconds}
}
