package jobs

import (
	"context"
	"fmt"
	"strconv"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/closing"
	"countinghouse/pipelines/pack"
)

// packDrawings are what the page of a pack begins with, and its charts, each by currency of points.
func (w *Workshop) packDrawings(ctx context.Context, record closing.Stored, checks pack.Sheet) (tiles []pack.Tile, charts []pack.Chart, err error) {
	if !closedHas(record, "mart.point_programme") { // a close by an earlier version of the program
		return nil, nil, nil
	}
	currencies, err := w.textRows(ctx, "select currency from (select distinct currency from mart.point_programme) order by currency <> 'points', currency", 1)
	if err != nil {
		return nil, nil, err
	}
	for _, row := range currencies {
		some, err := w.packTiles(ctx, record, row[0], len(currencies) > 1)
		if err != nil {
			return nil, nil, err
		}
		tiles = append(tiles, some...)
		drawn, err := w.packCharts(ctx, record, row[0])
		if err != nil {
			return nil, nil, err
		}
		charts = append(charts, drawn...)
	}
	held := 0
	for _, row := range checks.Rows {
		if difference, err := strconv.ParseFloat(row[len(row)-1], 64); err == nil && difference == 0 {
			held++
		}
	}
	return append(tiles, pack.Tile{Label: "Checks that hold 勾稽", Value: fmt.Sprintf("%d of %d", held, len(checks.Rows)), Note: "see the sheet checks"}), charts, nil
}

func (w *Workshop) packTiles(ctx context.Context, record closing.Stored, currency string, several bool) ([]pack.Tile, error) {
	of := " where currency = " + warehouse.Quote(currency)
	month := of + " and period_kind = 'month' and period_start = date " + warehouse.Quote(record.Period+"-01")
	name := ""
	if several {
		name = ", " + currency
	}
	var tiles []pack.Tile
	for _, one := range []struct{ label, query, note string }{
		{"Points outstanding 未兑积分", "select format('{:,}', coalesce(sum(outstanding_points), 0)::bigint) from mart.point_liability" + of, "select 'face value 面值 ' || format('{:,.2f}', coalesce(sum(face_value), 0)::double) from mart.point_liability" + of},
		{
			"Expected cost of redemptions 预期兑换成本", "select format('{:,.2f}', coalesce(sum(expected_redemption_cost), 0)::double) from mart.point_liability" + of,
			"select coalesce('between ' || format('{:,.2f}', sum(expected_redemption_cost_low)::double) || ' and ' || format('{:,.2f}', sum(expected_redemption_cost_high)::double), 'no range: the rate is no estimate') from mart.point_liability" + of,
		},
		{
			"Redemption rate 兑换率", "select format('{:.2f}%', 100 * max(expected_redemption_rate)::double) from mart.point_programme" + of,
			"select coalesce('between ' || format('{:.2f}%', 100 * max(redemption_rate_low)::double) || ' and ' || format('{:.2f}%', 100 * max(redemption_rate_high)::double), '') || ' (' || max(redemption_rate_basis) || ')' from mart.point_programme" + of,
		},
		{
			"Contract liability 合同负债", "select format('{:,.2f}', coalesce(sum(closing), 0)::double) from mart.point_contract_liability" + month,
			"select 'current 流动 ' || format('{:,.2f}', coalesce(sum(closing_current), 0)::double) || '; one point more or less 兑换率±1点 ' || format('{:,.2f}', coalesce(sum(closing_rate_up), 0)::double) || ', ' || format('{:,.2f}', coalesce(sum(closing_rate_down), 0)::double) from mart.point_contract_liability" + month,
		},
		{
			"Revenue of the month 本月确认收入", "select format('{:,.2f}', coalesce(sum(revenue), 0)::double) from mart.point_contract_liability" + month,
			"select 'of it from the opening balance 期初负债转入 ' || format('{:,.2f}', coalesce(sum(revenue_from_opening), 0)::double) from mart.point_contract_liability" + month,
		},
	} {
		tile := pack.Tile{Label: one.label + name}
		for query, into := range map[string]*string{one.query: &tile.Value, one.note: &tile.Note} {
			if err := w.Session.QueryRow(ctx, "select coalesce(("+query+"), '')").Scan(into); err != nil {
				return nil, fmt.Errorf("%s: %w", one.label, err)
			}
		}
		tiles = append(tiles, tile)
	}
	return tiles, nil
}

