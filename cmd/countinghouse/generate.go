package main

import (
	"errors"
	"os"
	"time"

	"countinghouse/internal/project"
	"countinghouse/pipelines/generate"

	"github.com/spf13/cobra"
)

// demoDay is the last day of the made-up history, unless --as-of says another.
const demoDay = "2026-10-31"

func (a *app) generateCommand() *cobra.Command {
	options := generate.Options{}
	command := &cobra.Command{
		Use: "generate DIR", Short: "Make up a brand: real export formats, and the truth beside them", Args: cobra.ExactArgs(1),
		Long: `Write the exports of a made-up brand to DIR/exports and what only its maker knows to DIR/truth. The same options give the same bytes.`,
	}
	command.Flags().IntVar(&options.Members, "members", 5000, "members of the programme, up to 10 million")
	command.Flags().Uint64Var(&options.Seed, "seed", 1, "another seed is another brand")
	command.RunE = func(command *cobra.Command, args []string) error {
		options.Dir = args[0]
		summary, err := a.generate(command, options)
		if err != nil {
			return err
		}
		return a.print(summary, func() error {
			a.printf("%d people with %d accounts, %d orders, in %d files under %s/exports\n", summary.People, summary.Accounts, summary.Sales.Orders, len(summary.Files), options.Dir)
			return nil
		})
	}
	return command
}

func (a *app) generate(command *cobra.Command, options generate.Options) (generate.Summary, error) {
	day := a.asOf
	if day == "" {
		day = demoDay
	}
	var err error
	if options.AsOf, err = time.Parse(time.DateOnly, day); err != nil {
		return generate.Summary{}, usage(err)
	}
	own, err := project.Open(a.projectDir)
	if err != nil {
		return generate.Summary{}, usage(err)
	}
	keys, err := own.HashKeys(os.Getenv(hashKeyVariable), os.Getenv(hashKeyVariable+"_FILE"))
	if err != nil {
		return generate.Summary{}, usage(err)
	}
	options.Key = keys.ID
	options.Progress = func(done, total int) { a.bars.progress("generate", done, total) }
	summary, err := generate.Run(command.Context(), options)
	if errors.Is(err, generate.ErrOptions) {
		err = usage(err)
	}
	return summary, err
}
