package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"countinghouse/internal/origin"
	"countinghouse/internal/project"
	"countinghouse/internal/run"
	"countinghouse/jobs"
	"countinghouse/pipelines/fetch"

	"github.com/spf13/cobra"
)

func (a *app) fetchCommand() *cobra.Command {
	var again bool
	command := &cobra.Command{
		Use: "fetch [SOURCE...]", Short: "Fetch export files from the sources, and land them",
		Long: `Make one round through the sources of countinghouse.yaml (all, or those named): folders, buckets, SFTP servers and web addresses. New and changed
files are downloaded and landed; what has not changed since the last round is not downloaded again, and the same bytes land once whatever they are
called. A file that is still being written waits for the next round; a download that broke goes on where it broke. One source that cannot be reached
harms no other. ` + "`run` and `serve`" + ` fetch by themselves. docs/SOURCES.md says how sources are written.`,
		Example: "  countinghouse fetch shop_sftp",
	}
	command.Flags().BoolVar(&again, "again", false, "fetch what was fetched before, too")
	command.RunE = func(command *cobra.Command, args []string) error {
		own, tools, err := a.open(command.Context())
		if err != nil {
			return err
		}
		chosen, err := chosenSources(own, args)
		if err != nil {
			return usage(err)
		}
		reports, err := a.fetchFrom(command.Context(), own, tools, chosen, again)
		if printErr := a.print(reports, func() error { a.printFetched(reports); return nil }); printErr != nil {
			return errors.Join(err, printErr)
		}
		if err != nil {
			return err
		}
		return fetchVerdict(reports)
	}
	return command
}

func chosenSources(own project.Project, names []string) ([]project.Source, error) {
	if len(own.Sources) == 0 {
		return nil, fmt.Errorf("%s names no sources: see docs/SOURCES.md", project.ConfigFile)
	}
	if len(names) == 0 {
		return own.Sources, nil
	}
	var chosen []project.Source
	for _, name := range names {
		at := slices.IndexFunc(own.Sources, func(source project.Source) bool { return source.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("%s names no source %q", project.ConfigFile, name)
		}
		chosen = append(chosen, own.Sources[at])
	}
	return chosen, nil
}

// fetchFrom makes a round through each source, as a run of its job: on record, and not beside one of `serve`.
func (a *app) fetchFrom(ctx context.Context, own project.Project, tools jobs.Tools, sources []project.Source, again bool) ([]fetch.Report, error) {
	options, release, err := a.jobOptions(own, tools)
	if err != nil {
		return nil, err
	}
	reports := make([]fetch.Report, len(sources))
	var problems []error
	for i, source := range sources {
		job := jobs.FetchJob(own, tools, source, again, func(report fetch.Report) { reports[i] = report })
		if _, err := jobs.RunOnce(ctx, job, run.DateOf(tools.Now().In(own.Zone)), options); err != nil {
			problems = append(problems, err)
			if reports[i].Source == "" { // the round did not begin
				reports[i] = fetch.Report{Source: source.Name, Files: []fetch.File{}, Error: err.Error()}
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return reports, errors.Join(errors.Join(problems...), release())
}

// fetchVerdict gives the error that decides the exit code where every source was gone through.
func fetchVerdict(reports []fetch.Report) error {
	for _, report := range reports {
		if report.Count(fetch.Refused) > 0 {
			return errRefused
		}
	}
	return nil
}

func isUnfetched(err error) bool {
	return errors.Is(err, errUnfetched) || errors.Is(err, fetch.ErrBusy) || origin.IsTrouble(err)
}

func (a *app) printFetched(reports []fetch.Report) {
	for _, report := range reports {
		for _, file := range report.Files {
			detail := file.Detail
			if detail == "" {
				detail = fmt.Sprintf("feed %s, %s", file.Feed, bytesText(file.Size))
			}
			a.printf("%-8s %s: %s (%s)\n", file.What, report.Source, file.Path, detail)
		}
		a.printf("%-8s %s\n", "source", report.Source+": "+jobs.FetchDetail(report))
	}
}
