package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/jobs"

	"github.com/spf13/cobra"
)

const simulateLong = `Ask what other rules of the points programme would make of the lots as they are: the ledger and the liability are made again, by the
same code, from the exports of the published environment, with the rules changed on every row of the programme, from the first movement on.
Nothing is published, and nothing is kept.

  --validity-days 180       points are good for so many days after their issue, whatever the channel says of their expiry
  --redemption-points 120   so many points are worth one unit of money
  --burn-order oldest_first which lots are used first
  --redemption-rate 0.6     the share expected to be redeemed, in place of the estimate
  --set COLUMN=VALUE        any other column of seed.points_programme

Told are the liability, what expires by month, the cost, and how many members have a lot that would be another one.`

func (a *app) simulateCommand() *cobra.Command {
	var days, points, rate, burn string
	var set []string
	command := &cobra.Command{
		Use: "simulate", Short: "Say what other rules would make of the points liability", Long: simulateLong, Args: cobra.NoArgs,
		Example: "  countinghouse simulate --validity-days 180\n" +
			"  countinghouse simulate --burn-order oldest_first\n" +
			"  countinghouse simulate --redemption-points 120 --redemption-rate 0.6 -o json\n" +
			"  countinghouse simulate --set validity=calendar_year --set grace_days=90",
	}
	flags := command.Flags()
	flags.StringVar(&days, "validity-days", "", "days after its issue that a point is good for")
	flags.StringVar(&points, "redemption-points", "", "points that are worth one unit of money")
	flags.StringVar(&rate, "redemption-rate", "", "share of points expected to be redeemed in the end")
	flags.StringVar(&burn, "burn-order", "", "which lots are used first: first_expiring or oldest_first")
	flags.StringArrayVar(&set, "set", nil, "any column of the programme: COLUMN=VALUE")
	command.RunE = func(command *cobra.Command, _ []string) error {
		rules := map[string]string{}
		for name, of := range map[string]struct{ flag, value string }{
			"validity_days": {"validity-days", days}, "redemption_points": {"redemption-points", points},
			"expected_redemption_rate": {"redemption-rate", rate}, "burn_order": {"burn-order", burn},
		} {
			if flags.Changed(of.flag) {
				rules[name] = of.value
			}
		}
		if flags.Changed("validity-days") {
			rules["validity"] = "rolling"
		}
		for _, one := range set {
			name, value, found := strings.Cut(one, "=")
			if !found {
				return usage(fmt.Errorf("--set: want COLUMN=VALUE, got %q", one))
			}
			rules[name] = value
		}
		if len(rules) == 0 {
			return usage(errors.New("simulate: say which rule is to be another one, such as --validity-days 180"))
		}
		if err := checkRules(rules); err != nil {
			return usage(err)
		}
		return with(a.current, func(ctx context.Context, workshop *jobs.Workshop) error { return a.simulate(ctx, workshop, rules) })(command, nil)
	}
	return command
}

func (a *app) simulate(ctx context.Context, workshop *jobs.Workshop, rules map[string]string) error {
	result, err := workshop.Simulate(ctx, a.environment, rules)
	if err != nil {
		return err
	}
	return a.print(result, func() error {
		a.printf("as of %s, with", result.AsOf)
		for _, name := range slices.Sorted(maps.Keys(rules)) {
			a.printf(" %s = %s", name, rules[name])
		}
		a.printf("\n")
		var rows [][]string
		for _, figure := range result.Figures {
			rows = append(rows, []string{figure.Name, figure.Before, figure.After})
		}
		a.grid([]string{"", "as it is", "as it would be"}, rows, 2)
		rows = nil
		for _, expiry := range result.Expiries {
			month := expiry.Month[:7]
			if expiry.Currency != "points" {
				month += " " + expiry.Currency
			}
			rows = append(rows, []string{month, fmt.Sprint(expiry.PointsBefore), fmt.Sprint(expiry.PointsAfter), expiry.ValueBefore, expiry.ValueAfter})
		}
		a.grid([]string{"expiring in", "points as it is", "as it would be", "value as it is", "as it would be"}, rows, 4)
		return nil
	})
}
