package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/open"
	"countinghouse/internal/project"
	"countinghouse/internal/snapshot"
	"countinghouse/jobs"

	"github.com/spf13/cobra"
)

// app is what every command has: where to print, and the common flags.
type app struct {
	out, errs   io.Writer
	projectDir  string
	environment string
	asOf        string
	output      string
	bars        *bars
	begun       bool // the command line was understood and the command has begun
	// developmentKey says that no secret is set, which whoever makes tables is told.
	developmentKey bool
}

func (a *app) noteKey() {
	if a.developmentKey {
		_, _ = fmt.Fprintln(a.errs, "note: no secret for the keyed hashes is set; the development key is used (set COUNTINGHOUSE_HASH_KEY before real data)")
	}
}

// hashKeyVariable is the environment variable with the secret of the keyed hashes.
const hashKeyVariable = "COUNTINGHOUSE_HASH_KEY"

const long = `Countinghouse turns the files that a brand's channels export into marts that BI tools, data teams and finance can trust.

    export file -> land -> conform -> identity, ledger -> build -> check -> publish -> BI tools

Try it:       countinghouse demo
With files:   countinghouse run --land ./exports

Exit codes:
    0   done
    1   our fault: something broke
    2   usage: the command line or the project's files are wrong
    3   done, with warnings: some rows were rejected
    4   done, but an export was refused; the last good data stands for it
    5   an audit failed; nothing was published
        (or, of close --verify: something does not verify)
    75  somebody else is at work, or a source cannot be reached; try again`

func execute(ctx context.Context, args []string) int {
	application := &app{out: os.Stdout, errs: os.Stderr}
	root := application.root()
	root.SetArgs(args)
	err := crash.Arm(os.Getenv("COUNTINGHOUSE_CRASH_AT"))
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if !application.begun {
		err = usage(err)
	}
	application.bars.clear()
	if message := messageOf(err); message != "" {
		_, _ = fmt.Fprintln(application.errs, "countinghouse: "+message)
	}
	return exitCode(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "countinghouse", Short: "Turn channel exports into marts", Long: long,
		SilenceErrors: true, SilenceUsage: true, Version: version(),
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.prepare() },
	}
	flags := root.PersistentFlags()
	flags.StringVarP(&a.projectDir, "project", "C", ".", "the project folder")
	flags.StringVarP(&a.environment, "env", "e", "prod", "the environment")
	flags.StringVar(&a.asOf, "as-of", "", "the day that the figures are for, YYYY-MM-DD (default: yesterday in the brand's time zone)")
	flags.StringVarP(&a.output, "output", "o", "text", "text or json")
	root.SetOut(a.out)
	root.SetErr(a.errs)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddCommand(a.commands()...)
	return root
}

func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.initCommand(), a.fmtCommand(), a.lintCommand(),
		a.testCommand(),
		a.devCommand(),
		a.environmentsCommand(), a.promoteCommand(), a.rollbackCommand(), a.gcCommand(), a.eraseCommand(),
		a.demoCommand(), a.generateCommand(), a.identityCommand(), a.fetchCommand(), a.inspectCommand(), a.landCommand(), a.conformCommand(), a.rejectsCommand(), a.feedsCommand(), a.runCommand(), a.planCommand(), a.buildCommand(), a.backfillCommand(),
		a.checkCommand(), a.publishCommand(), a.closeCommand(), a.simulateCommand(), a.queryCommand(), a.explainCommand(), a.diffCommand(), a.docsCommand(), a.runsCommand(), a.serveCommand(),
	}
}

func (a *app) prepare() error {
	if a.output != "text" && a.output != "json" {
		return usage(fmt.Errorf("--output: want text or json, got %q", a.output))
	}
	a.begun, a.bars = true, newBars(a.errs)
	return nil
}

// open reads the project and opens its store. The environment, the clock and randomness are read here and in main, nowhere deeper.
func (a *app) open(ctx context.Context) (project.Project, jobs.Tools, error) {
	own, err := project.Open(a.projectDir)
	if err != nil {
		return own, jobs.Tools{}, usage(err)
	}
	if url := os.Getenv("COUNTINGHOUSE_STORE"); url != "" {
		own.Store = url
	}
	if limit := os.Getenv("COUNTINGHOUSE_MEMORY_LIMIT"); limit != "" {
		own.Resources.MemoryLimit = limit
	}
	log := slog.New(slog.NewTextHandler(a.errs, nil))
	keys, err := own.HashKeys(os.Getenv(hashKeyVariable), os.Getenv(hashKeyVariable+"_FILE"))
	if err != nil {
		return own, jobs.Tools{}, usage(err)
	}
	a.developmentKey = keys.Development
	bucket, err := open.Bucket(ctx, own.StoreURL(), own.WorkDir()+"/cache")
	if err != nil {
		return own, jobs.Tools{}, err
	}
	tools := jobs.Tools{Bucket: bucket, Key: keys.ID, ValueKey: keys.Value, Now: time.Now, Random: rand.Reader, Log: log, Progress: a.bars.progress}
	return own, tools, nil
}

