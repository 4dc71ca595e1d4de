package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"countinghouse/jobs"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/diff"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func (a *app) devCommand() *cobra.Command {
	var once bool
	options := jobs.LookOptions{}
	command := &cobra.Command{
		Use: "dev [MODEL]", Short: "Watch the project's models and show what each save makes of them", Args: cobra.MaximumNArgs(1),
		Long: `Watch the project's sql/ folder. On each save the models are read and bound, and the model is run over the tables of --env: its first rows,
how many there are, what its audits and unit tests say, and how it differs from the current table. Tables that it reads and that changed in the
project are computed first, so that a chain of changes can be tried as a whole. Nothing is stored.

Without a name, the model that was saved is shown. A unit test is saved for its model; a seed or a parameter for the model shown last. The day is that of
the environment, unless --as-of says another. Problems are shown, and the next save tries again; Ctrl-C ends it.

With --once the model is shown one time: for editors and scripts. Exit code 2 then says that a file is wrong, 5 that an audit or a unit test failed.`,
		Example: `  countinghouse dev mart.repeat_buyers
  countinghouse dev --once repeat_buyers --limit 20 --output json`,
	}
	flags := command.Flags()
	flags.BoolVar(&once, "once", false, "show the model one time and end")
	flags.IntVar(&options.Limit, "limit", 10, "how many rows to show")
	flags.BoolVar(&options.Tests, "test", true, "run the model's unit tests")
	command.RunE = func(command *cobra.Command, args []string) error {
		options.Environment = a.environment
		if options.Limit < 1 {
			return usage(fmt.Errorf("--limit: want 1 or more, got %d", options.Limit))
		}
		if once && len(args) == 0 {
			return usage(errors.New("--once needs the name of a model"))
		}
		return a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) (err error) {
			if a.asOf != "" {
				if options.AsOf, err = a.asOfDate(workshop.Project, workshop.Now()); err != nil {
					return err
				}
			}
			name := strings.Join(args, "")
			if once {
				return a.lookOnce(ctx, workshop, name, options)
			}
			a.watch(ctx, workshop, name, options)
			return nil
		})(command, args)
	}
	return command
}

func (a *app) lookOnce(ctx context.Context, workshop *jobs.Workshop, name string, options jobs.LookOptions) error {
	look, err := workshop.Look(ctx, name, options)
	if err != nil {
		return err
	}
	if err := a.print(look, func() error { a.printLook(look, options.Limit); return nil }); err != nil {
		return err
	}
	if look.Failed() {
		return lookFailed{}
	}
	return nil
}

// lookFailed ends the command as a failed audit does.
type lookFailed struct{}

func (lookFailed) Error() string { return "an audit, a unit test or a reader of the model fails" }

// Is makes it an audit's failure to exitCode.
func (lookFailed) Is(target error) bool { return target == check.ErrFailed }

// lookEvery is how often the folder is looked at: a save is shown at once for a person, and an idle watch costs next to nothing.
const lookEvery = 250 * time.Millisecond

func (a *app) watch(ctx context.Context, workshop *jobs.Workshop, name string, options jobs.LookOptions) {
	watcher, follow := jobs.NewWatcher(workshop.Project.Dir), name == "" // what is saved from now on is seen
	if follow {
		a.printf("watching %s: save a model to see it\n", workshop.Project.Dir+"/sql")
	} else {
		a.show(ctx, workshop, name, options)
	}
	watcher.Run(ctx, lookEvery, func(files []string) {
		if follow {
			name = lastModel(files, name)
		}
		if name != "" {
			a.show(ctx, workshop, name, options)
		}
	})
}

// lastModel is the model among the saved files, or the one that was shown before.
func lastModel(files []string, before string) string {
	for _, file := range files {
		if name := jobs.SavedModel(file); name != "" {
			before = name
		}
	}
	return before
}

// show prints a look or why there is none; the watch goes on after both.
func (a *app) show(ctx context.Context, workshop *jobs.Workshop, name string, options jobs.LookOptions) {
	look, err := workshop.Look(ctx, name, options)
	if ctx.Err() != nil {
		return
	}
	if a.output == "json" { // one value for each save; a reader that went away is no reason to stop
		if err != nil {
			_ = a.printJSON(map[string]string{"model": name, "error": messageOf(err)})
			return
		}
		_ = a.printJSON(look)
		return
	}
	a.clearScreen()
	a.printf("%s  %s\n", name, workshop.Now().In(workshop.Project.Zone).Format(time.TimeOnly))
	if err != nil {
		a.printf("%s\n", messageOf(err))
		return
	}
	a.printLook(look, options.Limit)
}

// clearScreen begins a page of its own on a terminal, and does nothing anywhere else.
func (a *app) clearScreen() {
	if file, isFile := a.out.(*os.File); isFile && term.IsTerminal(int(file.Fd())) {
		a.printf("\x1b[H\x1b[2J\x1b[3J")
	}
}

func (a *app) printLook(look jobs.Look, limit int) {
	if look.Rows > 0 {
		a.grid(look.First.Columns, look.First.Lines, 0)
	}
	a.printf("%s: %d rows in %.2f s%s\n", look.Model, look.Rows, look.Seconds, shownOf(int64(limit), look.Rows))
	if len(look.Computed) > 0 {
		a.printf("computed too, since they changed: %s\n", strings.Join(look.Computed, ", "))
	}
	a.printf("%s\n", against(look, a.environment))
	for _, finding := range look.Audits.Findings {
		a.printf("audit failed: %s%s\n", finding, placeOf(finding))
	}
	for _, finding := range look.Audits.Warnings {
		a.printf("audit warns: %s%s\n", finding, placeOf(finding))
	}
	a.printf("%d audits, %d failed\n", look.Audits.Run, len(look.Audits.Findings))
	if look.Tests != nil && len(look.Tests.Cases) > 0 {
		a.printTests(*look.Tests)
	}
	for _, reader := range look.Readers {
		a.printf("breaks: %s\n", reader)
	}
	if len(look.Readers) > 0 {
		a.printf("unit tests are run when no model is broken\n")
	}
}

func shownOf(limit, rows int64) string {
	if rows <= limit {
		return ""
	}
	return fmt.Sprintf(", the first %d by grain above", limit)
}

// against is a line on how the table differs from the current one.
func against(look jobs.Look, environment string) string {
	current := fmt.Sprintf("%s, version %d", environment, look.Version)
	table := look.Against
	switch {
	case table == nil:
		return "new: " + current + " has no such table"
	case table.State == diff.Same:
		return "the same as in " + current
	}
	line := fmt.Sprintf("against %s: %d rows before, %d added, %d missing, %d changed", current, table.RowsBefore, table.Added, table.Missing, table.Changed)
	if what := table.WhatChanged(); what != "" {
		line += " (" + what + ")"
	}
	return line
}
