package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"countinghouse/jobs"
	"countinghouse/pipelines/closing"

	"github.com/spf13/cobra"
)

const closeLong = `Close a month: freeze its figures, and all that they were made from, on record and for good.

A close checks that what is published is for the last day of the month, that it is what the exports and the project give now and has passed
every audit, that no feed is late and no file was refused, that balances agree with those that channels report, that the month before is
closed, and that nobody is at work. Then it writes one object, closes/<month>/<n>.json: every export with its hash, SQL, contracts, seeds and
parameters with their text, the tables with the digests of their rows, the figures, who and why, and the hash of the close before it.

What arrives later for a closed month does not change it. It stands in the next one, as prior_period in mart.point_rollforward, and line by
line, with its cause, in mart.point_prior_period.

  --verify   reads every export's bytes again, derives the month from the store with what was frozen, and compares digests (exit code 5 when
             something differs); what the project says otherwise today is listed, and steps whose code is another version. With --pack DIR also the
             files of a pack are held against the close
  --diff     derives the month with today's exports, then also with today's seeds and parameters, then also with today's SQL and contracts, and
             says what each of these changes
  --reopen   opens a month again, on record
  --pack DIR writes the close for an accountant: one workbook, the same as CSV files, and a page

Months are closed, one after the other. With a quarter (2026-Q3) or a year (2026) in place of the month, --pack and --verify take its months when all of them are
closed; else the months that are not are named. Without a month the closes are listed.`

// closeFlags are how the command was called.
type closeFlags struct {
	verify, diff, reopen bool
	pack, who, note, why string
	waive                []string
}

func (a *app) closeCommand() *cobra.Command {
	var how closeFlags
	command := &cobra.Command{
		Use: "close [MONTH]", Short: "Close a month, or verify that a closed one still comes out the same", Long: closeLong, Args: cobra.MaximumNArgs(1),
		Example: "  countinghouse run --as-of 2026-10-31\n" +
			"  countinghouse close 2026-10 --who 'Li Na' --note 'October, reviewed'\n" +
			"  countinghouse close --verify 2026-10\n" +
			"  countinghouse close --diff 2026-10\n" +
			"  countinghouse close 2026-10 --pack october\n" +
			"  countinghouse close --verify 2026-10 --pack october",
	}
	flags := command.Flags()
	flags.BoolVar(&how.verify, "verify", false, "derive the closed month again and compare")
	flags.BoolVar(&how.diff, "diff", false, "say what would differ today, and why")
	flags.BoolVar(&how.reopen, "reopen", false, "open the last closed month again")
	flags.StringVar(&how.pack, "pack", "", "write the close to a folder: workbook, CSV, page")
	flags.StringVar(&how.who, "who", "", "who closes or reopens")
	flags.StringVar(&how.note, "note", "", "a note for the record")
	flags.StringVar(&how.why, "why", "", "why a month is opened again")
	flags.StringSliceVar(&how.waive, "waive", nil, "close though these checks fail, on record: feeds, reconciliation")
	command.MarkFlagsMutuallyExclusive("verify", "diff", "reopen")
	command.MarkFlagsMutuallyExclusive("diff", "reopen", "pack")
	command.RunE = func(command *cobra.Command, args []string) error {
		period := ""
		if len(args) > 0 {
			period = args[0]
			months, err := closing.Months(period)
			if err != nil {
				return usage(err)
			}
			end, err := closing.End(months[len(months)-1])
			if err != nil {
				return usage(err)
			}
			if a.asOf == "" {
				a.asOf = end.Format(time.DateOnly)
			}
		}
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			return a.closeOrLook(ctx, workshop, period, how)
		})(command, nil)
	}
	return command
}

