package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"countinghouse/internal/lineage"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/suggest"
	"countinghouse/jobs"
	"countinghouse/pipelines/build"

	"github.com/spf13/cobra"
)

const explainLong = `Show what a table was made from, down to feeds and files: as it was built, where it has been built.

With a column, show what flows into it, through every model, down to the columns of the feeds and the names that they have in the exports.
Columns that only decide which rows count are left out, but for --filters. --downstream turns it round: who reads the table, or the column.

With a column of a mart of points (mart.point_rollforward, point_liability, point_vintages, point_redemption_estimate, point_deferred_revenue, point_contract_liability, point_journal,
point_reconciliation, point_prior_period, point_exceptions) and conditions (KEY=VALUE) after it, show the sums that were done and the movements, lots or sales behind the figure, each with
its file and line; of closed days those of the close. --file and --line go the other way: from a line of an export to the figures.

It reads the project's models and contracts; columns can be explained before anything is built.`

// explanation is how the command was called.
type explanation struct {
	files, filters, downstream bool
	file                       string
	line                       int64
	limit                      int
}

func (a *app) explainCommand() *cobra.Command {
	var how explanation
	command := &cobra.Command{
		Use: "explain TABLE[.COLUMN]", Short: "Show what a table or a column comes from, down to feeds and files", Long: explainLong, Args: cobra.ArbitraryArgs,
		Example: "  countinghouse explain mart.point_liability --files\n" +
			"  countinghouse explain mart.point_liability.face_value\n" +
			"  countinghouse explain core.orders.paid_amount --downstream\n" +
			"  countinghouse explain mart.point_rollforward.redeemed period_kind=month period_start=2026-10-01 channel=app\n" +
			"  countinghouse explain mart.point_journal.debit month=2026-10-01 event=redemption\n" +
			"  countinghouse explain mart.point_contract_liability.closing period_kind=quarter period_start=2026-10-01\n" +
			"  countinghouse explain --file points_20261001.csv --line 17",
	}
	command.Flags().BoolVar(&how.files, "files", false, "list every export file, not only how many")
	command.Flags().BoolVar(&how.filters, "filters", false, "of a column, draw also what only decides which rows count")
	command.Flags().BoolVar(&how.downstream, "downstream", false, "who reads it, not what it comes from")
	command.Flags().StringVar(&how.file, "file", "", "an export's name: what its --line became")
	command.Flags().Int64Var(&how.line, "line", 0, "a line of --file")
	command.Flags().IntVar(&how.limit, "limit", shownItems, "how many movements or lots of a figure to show")
	command.MarkFlagsRequiredTogether("file", "line")
	command.RunE = func(command *cobra.Command, args []string) error {
		if (how.file == "") != (len(args) > 0) {
			return usage(errors.New("explain: want a table or a column, or --file and --line"))
		}
		return a.withWorkshop(func(ctx context.Context, workshop *jobs.Workshop) error {
			switch {
			case how.file != "":
				return a.traceLine(ctx, workshop, how.file, how.line)
			case len(args) > 1:
				return a.traceFigure(ctx, workshop, args[0], args[1:], how.limit)
			}
			return a.explain(ctx, workshop, args[0], how)
		})(command, args)
	}
	return command
}

func (a *app) explain(ctx context.Context, workshop *jobs.Workshop, name string, how explanation) error {
	graph, err := workshop.Lineage(ctx)
	if err != nil {
		return err
	}
	current, _, err := snapshot.Read(ctx, workshop.Bucket, a.environment)
	if err != nil {
		return err
	}
	table, column, err := explained(graph, current, name)
	if err != nil {
		return usage(err)
	}
	if column != "" {
		return a.explainColumn(graph, table, column, how)
	}
	if _, built := current.Tables[table]; built && !how.downstream {
		return a.explainBuilt(ctx, workshop, current, table, how.files)
	}
	return a.explainTable(graph, table, how.downstream)
}

