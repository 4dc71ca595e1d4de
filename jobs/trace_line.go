package jobs

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/warehouse"
)

// LineTrace is what became of a line of an export in the points figures.
type LineTrace struct {
	Name       string        `json:"name"`
	Line       int64         `json:"line"`
	Entries    []TraceItem   `json:"entries"`    // the movements that the line made
	Lots       []TraceItem   `json:"lots"`       // the lots that it issued, with what is left of them
	Sales      []TraceItem   `json:"sales"`      // the sales that it is the order of, or the earning, with the part of their price that is deferred
	Exceptions []TraceItem   `json:"exceptions"` // what could not be booked as it stands there
	Reported   []TraceItem   `json:"reported"`   // the balance that it reports
	Figures    []MovedFigure `json:"figures"`    // that they are part of
}

// Empty says that the line moved nothing.
func (t LineTrace) Empty() bool {
	return len(t.Entries)+len(t.Lots)+len(t.Sales)+len(t.Exceptions)+len(t.Reported) == 0
}

// MovedFigure is a figure, and the part of it that comes from a line: points, or money.
type MovedFigure struct {
	Table  string `json:"table"`
	Row    string `json:"row"`
	Column string `json:"column"`
	Points int64  `json:"points"`
	Amount string `json:"amount,omitempty"`
}

// TraceLine follows a line of an export to the figures that it moved. name is the export's, or the key of its bytes.
func (w *Workshop) TraceLine(ctx context.Context, environment, name string, line int64) (LineTrace, error) {
	found := LineTrace{Name: name, Line: line}
	current, err := w.attachPublished(ctx, environment)
	if err != nil {
		return found, err
	}
	here, err := w.lineCondition(ctx, name, line)
	if err != nil {
		return found, err
	}
	books, err := w.books(ctx, current)
	if err != nil {
		return found, err
	}
	today := books[len(books)-1]
	sales := salesBehind(book{}, `exists (select 1 from (`+salesOfLine(here)+`) as lines where lines.channel = sales.channel and lines.account_id = sales.account_id
		and lines.order_id = sales.order_id and lines.currency = sales.currency and lines.issue_month = sales.issue_month)`)
	for query, into := range map[string]*[]TraceItem{
		movements(today, 1, here): &found.Entries,
		`select 'lot' as what, channel, account_id, issued_on as day, status as kind, points_remaining as points, ` + noAmount + `, lot_id as txn_id, 'of ' || points_issued || ' issued' as lots,
			source_file, source_row from mart.point_lots where ` + here: &found.Lots,
		sales: &found.Sales,
		`select 'exception' as what, channel, account_id, cast(occurred_at as date) as day, code as kind, points, ` + noAmount + `, txn_id, detail as lots,
			source_file, source_row from mart.point_exceptions where ` + here: &found.Exceptions,
		`select 'reported' as what, channel, account_id, as_of as day, 'balance' as kind, points, ` + noAmount + `, cast(null as varchar) as txn_id, cast(null as varchar) as lots,
			source_file, source_row from core.point_balances where ` + here: &found.Reported,
	} {
		if *into, err = w.traceItems(ctx, query, mostOfLine); err != nil {
			return found, err
		}
	}
	found.Figures, err = w.movedFigures(ctx, books, here)
	return found, err
}

// mostOfLine bounds what is told of one line.
const mostOfLine = 1000

// lineCondition picks the rows that come from a line.
func (w *Workshop) lineCondition(ctx context.Context, name string, line int64) (string, error) {
	landed, err := w.landedFiles(ctx)
	if err != nil {
		return "", err
	}
	var keys []string
	for _, file := range landed {
		if file.Name == name || file.Key == name {
			keys = append(keys, warehouse.Quote(file.Key))
		}
	}
	if len(keys) == 0 {
		return "", ProjectError{fmt.Errorf("explain --file: no export called %s has landed: `countinghouse feeds` lists what has", name)}
	}
	return fmt.Sprintf("source_file in (%s) and source_row = %d", strings.Join(keys, ", "), line), nil
}

// salesOfLine selects the sales that a line is an earning of, the order, or a refund.
func salesOfLine(here string) string {
	return `select channel, account_id, order_id, currency, issue_month from mart.point_lots where order_id is not null and ` + here + `
		union
		select sales.channel, sales.account_id, sales.order_id, sales.currency, sales.issue_month from core.point_sales as sales
		inner join (
			select channel, order_id from core.orders where ` + here + ` union select channel, order_id from core.refunds where ` + here + `
		) as orders on sales.sale_channel = orders.channel and sales.order_id = orders.order_id`
}

// currencyKey is how a row's currency is told among its keys; of a brand's main one nothing has to be said.
const currencyKey = `case when currency = 'points' then '' else ' currency=' || currency end`