func (a *app) closeOrLook(ctx context.Context, workshop *jobs.Workshop, period string, how closeFlags) error {
	if months, err := closing.Months(period); err == nil && len(months) > 1 {
		return a.closeLonger(ctx, workshop, period, months, how)
	}
	switch {
	case how.verify:
		return a.verifyClose(ctx, workshop, period, how.pack)
	case how.diff:
		return a.diffClose(ctx, workshop, period)
	case how.pack != "":
		return a.packClose(ctx, workshop, period, how.pack)
	case period == "" && how.reopen:
		return usage(errors.New("--reopen: say which month, such as `countinghouse close --reopen 2026-10 --who NAME --why TEXT`"))
	case period == "":
		return a.listCloses(ctx, workshop)
	case how.reopen:
		return a.reopen(ctx, workshop, period, how)
	}
	return a.closePeriod(ctx, workshop, period, how)
}

// closeLonger looks at the months of a quarter or a year, which are closed one after the other. When all of them are, its figures are those of its last month's close, whose
// pack has them: the rows of quarter and year in the roll-forward and in the contract liability.
func (a *app) closeLonger(ctx context.Context, workshop *jobs.Workshop, period string, months []string, how closeFlags) error {
	records, err := workshop.Closes(ctx)
	if err != nil {
		return err
	}
	if open := closing.Open(records, months); len(open) > 0 {
		end, err := closing.End(open[0])
		if err != nil {
			return err
		}
		return usage(fmt.Errorf("close %s: months are closed, one after the other, and a quarter or a year is closed with its last one; not closed: %s; next: `countinghouse run --as-of %s`, then `countinghouse close %s`",
			period, strings.Join(open, ", "), end.Format(time.DateOnly), open[0]))
	}
	last := months[len(months)-1]
	switch {
	case how.verify:
		for _, month := range months[:len(months)-1] {
			if err := a.verifyClose(ctx, workshop, month, ""); err != nil {
				return err
			}
		}
		return a.verifyClose(ctx, workshop, last, how.pack)
	case how.diff || how.reopen || how.pack == "":
		return usage(fmt.Errorf("close %s: all of its months are closed, the last one is %s; look at that, write its figures with --pack DIR, or reopen months from the last one on", period, last))
	}
	return a.packClose(ctx, workshop, last, how.pack)
}

func (a *app) closePeriod(ctx context.Context, workshop *jobs.Workshop, period string, how closeFlags) error {
	if how.who == "" || how.note == "" {
		return usage(errors.New("close: a close names who is answerable for it: --who NAME --note TEXT"))
	}
	for _, check := range how.waive {
		if !slices.Contains([]string{"feeds", "reconciliation"}, check) {
			return usage(fmt.Errorf("--waive: want feeds or reconciliation, got %q", check))
		}
	}
	record, err := workshop.ClosePeriod(ctx, jobs.CloseOptions{
		Period: period, Environment: a.environment, Who: how.who, Note: how.note, Binary: version(), Waive: how.waive,
	})
	if err != nil {
		return err
	}
	return a.print(record, func() error {
		a.printf("%s is closed: %s, SHA-256 %s\n", period, record.Key, record.SHA256)
		a.printf("%d exports, %d files of the project, %d tables and %d figures are frozen\n", len(record.Files), len(record.Sources), len(record.Tables), len(record.Figures))
		return nil
	})
}

func (a *app) reopen(ctx context.Context, workshop *jobs.Workshop, period string, how closeFlags) error {
	if how.who == "" || how.why == "" {
		return usage(errors.New("close --reopen: say who opens the month again, and why: --who NAME --why TEXT"))
	}
	record, err := workshop.Reopen(ctx, jobs.CloseOptions{Period: period, Who: how.who, Note: how.why, Binary: version()})
	if err != nil {
		return err
	}
	return a.print(record, func() error {
		a.printf("%s is open again: %s\n", period, record.Key)
		return nil
	})
}