// explained finds the table and the column that a name means. A table without a schema is a mart.
func explained(graph *lineage.Graph, current snapshot.Environment, name string) (table, column string, err error) {
	known := func(table string) bool {
		_, planned := graph.Table(table)
		_, built := current.Tables[table]
		return planned || built
	}
	name = strings.ToLower(name)
	for _, schema := range []string{"", "mart."} {
		if known(schema + name) {
			return schema + name, "", nil
		}
		if at := strings.LastIndex(name, "."); at > 0 && known(schema+name[:at]) {
			table, err := explainedColumn(graph, schema+name[:at], name[at+1:])
			return table, name[at+1:], err
		}
	}
	var tables []string
	for _, table := range graph.Tables {
		tables = append(tables, table.Name, strings.TrimPrefix(table.Name, "mart."))
	}
	meant := suggest.DidYouMean(name, tables)
	if at := strings.LastIndex(name, "."); meant == "" && at > 0 { // a column of a table
		meant = suggest.DidYouMean(name[:at], tables)
	}
	return "", "", fmt.Errorf("explain: neither the project nor environment %s has a table %s%s", current.Name, name, meant)
}

func explainedColumn(graph *lineage.Graph, name, column string) (string, error) {
	table, _ := graph.Table(name)
	if _, found := table.Column(column); found || column == lineage.Rows {
		return name, nil
	}
	names := table.ColumnNames()
	return "", fmt.Errorf("explain: %s has no column %s%s (it has %s)", name, column, suggest.DidYouMean(column, names), strings.Join(names, ", "))
}

func (a *app) explainBuilt(ctx context.Context, workshop *jobs.Workshop, current snapshot.Environment, table string, files bool) error {
	made, err := build.Explain(ctx, workshop.Bucket, current, table)
	if err != nil {
		return err
	}
	return a.print(made, func() error {
		a.printLineage(made, "", files, map[string]bool{})
		return nil
	})
}

// explainTable draws a table from the project's files: what it would be made from, or who reads it.
func (a *app) explainTable(graph *lineage.Graph, table string, downstream bool) error {
	draw := graph.TraceTable
	if downstream {
		draw = graph.TableReaders
	}
	node, err := draw(table)
	if errors.Is(err, lineage.ErrUnknown) {
		return usage(fmt.Errorf("explain: %w in the project: it is only in the environment", err))
	}
	return a.print(node, func() error {
		a.printNode(node, "", downstream)
		return nil
	})
}

// columnExplanation is what `explain TABLE.COLUMN -o json` prints.
type columnExplanation struct {
	lineage.Node
	// Deciding counts the columns that --filters would draw besides.
	Deciding int `json:"deciding"`
}

func (a *app) explainColumn(graph *lineage.Graph, table, column string, how explanation) error {
	draw := graph.Trace
	if how.downstream {
		draw = graph.Readers
	}
	node, err := draw(table, column, how.filters)
	if err != nil {
		return err
	}
	all, err := draw(table, column, true)
	if err != nil {
		return err
	}
	deciding := len(all.Columns()) - len(node.Columns())
	return a.print(columnExplanation{node, deciding}, func() error {
		a.printNode(node, "", how.downstream)
		if deciding > 0 {
			a.printf("%s\n", decidingNote(deciding, how.downstream))
		}
		return nil
	})
}

func decidingNote(deciding int, downstream bool) string {
	if downstream {
		return fmt.Sprintf("It also decides which rows count in %d other columns, or in what they are made from: --filters draws them.", deciding)
	}
	return fmt.Sprintf("%d other columns decide which rows count: --filters draws them.", deciding)
}

// printNode draws a column, what makes it, and below it what it comes from; downstream, who reads it.
func (a *app) printNode(node lineage.Node, indent string, downstream bool) {
	a.printf("%s%s%s\n", indent, node.Source, noteOf(node, downstream))
	if !node.Above && !downstream {
		a.printExpressions(node.Expressions, indent+"    = ")
	}
	for _, below := range node.Below {
		a.printNode(below, indent+"  ", downstream)
	}
}

