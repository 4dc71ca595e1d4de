package jobs

import (
	"context"
	"fmt"
	"strings"
	"time"

	"countinghouse/internal/warehouse"
	"countinghouse/pipelines/closing"
	"countinghouse/pipelines/pack"
)

// packTotal is what a table comes to in a month, column by column.
type packTotal struct {
	table, where string
	columns      []string
}

// packTotals are what a summary says of a month. Rates are in the sheet of the estimate.
func packTotals(period string) []packTotal {
	month := "date " + warehouse.Quote(period+"-01")
	ofMonth := "period_kind = 'month' and period_start = " + month
	return []packTotal{
		{"mart.point_rollforward", ofMonth, []string{
			"opening", "issued", "redeemed", "expired", "clawed_back", "recredited", "adjusted", "transferred", "prior_period", "reclassified", "closing", "closing_value",
		}},
		{"mart.point_liability", "true", []string{
			"outstanding_points", "arrears_points", "face_value", "expected_redemption_points", "expected_face_value", "expected_cost", "expected_redemption_cost",
			"expected_redemption_cost_low", "expected_redemption_cost_high",
		}},
		{"mart.point_contract_liability", ofMonth, []string{
			"opening", "allocated", "reversed", "prior_allocated", "prior_reversed", "revenue_redemption", "revenue_catch_up", "revenue_run_off", "revenue_prior_period", "revenue",
			"revenue_from_opening", "closing", "closing_current", "closing_noncurrent", "closing_rate_up", "closing_rate_down",
		}},
		{"mart.point_deferred_revenue", "month = " + month, []string{"points_redeemed", "expected_points", "allocated", "recognised", "liability"}},
		{"mart.point_journal", "month = " + month, []string{"debit", "credit"}},
	}
}

// summarySheet says what was closed, by whom, and what the sheets come to.
func (w *Workshop) summarySheet(ctx context.Context, record closing.Stored) (pack.Sheet, error) {
	sheet := pack.Sheet{
		Name: "summary", Title: "Points, " + record.Period + ", as closed",
		Columns: append(textColumns("what", "detail"), pack.Column{Name: "figure", Kind: pack.Rate}),
	}
	add := func(what, detail string) { sheet.Rows = append(sheet.Rows, []string{what, detail, ""}) }
	add("month", record.Period)
	add("as of", record.AsOf)
	add("closed by", record.Who)
	add("note", record.Note)
	add("closed at", record.At.Format(time.RFC3339))
	add("waived checks", strings.Join(record.Waived, ", "))
	add("record", record.Key)
	add("SHA-256 of the record", record.SHA256)
	add("record before it", record.Previous.Key)
	add("SHA-256 of that", record.Previous.SHA256)
	add("program", record.Binary)
	add("currency", record.Settings.Currency)
	add("to follow a figure", "countinghouse explain mart.point_rollforward.<column> period_kind=month period_start="+record.Period+"-01 channel=<channel> tier=<tier>")
	add("to verify", "countinghouse close --verify "+record.Period+" --pack <this folder>")
	for _, total := range w.monthTotals(ctx, record.Period) {
		sheet.Rows = append(sheet.Rows, []string{"total of " + total.Table, total.Column, total.Value})
	}
	return sheet, ctx.Err()
}

// monthTotals are what finance's tables, which are readable in the session, say of a month. What a table does not have, as that of a close by an earlier version of
// the program, is left out.
func (w *Workshop) monthTotals(ctx context.Context, period string) []closing.Figure {
	var totals []closing.Figure
	for _, total := range packTotals(period) {
		sums := "currency"
		for _, column := range total.columns {
			sums += ", coalesce(cast(sum(" + column + ") as varchar), '')"
		}
		rows, err := w.textRows(ctx, "select "+sums+" from "+total.table+" where "+total.where+" group by currency order by currency <> 'points', currency", 1+len(total.columns))
		if err != nil {
			continue
		}
		for _, row := range rows {
			for i, column := range total.columns {
				if row[0] != mainPoints {
					column += " of " + row[0]
				}
				totals = append(totals, closing.Figure{Table: total.table, Column: column, Value: row[1+i]})
			}
		}
	}
	return totals
}

// mainPoints is the currency of a brand with one kind of points.
const mainPoints = "points"

