package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

const (
	deferral          = "mart.point_deferred_revenue"
	journal           = "mart.point_journal"
	contractLiability = "mart.point_contract_liability"
)

// deferred says which rows of the deferral a figure is made of: a column, of some months.
type deferred struct {
	column       string
	first, last  string // months, as their first days
	issuedBefore string // only points issued before a day; empty: all
	of           tracing
}

// deferralBehind follows a figure of the deferral, whose months are rows of their own.
func (w *Workshop) deferralBehind(_ context.Context, of tracing) (behind, error) {
	month, err := monthOf(of.where)
	return deferred{column: of.column, first: month, last: month, of: of}.behind(), err
}

// journalBehind follows a line of the journal: its event says what was booked. Both sides of a line are one figure.
func (w *Workshop) journalBehind(ctx context.Context, of tracing) (behind, error) {
	month, err := monthOf(of.where)
	if err != nil {
		return behind{}, err
	}
	var event string
	if err := w.Session.QueryRow(ctx, "select min(event) from "+journal+" where "+of.filter).Scan(&event); err != nil {
		return behind{}, err
	}
	column := map[string]string{
		"deferral": "allocated_in_month", "reversal": "reversed_in_month", "redemption": "revenue_redemption", "catch_up": "revenue_catch_up", "run_off": "revenue_run_off",
		"prior_deferral": "prior_allocated", "prior_reversal": "prior_reversed", "prior_revenue": "revenue_prior_period",
	}[event]
	return deferred{column: column, first: month, last: month, of: of}.behind(), nil
}

// contractBehind follows a figure of the contract liability to the months that its period has.
func (w *Workshop) contractBehind(_ context.Context, of tracing) (behind, error) {
	start, end, err := periodOf(of.where, of.asOf())
	if err != nil {
		return behind{}, err
	}
	lastMonth := end[:len("2026-10")] + "-01"
	moment := func(column, month string) deferred {
		return deferred{column: column, first: month, last: month, of: of}
	}
	switch of.column {
	case "opening":
		before := previousDay(start)
		return moment("liability", before[:len("2026-10")]+"-01").behind(), nil
	case "closing", "closing_current", "closing_noncurrent", "closing_rate_up", "closing_rate_down":
		return moment("liability"+strings.TrimPrefix(of.column, "closing"), lastMonth).behind(), nil
	}
	flow := deferred{column: of.column, first: start, last: lastMonth, of: of}
	switch of.column {
	case "allocated", "reversed":
		flow.column += "_in_month"
	case "revenue_from_opening":
		flow.column, flow.issuedBefore = "revenue_from_opening", start
	}
	return flow.behind(), nil
}

func monthOf(where map[string]string) (string, error) {
	month := where["month"]
	if _, err := dayOf(month); err != nil {
		return "", ProjectError{fmt.Errorf("explain: say which month: month=2026-10-01")}
	}
	return month, nil
}

// behind gives the rows of the deferral, each with the sum that was done, and what moved the points.
func (d deferred) behind() behind {
	return behind{parts: d.parts(), items: d.items(), note: d.note()}
}

// parts selects the rows that add up to the figure, by month and month of issue.
func (d deferred) parts() string {
	value := "rows." + d.column
	keys := conditions(d.of.where, "rows.currency", "rows.channel", "rows.issue_month")
	if d.column == "revenue_from_opening" {
		value = "rows.revenue - rows.revenue_prior_period"
		if d.issuedBefore == "" {
			value = "rows.revenue_from_opening"
		}
	}
	if d.issuedBefore != "" {
		keys += " and rows.issue_month < date '" + d.issuedBefore + "'"
	}
	return `select 'month=' || rows.month || case when rows.currency = 'points' then '' else ' currency=' || rows.currency end || ' channel=' || rows.channel || ' issue_month=' || rows.issue_month as row,
		` + d.how() + ` as how, ` + value + ` as value
		from (select *, allocated - reversed as kept, coalesce(lag(points_redeemed) over vintage, 0) as redeemed_before, coalesce(lag(expected_points) over vintage, expected_points) as expected_before,
			coalesce(lag(recognised) over vintage, 0) as recognised_before
			from ` + deferral + ` window vintage as (partition by currency, channel, issue_month order by month)) as rows
		left join core.point_deferral_states as states using (month, currency, channel, issue_month)
		where rows.month between date '` + d.first + `' and date '` + d.last + `'` + keys + " and " + value + " <> 0"
}

