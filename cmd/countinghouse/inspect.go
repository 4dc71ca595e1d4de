package main

import (
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/project"
	"countinghouse/jobs"
	"countinghouse/pipelines/inspect"

	"github.com/spf13/cobra"
)

func (a *app) inspectCommand() *cobra.Command {
	var draft string
	command := &cobra.Command{
		Use: "inspect FILE...", Short: "Look at an export file: what it is, what it holds, which feed takes it", Args: cobra.MinimumNArgs(1),
		Long: `Look at the beginning of export files, or of the members of zip archives: encoding, container, delimiter, header, and for each column what its cells
seem to be, how they are guarded, what stands for "no value", and whether they look personal (then examples are masked). Say which feed takes the
file, and why, or which ones nearly do and what they lack. For a file that no feed takes, draft a contract. Nothing is written to the store.

With --draft NAME, print nothing but the draft of a feed of that name, for a file of its own below schemas/feeds/.`,
		Example: "  countinghouse inspect export.xlsx\n  countinghouse inspect --draft corner_shop export.csv > schemas/feeds/corner_shop.yaml",
	}
	command.Flags().StringVar(&draft, "draft", "", "print only the draft of a contract for a feed of this name")
	command.RunE = func(command *cobra.Command, args []string) error {
		if draft != "" && (len(args) > 1 || a.output == "json") {
			return usage(errors.New("--draft: want one file, and text"))
		}
		own, err := project.Open(a.projectDir)
		if err != nil {
			return usage(err)
		}
		if err := mustExist(args); err != nil {
			return err
		}
		reports, err := jobs.Inspect(command.Context(), own, args, draft)
		if err != nil {
			return err
		}
		if draft != "" {
			return a.printDraft(reports)
		}
		return a.print(reports, func() error { a.printReports(reports); return nil })
	}
	return command
}

func (a *app) printDraft(reports []inspect.Report) error {
	if len(reports) != 1 || reports[0].Draft == "" {
		problem := "no header was found"
		if len(reports) > 0 && reports[0].Problem != "" {
			problem = reports[0].Problem
		}
		if len(reports) > 1 {
			problem = "the archive holds several files: unpack it and name one"
		}
		return usage(fmt.Errorf("no contract can be drafted: %s", problem))
	}
	a.printf("%s", reports[0].Draft)
	return nil
}

func (a *app) printReports(reports []inspect.Report) {
	for i, report := range reports {
		if i > 0 {
			a.printf("\n")
		}
		a.printReport(report)
	}
}

func (a *app) printReport(report inspect.Report) {
	a.printf("file       %s (%s)\n", report.Path, bytesText(report.Size))
	a.printf("is         %s\n", whatItIs(report))
	if report.Problem != "" {
		a.printf("problem    %s\n", report.Problem)
	}
	if report.Feed != "" {
		a.printf("feed       %s, %s\n", report.Feed, report.Why)
	} else {
		a.printf("feed       none: %s\n", report.Reason)
	}
	if len(report.Also) > 0 {
		a.printf("also fits  %s\n", strings.Join(report.Also, ", "))
	}
	for _, near := range report.Near {
		a.printf("near       %s: %d headers known; missing %s\n", near.Feed, near.Known, strings.Join(near.Missing, ", "))
	}
	if len(report.Columns) > 0 {
		a.printColumns(report)
	}
	if report.Feed == "" && report.Draft != "" {
		a.printf("\n%s", report.Draft)
	}
}

func whatItIs(report inspect.Report) string {
	parts := []string{report.Container}
	if report.Container == "" {
		parts[0] = "unknown"
	}
	add := func(set bool, format string, args ...any) {
		if set {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(report.Packed != "", "in %s", report.Packed)
	add(report.Encoding != "", "%s", report.Encoding)
	add(report.Mark, "with byte order mark")
	add(report.LineEnds != "", "lines end in %s", report.LineEnds)
	add(report.Delimiter != "", "delimiter %q", report.Delimiter)
	add(report.Quotes, "quoted cells")
	add(report.Sheet != "", "sheet %q of %d", report.Sheet, len(report.Sheets))
	add(report.Records != "", "records at %s", report.Records)
	add(report.HeaderLine > 0, "header in line %d", report.HeaderLine)
	add(report.HeaderLine > 1, "%d lines before it", report.Preamble)
	add(len(report.Columns) > 0, "about %d rows (looked at %d)", report.Rows, report.Sampled)
	return strings.Join(parts, ", ")
}

func (a *app) printColumns(report inspect.Report) {
	rows := make([][]string, len(report.Columns))
	for i, column := range report.Columns {
		kind := string(column.Type)
		if len(column.Layouts) > 0 {
			kind += " " + column.Layouts[0]
		}
		var notes []string
		if column.Identifier {
			notes = append(notes, "identifier")
		}
		if column.Personal != "" {
			notes = append(notes, "personal: "+column.Personal)
		}
		if len(column.Guards) > 0 {
			notes = append(notes, "guards "+strings.Join(column.Guards, " "))
		}
		if column.Joined != "" {
			notes = append(notes, fmt.Sprintf("several joined by %q", column.Joined))
		}
		if column.Comma {
			notes = append(notes, "decimal comma")
		}
		if len(column.Nulls) > 0 {
			notes = append(notes, "no value: "+strings.Join(column.Nulls, " "))
		}
		rows[i] = []string{column.Header, kind, strings.Join(notes, "; "), strings.Join(column.Examples, " · "), fmt.Sprint(column.Empty), fmt.Sprint(column.Distinct)}
	}
	a.grid([]string{"column", "seems", "notes", "examples", "empty", "distinct"}, rows, 2)
}
