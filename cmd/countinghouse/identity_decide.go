package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countinghouse/jobs"
	"countinghouse/pipelines/diff"
	"countinghouse/pipelines/identity"

	"github.com/spf13/cobra"
)

// decision are the flags of those commands that write overrides.
type decision struct {
	who, why string
	yes      bool
}

func (a *app) identityMergeCommand() *cobra.Command {
	return a.decideCommand(identity.Together, "merge A B", "Say that two accounts are one person's, and show what that changes",
		"countinghouse identity merge tmall:buyer7 pos:C100 --who wang --why 'she showed both cards'")
}

func (a *app) identityUnmergeCommand() *cobra.Command {
	return a.decideCommand(identity.Apart, "unmerge A B", "Say that two accounts are two people's, and show what that changes",
		"countinghouse identity unmerge tmall:buyer7 pos:C100 --who wang --why 'father and son share a phone' --yes")
}

func (a *app) decideCommand(action, use, short, example string) *cobra.Command {
	var flags decision
	command := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(2), Example: "  " + example,
		Long: short + `. The tables are made as they are and as they would be, beside those of the environment, and compared: whose accounts
move, which tiers and layers change, points and what they are worth. Nothing is published.

With --yes a line goes into the project's sql/seeds/identity_overrides.csv, which holds for every run from the next one on; without it nothing is
written. To take a decision back, take its line out. A and B are accounts, as channel:account_id, or customer ids, which stand for the customer's oldest account.`,
	}
	command.Flags().StringVar(&flags.who, "who", "", "who decides")
	command.Flags().StringVar(&flags.why, "why", "", "why; no personal data")
	command.Flags().BoolVar(&flags.yes, "yes", false, "write the line")
	command.RunE = func(command *cobra.Command, args []string) error {
		if flags.who == "" || flags.why == "" {
			return usage(errors.New("--who and --why are needed: they are kept with the decision"))
		}
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			one, other, err := a.findAccounts(ctx, workshop, args)
			if err != nil {
				return err
			}
			if one.String() == other.String() {
				return usage(fmt.Errorf("%s and %s are one account", args[0], args[1]))
			}
			return a.decide(ctx, workshop, flags.yes, []identity.Override{{
				Action: action, Channel: one.Channel, AccountID: one.ID, OtherChannel: other.Channel, OtherAccountID: other.ID,
				By: flags.who, On: workshop.Now().In(workshop.Project.Zone).Format(time.DateOnly), Why: flags.why,
			}})
		})(command, args)
	}
	return command
}

// effect is what decisions change.
type effect struct {
	diff.Result
	Decisions int    `json:"decisions"`
	Written   string `json:"written,omitempty"` // the file
}

// decide shows what decisions change, and writes them if that is wanted.
func (a *app) decide(ctx context.Context, workshop *jobs.Workshop, write bool, decisions []identity.Override) error {
	text, err := workshop.WithOverrides(decisions)
	if err != nil {
		return err
	}
	told := effect{Decisions: len(decisions)}
	if told.Result, err = workshop.OverridesEffect(ctx, a.environment, text); err != nil {
		return err
	}
	if write {
		told.Written = workshop.OverridesFile()
		if err := workshop.WriteOverrides(text); err != nil {
			return err
		}
	}
	return a.print(told, func() error {
		a.printSections(told.Sections())
		if write {
			a.printf("\nwritten to %s: `countinghouse run` makes it hold\n", told.Written)
		} else {
			a.printf("\nnothing was written: say --yes to have it so\n")
		}
		return nil
	})
}

func unknownIsUsage(err error) error {
	if errors.Is(err, identity.ErrUnknown) {
		return usage(err)
	}
	return err
}