// opener opens what a command works on; the caller closes it.
type opener func(ctx context.Context) (*jobs.Workshop, error)

// workshop opens everything that work on the project needs.
func (a *app) workshop(ctx context.Context) (*jobs.Workshop, error) {
	return a.openFor(ctx, nil, jobs.OpenWorkshop)
}

// candidate opens what work on the last build needs: for the day that it was made for, unless --as-of says another.
func (a *app) candidate(ctx context.Context) (*jobs.Workshop, error) {
	built := func(ctx context.Context, bucket *objectstore.Bucket) (string, error) {
		candidate, err := snapshot.ReadCandidate(ctx, bucket, a.environment)
		return candidate.AsOf, err
	}
	return a.openFor(ctx, built, jobs.OpenWorkshop)
}

// current opens everything for the day that the environment was made for, unless --as-of says another.
func (a *app) current(ctx context.Context) (*jobs.Workshop, error) {
	return a.openFor(ctx, publishedDay(a.environment), jobs.OpenWorkshop)
}

// tables opens what reading the environment's tables needs, which is quicker.
func (a *app) tables(ctx context.Context) (*jobs.Workshop, error) {
	return a.openFor(ctx, publishedDay(a.environment), jobs.OpenTables)
}

// day says for which day a store's tables are.
type day func(ctx context.Context, bucket *objectstore.Bucket) (string, error)

func publishedDay(environment string) day {
	return func(ctx context.Context, bucket *objectstore.Bucket) (string, error) {
		current, _, err := snapshot.Read(ctx, bucket, environment)
		return current.AsOf, err
	}
}

// openFor opens a workshop for the day of --as-of; without it for that of the tables, or for yesterday.
func (a *app) openFor(ctx context.Context, tables day, open func(context.Context, project.Project, time.Time, jobs.Tools) (*jobs.Workshop, error)) (*jobs.Workshop, error) {
	own, tools, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	if tables != nil {
		made, err := tables(ctx, tools.Bucket)
		if err != nil {
			return nil, err
		}
		a.asOf = cmp.Or(a.asOf, made)
	}
	asOf, err := a.asOfDate(own, tools.Now())
	if err != nil {
		return nil, err
	}
	return open(ctx, own, asOf, tools)
}

// intake opens what work on export files needs, which is quicker.
func (a *app) intake(ctx context.Context) (*jobs.Workshop, error) {
	own, tools, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	return jobs.OpenIntake(ctx, own, tools)
}

// landing opens what landing files needs, which is less still.
func (a *app) landing(ctx context.Context) (*jobs.Workshop, error) {
	own, tools, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	return jobs.OpenLanding(ctx, own, tools)
}

// asOfDate is the flag's day, or yesterday: the last day that is over in the brand's time zone.
func (a *app) asOfDate(own project.Project, now time.Time) (time.Time, error) {
	if a.asOf == "" {
		local := now.In(own.Zone).AddDate(0, 0, -1)
		return time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC), nil
	}
	day, err := time.Parse(time.DateOnly, a.asOf)
	if err != nil {
		return day, usage(fmt.Errorf("--as-of: want a day such as 2026-10-31, got %q", a.asOf))
	}
	return day, nil
}

// withWorkshop runs a command's work on an open workshop and closes it.
func (a *app) withWorkshop(work func(ctx context.Context, workshop *jobs.Workshop) error) func(*cobra.Command, []string) error {
	return with(a.workshop, work)
}

// withIntake is withWorkshop for work on export files.
func (a *app) withIntake(work func(ctx context.Context, workshop *jobs.Workshop) error) func(*cobra.Command, []string) error {
	return with(a.intake, work)
}

func with(open opener, work func(ctx context.Context, workshop *jobs.Workshop) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, _ []string) (err error) {
		workshop, err := open(command.Context())
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, workshop.Close()) }()
		return work(command.Context(), workshop)
	}
}

func messageOf(err error) string {
	if err == nil {
		return ""
	}
	return harmless(strings.TrimSpace(err.Error()))
}

// isTaken says whether an error means that somebody else was quicker.
func isTaken(err error) bool { return errors.Is(err, objectstore.ErrPrecondition) || jobs.IsHeld(err) }
