package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"countinghouse/internal/model"
	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/lint"

	"github.com/spf13/cobra"
)

func (a *app) fmtCommand() *cobra.Command {
	var checkOnly bool
	command := &cobra.Command{
		Use: "fmt [PATH...]", Short: "Put SQL models into the house's layout",
		Long: `Rewrite SQL files, of the project if none are named: keywords in lower case, commas behind, blanks, empty lines, line ends. Comments, texts,
names and the header stay byte for byte, and the parsed query is the same before and after, so that nothing is built again.

A path - reads a file from the standard input and writes it to the output, for editors.
With --check nothing is written: files whose layout is another are listed, and the exit code is 2.`,
		Example: "  countinghouse fmt\n  countinghouse fmt --check sql/mart",
	}
	command.Flags().BoolVar(&checkOnly, "check", false, "list the files that would change, and write nothing")
	command.RunE = func(command *cobra.Command, paths []string) error {
		return a.withSerializer(command.Context(), func(serialize model.Serializer) error {
			if len(paths) == 1 && paths[0] == "-" {
				return a.formatInput(command.InOrStdin(), serialize)
			}
			return a.formatFiles(serialize, paths, checkOnly)
		})
	}
	return command
}

// withSerializer runs work that needs DuckDB's parser and nothing else.
func (a *app) withSerializer(ctx context.Context, work func(model.Serializer) error) (err error) {
	session, err := warehouse.Open(ctx, warehouse.Options{Threads: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	return work(func(text string) ([]byte, error) { return session.Serialize(ctx, text) })
}

func (a *app) formatInput(from io.Reader, serialize model.Serializer) error {
	text, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	formatted, err := lint.Format(serialize, string(text))
	if err != nil {
		return usage(fmt.Errorf("standard input: %w", err))
	}
	a.printf("%s", formatted)
	return nil
}

func (a *app) formatFiles(serialize model.Serializer, paths []string, checkOnly bool) error {
	if len(paths) == 0 {
		folder := filepath.Join(a.projectDir, "sql")
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return usage(fmt.Errorf("there is no %s: the project has no models of its own yet; name files or folders", folder))
		}
		paths = []string{folder}
	}
	files, err := lint.Files(paths)
	if err != nil {
		return usage(err)
	}
	results := lint.FormatFiles(serialize, files, !checkOnly)
	changed, problems := 0, 0
	for _, result := range results {
		if result.Changed {
			changed++
		}
		if result.Problem != "" {
			problems++
		}
	}
	if err := a.print(results, func() error { a.printFormatted(results, changed, checkOnly); return nil }); err != nil {
		return err
	}
	return formatVerdict(changed, problems, checkOnly)
}

func (a *app) printFormatted(results []lint.Formatted, changed int, checkOnly bool) {
	for _, result := range results {
		switch {
		case result.Problem != "":
			a.printf("%s\n", model.Problem{File: result.File, Line: result.Line, Message: result.Problem})
		case result.Changed:
			a.printf("%s\n", result.File)
		}
	}
	word := "rewritten"
	if checkOnly {
		word = "to be rewritten"
	}
	a.printf("%d files, %d %s\n", len(results), changed, word)
}

func formatVerdict(changed, problems int, checkOnly bool) error {
	switch {
	case problems > 0:
		return usage(fmt.Errorf("%d files could not be formatted and are as they were", problems))
	case checkOnly && changed > 0:
		return usage(fmt.Errorf("%d files are in another layout: run countinghouse fmt", changed))
	}
	return nil
}