// how is the sum that gave a row its figure, as text in SQL.
func (d deferred) how() string {
	sums := map[string]string{
		"allocated":            `'of the sales of the month of issue'`,
		"allocated_in_month":   `'of ' || rows.points_issued || ' points of sales'`,
		"prior_allocated":      `'of sales of closed months that came late, less those that the exports have no more'`,
		"prior_reversed":       `'of returns of closed months that came late'`,
		"revenue_prior_period": `'of redemptions of closed months that came late, at the points expected when the months were closed'`,
		"reversed":             `rows.allocated || ' x ' || rows.points_withdrawn || ' taken back / ' || rows.points_issued || ' issued'`,
		"reversed_in_month":    `rows.allocated || ' x ' || rows.points_withdrawn || ' taken back / ' || rows.points_issued || ' issued, less what was reversed before'`,
		"recognised":           `case when rows.points_remaining = 0 then 'nothing is left: all of ' || rows.kept else rows.kept || ' x ' || rows.points_redeemed || ' redeemed / ' || rows.expected_points || ' expected' end`,
		"liability":            `rows.allocated || ' - ' || rows.reversed || ' reversed - ' || rows.recognised || ' recognised'`,
		"revenue_redemption":   `rows.kept || ' x (' || rows.points_redeemed || ' - ' || rows.redeemed_before || ' redeemed before) / ' || rows.expected_before || ' expected before'`,
		"revenue_catch_up":     `rows.recognised || ' recognised - ' || rows.recognised_before || ' before - ' || rows.revenue_redemption || ' of redemptions - ' || rows.revenue_prior_period || ' of prior periods'`,
		"revenue":              `rows.revenue_redemption || ' of redemptions + ' || rows.revenue_catch_up || ' catch-up + ' || rows.revenue_run_off || ' run-off + ' || rows.revenue_prior_period || ' of prior periods'`,
		"revenue_from_opening": `rows.revenue || ' - ' || rows.revenue_prior_period || ' of prior periods'`,
		"liability_current": `case when states.last_month <= rows.month + interval 12 month then 'good until ' || strftime(states.last_month, '%Y-%m') || ': all of ' || rows.liability
			else rows.liability || ' x ' || states.expected_within_year || ' expected within twelve months / ' || (rows.expected_points - rows.points_redeemed) || ' still expected' end`,
		"liability_noncurrent": `rows.liability || ' - ' || rows.liability_current || ' current'`,
		"liability_rate_up":    `rows.kept || ' less revenue of ' || rows.points_redeemed || ' redeemed at one more of each 100 points than ' || rows.expected_points || ' expected'`,
		"liability_rate_down":  `rows.kept || ' less revenue of ' || rows.points_redeemed || ' redeemed at one less of each 100 points than ' || rows.expected_points || ' expected'`,
	}
	sums["revenue_run_off"] = sums["revenue_catch_up"]
	if how, known := sums[d.column]; known {
		return how
	}
	return "''"
}

// items selects the sales, or the movements of their lots, that a figure comes from.
func (d deferred) items() string {
	keys := conditions(d.of.where, "sales.currency", "sales.channel", "sales.issue_month")
	lotKeys := conditions(d.of.where, "lots.currency", "lots.channel", "lots.issue_month")
	if d.issuedBefore != "" {
		lotKeys += " and lots.issue_month < date '" + d.issuedBefore + "'"
	}
	then := bookOf(d.of.books, lastOf(d.last))
	used := func(kinds string) string {
		if d.standing() {
			return usedOf(then, kinds+" and used.occurred_on <= date '"+lastOf(d.last)+"'"+salesOnly(then)+lotKeys)
		}
		return within(d.of.books, d.first, lastOf(d.last), func(one book, from, through string) string {
			return usedOf(one, kinds+" and used.occurred_on between date '"+from+"' and date '"+through+"'"+salesOnly(one)+lotKeys)
		})
	}
	opened := d.of.books[len(d.of.books)-1].from
	late := func(kinds string) string {
		return beginning(d.of.books, d.first, lastOf(d.last), func(one, _ book) string {
			return usedOf(one, kinds+" and used.occurred_on < date '"+one.from+"'"+salesOnly(one)+lotKeys)
		})
	}
	switch {
	case d.column == "allocated_in_month":
		return salesBehind(book{}, "sales.issue_month between date '"+d.first+"' and date '"+d.last+"' and (sales.is_closed or sales.issue_month >= date '"+opened+"')"+keys)
	case d.column == "allocated" || d.column == "points_issued":
		return salesBehind(then, "sales.issue_month <= date '"+d.last+"'"+keys)
	case d.column == "prior_allocated":
		return beginning(d.of.books, d.first, lastOf(d.last), func(one, _ book) string {
			return salesBehind(one, "not sales.is_closed and sales.issue_month < date '"+one.from+"'"+keys)
		})
	case d.column == "prior_reversed":
		return late(withdrawals)
	case d.column == "revenue_prior_period":
		return late(redemptions)
	case strings.Contains(d.column, "revers") || d.column == "points_withdrawn":
		return used(withdrawals)
	case strings.Contains(d.column, "run_off"):
		return used("entries.kind = 'expired'")
	}
	return used(redemptions)
}

