package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/jobs"
	"countinghouse/pipelines/publish"

	"github.com/spf13/cobra"
)

func (a *app) promoteCommand() *cobra.Command {
	var to string
	var planOnly, asOfChange bool
	command := &cobra.Command{
		Use: "promote ENVIRONMENT", Short: "Make what is published in one environment current in another", Args: cobra.ExactArgs(1),
		Long: `Make the published set of an environment current in another one, prod unless --to says so, in one step: nothing is computed, and a
reader sees the whole old set or the whole new one. The published copies follow.

Refused are a set that was not checked; a set that was built on an earlier version of prod than is current, since it would undo what came
between; and a set for another day, unless --as-of-change says that this is meant.

The next run makes tables from the SQL of the project folder that it runs in: put what you promote there too, or it goes back.`,
		Example: `  countinghouse run --env dev-x && countinghouse diff prod dev-x
  countinghouse promote dev-x --plan
  countinghouse promote dev-x`,
	}
	flags := command.Flags()
	flags.StringVar(&to, "to", snapshot.Main, "the environment that changes")
	flags.BoolVar(&planOnly, "plan", false, "show what would change, and change nothing")
	flags.BoolVar(&asOfChange, "as-of-change", false, "the set may be for another day than the one that is current")
	command.RunE = func(command *cobra.Command, args []string) error {
		from := args[0]
		if err := errors.Join(snapshot.CheckName(from), snapshot.CheckName(to)); err != nil {
			return usage(err)
		}
		return a.move(command.Context(), planOnly, func(ctx context.Context, bucket *objectstore.Bucket) (publish.Move, error) {
			return publish.Promotion(ctx, bucket, from, to, asOfChange)
		})
	}
	return command
}

// moved is a promotion or a rollback as JSON.
type moved struct {
	publish.Move
	Done bool `json:"done"`
}

// move works out what is to become current and, unless it is to be shown only, makes it so, in a workshop for the day that it is for.
func (a *app) move(ctx context.Context, planOnly bool, workOut func(context.Context, *objectstore.Bucket) (publish.Move, error)) (err error) {
	own, tools, err := a.open(ctx)
	if err != nil {
		return err
	}
	move, err := workOut(ctx, tools.Bucket)
	if err != nil {
		return err
	}
	if len(move.Refusals) > 0 {
		return a.refuseMove(move)
	}
	a.asOf = move.NextAsOf
	asOf, err := a.asOfDate(own, tools.Now())
	if err != nil {
		return err
	}
	workshop, err := jobs.OpenWorkshop(ctx, own, asOf, tools)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, workshop.Close()) }()
	if move = workshop.Vetted(move); len(move.Refusals) > 0 {
		return a.refuseMove(move)
	}
	done := false
	if !planOnly {
		if _, done, err = workshop.Move(ctx, move); err != nil {
			return err
		}
	}
	return a.print(moved{move, done}, func() error { a.printMove(move, planOnly); return nil })
}

func (a *app) refuseMove(move publish.Move) error {
	if err := a.print(moved{Move: move}, func() error { a.printChanges(move.Changes); return nil }); err != nil {
		return err
	}
	return usage(errors.New(strings.Join(move.Refusals, "\n")))
}

func (a *app) printMove(move publish.Move, planOnly bool) {
	if move.Nothing() {
		a.printf("%s has this set already: version %d\n", move.Environment, move.Version)
		return
	}
	a.printChanges(move.Changes)
	if move.Version > 0 && move.AsOf != move.NextAsOf {
		a.printf("as of %s -> %s\n", move.AsOf, move.NextAsOf)
	}
	verb := "is now current"
	if planOnly {
		verb = "would be current"
	}
	a.printf("version %d of %s %s: %s\n", move.NextVersion, move.Environment, verb, move.Cause)
}

func (a *app) printChanges(changes []publish.Change) {
	var rows [][]string
	for _, change := range changes {
		rows = append(rows, []string{change.Table, string(change.State), counted(change.RowsBefore), counted(change.RowsAfter)})
	}
	if len(rows) > 0 {
		a.grid([]string{"table", "change", "rows before", "after"}, rows, 2)
	}
}

// counted is a number of rows; nothing where there is no table, or nobody has counted.
func counted(rows int64) string {
	if rows == snapshot.Uncounted {
		return ""
	}
	return fmt.Sprint(rows)
}
