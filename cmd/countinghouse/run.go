package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"countinghouse/internal/project"
	"countinghouse/internal/run"
	"countinghouse/internal/scratch"
	"countinghouse/jobs"

	"github.com/spf13/cobra"
)

func (a *app) runCommand() *cobra.Command {
	var paths []string
	var openLineage string
	command := &cobra.Command{
		Use: "run", Short: "Do the whole work: land, conform, build, check, publish", Args: cobra.NoArgs,
		Long: `Fetch from the sources, land the inbox (and --land paths), read what is new, make what has changed, audit it, and publish it in one step.
A run that fails or is killed leaves what is published as it was; the next run finishes the work.`,
		Example: "  countinghouse run --land exports/ --as-of 2026-10-31",
	}
	command.Flags().StringVar(&openLineage, "openlineage", "", "tell this lineage server, or file, what was made (default: openlineage in countinghouse.yaml)")
	command.Flags().StringSliceVar(&paths, "land", nil, "files or folders to land first")
	command.RunE = func(command *cobra.Command, _ []string) error {
		if err := mustExist(paths); err != nil {
			return err
		}
		own, tools, err := a.open(command.Context())
		if err != nil {
			return err
		}
		own.OpenLineage = cmp.Or(openLineage, own.OpenLineage)
		asOf, err := a.asOfDate(own, tools.Now())
		if err != nil {
			return err
		}
		a.noteKey()
		outcome, record, err := a.runDaily(command.Context(), own, tools, asOf, paths)
		return a.reportRun(own, outcome, record, err)
	}
	return command
}

func (a *app) runDaily(ctx context.Context, own project.Project, tools jobs.Tools, asOf time.Time, paths []string) (jobs.Outcome, run.Record, error) {
	var outcome jobs.Outcome
	job := jobs.Daily(own, tools, a.environment, paths, func(o jobs.Outcome) { outcome = o })
	options, release, err := a.jobOptions(own, tools)
	if err != nil {
		return outcome, run.Record{}, err
	}
	record, err := jobs.RunOnce(ctx, job, run.DateOf(asOf), options)
	return outcome, record, errors.Join(err, release())
}

// jobOptions are how this process runs jobs, under a name by which another can tell whether it lives.
func (a *app) jobOptions(own project.Project, tools jobs.Tools) (jobs.Options, func() error, error) {
	folder, err := scratch.New(filepath.Join(own.WorkDir(), "processes"))
	if err != nil {
		return jobs.Options{}, nil, err
	}
	options := jobs.Options{Bucket: tools.Bucket, Environment: a.environment, Zone: own.Zone, Log: tools.Log, Random: tools.Random}
	options.Holder, options.Dead = jobs.Hold(folder.Path)
	return options, folder.Close, nil
}

// runResult is a run as JSON.
type runResult struct {
	Run       run.Record `json:"run"`
	Version   int64      `json:"version"`
	Refused   []string   `json:"refused"`
	Unfetched []string   `json:"unfetched"`
	Rejected  int64      `json:"rejected"`
	Findings  []string   `json:"findings"`
	Warnings  []string   `json:"warnings"`
	FeedNotes []string   `json:"feed_notes"` // what is new about headers, and which feeds are late
}

// reportRun prints what a run did and gives the error that decides the exit code.
func (a *app) reportRun(own project.Project, outcome jobs.Outcome, record run.Record, err error) error {
	result := runResult{Run: record, Version: outcome.Environment.Version, Refused: append([]string{}, outcome.Refused()...), Unfetched: append([]string{}, outcome.Unfetched()...), Rejected: outcome.Rejected(), Findings: []string{}, Warnings: []string{}, FeedNotes: append([]string{}, outcome.FeedNotes...)}
	for _, finding := range outcome.Checked.Findings {
		result.Findings = append(result.Findings, finding.String())
	}
	result.Warnings = append(result.Warnings, outcome.Warnings()...)
	if printErr := a.print(result, func() error { a.printRun(own, outcome, result); return nil }); printErr != nil {
		return errors.Join(err, printErr)
	}
	if err != nil {
		return err
	}
	if err := verdict(len(result.Refused) > 0, result.Rejected > 0); errors.Is(err, errRefused) {
		return err
	} else if len(result.Unfetched) > 0 {
		return errUnfetched
	} else if err != nil {
		return err
	}
	if warnings := len(outcome.Checked.Warnings); warnings > 0 {
		return auditWarnings(warnings)
	}
	if outcome.DriftNote != "" {
		return driftWarning{}
	}
	return nil
}

// driftWarning says that the run changed more customers than the project wants to pass unseen.
type driftWarning struct{}

func (driftWarning) Error() string {
	return "done, with warnings: more customers changed than identity.max_changed_share"
}

// Is makes it one of the warnings that have an exit code of their own.
func (driftWarning) Is(target error) bool { return target == errWarnings }

func (a *app) printRun(own project.Project, outcome jobs.Outcome, result runResult) {
	for _, reason := range result.Refused {
		a.printf("refused   %s\n", reason)
	}
	for _, reason := range result.Unfetched {
		a.printf("unfetched %s\n", reason)
	}
	for _, file := range outcome.Conformed.Files {
		if file.New && file.Quarantine == "" {
			for _, reason := range file.Reasons {
				a.printf("rejected  %s\n", reason)
			}
		}
	}
	for _, finding := range result.Findings {
		a.printf("audit     %s\n", finding)
	}
	for _, warning := range result.Warnings {
		a.printf("warning   %s\n", warning)
	}
	for _, note := range result.FeedNotes {
		a.printf("warning   %s\n", note)
	}
	for _, step := range outcome.Steps {
		a.printf("%-8s  %-46s %6.2f s\n", step.Name, step.Detail, step.EndedAt.Sub(step.StartedAt).Seconds())
	}
	if outcome.Environment.Version > 0 && a.environment == "prod" && len(result.Findings) == 0 {
		a.printf("marts     %s\n", strings.TrimPrefix(own.StoreURL(), "file://")+"/marts")
	}
}

func (a *app) runsCommand() *cobra.Command {
	var count int
	command := &cobra.Command{
		Use: "runs", Short: "Show the last runs", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			_, tools, err := a.open(command.Context())
			if err != nil {
				return err
			}
			ledger := run.Ledger{Bucket: tools.Bucket, Now: tools.Now, Random: tools.Random}
			records, err := ledger.Recent(command.Context(), count)
			if err != nil {
				return err
			}
			return a.print(records, func() error { a.printRuns(records); return nil })
		},
	}
	command.Flags().IntVarP(&count, "last", "n", 10, "how many")
	return command
}

func (a *app) printRuns(records []run.Record) {
	var rows [][]string
	for _, record := range records {
		rows = append(rows, []string{
			record.ID, record.Job, string(record.LogicalDate), record.Cause, string(record.Status),
			firstLine(record.Error), fmt.Sprint(record.Rows), fmt.Sprint(record.Rejects), fmt.Sprintf("%.1f", record.Duration().Seconds()),
		})
	}
	a.grid([]string{"run", "job", "for", "cause", "status", "error", "rows", "rejects", "seconds"}, rows, 3)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if runes := []rune(line); len(runes) > 60 {
		return string(runes[:59]) + "…"
	}
	return line
}
