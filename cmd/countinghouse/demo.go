package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countinghouse/internal/project"
	"countinghouse/internal/snapshot"
	"countinghouse/jobs"
	"countinghouse/pipelines/generate"

	"github.com/spf13/cobra"
)

const demoConfig = `# A made-up brand. Delete the folder when you have seen enough.
brand:
  name: 山茶 Camellia
  zone: Asia/Shanghai
  currency: CNY
  country: CN
store: store
`

func (a *app) demoCommand() *cobra.Command {
	options := generate.Options{Seed: 1}
	command := &cobra.Command{
		Use: "demo", Short: "A made-up brand, from exports to marts and a report, in one go", Args: cobra.NoArgs,
		Long: `Make up a brand in the project folder (default: demo), land its exports, make and publish its marts, and show a few figures.`,
		RunE: func(command *cobra.Command, _ []string) error { return a.demo(command, options) },
	}
	command.Flags().IntVar(&options.Members, "members", 5000, "members of the programme")
	return command
}

func (a *app) demo(command *cobra.Command, options generate.Options) error {
	ctx := command.Context()
	if a.projectDir == "." {
		a.projectDir = "demo"
	}
	if a.asOf == "" {
		a.asOf = demoDay
	}
	if err := a.prepareDemo(command, options); err != nil {
		return err
	}
	own, tools, err := a.open(ctx)
	if err != nil {
		return err
	}
	asOf, err := a.asOfDate(own, tools.Now())
	if err != nil {
		return err
	}
	outcome, record, err := a.runDaily(ctx, own, tools, asOf, []string{filepath.Join(own.Dir, "brand", "exports")})
	if a.output == "json" || err != nil {
		return a.reportRun(own, outcome, record, err)
	}
	if err := a.reportRun(own, outcome, record, nil); err != nil {
		return err
	}
	return a.showFigures(ctx, own, tools, asOf, outcome.Environment)
}

// prepareDemo makes the project and its exports, unless an earlier demo did.
func (a *app) prepareDemo(command *cobra.Command, options generate.Options) error {
	config := filepath.Join(a.projectDir, project.ConfigFile)
	if _, err := os.Stat(config); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(a.projectDir, 0o750); err != nil {
			return err
		}
		if err := os.WriteFile(config, []byte(demoConfig), 0o640); err != nil {
			return err
		}
	}
	options.Dir = filepath.Join(a.projectDir, "brand")
	if _, err := os.Stat(filepath.Join(options.Dir, "exports")); err == nil {
		return nil
	}
	_, err := a.generate(command, options)
	return err
}

// figure is one of the demo's tables: a title, a query, and how many of its last columns are numbers.
type figure struct {
	title, query string
	numbers      int
}

func figures() []figure {
	return []figure{
		{"The customer pyramid 客户金字塔 (the last 365 days)", `select layer || ' ' || any_value(zh order by zh) as layer, format('{:,}', sum(case when layer = 7 then customers else heads end)::bigint) as heads,
			format('{:,}', sum(orders)::bigint) as orders, sum(revenue)::varchar as revenue, printf('%.1f %%', round(100 * sum(revenue_share), 1) + 0) as share
			from mart.pyramid_summary inner join seed.pyramid_layers using (layer) where period_kind = 'window' group by layer order by layer`, 4},
		{"Points liability 积分负债, by channel and tier", `select channel, tier, format('{:,}', sum(outstanding_points)::bigint) as points, sum(face_value)::varchar as face_value,
			sum(expected_face_value)::varchar as expected, sum(expected_redemption_cost)::varchar as expected_cost
			from mart.point_liability group by channel, tier order by channel, tier`, 4},
		{"Churn tiers 流失分层", `select tier, format('{:,}', count(*)) as customers from mart.churn_tiers group by tier, tier_rank order by tier_rank`, 1},
		{"The best content 内容", `select title, channel, format('{:,}', reads) as reads, printf('%.1f %%', 100 * engagement_rate) as engagement
			from mart.content_performance where reads is not null order by content_performance.reads desc, channel, content_id limit 5`, 2},
	}
}

func (a *app) showFigures(ctx context.Context, own project.Project, tools jobs.Tools, asOf time.Time, published snapshot.Environment) (err error) {
	workshop, err := jobs.OpenWorkshop(ctx, own, asOf, tools)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, workshop.Close()) }()
	if err := workshop.AttachAll(ctx, published, func(string) bool { return true }); err != nil {
		return err
	}
	for _, figure := range figures() {
		if err := a.showFigure(ctx, workshop, figure); err != nil {
			return err
		}
	}
	folder := filepath.Join(strings.TrimPrefix(own.StoreURL(), "file://"), "marts")
	a.printf("\nmarts:   %s\nreport:  %s\nask:     %s query -C %s \"select * from mart.customer_360 limit 5\"\n",
		folder, filepath.Join(folder, "report.html"), os.Args[0], a.projectDir)
	return nil
}

func (a *app) showFigure(ctx context.Context, workshop *jobs.Workshop, figure figure) error {
	rows, err := workshop.Session.Query(ctx, figure.query)
	if err != nil {
		return fmt.Errorf("%s: %w", figure.title, err)
	}
	read, err := readTexts(rows)
	if err != nil {
		return err
	}
	lines := make([][]string, len(read.rows))
	for i, row := range read.rows {
		lines[i] = plain(row, "")
	}
	a.printf("\n%s\n", figure.title)
	a.grid(read.columns, lines, figure.numbers)
	return nil
}
