package main

import (
	"context"
	"strconv"

	"countinghouse/jobs"
	"countinghouse/pipelines/identity"

	"github.com/spf13/cobra"
)

func (a *app) identityExplainCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "explain A [B]", Short: "Show what joins the accounts of a customer, or two accounts, and what was refused", Args: cobra.RangeArgs(1, 2),
		Long: `Show why accounts are one customer: each link with the kind of identifier that two accounts share, the beginning of its keyed hash, how strong it is (1 is
the strongest) and the line of the export that shows it. With two accounts, show the shortest chain from one to the other. Below stands what nearly
joined: links that were refused, that wait for a person, or that rest on a value that too many accounts share. Of two accounts that the model of similar
accounts compared, the weight is shown field by field, as a waterfall; no value is named.

A and B are accounts, as channel:account_id, or customer ids, of today or of earlier.`,
		Example: "  countinghouse identity explain tmall:buyer7\n  countinghouse identity explain tmall:buyer7 pos:C100",
	}
	command.RunE = func(command *cobra.Command, args []string) error {
		return with(a.tables, func(ctx context.Context, workshop *jobs.Workshop) error {
			one, other, err := a.findAccounts(ctx, workshop, args)
			if err != nil {
				return err
			}
			explained, err := identity.Explain(ctx, workshop.Session, one, other)
			if err != nil {
				return err
			}
			if explained.Alike, err = identity.AlikePairs(ctx, workshop.Session, one, other); err != nil {
				return err
			}
			return a.print(explained, func() error { a.printExplanation(explained, other != nil); return nil })
		})(command, args)
	}
	return command
}

// findAccounts reads one or two names of accounts or customers in the environment.
func (a *app) findAccounts(ctx context.Context, workshop *jobs.Workshop, names []string) (one identity.Account, other *identity.Account, err error) {
	if err := workshop.WithIdentity(ctx, a.environment); err != nil {
		return one, nil, err
	}
	if one, err = identity.Find(ctx, workshop.Session, names[0]); err != nil || len(names) == 1 {
		return one, nil, unknownIsUsage(err)
	}
	found, err := identity.Find(ctx, workshop.Session, names[1])
	return one, &found, unknownIsUsage(err)
}

func (a *app) printExplanation(explained identity.Explanation, two bool) {
	rows := make([][]string, len(explained.Accounts))
	for i, account := range explained.Accounts {
		rows[i] = []string{account.Customer, account.String(), account.JoinedBy, account.Since}
	}
	a.grid([]string{"customer", "account", "joined by", "first seen"}, rows, 0)
	switch {
	case !explained.Same:
		a.printf("\nThey are two customers: no link that holds leads from one to the other.\n")
	case two && len(explained.Chain) == 0:
		a.printf("\nBoth are the same account.\n")
	case len(explained.Chain) > 0:
		a.printf("\nWhat joins them:\n")
		a.printSteps(explained.Chain)
	}
	if len(explained.Refused) > 0 {
		a.printf("\nWhat nearly joined:\n")
		a.printSteps(explained.Refused)
	}
	if two && len(explained.Alike) > 0 {
		a.printf("\nWhat the model says of their accounts, in bits (1 bit doubles the odds of one person):\n")
		a.printAlike(explained.Alike)
	}
}

func (a *app) printSteps(steps []identity.Step) {
	rows := make([][]string, len(steps))
	for i, step := range steps {
		rows[i] = []string{step.Account, step.Other, step.Kind, step.Value, strength(step), step.Outcome, step.Reason, step.Place}
	}
	a.grid([]string{"account", "other", "shares", "hash", "strength", "outcome", "reason", "file:line"}, rows, 0)
}

// strength is the trust of the kind, or the score of a link that a model found.
func strength(step identity.Step) string {
	switch {
	case step.Score != 0:
		return strconv.FormatFloat(step.Score, 'f', 2, 64)
	case step.Strength != 0:
		return strconv.Itoa(step.Strength)
	}
	return ""
}