func (a *app) listCloses(ctx context.Context, workshop *jobs.Workshop) error {
	records, err := workshop.Closes(ctx)
	if err != nil {
		return err
	}
	if records == nil {
		records = []closing.Stored{}
	}
	return a.print(records, func() error {
		if len(records) == 0 {
			a.printf("no period was closed yet\n")
			return nil
		}
		var rows [][]string
		for _, record := range records {
			rows = append(rows, []string{record.Period, record.Kind, record.At.In(workshop.Project.Zone).Format(time.DateTime), record.Who, record.Note, record.SHA256[:12]})
		}
		a.grid([]string{"month", "what", "when", "who", "note", "hash"}, rows, 0)
		return nil
	})
}

func (a *app) verifyClose(ctx context.Context, workshop *jobs.Workshop, period, pack string) error {
	found, err := workshop.VerifyClose(ctx, period)
	if err != nil && !errors.Is(err, jobs.ErrUnverified) && !errors.Is(err, jobs.ErrOtherCode) {
		return err
	}
	if pack != "" {
		problems, failed := workshop.VerifyPack(ctx, period, pack)
		if failed != nil {
			return failed
		}
		if found.Problems = append(found.Problems, problems...); len(problems) > 0 {
			err = jobs.ErrUnverified
		}
	}
	printed := a.print(found, func() error {
		for _, problem := range found.Problems {
			a.printf("does not verify: %s\n", problem)
		}
		for _, file := range found.Erased {
			a.printf("since the close: %s\n", file)
		}
		for _, file := range found.NewFiles {
			a.printf("since the close: %s landed (%s)\n", file.Name, file.Feed)
		}
		for _, change := range found.Changes {
			a.printf("since the close: %s\n", jobs.ChangeText(change))
		}
		for _, change := range found.Code {
			a.printf("code since the close: the step %s was %s and is %s; what it makes may differ for that\n", change.Name, orUnknown(change.Was), change.Is)
		}
		for _, difference := range found.OtherCode {
			a.printf("other code: %s\n", difference)
		}
		switch {
		case len(found.Problems) > 0:
		case len(found.OtherCode) > 0:
			a.printf("%s stands: the chain holds, %d exports have the bytes that they had, and the store has the rows that were closed. Prove it with the program that closed it\n", found.Period, found.Files)
		default:
			a.printf("%s verifies: the chain holds, %d exports have the bytes that they had, %d tables come out the same\n", found.Period, found.Files, found.Tables)
		}
		return nil
	})
	return errors.Join(printed, err)
}

// orUnknown stands in for the version of a step that a record of an earlier program does not have.
func orUnknown(version string) string {
	if version == "" {
		return "of a version that the record does not say"
	}
	return version
}

func (a *app) diffClose(ctx context.Context, workshop *jobs.Workshop, period string) error {
	steps, err := workshop.DiffClose(ctx, period)
	if err != nil {
		return err
	}
	return a.print(steps, func() error {
		for _, step := range steps {
			a.printf("%s\n", step.Cause)
			for _, detail := range step.Details {
				a.printf("    %s\n", detail)
			}
			if step.Error != "" {
				a.printf("  cannot be derived so: %s\n", step.Error)
			}
			var rows [][]string
			for _, change := range step.Figures {
				rows = append(rows, []string{change.Table, change.Column, change.Was, change.Is})
			}
			if len(rows) > 0 {
				a.grid([]string{"table", "column", "before", "after"}, rows, 2)
			} else if step.Error == "" {
				a.printf("  no figure differs\n")
			}
		}
		return nil
	})
}

// packWritten is the answer of `close --pack` as JSON.
type packWritten struct {
	Period string   `json:"period"`
	Files  []string `json:"files"`
}

func (a *app) packClose(ctx context.Context, workshop *jobs.Workshop, period, folder string) error {
	record, files, err := workshop.PackClose(ctx, period, folder)
	if err != nil {
		return err
	}
	return a.print(packWritten{record.Period, files}, func() error {
		a.printf("%s as it was closed: %d files in %s\n", record.Period, len(files), folder)
		return nil
	})
}
