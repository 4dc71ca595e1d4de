package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countinghouse/jobs"
	"countinghouse/pipelines/check"

	"github.com/spf13/cobra"
)

func (a *app) checkCommand() *cobra.Command {
	var show string
	var limit int
	command := &cobra.Command{
		Use: "check", Short: "Run the audits of the last build", Args: cobra.NoArgs,
		Long: `Run the audits of every table of the last build: what the headers of models and seeds promise of their rows, and the audits under
sql/audits. Each is a query that gives bad rows; one such row, and publish refuses (exit code 5). An audit of severity: warning is
told and stops nothing (exit code 3). An audit that passed is not run again until the table, the audit or something that it reads has changed.

The bad rows of each audit, up to ` + fmt.Sprint(check.KeptRows) + `, are kept in the store until the next check, under
audits/<environment>/<table>/<audit>.parquet. --show prints them.`,
		Example: `  countinghouse build && countinghouse check && countinghouse publish
  countinghouse check --show core.orders.grain
  countinghouse check --show mart.customer_360.revenue.range --limit 100 --output json`,
	}
	command.Flags().StringVar(&show, "show", "", "print the bad rows that the last check kept of an audit, as schema.table.audit; nothing is run")
	command.Flags().IntVar(&limit, "limit", 20, "how many rows --show prints at most")
	command.RunE = func(command *cobra.Command, args []string) error {
		if show != "" {
			return a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) error {
				return a.showKept(ctx, workshop, show, limit)
			})(command, args)
		}
		return with(a.candidate, a.check)(command, args)
	}
	return command
}

func (a *app) check(ctx context.Context, workshop *jobs.Workshop) error {
	result, err := workshop.Check(ctx, a.environment)
	if errors.Is(err, check.ErrNotBuilt) {
		return usage(err)
	}
	if err != nil && !errors.Is(err, check.ErrFailed) {
		return err
	}
	if printErr := a.print(result, func() error { a.printCheck(result); return nil }); printErr != nil {
		return printErr
	}
	if err == nil && len(result.Warnings) > 0 {
		return auditWarnings(len(result.Warnings))
	}
	return err
}

func (a *app) printCheck(result check.Result) {
	for _, warning := range result.Warnings {
		a.printf("warning: %s%s\n", warning, placeOf(warning))
	}
	for _, finding := range result.Findings {
		a.printf("%s%s\n", finding, placeOf(finding))
	}
	told := fmt.Sprintf("%d audits run, %d had passed before, %d failed", result.Run, result.Reused, len(result.Findings))
	if warnings := len(result.Warnings); warnings > 0 {
		told += fmt.Sprintf(", %d with warnings", warnings)
	}
	a.printf("%s\n", told)
	if shown := append(result.Findings, result.Warnings...); len(shown) > 0 {
		a.printf("the bad rows: countinghouse check --env %s --show %s.%s\n", a.environment, shown[0].Table, shown[0].Audit)
	}
}

func placeOf(finding check.Finding) string {
	if finding.File == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", finding.File, finding.Line)
}

// auditWarnings is how many audits that stop nothing found bad rows.
type auditWarnings int

func (w auditWarnings) Error() string {
	return fmt.Sprintf("done, with warnings: %d audits found bad rows, which do not stop publishing", int(w))
}

// Is makes it one of the warnings that have an exit code of their own.
func (w auditWarnings) Is(target error) bool { return target == errWarnings }

func (a *app) showKept(ctx context.Context, workshop *jobs.Workshop, name string, limit int) error {
	parts := strings.SplitN(name, ".", 3) // an audit's own name may have dots
	if len(parts) < 3 {
		return usage(fmt.Errorf("--show %s: want schema.table.audit, such as core.orders.grain", name))
	}
	if limit < 1 {
		return usage(fmt.Errorf("--limit: want 1 or more, got %d", limit))
	}
	kept := check.Kept{Environment: a.environment, Table: parts[0] + "." + parts[1], Audit: parts[2]}
	rows, err := check.ReadKept(ctx, kept, limit, check.Options{Bucket: workshop.Bucket, Session: workshop.Session, Scratch: workshop.Scratch})
	if errors.Is(err, check.ErrNothingKept) {
		return usage(fmt.Errorf("%w; run `countinghouse check` first", err))
	}
	if err != nil {
		return err
	}
	return a.print(rows, func() error { a.grid(rows.Columns, rows.Lines, 0); return nil })
}