// rollforwardColumn is the column of the roll-forward that a movement counts in.
const rollforwardColumn = `case kind when 'claw_back' then 'clawed_back' when 'issued' then 'issued' when 'redeemed' then 'redeemed' when 'expired' then 'expired'
	when 'recredited' then 'recredited' when 'transferred' then 'transferred' else 'adjusted' end`

// movedFigures are the rows of finance's marts that the movements, lots and sales of a line are part of: of closed days as they were closed.
func (w *Workshop) movedFigures(ctx context.Context, books []book, here string) ([]MovedFigure, error) {
	parts := []string{
		within(books, firstDay, books[len(books)-1].through, func(one book, from, through string) string {
			return movedPeriods(one, here+" and occurred_on between date '"+from+"' and date '"+through+"'")
		}),
		beginning(books, firstDay, books[len(books)-1].through, func(one, before book) string {
			return movedLate(one, here) + "\nunion all\n" + movedLateDeferral(one, one, "added", here) + "\nunion all\n" + movedLateDeferral(one, before, "removed", here)
		}),
		movedLiability(here), movedVintages(here), movedSales(books, here),
		within(books, firstDay, books[len(books)-1].through, func(one book, from, through string) string {
			return movedDeferral(one, "entries.source_file is not null and "+strings.ReplaceAll(here, "source_", "entries.source_")+
				" and used.occurred_on between date '"+from+"' and date '"+through+"'")
		}),
	}
	query := ""
	for _, part := range parts {
		if part != "" && query != "" {
			query += "\nunion all\n"
		}
		query += part
	}
	rows, err := w.Session.Query(ctx, `select of, row, part, cast(sum(points) as bigint), coalesce(cast(sum(amount) as varchar), '') from (`+query+`) as figures(of, row, part, points, amount)
		group by of, row, part having sum(points) <> 0 or sum(amount) <> 0 order by all`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	found := []MovedFigure{}
	for rows.Next() {
		var one MovedFigure
		if err := rows.Scan(&one.Table, &one.Row, &one.Column, &one.Points, &one.Amount); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

const noMoney = "cast(null as decimal(18, 2))"

// movedPeriods are the rows of the roll-forward that movements of a book count in. A redemption is a figure above zero there.
func movedPeriods(one book, condition string) string {
	return `select 'mart.point_rollforward', 'period_kind=' || periods.period_kind || ' period_start=' || periods.period_start || ` + currencyKey + ` || ' channel=' || channel || ' tier=' || tier,
		` + rollforwardColumn + `, case when kind in ('redeemed', 'expired', 'claw_back') then -points else points end, ` + noMoney + `
		from ` + one.of("mart.point_ledger") + ` as moved inner join core.point_periods as periods on moved.occurred_on between periods.period_start and periods.period_end where ` + condition
}

// movedLate are the rows of the roll-forward in which a book took up what was late.
func movedLate(one book, here string) string {
	return `select 'mart.point_rollforward', 'period_kind=' || periods.period_kind || ' period_start=' || periods.period_start || ` + currencyKey + ` || ' channel=' || channel || ' tier=' || tier,
		'prior_period', points, ` + noMoney + `
		from ` + one.of("mart.point_prior_period") + ` as moved inner join core.point_periods as periods on date '` + one.from + `' between periods.period_start and periods.period_end where ` + here
}

func movedLiability(here string) string {
	return `select 'mart.point_liability', ltrim(` + currencyKey + ` || ' channel=' || channel) || ' tier=' || tier || ' expiry_month=' || coalesce(expiry_month, date '9999-12-01') || ' age_band=' || age_band,
		'outstanding_points', points_remaining, ` + noMoney + ` from mart.point_lots where points_remaining > 0 and ` + here + `
		union all
		select 'mart.point_liability', ltrim(` + currencyKey + ` || ' channel=' || channel) || ' tier=' || tier || ' age_band=arrears', 'arrears_points', points, ` + noMoney + `
		from (select owed.points, owed.source_file, owed.source_row, entries.currency, entries.channel, entries.tier from (` + uncovered(nil) + `) as owed
			inner join mart.point_ledger as entries on owed.channel = entries.channel and owed.account_id = entries.account_id and owed.txn_id = entries.txn_id) as arrears where ` + here
}

// movedVintages are the cells of the triangle that a line's earnings and redemptions stand in.
func movedVintages(here string) string {
	return `select 'mart.point_vintages', ltrim(` + currencyKey + ` || ' issue_month=' || issue_month), 'points_issued', points_issued, ` + noMoney + ` from mart.point_lots where ` + here + `
		union all
		select 'mart.point_vintages', ltrim(case when lots.currency = 'points' then '' else ' currency=' || lots.currency end || ' issue_month=' || lots.issue_month) || ' age_months='
			|| date_diff('month', lots.issue_month, date_trunc('month', used.occurred_on)), 'points_redeemed', case when entries.kind = 'recredited' then -used.points else used.points end, ` + noMoney + `
		from ` + usedJoins(book{}) + ` where ` + redemptions + " and " + strings.ReplaceAll(here, "source_", "entries.source_")
}

// movedSales are the deferrals of the sales of a line, in the month in which they were booked: of closed months that of the close, or the first one that was open.
func movedSales(books []book, here string) string {
	opened := books[len(books)-1].from
	booked := "case when not sales.is_closed and sales.issue_month < date '" + opened + "' then date_trunc('month', date '" + opened + "') else sales.issue_month end"
	late := "not sales.is_closed and sales.issue_month < date '" + opened + "'"
	return `select figures.of, figures.row, figures.part, 0, sales.allocated_points from mart.point_allocations as sales
		inner join (` + salesOfLine(here) + `) as lines using (currency, channel, account_id, order_id, issue_month)
		cross join lateral (
			select 'mart.point_deferred_revenue' as of, 'month=' || cast(` + booked + ` as date) || ` + currencyKey + ` || ' channel=' || sales.channel || ' issue_month=' || sales.issue_month as row,
				case when ` + late + ` then 'prior_allocated' else 'allocated_in_month' end as part
			union all
			select 'mart.point_journal', 'month=' || cast(` + booked + ` as date) || ` + currencyKey + ` || ' channel=' || sales.channel || ' event=' || case when ` + late + ` then 'prior_deferral' else 'deferral' end, 'debit'
			union all
			select 'mart.point_contract_liability', 'period_kind=month period_start=' || cast(` + booked + ` as date) || ` + currencyKey + ` || ' channel=' || sales.channel,
				case when ` + late + ` then 'prior_allocated' else 'allocated' end
		) as figures`
}

// lotKey are the keys that a lot has in the marts of deferral.
const lotKey = `case when lots.currency = 'points' then '' else ' currency=' || lots.currency end || ' channel=' || lots.channel`

// movedDeferral are the months in which what entries took from lots of sales became revenue, or was reversed.
func movedDeferral(one book, condition string) string {
	return `select figures.of, figures.row, figures.part, case when entries.kind = 'recredited' then -used.points else used.points end, ` + noMoney + ` from ` + usedJoins(one) + `
		cross join lateral (
			select 'mart.point_deferred_revenue' as of, 'month=' || cast(date_trunc('month', used.occurred_on) as date) || ` + lotKey + ` || ' issue_month=' || lots.issue_month as row,
				case when ` + redemptions + ` then 'points_redeemed' else 'points_withdrawn' end as part
			union all
			select 'mart.point_journal', 'month=' || cast(date_trunc('month', used.occurred_on) as date) || ` + lotKey + ` || ' event=' || case when ` + redemptions + ` then 'redemption' else 'reversal' end, 'debit'
		) as figures
		where entries.kind not in ('expired', 'transferred')` + salesOnly(one) + " and " + condition
}

// movedLateDeferral are the months in which a book took up late redemptions and returns: those that it added to the books before it, or that it has no more,
// as another book tells them.
func movedLateDeferral(one, teller book, what, here string) string {
	sign := map[string]string{"added": "", "removed": "-"}[what]
	return `select figures.of, figures.row, figures.part, case when entries.kind = 'recredited' then -(` + sign + `used.points) else ` + sign + `used.points end, ` + noMoney + ` from ` + usedJoins(teller) + `
		inner join (select distinct channel, account_id, txn_id, kind, occurred_on from ` + one.of("mart.point_prior_period") + ` where what = '` + what + `' and txn_id <> '' and ` + here + `) as items
			on entries.channel = items.channel and entries.account_id = items.account_id and entries.txn_id = items.txn_id and entries.kind = items.kind
		cross join lateral (
			select 'mart.point_deferred_revenue' as of, 'month=' || cast(date_trunc('month', date '` + one.from + `') as date) || ` + lotKey + ` || ' issue_month=' || lots.issue_month as row,
				case when ` + redemptions + ` then 'revenue_prior_period' else 'prior_reversed' end as part
			union all
			select 'mart.point_journal', 'month=' || cast(date_trunc('month', date '` + one.from + `') as date) || ` + lotKey + ` || ' event=' || case when ` + redemptions + ` then 'prior_revenue' else 'prior_reversal' end, 'debit'
		) as figures
		where entries.kind not in ('expired', 'transferred')` + salesOnly(teller)
}
