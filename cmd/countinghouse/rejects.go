package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"countinghouse/internal/formula"
	"countinghouse/jobs"
	"countinghouse/pipelines/conform"

	"github.com/spf13/cobra"
)

// rejectsFlags say which refusals are shown, and how.
type rejectsFlags struct {
	feed, file, reason string
	rows, asCSV        bool
}

func (a *app) rejectsCommand() *cobra.Command {
	var flags rejectsFlags
	command := &cobra.Command{
		Use: "rejects", Short: "Show what was refused, and why", Args: cobra.NoArgs,
		Long: `Show the files of which no row is used and the rows that were refused, with file, line, column and reason. With --rows, show every refused row
with its raw text; with --csv, write them as CSV, in which no cell can be taken for a formula. Raw text may hold personal data.

What to do about it: mend the contract (its files are then read again by the next "conform" or "run"), or, for a file that no feed took, write one
("countinghouse inspect FILE" drafts it) and run "countinghouse land --again". Nothing has to be brought again.`,
		Example: "  countinghouse rejects\n  countinghouse rejects --feed tmall_orders --reason 实付金额 --csv > refused.csv",
	}
	command.Flags().StringVar(&flags.feed, "feed", "", "of this feed only")
	command.Flags().StringVar(&flags.file, "file", "", "of files whose name, or SHA-256, begins so")
	command.Flags().StringVar(&flags.reason, "reason", "", "whose reason holds this text")
	command.Flags().BoolVar(&flags.rows, "rows", false, "every refused row with its raw text")
	command.Flags().BoolVar(&flags.asCSV, "csv", false, "every refused row as CSV")
	command.RunE = a.withIntake(func(ctx context.Context, workshop *jobs.Workshop) error {
		if _, known := workshop.Registry.Feed(flags.feed); flags.feed != "" && !known {
			return usage(fmt.Errorf("--feed: there is no feed %q", flags.feed))
		}
		if flags.asCSV && a.output == "json" {
			return usage(errors.New("--csv and --output json exclude each other"))
		}
		refused, err := findRefused(ctx, workshop, flags)
		if err != nil {
			return err
		}
		if flags.rows || flags.asCSV {
			return a.refusedRows(ctx, workshop, refused.Files, flags)
		}
		return a.print(refused, func() error { a.printRefused(refused); return nil })
	})
	return command
}

type refusal struct {
	Unrecognised []string             `json:"unrecognised"`
	Files        []conform.FileResult `json:"files"`
	Pending      int                  `json:"pending"` // landed and not read yet
}

func findRefused(ctx context.Context, workshop *jobs.Workshop, flags rejectsFlags) (refusal, error) {
	report, pending, err := conform.Results(ctx, workshop.Bucket, workshop.Registry, workshop.Project.Zone)
	if err != nil {
		return refusal{}, err
	}
	refused := refusal{Unrecognised: []string{}, Files: []conform.FileResult{}, Pending: pending}
	if flags.feed == "" {
		unrecognised, err := workshop.Unrecognised(ctx)
		if err != nil {
			return refused, err
		}
		for _, text := range unrecognised {
			if strings.HasPrefix(text, flags.file) && strings.Contains(text, flags.reason) {
				refused.Unrecognised = append(refused.Unrecognised, text)
			}
		}
	}
	for _, file := range report.Files {
		if (file.Quarantine != "" || file.Rejected > 0) && flags.take(file) {
			refused.Files = append(refused.Files, file)
		}
	}
	return refused, nil
}

// take says whether a file is asked for. Of a file with more refused rows than its accounting quotes, only the rows tell all reasons.
func (f rejectsFlags) take(file conform.FileResult) bool {
	if f.feed != "" && f.feed != file.Feed || !strings.HasPrefix(file.Name, f.file) && !strings.HasPrefix(file.SHA256, f.file) {
		return false
	}
	told := strings.Contains(file.Quarantine, f.reason) || slices.ContainsFunc(file.Reasons, func(reason string) bool { return strings.Contains(reason, f.reason) })
	return told || file.Rejected > int64(len(file.Reasons))
}

// refusedRows writes rows as they are read: there may be many.
func (a *app) refusedRows(ctx context.Context, workshop *jobs.Workshop, files []conform.FileResult, flags rejectsFlags) error {
	each := func(give func(conform.Refused) error) error {
		return conform.RefusedRows(ctx, workshop.Bucket, workshop.Session, files, flags.reason, give)
	}
	switch {
	case flags.asCSV:
		return a.refusedCSV(each)
	case a.output == "json":
		rows := []conform.Refused{}
		err := each(func(row conform.Refused) error { rows = append(rows, row); return nil })
		return errors.Join(err, a.printJSON(rows))
	}
	return each(func(row conform.Refused) error {
		a.printf("%s:%d: %s\n    %s\n", row.File, row.Line, row.Reason, strings.ReplaceAll(row.Raw, "\n", "\n    "))
		return nil
	})
}

func (a *app) refusedCSV(each func(give func(conform.Refused) error) error) error {
	writer := csv.NewWriter(a.out)
	err := writer.Write([]string{"feed", "file", "line", "reason", "raw", "source_file"})
	if err == nil {
		err = each(func(row conform.Refused) error {
			cells := []string{row.Feed, row.File, strconv.FormatInt(row.Line, 10), row.Reason, row.Raw, row.SourceFile}
			for i := range cells {
				cells[i] = formula.Guard(cells[i])
			}
			return writer.Write(cells)
		})
	}
	writer.Flush()
	return errors.Join(err, writer.Error())
}

func (a *app) printRefused(refused refusal) {
	for _, reason := range refused.Unrecognised {
		a.printf("unrecognised  %s\n", reason)
	}
	for _, file := range refused.Files {
		if file.Quarantine != "" {
			a.printf("quarantined   %s\n", file.Quarantine)
			continue
		}
		a.printf("rejected      %d of %d rows of %s (%s)\n", file.Rejected, file.Rows, file.Name, file.Rejects)
		for _, reason := range file.Reasons {
			a.printf("              %s\n", reason)
		}
		if more := file.Rejected - int64(len(file.Reasons)); more > 0 {
			a.printf("              and %d more: `countinghouse rejects --rows --file %s`\n", more, file.SHA256[:12])
		}
	}
	if len(refused.Unrecognised)+len(refused.Files) == 0 {
		a.printf("nothing was refused\n")
	}
	if refused.Pending > 0 {
		a.printf("%d landed files have not been read yet: run `countinghouse conform`\n", refused.Pending)
	}
}
