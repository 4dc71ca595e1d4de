package main

import (
	"errors"
	"fmt"
	"time"

	"countinghouse/internal/snapshot"
	"countinghouse/jobs"

	"github.com/spf13/cobra"
)

func (a *app) environmentsCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "environments [NAME]", Short: "Show the environments, or the history of one", Args: cobra.MaximumNArgs(1),
		Long: `Show what is current in each environment: which version, for which day, when it was published and by what, how many of its tables are
not those of prod, and how many a build has left pending. With a name, show the versions of that environment that are kept, newest first:
rollback goes to any of them.`,
		Example: "  countinghouse environments\n  countinghouse environments prod",
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		own, tools, err := a.open(command.Context())
		if err != nil {
			return err
		}
		if len(args) == 0 {
			states, err := jobs.EnvironmentStates(command.Context(), tools.Bucket)
			if err != nil {
				return err
			}
			return a.print(states, func() error { a.printEnvironments(states, own.Zone); return nil })
		}
		if err := snapshot.CheckName(args[0]); err != nil {
			return usage(err)
		}
		states, err := jobs.History(command.Context(), tools.Bucket, args[0])
		if err != nil {
			return err
		}
		return a.print(states, func() error { a.printHistory(states, own.Zone); return nil })
	}
	command.AddCommand(a.removeEnvironmentCommand())
	return command
}

func (a *app) printEnvironments(states []jobs.EnvironmentState, zone *time.Location) {
	if len(states) == 0 {
		a.printf("nothing was built yet: run `countinghouse run` first\n")
		return
	}
	var rows [][]string
	for _, state := range states {
		rows = append(rows, []string{
			state.Name, state.AsOf, publishedAt(state, zone), state.Origin,
			fmt.Sprint(state.Version), fmt.Sprint(state.Tables), fmt.Sprint(state.Differing), fmt.Sprint(state.Pending),
		})
	}
	a.grid([]string{"environment", "as of", "published", "by", "version", "tables", "not as in prod", "pending"}, rows, 4)
}

func (a *app) printHistory(states []jobs.EnvironmentState, zone *time.Location) {
	var rows [][]string
	for i, state := range states {
		mark := ""
		if i == 0 {
			mark = "current"
		}
		rows = append(rows, []string{
			mark, state.AsOf, publishedAt(state, zone), state.Origin, fmt.Sprint(state.Version), fmt.Sprint(state.Tables), fmt.Sprint(state.Differing),
		})
	}
	a.grid([]string{states[0].Name, "as of", "published", "by", "version", "tables", "not as in prod now"}, rows, 3)
}

// publishedAt is the time in the brand's zone.
func publishedAt(state jobs.EnvironmentState, zone *time.Location) string {
	if state.Version == 0 {
		return "never"
	}
	return state.PublishedAt.In(zone).Format(time.DateTime)
}

// removed is the answer of `environments remove` as JSON.
type removed struct {
	Removed string `json:"removed"`
}

func (a *app) removeEnvironmentCommand() *cobra.Command {
	return &cobra.Command{
		Use: "remove NAME", Short: "Forget an environment and its history", Args: cobra.ExactArgs(1),
		Long:    `Forget an environment, its candidate and its history, so that gc may remove the tables that only it refers to. prod cannot be removed.`,
		Example: "  countinghouse environments remove dev-x && countinghouse gc",
		RunE: func(command *cobra.Command, args []string) error {
			_, tools, err := a.open(command.Context())
			if err != nil {
				return err
			}
			if err := removable(command, tools, args[0]); err != nil {
				return err
			}
			if err := snapshot.Remove(command.Context(), tools.Bucket, args[0]); err != nil {
				return err
			}
			return a.print(removed{args[0]}, func() error {
				a.printf("environment %s is forgotten; `countinghouse gc` removes tables that nobody else refers to\n", args[0])
				return nil
			})
		},
	}
}

func removable(command *cobra.Command, tools jobs.Tools, name string) error {
	if name == snapshot.Main {
		return usage(fmt.Errorf("%s cannot be removed", name))
	}
	if err := snapshot.CheckName(name); err != nil {
		return usage(err)
	}
	current, _, err := snapshot.Read(command.Context(), tools.Bucket, name)
	candidate, candidateErr := snapshot.ReadCandidate(command.Context(), tools.Bucket, name)
	if err := errors.Join(err, candidateErr); err != nil {
		return err
	}
	if current.Version == 0 && len(candidate.Tables) == 0 {
		return usage(fmt.Errorf("there is no environment %s: `countinghouse environments` lists those that there are", name))
	}
	return nil
}