func (a *app) printExpressions(expressions []lineage.Expression, indent string) {
	for _, expression := range expressions {
		from := ""
		if expression.From != "" {
			from = expression.From + ": "
		}
		a.printf("%s%s%s\n", indent, from, shortened(expression.SQL))
	}
}

// widestExpression is in characters; JSON has the whole.
const widestExpression = 400

func shortened(expression string) string {
	letters := []rune(strings.Join(strings.Fields(expression), " "))
	if len(letters) <= widestExpression {
		return string(letters)
	}
	return string(letters[:widestExpression]) + "…"
}

func noteOf(node lineage.Node, downstream bool) string {
	var notes []string
	if node.Role == lineage.Filter {
		notes = append(notes, "(filter)")
	}
	switch {
	case node.Above:
		notes = append(notes, "(above)")
	case downstream && node.Step != "":
		notes = append(notes, "made by the step "+node.Step)
	case !downstream:
		notes = append(notes, originOf(node)...)
	}
	if len(notes) == 0 {
		return ""
	}
	return "  " + strings.Join(notes, "  ")
}

// originOf says what the drawing does not: a column's name in the export, the step that makes it, or why nothing stands below it.
func originOf(node lineage.Node) (notes []string) {
	isColumn := node.Column != "" && node.Column != lineage.Rows
	switch {
	case node.Problem != "":
		notes = append(notes, "not followed: "+node.Problem)
	case len(node.Headers) > 0:
		notes = append(notes, `in the export "`+strings.Join(node.Headers, `" or "`)+`"`)
	case node.Step != "" && isColumn && len(node.Below) == 0:
		notes = append(notes, "made by the step "+node.Step+" from "+strings.Join(node.Inputs, ", "))
	case node.Step != "":
		notes = append(notes, "made by the step "+node.Step)
	case node.Kind == lineage.Model && isColumn && len(node.Below) == 0:
		notes = append(notes, "from no column: which rows there are decides")
	}
	return notes
}

// printLineage draws the tree; a table that was shown above is named, not drawn again.
func (a *app) printLineage(lineage build.Lineage, indent string, files bool, shown map[string]bool) {
	if shown[lineage.Table] {
		a.printf("%s%s  (above)\n", indent, lineage.Table)
		return
	}
	shown[lineage.Table] = true
	a.printf("%s%s  %s\n", indent, lineage.Table, builtNote(lineage))
	a.printFiles(lineage.Files, indent+"    ", files)
	for _, input := range lineage.Inputs {
		a.printLineage(input, indent+"  ", files, shown)
	}
}

// builtNote says how many rows a table has and which parameters made it what it is.
func builtNote(lineage build.Lineage) string {
	notes := []string{fmt.Sprintf("%d rows", lineage.Rows)}
	if lineage.Rows == snapshot.Uncounted {
		notes[0] = "a view"
	}
	for _, name := range slices.Sorted(maps.Keys(lineage.Parameters)) {
		notes = append(notes, name+" = "+lineage.Parameters[name])
	}
	return strings.Join(notes, ", ")
}

func (a *app) printFiles(sources []snapshot.SourceFile, indent string, all bool) {
	type sum struct{ files, rows int64 }
	sums, order := map[string]*sum{}, []string{}
	for _, source := range sources {
		if all {
			a.printf("%s%s  %d rows\n", indent, source.SourceFile, source.Rows)
			continue
		}
		if sums[source.Feed] == nil {
			sums[source.Feed], order = &sum{}, append(order, source.Feed)
		}
		sums[source.Feed].files++
		sums[source.Feed].rows += source.Rows
	}
	for _, feed := range order {
		a.printf("%sfeed %s: %d files, %d rows\n", indent, feed, sums[feed].files, sums[feed].rows)
	}
}
