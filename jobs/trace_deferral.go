package jobs

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/warehouse"
)

const (
	deferral = "mart.point_deferred_revenue"
	journal  = "mart.point_journal"
)

// isDeferral says whether a table tells of deferral, whose figures are money made of points: of sales, and of what became of their lots.
func isDeferral(table string) bool { return table == deferral || table == journal }

// deferralBehind gives the sales, or the movements of their lots, that a figure of the deferral or of the journal is made of.
func (w *Workshop) deferralBehind(ctx context.Context, table, column, filter string, where map[string]string) (items, note string, err error) {
	month := where["month"]
	if _, err := dayOf(month); err != nil {
		return "", "", ProjectError{fmt.Errorf("explain: say which month: month=2026-10-01")}
	}
	of := column
	if table == journal {
		if err := w.Session.QueryRow(ctx, "select min(event) from "+journal+" where "+filter).Scan(&of); err != nil {
			return "", "", err
		}
	}
	keys := conditions(where, "sales.currency", "sales.channel", "sales.issue_month")
	inMonth := "date_trunc('month', used.occurred_on) = date '" + month + "'"
	if table == deferral && (column == "recognised" || column == "liability" || strings.HasPrefix(column, "liability_") || strings.HasPrefix(column, "points_")) {
		inMonth = "date_trunc('month', used.occurred_on) <= date '" + month + "'"
	}
	if of == "prior_revenue" || of == "revenue_prior_period" {
		return usedBehind("entries.kind in ('redeemed', 'recredited') and date_trunc('month', used.occurred_on) < date '" + month + "'" + keys),
			"the redemptions of closed months as they are known today; what was revenue of them when they were closed is taken off", nil
	}
	switch {
	case of == "deferral" || of == "allocated_in_month":
		return salesBehind("sales.issue_month = date '" + month + "'" + keys), "the sales; points x their stand-alone price beside the goods' is the part of the price that is deferred (mart.point_allocations)", nil
	case of == "allocated" || of == "points_issued" || strings.HasPrefix(of, "prior_"):
		return salesBehind("sales.issue_month <= date '" + month + "'" + keys), "the sales behind it, as the exports have them today; what was closed of them is in mart.point_allocations", nil
	case strings.Contains(of, "revers") || of == "points_withdrawn":
		return usedBehind("entries.kind not in ('redeemed', 'recredited', 'expired', 'transferred') and " + inMonth + keys), "what was taken back of the sales' points; it undoes as large a part of what was allocated", nil
	case strings.Contains(of, "run_off"):
		return usedBehind("entries.kind = 'expired' and " + inMonth + keys), "the points that expired: nothing of the month of issue is left", nil
	}
	return usedBehind("entries.kind in ('redeemed', 'recredited') and " + inMonth + keys),
		"the redemptions; revenue is what was allocated x points redeemed / points expected (mart.point_deferred_revenue)", nil
}

// salesBehind selects sales that issued points, each with the line of its first earning.
func salesBehind(condition string) string {
	return `select 'sale' as what, sales.channel, sales.account_id, sales.issued_on as day, 'issued, of ' || sales.transaction_price || ' deferred ' || sales.allocated_points as kind,
		sales.points, sales.order_id as txn_id, firsts.lots, firsts.source_file, firsts.source_row
		from mart.point_allocations as sales left join (
			select channel, account_id, order_id, currency, string_agg(lot_id, ', ' order by lot_id) as lots, min_by(source_file, lot_id) as source_file, min_by(source_row, lot_id) as source_row
			from mart.point_lots where order_id is not null group by channel, account_id, order_id, currency
		) as firsts using (channel, account_id, order_id, currency) where ` + condition
}

// usedBehind selects what entries took from the lots of sales, or gave them back.
func usedBehind(condition string) string {
	return `select 'entry' as what, used.channel, used.account_id, used.occurred_on as day, entries.kind, case when entries.kind = 'recredited' then -used.points else used.points end as points,
		entries.txn_id, used.lot_id as lots, entries.source_file, entries.source_row
		from ledger.consumption as used
		inner join ledger.entries as entries on used.channel = entries.channel and used.account_id = entries.account_id and used.entry_no = entries.entry_no
		inner join mart.point_lots as lots on used.channel = lots.channel and used.account_id = lots.account_id and used.lot_id = lots.lot_id
		inner join (select distinct currency, channel, account_id, order_id, issue_month from mart.point_allocations) as sales
			on lots.channel = sales.channel and lots.account_id = sales.account_id and lots.order_id = sales.order_id and lots.currency = sales.currency and lots.issue_month = sales.issue_month
		where ` + condition
}

// valueOf is what a figure comes to; the two sides of a journal line are one figure.
func (w *Workshop) valueOf(ctx context.Context, table, column, filter string) (rows int64, value string, err error) {
	query := "select count(*), coalesce(cast(sum(" + warehouse.QuoteName(column) + ") as varchar), '') from " + table + " where " + filter
	err = w.Session.QueryRow(ctx, query).Scan(&rows, &value)
	return rows, value, err
}
