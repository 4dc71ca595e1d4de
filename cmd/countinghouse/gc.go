package main

import (
	"context"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/gc"

	"github.com/spf13/cobra"
)

func (a *app) gcCommand() *cobra.Command {
	var olderThan string
	options := gc.Options{}
	command := &cobra.Command{
		Use: "gc", Short: "Remove tables that nothing refers to any more", Args: cobra.NoArgs,
		Long: `Remove from the store what nothing refers to and what is older than the time to keep: tables that no environment names (what is
current, what a build left, and the versions that are kept for rollback), nor a closed period; what killed builds left; results of
contracts as they were. Exports that were landed are never removed, so whatever was removed can be made again.

Of each environment are kept: the versions that were current within --older-than, and the last --keep-versions whatever their age.
While somebody builds, or a run is under way, nothing is removed (exit code 75): try again later.`,
		Example: "  countinghouse gc --dry-run\n  countinghouse gc --older-than 90d",
	}
	flags := command.Flags()
	flags.StringVar(&olderThan, "older-than", "30d", "how long to keep what nothing refers to: 30d, 12h, 0")
	flags.IntVar(&options.KeepVersions, "keep-versions", 10, "how many earlier versions of each environment to keep, whatever their age")
	flags.BoolVar(&options.DryRun, "dry-run", false, "list what would be removed, and remove nothing")
	command.RunE = a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) (err error) {
		if options.OlderThan, err = gc.ParseAge(olderThan); err != nil {
			return usage(fmt.Errorf("--older-than: %w", err))
		}
		if options.KeepVersions < 0 {
			return usage(fmt.Errorf("--keep-versions: want a number from 0, got %d", options.KeepVersions))
		}
		report, err := workshop.Collect(ctx, options)
		if err != nil {
			return err
		}
		return a.print(report, func() error { a.printCollection(report, options.DryRun); return nil })
	})
	return command
}

func (a *app) printCollection(report gc.Report, dryRun bool) {
	if dryRun {
		var listed [][]string
		for _, object := range report.Removed {
			listed = append(listed, []string{object.Key, string(object.Kind), object.ModifiedAt.Format("2006-01-02"), bytesText(object.Bytes)})
		}
		if len(listed) > 0 {
			a.grid([]string{"object", "kind", "written", "size"}, listed, 1)
		}
	}
	var rows [][]string
	var bytes int64
	for _, kind := range gc.Kinds() {
		objects, of := report.Total(kind)
		bytes += of
		if objects > 0 {
			rows = append(rows, []string{string(kind), fmt.Sprint(objects), bytesText(of)})
		}
	}
	if len(rows) > 0 {
		a.grid([]string{"kind", "objects", "size"}, rows, 2)
	}
	verb := "removed"
	if dryRun {
		verb = "to remove"
	}
	a.printf("%d objects %s, %s; kept: %d tables, %s\n", len(report.Removed), verb, bytesText(bytes), report.KeptTables, bytesText(report.KeptBytes))
}
