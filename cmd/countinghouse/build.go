package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"countinghouse/jobs"
	"countinghouse/pipelines/build"

	"github.com/spf13/cobra"
)

func (a *app) buildCommand() *cobra.Command {
	var options jobs.BuildOptions
	var pick picked
	command := &cobra.Command{
		Use: "build", Short: "Make the tables that are not stored yet", Args: cobra.NoArgs,
		Long: `Make every table of the environment that is not stored yet, and leave the whole set as a candidate. What is published stays as it is:
check and publish come next. Every model is bound first: a wrong name or type anywhere is told before anything runs.

With --select, only the tables picked and what they read are made. They are stored, and a later build finds them; no candidate is left, since a
candidate is the whole set.`,
		Example: "  countinghouse build --env dev\n  countinghouse build --select state:changed+ --keep-going",
	}
	pick.flags(command)
	command.Flags().BoolVar(&options.KeepGoing, "keep-going", false, "after a failure, make all that does not read the table that failed")
	command.RunE = a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) (err error) {
		a.noteKey()
		options.Environment = a.environment
		if options.Only, err = pick.tables(ctx, workshop, a.environment); err != nil {
			return err
		}
		return a.build(ctx, workshop, options)
	})
	return command
}

// build makes tables and prints them, the slowest first; also those that were made before a failure.
func (a *app) build(ctx context.Context, workshop *jobs.Workshop, options jobs.BuildOptions) error {
	made := []build.Event{}
	options.Each = func(event build.Event) {
		if !event.Reused {
			made = append(made, event)
		}
	}
	candidate, err := workshop.Build(ctx, options)
	slices.SortStableFunc(made, func(x, y build.Event) int { return cmp.Compare(y.Seconds, x.Seconds) })
	whole := options.Only == nil && options.Months == nil
	printErr := a.print(made, func() error {
		a.printMade(made)
		if !whole {
			a.printf("%d tables made; a candidate is left by a build of all tables\n", len(made))
		} else if len(candidate.Tables) > 0 {
			a.printf("%d tables in the candidate of %s, %d made now\n", len(candidate.Tables), a.environment, len(made))
		}
		return nil
	})
	return errors.Join(err, printErr)
}

func (a *app) printMade(made []build.Event) {
	var rows [][]string
	for _, event := range made {
		table := event.Table
		if len(event.Months) > 0 {
			table += fmt.Sprintf(" (%d months, %s to %s)", len(event.Months), event.Months[0], event.Months[len(event.Months)-1])
		}
		rows = append(rows, []string{
			table, fmt.Sprint(event.Rows), bytesText(event.Bytes), fmt.Sprintf("%.2f", event.Seconds), fmt.Sprintf("%.2f", event.CPUSeconds),
			bytesText(event.PeakMemory), bytesText(event.Spilled),
		})
	}
	if len(rows) > 0 {
		a.grid([]string{"table", "rows", "stored", "seconds", "cpu s", "peak memory", "spilled"}, rows, 6)
	}
}

// picked are the tables that --select and --exclude name.
type picked struct{ include, exclude []string }

func (p *picked) flags(command *cobra.Command) {
	command.Flags().StringArrayVarP(&p.include, "select", "s", nil, "tables: a name, +name, name+, tag:, owner:, path:, kind:, state:changed; a space unites, a comma intersects")
	command.Flags().StringArrayVar(&p.exclude, "exclude", nil, "tables to leave out, written in the same way")
}

// tables gives the tables picked; nil if none of the flags was given.
func (p *picked) tables(ctx context.Context, workshop *jobs.Workshop, environment string) (map[string]bool, error) {
	if len(p.include)+len(p.exclude) == 0 {
		return nil, nil
	}
	return workshop.Select(ctx, environment, p.include, p.exclude)
}

func (a *app) publishCommand() *cobra.Command {
	return &cobra.Command{
		Use: "publish", Short: "Make the checked build current", Args: cobra.NoArgs,
		RunE: with(a.candidate, func(ctx context.Context, workshop *jobs.Workshop) error {
			found, err := workshop.Drift(ctx, a.environment)
			if err != nil {
				return err
			}
			meta, warning := workshop.Meta(a.environment), workshop.DriftWarning(found)
			if warning != "" {
				meta.Warnings = append(meta.Warnings, warning)
			}
			environment, published, err := workshop.Publish(ctx, a.environment, meta)
			if err != nil {
				return err
			}
			err = a.print(environment, func() error {
				state := "was current already"
				if published {
					state = "is now current"
				}
				a.printf("version %d of %s %s\n", environment.Version, a.environment, state)
				if warning != "" {
					a.printf("warning   %s\n", warning)
				}
				return nil
			})
			if err == nil && warning != "" {
				return driftWarning{}
			}
			return err
		}),
	}
}
