package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/formula"
	"countinghouse/jobs"
	"countinghouse/pipelines/identity"

	"github.com/spf13/cobra"
)

// reviewFlags say where the queue goes, or comes from.
type reviewFlags struct {
	csv, apply, who string
	yes             bool
}

func (a *app) identityReviewCommand() *cobra.Command {
	var flags reviewFlags
	command := &cobra.Command{
		Use: "review", Short: "Show the pairs of accounts that a person should look at, and take the answers", Args: cobra.NoArgs,
		Long: `Show links that were refused because they would break a limit, and those that a model finds likely and not likely enough; the likeliest first. A pair
that was decided on is not shown again.

With --output-csv, write them to a file to be filled in: "together" or "apart" into the column decision, and a reason into why. No cell of it can be taken
for a formula. With --apply, read that file: what the answers change is shown, and with --yes they are added to sql/seeds/identity_overrides.csv.`,
		Example: "  countinghouse identity review --output-csv queue.csv\n  countinghouse identity review --apply queue.csv --who wang --yes",
	}
	command.Flags().StringVar(&flags.csv, "output-csv", "", "write the queue to this file")
	command.Flags().StringVar(&flags.apply, "apply", "", "read answers from this file")
	command.Flags().StringVar(&flags.who, "who", "", "who answered (with --apply)")
	command.Flags().BoolVar(&flags.yes, "yes", false, "write the answers (with --apply)")
	command.RunE = a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
		if flags.apply != "" && flags.who == "" {
			return usage(errors.New("--who is needed: it is kept with the decisions"))
		}
		if err := workshop.WithIdentity(ctx, a.environment); err != nil {
			return err
		}
		if flags.apply != "" {
			return a.applyReview(ctx, workshop, flags)
		}
		queue, err := identity.Queue(ctx, workshop.Session)
		if err != nil {
			return err
		}
		if flags.csv != "" {
			return a.writeQueue(flags.csv, queue)
		}
		return a.print(queue, func() error { a.printQueue(queue); return nil })
	})
	return command
}

func (a *app) printQueue(queue []identity.Doubt) {
	if len(queue) == 0 {
		a.printf("nothing waits for a person\n")
		return
	}
	rows := make([][]string, len(queue))
	for i, doubt := range queue {
		rows[i] = []string{doubt.Channel + ":" + doubt.AccountID, doubt.OtherChannel + ":" + doubt.OtherAccountID, doubt.Kind, doubt.Outcome, doubt.Reason, doubt.Score}
	}
	a.grid([]string{"account", "other", "shares", "outcome", "reason", "score"}, rows, 1)
}

func queueHeader() []string {
	return []string{"decision", "why", "channel", "account_id", "other_channel", "other_account_id", "customer_id", "other_customer_id", "kind", "outcome", "score", "reason"}
}

func (a *app) writeQueue(path string, queue []identity.Doubt) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return usage(err)
	}
	writer := csv.NewWriter(file)
	_ = writer.Write(queueHeader()) // the error is the writer's, asked for below
	for _, doubt := range queue {
		cells := []string{
			"", "", doubt.Channel, doubt.AccountID, doubt.OtherChannel, doubt.OtherAccountID, doubt.Customer, doubt.OtherCustomer, doubt.Kind,
			doubt.Outcome, doubt.Score, doubt.Reason,
		}
		for i := range cells {
			cells[i] = formula.Guard(cells[i])
		}
		_ = writer.Write(cells)
	}
	writer.Flush()
	if err := errors.Join(writer.Error(), file.Close()); err != nil {
		return err
	}
	written := struct {
		File  string `json:"file"`
		Pairs int    `json:"pairs"`
	}{path, len(queue)}
	return a.print(written, func() error { a.printf("%d pairs written to %s\n", len(queue), path); return nil })
}

func (a *app) applyReview(ctx context.Context, workshop *jobs.Workshop, flags reviewFlags) error {
	file, err := os.Open(flags.apply)
	if err != nil {
		return usage(err)
	}
	lines, err := csv.NewReader(file).ReadAll()
	if err := errors.Join(err, file.Close()); err != nil {
		return usage(fmt.Errorf("%s: %w", flags.apply, err))
	}
	decisions, err := answers(lines, flags.who, workshop.Now().In(workshop.Project.Zone).Format(time.DateOnly))
	if err != nil {
		return usage(fmt.Errorf("%s:%w", flags.apply, err))
	}
	for _, o := range decisions {
		for _, name := range []string{o.Channel + ":" + o.AccountID, o.OtherChannel + ":" + o.OtherAccountID} {
			if _, err := identity.Find(ctx, workshop.Session, name); err != nil {
				return unknownIsUsage(err)
			}
		}
	}
	return a.decide(ctx, workshop, flags.yes, decisions)
}

// answers are the lines of a filled-in queue that have a decision. An error begins with the line's number.
func answers(lines [][]string, who, day string) (decisions []identity.Override, err error) {
	if len(lines) == 0 || !slices.Equal(lines[0][:min(len(lines[0]), 6)], queueHeader()[:6]) {
		return nil, errors.New("1: its first columns are not those of `identity review --output-csv`")
	}
	for i, line := range lines[1:] {
		switch action := strings.ToLower(strings.TrimSpace(line[0])); action {
		case "":
		case identity.Together, identity.Apart:
			if strings.TrimSpace(line[1]) == "" {
				return nil, fmt.Errorf("%d: it has no why", i+2)
			}
			decisions = append(decisions, identity.Override{
				Action: action, Channel: spoken(line[2]), AccountID: spoken(line[3]), OtherChannel: spoken(line[4]), OtherAccountID: spoken(line[5]),
				By: who, On: day, Why: line[1],
			})
		default:
			return nil, fmt.Errorf("%d: decision %q: want together, apart or nothing", i+2, line[0])
		}
	}
	if len(decisions) == 0 {
		return nil, errors.New("1: no line has a decision")
	}
	return decisions, nil
}

// spoken is a cell as it was before formula.Guard.
func spoken(cell string) string {
	if rest, marked := strings.CutPrefix(cell, "'"); marked && formula.Guard(rest) == cell {
		return rest
	}
	return cell
}
