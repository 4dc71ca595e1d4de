package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"countinghouse/internal/project"
	"countinghouse/pipelines/scaffold"

	"github.com/spf13/cobra"
)

func (a *app) initCommand() *cobra.Command {
	var name string
	var schemas bool
	command := &cobra.Command{
		Use: "init [DIR]", Short: "Start a project: configuration, an example feed, mart and test", Args: cobra.MaximumNArgs(1),
		Long: `Make a project folder: a configuration with every key and its default, and an example to change or delete, from export file to tested mart.
The built-in feeds and models are there too; a file of the same path replaces one.

A folder with a project in it is refused, and no file is ever overwritten. Only --schemas renews files: the JSON schemas under editor/, by which
editors complete and check YAML files, after a newer version has brought new keys.`,
		Example: "  countinghouse init mybrand\n  countinghouse run -C mybrand",
	}
	command.Flags().StringVar(&name, "name", "", "the brand's name, for titles (default: the folder's)")
	command.Flags().BoolVar(&schemas, "schemas", false, "only renew the editors' schemas of the project")
	command.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) == 1 {
			a.projectDir = args[0]
		}
		if schemas {
			return a.renewSchemas()
		}
		return a.startProject(name)
	}
	return command
}

func (a *app) startProject(name string) error {
	if name == "" {
		absolute, err := filepath.Abs(a.projectDir)
		if err != nil {
			return err
		}
		name = filepath.Base(absolute)
	}
	files, err := scaffold.Create(a.projectDir, name)
	if errors.Is(err, scaffold.ErrProject) {
		return usage(fmt.Errorf("%w; give init a folder of its own, or work on this one: countinghouse plan%s", err, a.inProject()))
	}
	if err != nil {
		return err
	}
	return a.print(files, func() error { a.printInit(files); return nil })
}

func (a *app) printInit(files []scaffold.File) {
	for _, file := range files {
		note := ""
		if file.Kept {
			note = "  (was there, left as it is)"
			if file.Path == ".gitignore" {
				note = "  (was there, left as it is: add /store/ and /.countinghouse/)"
			}
		}
		a.printf("%s%s\n", filepath.Join(a.projectDir, file.Path), note)
	}
	a.printf("\nNext:\n")
	for _, next := range []string{"run%s", "test%s", "query%s \"select * from mart.sales_by_month order by month\""} {
		a.printf("    countinghouse "+next+"\n", a.inProject())
	}
}

// inProject is the flag that says which project, where it has to be said.
func (a *app) inProject() string {
	if a.projectDir == "." {
		return ""
	}
	if strings.ContainsAny(a.projectDir, " '$") {
		return " -C " + strconv.Quote(a.projectDir)
	}
	return " -C " + a.projectDir
}

func (a *app) renewSchemas() error {
	if _, err := project.Open(a.projectDir); err != nil {
		return usage(err)
	}
	files, err := scaffold.WriteSchemas(a.projectDir)
	if err != nil {
		return err
	}
	return a.print(files, func() error {
		for _, file := range files {
			a.printf("%s\n", filepath.Join(a.projectDir, file.Path))
		}
		return nil
	})
}