// textRows reads a query's columns as text.
func (w *Workshop) textRows(ctx context.Context, query string, columns int) ([][]string, error) {
	rows, err := w.Session.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all [][]string
	for rows.Next() {
		cells, targets := make([]string, columns), make([]any, columns)
		for i := range cells {
			targets[i] = &cells[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		all = append(all, cells)
	}
	return all, rows.Err()
}

// packCheck holds two figures of a pack against each other: what each query gives by currency.
type packCheck struct {
	what, left, leftIs, right, rightIs string
	tables                             []string
}

// packChecks are how the sheets of a pack hang together. The audits of the run have proved more; these can be seen in the pack.
func packChecks(period string) []packCheck {
	month := "date " + warehouse.Quote(period+"-01")
	rolled := " from mart.point_rollforward where period_kind = 'month' and period_start = " + month + " group by currency"
	// a mart that keeps fewer days than the month has says nothing of the month
	allDays := " and (select count(distinct period_start) from mart.point_rollforward where period_kind = 'day' and period_start >= " + month + ") = day(last_day(" + month + "))"
	roll, due := "mart.point_rollforward", "mart.point_liability"
	all := func(figure, table string) string {
		return "select currency, " + figure + " from " + table + " group by currency"
	}
	return append([]packCheck{
		{
			"points move from opening to closing", "rollforward: opening + issued - redeemed - expired - clawed_back + recredited + adjusted + transferred + prior_period + reclassified",
			"select currency, sum(opening + issued - redeemed - expired - clawed_back + recredited + adjusted + transferred + prior_period + reclassified)" + rolled,
			"rollforward: closing", "select currency, sum(closing)" + rolled,
			[]string{roll},
		},
		{
			"closing points are outstanding less owed", "rollforward: closing", "select currency, sum(closing)" + rolled,
			"liability: outstanding_points - arrears_points", all("sum(outstanding_points - arrears_points)", due),
			[]string{roll, due},
		},
		{"closing points are the ledger", "rollforward: closing", "select currency, sum(closing)" + rolled, "all entries of mart.point_ledger", all("sum(points)", "mart.point_ledger"), []string{roll, "mart.point_ledger"}},
		{
			"the days are the month", "rollforward_days: issued - redeemed - expired", "select currency, sum(issued - redeemed - expired) from mart.point_rollforward where period_kind = 'day' and period_start >= " + month + allDays + " group by currency",
			"rollforward: issued - redeemed - expired", "select currency, sum(issued - redeemed - expired) from mart.point_rollforward where period_kind = 'month' and period_start = " + month + allDays + " group by currency",
			[]string{roll},
		},
		{"nothing is only moved between tiers", "rollforward: reclassified of all tiers", "select currency, sum(reclassified)" + rolled, "0", "select currency, 0" + rolled, []string{roll}},
		{"what was late is listed", "rollforward: prior_period", "select currency, sum(prior_period)" + rolled, "prior_period: points", all("sum(points)", "mart.point_prior_period"), []string{roll, "mart.point_prior_period"}},
		{
			"face value is points x their value", "liability: face_value", all("sum(face_value)", due), "programme: point_value x outstanding points",
			"select rules.currency, round(sum(outstanding_points) * max(point_value), 2) from mart.point_liability as due inner join mart.point_programme as rules on due.currency = rules.currency group by rules.currency",
			[]string{due, "mart.point_programme"},
		},
		{"the vintages are what is outstanding", "vintages: points_remaining", all("coalesce(sum(points_remaining), 0)", "mart.point_vintages"), "liability: outstanding_points", all("sum(outstanding_points)", due), []string{"mart.point_vintages", due}},
		{
			"the vintages are what the estimate has", "vintages: points_redeemed", all("sum(points_redeemed)", "mart.point_vintages"), "estimate: points_redeemed of all",
			"select currency, sum(points_redeemed) from mart.point_redemption_estimate where scope_kind = 'all' group by currency",
			[]string{"mart.point_vintages", "mart.point_redemption_estimate"},
		},
	}, deferralChecks(month)...)
}

func deferralChecks(month string) []packCheck {
	contract := " from mart.point_contract_liability where period_kind = 'month' and period_start = " + month + " group by currency"
	deferred, lines := "mart.point_contract_liability", "mart.point_journal"
	return []packCheck{
		{
			"the contract liability moves from opening to closing", "contract_liability: opening + allocated + prior_allocated - reversed - prior_reversed - revenue",
			"select currency, sum(opening + allocated + prior_allocated - reversed - prior_reversed - revenue)" + contract, "contract_liability: closing", "select currency, sum(closing)" + contract,
			[]string{deferred},
		},
		{
			"the contract liability is that of the months of issue", "contract_liability: closing", "select currency, sum(closing)" + contract, "deferred_revenue: liability",
			"select currency, sum(liability) from mart.point_deferred_revenue where month = " + month + " group by currency",
			[]string{deferred, "mart.point_deferred_revenue"},
		},
		{
			"the journal is in balance", "journal: debit", "select currency, sum(debit) from mart.point_journal where month = " + month + " group by currency",
			"journal: credit", "select currency, sum(credit) from mart.point_journal where month = " + month + " group by currency",
			[]string{lines},
		},
		{
			"the journal moves the contract liability", "journal: deferrals less all other events",
			"select currency, sum(case when event in ('deferral', 'prior_deferral') then debit - credit else credit - debit end) filter (where line_no % 2 = 1) from mart.point_journal where month = " + month + " group by currency",
			"contract_liability: closing - opening", "select currency, sum(closing - opening)" + contract,
			[]string{lines, deferred},
		},
	}
}

// checkSheet holds the sheets of a pack against each other.
func (w *Workshop) checkSheet(ctx context.Context, record closing.Stored) (pack.Sheet, error) {
	sheet := pack.Sheet{Name: "checks", Title: "How the sheets hang together", Columns: append(textColumns("check", "currency", "left"),
		pack.Column{Name: "left_figure", Kind: pack.Rate}, pack.Column{Name: "right"}, pack.Column{Name: "right_figure", Kind: pack.Rate}, pack.Column{Name: "difference", Kind: pack.Rate})}
	for _, check := range packChecks(record.Period) {
		missing := false
		for _, table := range check.tables {
			missing = missing || !closedHas(record, table)
		}
		if missing {
			continue
		}
		rows, err := w.textRows(ctx, fmt.Sprintf(`select currency, cast(coalesce(one.figure, 0) as varchar), cast(coalesce(other.figure, 0) as varchar), cast(coalesce(one.figure, 0) - coalesce(other.figure, 0) as varchar)
			from (%s) as one(currency, figure) full join (%s) as other(currency, figure) using (currency) order by currency <> 'points', currency`, check.leftIs, check.rightIs), 4)
		if err != nil {
			if ctx.Err() != nil {
				return sheet, ctx.Err()
			}
			continue // a close by an earlier version of the program had not all of the columns
		}
		for _, row := range rows {
			sheet.Rows = append(sheet.Rows, []string{check.what, row[0], check.left, row[1], check.right, row[2], row[3]})
		}
	}
	return sheet, nil
}
