package main

import (
	"context"
	"fmt"

	"countinghouse/jobs"
	"countinghouse/pipelines/identity"

	"github.com/spf13/cobra"
)

func (a *app) identityModelCommand() *cobra.Command {
	command := &cobra.Command{
		Use: "model", Short: "Show what the model of similar accounts learnt: weights by field and level", Args: cobra.NoArgs,
		Long: `Show the model by which the environment's run looked for accounts of one person that share no identifier. Per field and level of agreement: m, its share
among pairs of one person; u, its share among others; and the weight log2(m/u) in bits, with a bar to the right where it speaks for one person and to
the left where it speaks against. Of values marked "by frequency" a rare one weighs more. "any pair" is where each pair begins.

The parameter identity_model switches the model off, identity_model_bits says from which weight on two accounts are merged. What became of a pair is
told by identity explain A B, what waits for a person by identity review.`,
		Example: "  countinghouse identity model\n  countinghouse identity model --output json",
	}
	command.RunE = with(a.tables, func(ctx context.Context, workshop *jobs.Workshop) error {
		if err := workshop.WithIdentity(ctx, a.environment); err != nil {
			return err
		}
		levels, err := identity.Model(ctx, workshop.Session)
		if err != nil {
			return err
		}
		return a.print(levels, func() error { a.printModel(levels); return nil })
	})
	return command
}

func (a *app) printModel(levels []identity.ModelLevel) {
	if len(levels) == 0 {
		a.printf("There is no model: it is switched off (identity_model), or there are too few accounts with a name.\n")
		return
	}
	rows := make([][]string, len(levels))
	for i, level := range levels {
		field, frequency := level.Field, ""
		if i > 0 && levels[i-1].Field == field {
			field = ""
		}
		if level.Frequency {
			frequency = "by frequency"
		}
		rows[i] = []string{field, level.Level, bar(level.Weight), fmt.Sprintf("%.6f", level.M), fmt.Sprintf("%.8f", level.U), fmt.Sprintf("%+.1f", level.Weight), frequency}
	}
	a.grid([]string{"field", "level", "weight", "m", "u", "log2(m/u)", ""}, rows, 3)
}

// printAlike draws the weight of each pair as a waterfall, part by part.
func (a *app) printAlike(pairs []identity.Alike) {
	for _, pair := range pairs {
		a.printf("\n%s and %s: %s, %+.1f bits\n", pair.Account, pair.Other, pair.Outcome, pair.Weight)
		sum := 0.0
		rows := make([][]string, len(pair.Parts))
		for i, part := range pair.Parts {
			sum += part.Bits
			rows[i] = []string{part.What, bar(part.Bits), fmt.Sprintf("%+.2f", part.Bits), fmt.Sprintf("%+.2f", sum)}
		}
		a.grid([]string{"evidence", "bits", "", "sum"}, rows, 2)
	}
}
