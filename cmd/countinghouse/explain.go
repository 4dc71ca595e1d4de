package main

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/snapshot"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"

	"github.com/spf13/cobra"
)

func (a *app) explainCommand() *cobra.Command {
	var files bool
	command := &cobra.Command{
		Use: "explain TABLE", Short: "Show what a table was made from, down to feeds and files", Args: cobra.ExactArgs(1),
		Example: "  countinghouse explain mart.point_liability --files",
	}
	command.Flags().BoolVar(&files, "files", false, "list every export file, not only how many")
	command.RunE = func(command *cobra.Command, args []string) error {
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			table := args[0]
			if !strings.Contains(table, ".") {
				table = "mart." + table
			}
			current, _, err := snapshot.Read(ctx, workshop.Bucket, a.environment)
			if err != nil {
				return err
			}
			lineage, err := build.Explain(ctx, workshop.Bucket, current, table)
			if err != nil {
				return usage(err)
			}
			return a.print(lineage, func() error {
				a.printLineage(lineage, "", files, map[string]bool{})
				return nil
			})
		})(command, args)
	}
	return command
}

// printLineage draws the tree; a table that was shown above is named, not drawn again.
func (a *app) printLineage(lineage build.Lineage, indent string, files bool, shown map[string]bool) {
	note := fmt.Sprintf("  %d rows", lineage.Rows)
	for name, value := range lineage.Parameters {
		note += fmt.Sprintf(", %s = %s", name, value)
	}
	if shown[lineage.Table] {
		a.printf("%s%s  (above)\n", indent, lineage.Table)
		return
	}
	shown[lineage.Table] = true
	a.printf("%s%s%s\n", indent, lineage.Table, note)
	a.printFiles(lineage.Files, indent+"    ", files)
	for _, input := range lineage.Inputs {
		a.printLineage(input, indent+"  ", files, shown)
	}
}

func (a *app) printFiles(sources []snapshot.SourceFile, indent string, all bool) {
	type sum struct{ files, rows int64 }
	sums, order := map[string]*sum{}, []string{}
	for _, source := range sources {
		if all {
			a.printf("%s%s  %d rows\n", indent, source.SourceFile, source.Rows)
			continue
		}
		if sums[source.Feed] == nil {
			sums[source.Feed], order = &sum{}, append(order, source.Feed)
		}
		sums[source.Feed].files++
		sums[source.Feed].rows += source.Rows
	}
	for _, feed := range order {
		a.printf("%sfeed %s: %d files, %d rows\n", indent, feed, sums[feed].files, sums[feed].rows)
	}
}
