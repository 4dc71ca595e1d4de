package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"countinghouse/jobs"
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
written. 'identity withdraw' takes a decision back. A and B are accounts, as channel:account_id, or customer ids, which stand for the customer's oldest account.`,
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

func (a *app) identityWithdrawCommand() *cobra.Command {
	var yes bool
	command := &cobra.Command{
		Use: "withdraw A B", Short: "Take back what was decided about two accounts, and show what that changes", Args: cobra.ExactArgs(2),
		Long: `Take the line on two accounts out of the project's sql/seeds/identity_overrides.csv, so that the evidence alone says whose they are. What that changes is shown
first; without --yes nothing is written. A and B are accounts, as channel:account_id.`,
		Example: "  countinghouse identity withdraw tmall:buyer7 pos:C100 --yes",
	}
	command.Flags().BoolVar(&yes, "yes", false, "take the line out")
	command.RunE = func(command *cobra.Command, args []string) error {
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			one, other, err := a.findAccounts(ctx, workshop, args)
			if err != nil {
				return err
			}
			text, err := workshop.WithoutOverride(one, *other)
			if err != nil {
				return err
			}
			return a.showEffect(ctx, workshop, yes, 1, text)
		})(command, args)
	}
	return command
}

// effect is what decisions change.
type effect struct {
	jobs.Effect
	Decisions int    `json:"decisions"`
	Written   string `json:"written,omitempty"` // the file
}

// decide shows what decisions change, and writes them if that is wanted.
func (a *app) decide(ctx context.Context, workshop *jobs.Workshop, write bool, decisions []identity.Override) error {
	text, err := workshop.WithOverrides(decisions)
	if err != nil {
		return err
	}
	return a.showEffect(ctx, workshop, write, len(decisions), text)
}

// showEffect tells what another file of overrides changes, and writes it if that is wanted.
func (a *app) showEffect(ctx context.Context, workshop *jobs.Workshop, write bool, decisions int, text []byte) (err error) {
	told := effect{Decisions: decisions}
	if told.Effect, err = workshop.OverridesEffect(ctx, a.environment, text); err != nil {
		return err
	}
	if write {
		told.Written = workshop.OverridesFile()
		if err := workshop.WriteOverrides(text); err != nil {
			return err
		}
	}
	return a.print(told, func() error {
		a.printEffect(told.Effect)
		a.printSections(told.Sections())
		if write {
			a.printf("\nwritten to %s: `countinghouse run` makes it hold\n", told.Written)
		} else {
			a.printf("\nnothing was written: say --yes to have it so\n")
		}
		return nil
	})
}

func (a *app) printEffect(found jobs.Effect) {
	moved := found.Drift
	a.printf("%d accounts get another customer: %d merged, %d split, %d reassigned\n", moved.MovedAccounts, moved.Merged, moved.Split, moved.Reassigned)
	rows := make([][]string, len(found.Summary))
	for i, line := range found.Summary {
		changed := ""
		if line.Changed >= 0 {
			changed = fmt.Sprint(line.Changed)
		}
		rows[i] = []string{line.What, line.Before, line.After, changed}
	}
	a.grid([]string{"", "before", "after", "customers with another value"}, rows, 3)
}

func unknownIsUsage(err error) error {
	if errors.Is(err, identity.ErrUnknown) {
		return usage(err)
	}
	return err
}
