package main

import (
	"context"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/diff"

	"github.com/spf13/cobra"
)

func (a *app) diffCommand() *cobra.Command {
	var wanted jobs.Comparison
	var format string
	var exitCode bool
	command := &cobra.Command{
		Use: "diff ENVIRONMENT [ENVIRONMENT]", Short: "Compare the tables of two environments, or of two versions of one", Args: cobra.RangeArgs(1, 2),
		Long: `Compare the marts of two environments: schema, row counts, and by grain which rows were added, are missing or changed; per column how
many rows and by how much; and a few rows of each kind. With one name, it is compared with the environment of --env.

An environment may be followed by which of its versions is meant:
    prod               what is current
    prod@3             version 3 (countinghouse environments prod lists them)
    prod@2026-10-31    the last version published on or before that day
    dev@candidate      what the last build left, not published yet

A table with the same fingerprint or content on both sides is not read. Without a grain, whole rows are compared. When each side is for one
as-of day and the days differ, rows are compared without as_of.`,
		Example: `  countinghouse build --env dev && countinghouse diff prod dev@candidate
  countinghouse diff prod dev --select customer_pyramid+ --samples 10
  countinghouse diff prod@2026-10-01 prod --columns revenue,layer
  countinghouse diff prod dev --format markdown > diff.md`,
	}
	flags := command.Flags()
	flags.StringArrayVarP(&wanted.Select, "select", "s", nil, "the tables to compare, such as mart.point_*, +mart.customer_360, tag:finance, state:changed (default: all marts)")
	flags.StringArrayVar(&wanted.Exclude, "exclude", nil, "tables to leave out, in the same words")
	flags.BoolVar(&wanted.All, "all", false, "compare every table, not only marts")
	flags.StringSliceVar(&wanted.Columns, "columns", nil, "compare these columns only")
	flags.IntVar(&wanted.Samples, "samples", 5, "how many rows to show of each kind of difference")
	flags.StringVar(&format, "format", "text", "text, or markdown or html for a reviewer")
	flags.BoolVar(&exitCode, "exit-code", false, "end with exit code 3 when there are differences")
	command.RunE = func(command *cobra.Command, args []string) error {
		names := append(args, a.environment)
		wanted.Before, wanted.After = names[0], names[1]
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			result, err := workshop.Compare(ctx, wanted)
			if err != nil {
				return err
			}
			if err := a.printDiff(result, format); err != nil {
				return err
			}
			if exitCode && result.Differs() {
				return errDiffer{}
			}
			return nil
		})(command, args)
	}
	return command
}

// errDiffer ends the command with the exit code of warnings, since 1 is that of a fault.
type errDiffer struct{}

func (errDiffer) Error() string { return "there are differences" }

func (errDiffer) Unwrap() error { return errWarnings }

func (a *app) printDiff(result diff.Result, format string) error {
	switch format {
	case "text":
		return a.print(result, func() error { a.printSections(result.Sections()); return nil })
	case "markdown":
		a.bars.clear()
		return result.Markdown(a.out)
	case "html":
		a.bars.clear()
		return result.HTML(a.out)
	}
	return usage(fmt.Errorf("--format: want text, markdown or html, got %q", format))
}

func (a *app) printSections(sections []diff.Section) {
	for _, section := range sections {
		if section.Title != "" {
			a.printf("\n%s\n", section.Title)
		}
		for _, line := range section.Lines {
			a.printf("%s\n", line)
		}
		if len(section.Rows) > 0 {
			a.grid(section.Header, section.Rows, section.Numbers)
		}
	}
}
