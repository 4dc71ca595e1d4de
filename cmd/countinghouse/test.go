package main

import (
	"context"
	"errors"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/check"
	"countinghouse/pipelines/unittest"

	"github.com/spf13/cobra"
)

func (a *app) testCommand() *cobra.Command {
	var update bool
	command := &cobra.Command{
		Use: "test [SELECTOR...]", Short: "Run the unit tests of models",
		Long: `Run the unit tests of models: rows given, parameters, rows wanted, in files sql/<schema>/testdata/<table>__<what>.txtar of the project. The
built-in ones run too, but for those that the project replaces by a file of the same path. No export is read, and nothing is stored.

A selector is that of --select elsewhere (mart.point_lots, mart.point_*, +core.orders, tag:finance, state:changed), or the name of a case.
With --update the project's cases that fail are rewritten so that they want what came: look at the difference before you commit it.
Exit code 5 says that a case failed.`,
		Example: `  countinghouse test
  countinghouse test 'mart.point_*'
  countinghouse test repeat_buyers__twice_on_one_day --update`,
	}
	command.Flags().BoolVar(&update, "update", false, "rewrite what the project's failing cases want")
	command.RunE = func(command *cobra.Command, words []string) error {
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			result, err := workshop.Test(ctx, a.environment, words, update)
			if err != nil && !errors.Is(err, unittest.ErrFailed) {
				return err
			}
			if printing := a.print(result, func() error { a.printTests(result); return nil }); printing != nil {
				return printing
			}
			if err != nil {
				return testsFailed{err}
			}
			return nil
		})(command, words)
	}
	return command
}

// testsFailed ends the command as a failed audit does.
type testsFailed struct{ error }

func (t testsFailed) Unwrap() error { return t.error }

// Is makes it an audit's failure to exitCode.
func (t testsFailed) Is(target error) bool { return target == check.ErrFailed }

func (a *app) printTests(result jobs.TestResult) {
	builtin := 0
	for _, outcome := range result.Cases {
		switch {
		case outcome.Updated:
			a.printf("%s is rewritten (- wanted before, + wanted now)\n%s\n\n", outcome.File, outcome)
		case !outcome.Passed():
			a.printf("%s\n\n", outcome)
			if outcome.Builtin {
				builtin++
			}
		}
	}
	if builtin > 0 {
		a.printf("%d of the failed cases are built in: if your change is meant, put cases of the same path (sql/…/testdata/…) into the project\n", builtin)
	}
	if len(result.Cases) == 0 {
		a.printf("no case wants any of them: write one, sql/<schema>/testdata/<table>__<what>.txtar (docs/MODELS.md shows how)\n")
	}
	for _, table := range result.Untested {
		a.printf("%s is owned by finance and no unit test wants it: a check refuses it\n", table)
	}
	updated := ""
	if result.Updated > 0 {
		updated = fmt.Sprintf(", %d rewritten", result.Updated)
	}
	a.printf("%d cases, %d passed%s, %d failed in %.1f s\n", len(result.Cases), result.Passed, updated, result.Failed, result.Seconds)
}
