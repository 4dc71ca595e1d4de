package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"countinghouse/jobs"
	"countinghouse/pipelines/catalogue"

	"github.com/spf13/cobra"
)

// The formats of docs.
const (
	formatHTML     = "html"
	formatMarkdown = "markdown"
	formatJSON     = "json"
)

func (a *app) docsCommand() *cobra.Command {
	var format string
	command := &cobra.Command{
		Use: "docs [DIR]", Short: "Write the documentation of every table and feed: a site, Markdown or JSON", Args: cobra.MaximumNArgs(1),
		Long: `Write what there is to know of every table and feed of the project, with what is current in the environment.

    html       a site that works from a folder, without a server: open index.html. With columns in English and Chinese, SQL, lineage, audits, builds,
               sizes over time, samples of the feeds, and a search
    markdown   one file per table and feed, for a Git repository
    json       one object, for data catalogues; printed, unless DIR is given

DIR is docs-site or docs-markdown in the project folder unless it is given. It is made, or must be empty or an earlier one: files that are not of
the documentation stay. Samples are the made-up examples of the contracts; no row of an export is in it. Before anything is built, and for
models that are not built yet, it tells what they are and not what is stored.`,
		Example: `  countinghouse docs && xdg-open docs-site/index.html
  countinghouse docs --env dev --format markdown catalogue/
  countinghouse docs --format json | jq '.tables[] | select(.owner == "finance") | .name'`,
	}
	command.Flags().StringVar(&format, "format", formatHTML, "html, markdown or json")
	command.RunE = func(command *cobra.Command, args []string) error {
		if format != formatHTML && format != formatMarkdown && format != formatJSON {
			return usage(fmt.Errorf("--format: want html, markdown or json, got %q", format))
		}
		return with(a.current, func(ctx context.Context, workshop *jobs.Workshop) error {
			made, err := workshop.Catalogue(ctx, a.environment)
			if err != nil {
				return err
			}
			if format == formatJSON && len(args) == 0 {
				a.bars.clear()
				return catalogue.WriteJSON(a.out, made)
			}
			return a.writeDocs(made, format, append(args, a.docsDir(format))[0])
		})(command, args)
	}
	return command
}

func (a *app) docsDir(format string) string {
	if format == formatMarkdown {
		return filepath.Join(a.projectDir, "docs-markdown")
	}
	return filepath.Join(a.projectDir, "docs-site")
}

// written is what docs has left.
type written struct {
	Dir    string `json:"dir"`
	Open   string `json:"open"` // the file to begin with
	Format string `json:"format"`
	Files  int    `json:"files"`
	Tables int    `json:"tables"`
	Feeds  int    `json:"feeds"`
}

func (a *app) writeDocs(made catalogue.Catalogue, format, dir string) error {
	files, first, err := docsFiles(made, format)
	if err != nil {
		return err
	}
	if err := catalogue.Write(dir, files); err != nil {
		if errors.Is(err, catalogue.ErrNotOurs) {
			return usage(err)
		}
		return err
	}
	result := written{Dir: dir, Open: filepath.Join(dir, first), Format: format, Files: len(files), Tables: len(made.Tables), Feeds: len(made.Feeds)}
	return a.print(result, func() error {
		a.printf("%d tables and %d feeds in %d files\nopen  %s\n", result.Tables, result.Feeds, result.Files, result.Open)
		return nil
	})
}

func docsFiles(made catalogue.Catalogue, format string) (files []catalogue.File, first string, err error) {
	switch format {
	case formatMarkdown:
		files, err = catalogue.Markdown(made)
		return files, "README.md", err
	case formatJSON:
		var text bytes.Buffer
		err = catalogue.WriteJSON(&text, made)
		return []catalogue.File{{Path: catalogue.MarkFile, Data: text.Bytes()}}, catalogue.MarkFile, err
	}
	files, err = catalogue.Site(made)
	return files, "index.html", err
}