// packCharts draw the month's roll-forward, what is outstanding by month of expiry, and the contract liability by month of issue.
func (w *Workshop) packCharts(ctx context.Context, record closing.Stored, currency string) ([]pack.Chart, error) {
	of := " where currency = " + warehouse.Quote(currency)
	month := "date " + warehouse.Quote(record.Period+"-01")
	steps, err := w.waterfall(ctx, "select sum(opening), sum(issued), -sum(redeemed), -sum(expired), -sum(clawed_back), sum(recredited), sum(adjusted), sum(transferred), sum(prior_period), sum(closing) from mart.point_rollforward"+
		of+" and period_kind = 'month' and period_start = "+month,
		[]string{"opening 期初", "issued 发放", "redeemed 兑换", "expired 过期", "clawed back 扣回", "re-credited 返还", "adjusted 调整", "transferred 转移", "prior 以前期间", "closing 期末"})
	if err != nil {
		return nil, err
	}
	steps.Sheet, steps.Title = "rollforward", "Points of the month, "+currency
	owed, err := w.waterfall(ctx, "select sum(opening), sum(allocated), -sum(reversed), sum(prior_allocated - prior_reversed), -sum(revenue_redemption), -sum(revenue_catch_up), -sum(revenue_run_off), -sum(revenue_prior_period), sum(closing) from mart.point_contract_liability"+
		of+" and period_kind = 'month' and period_start = "+month,
		[]string{"opening 期初", "allocated 分摊", "reversed 冲回", "prior 以前期间", "redeemed 兑换", "catch-up 追溯", "run-off 失效", "prior revenue", "closing 期末"})
	if err != nil {
		return nil, err
	}
	owed.Sheet, owed.Title = "contract_liability", "Contract liability of the month, "+currency
	expiry := pack.Chart{Sheet: "liability", Title: "Outstanding points by month of expiry, " + currency + ": expected to be redeemed (dark), and to expire"}
	rows, err := w.textRows(ctx, "select case when expiry_month >= date '9999-01-01' then 'never' else strftime(expiry_month, '%Y-%m') end, cast(sum(expected_redemption_points) as varchar), cast(sum(breakage_points) as varchar) from mart.point_liability"+
		of+" and outstanding_points > 0 group by expiry_month order by expiry_month", 3)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		expected, breakage := numberOf(row[1]), numberOf(row[2])
		expiry.Bars = append(expiry.Bars, pack.Bar{Label: row[0], Parts: []pack.Part{
			{Value: expected, Class: "expected", Text: row[0] + ": " + row[1] + " expected to be redeemed"}, {Value: breakage, Class: "breakage", Text: row[0] + ": " + row[2] + " expected to expire"},
		}})
	}
	return []pack.Chart{steps, expiry, owed}, nil
}

// waterfall draws a row of figures, of which the first and the last are totals. Steps of nothing are left out.
func (w *Workshop) waterfall(ctx context.Context, query string, labels []string) (pack.Chart, error) {
	chart := pack.Chart{Steps: true}
	rows, err := w.textRows(ctx, "select "+"coalesce(cast(columns(*) as varchar), '0') from ("+query+")", len(labels))
	if err != nil {
		return chart, err
	}
	for i, label := range labels {
		value := numberOf(rows[0][i])
		class, sign := "in", ""
		switch {
		case i == 0 || i == len(labels)-1:
			class = "total"
		case value == 0:
			continue
		case value < 0:
			class = "out"
		default:
			sign = "+"
		}
		chart.Bars = append(chart.Bars, pack.Bar{Label: label, Text: sign + rows[0][i], Parts: []pack.Part{{Value: value, Class: class, Text: label + ": " + rows[0][i]}}})
	}
	return chart, nil
}

// numberOf reads a figure for drawing.
func numberOf(text string) float64 {
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0
	}
	return number
}