// standing says that a figure stands for all that happened up to a month, and not for the month.
func (d deferred) standing() bool {
	return slices.Contains([]string{
		"recognised", "reversed", "liability", "liability_current", "liability_noncurrent", "liability_rate_up", "liability_rate_down",
		"points_redeemed", "points_withdrawn", "points_remaining", "expected_points",
	}, d.column)
}

// lastOf is the last day of a month, of which the first is given.
func lastOf(month string) string {
	first, err := dayOf(month)
	if err != nil {
		return month
	}
	return first.AddDate(0, 1, -1).Format("2006-01-02")
}

func (d deferred) note() string {
	switch {
	case d.column == "prior_allocated":
		return "sales of closed months that came late; a sale of the close that the exports have no more is taken off"
	case strings.Contains(d.column, "allocated"):
		return "the sales: points x their stand-alone price beside the goods' is the part of the price that is deferred (mart.point_allocations)"
	case d.column == "prior_reversed" || d.column == "revenue_prior_period":
		return "the movements of closed months as they are known today; what was booked of them when the months were closed is taken off"
	case strings.Contains(d.column, "revers"):
		return "what was taken back of the sales' points undoes as large a part of what was allocated"
	case strings.Contains(d.column, "run_off"):
		return "the points that expired: nothing of the month of issue is left"
	case d.column == "revenue_catch_up":
		return "a new estimate of the points to be redeemed, or a return, changes what is revenue so far; the redemptions of the month are below"
	}
	return "the redemptions: revenue is what was allocated x points redeemed / points expected to be redeemed"
}

// salesBehind selects sales that issued points, each with the line of its order, that of its first earning, and what of its price is the points'.
func salesBehind(one book, condition string) string {
	return `select 'sale' as what, sales.channel, sales.account_id, sales.issued_on as day, 'of ' || sales.transaction_price || coalesce(', ' || split_part(orders.source_file, '/', -1) || ':' || orders.source_row, '') as kind,
		sales.points, sales.allocated_points as amount, sales.order_id as txn_id, firsts.lots, firsts.source_file, firsts.source_row
		from ` + one.of("mart.point_allocations") + ` as sales left join (
			select channel, account_id, order_id, currency, issue_month, string_agg(lot_id, ', ' order by lot_id) as lots, min_by(source_file, lot_id) as source_file, min_by(source_row, lot_id) as source_row
			from ` + one.of("mart.point_lots") + ` where order_id is not null group by all
		) as firsts using (channel, account_id, order_id, currency, issue_month)
		left join core.orders as orders on sales.sale_channel = orders.channel and sales.order_id = orders.order_id where ` + condition
}

// What entries do to lots: redeem points or give them back, or take points of returned sales.
const (
	redemptions = "entries.kind in ('redeemed', 'recredited')"
	withdrawals = "entries.kind not in ('redeemed', 'recredited', 'expired', 'transferred')"
)

// salesOnly is the condition that lots are those of sales with a price, or what has come of them to other accounts.
func salesOnly(one book) string {
	return ` and exists (select 1 from ` + one.of("mart.point_lots") + ` as earned inner join ` + one.of("mart.point_allocations") + ` as priced
			on earned.channel = priced.channel and earned.account_id = priced.account_id and earned.order_id = priced.order_id and earned.currency = priced.currency
			and earned.issue_month = priced.issue_month
		where lots.channel = earned.channel and coalesce(lots.origin_account_id, lots.account_id) = earned.account_id and coalesce(lots.origin_lot_id, lots.lot_id) = earned.lot_id)`
}

// usedOf selects what entries of a book took from lots, or gave back to them.
func usedOf(one book, condition string) string {
	return `select 'entry' as what, used.channel, used.account_id, used.occurred_on as day, entries.kind, case when entries.kind = 'recredited' then -used.points else used.points end as points,
		` + noAmount + `, entries.txn_id, used.lot_id as lots, entries.source_file, entries.source_row
		from ` + usedJoins(one) + ` where ` + condition
}

// usedJoins are what entries of a book took, with the entries and the lots.
func usedJoins(one book) string {
	return one.of("ledger.consumption") + ` as used
		inner join ` + one.of("ledger.entries") + ` as entries on used.channel = entries.channel and used.account_id = entries.account_id and used.entry_no = entries.entry_no
		inner join ` + one.of("mart.point_lots") + ` as lots on used.channel = lots.channel and used.account_id = lots.account_id and used.lot_id = lots.lot_id`
}
