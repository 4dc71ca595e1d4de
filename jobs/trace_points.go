package jobs

import (
	"context"
	"fmt"
	"strings"

	"countinghouse/internal/warehouse"
)

// movementKinds are the movements that a column of the roll-forward is made of, with the sign that they count with.
func movementKinds(column string) (condition string, sign int, known bool) {
	kinds := map[string]struct {
		kind string
		sign int
	}{
		"issued": {"issued", 1}, "redeemed": {"redeemed", -1}, "expired": {"expired", -1}, "clawed_back": {"claw_back", -1},
		"recredited": {"recredited", 1}, "transferred": {"transferred", 1},
	}
	if one, found := kinds[column]; found {
		return "entries.kind = '" + one.kind + "'", one.sign, true
	}
	if column == "adjusted" {
		return "entries.kind not in ('issued', 'redeemed', 'expired', 'claw_back', 'recredited', 'transferred')", 1, true
	}
	return "", 0, false
}

// rollforwardBehind gives the movements that a figure of the roll-forward adds up. Of closed days they are those of the close.
func (w *Workshop) rollforwardBehind(_ context.Context, of tracing) (behind, error) {
	start, end, err := periodOf(of.where, of.asOf())
	if err != nil {
		return behind{}, err
	}
	column, isMoney := strings.CutSuffix(of.column, "_value")
	kind, sign, isMovement := movementKinds(column)
	keys := conditions(of.where, "entries.currency", "entries.channel", "entries.tier")
	var found behind
	if isMoney {
		found.note = "in money: points x the value of a point at the end of their period (seed.points_programme), to the cent"
	}
	switch {
	case isMovement:
		found.items = within(of.books, start, end, func(one book, from, through string) string {
			return movements(one, sign, kind+" and entries.occurred_on between date '"+from+"' and date '"+through+"'"+keys)
		})
	case column == "closing":
		found.items = movements(bookOf(of.books, end), 1, "entries.occurred_on <= date '"+end+"'"+keys)
	case column == "opening":
		found.items = movements(bookOf(of.books, previousDay(start)), 1, "entries.occurred_on < date '"+start+"'"+keys)
	case column == "prior_period":
		found.items = beginning(of.books, start, end, func(one, _ book) string { return late(one, keys) })
	case column == "reclassified":
		found.note = "accounts whose customer has another tier than when the days before were closed, with the balance that went along; over all tiers they come to 0"
		found.items = beginning(of.books, start, end, func(one, before book) string { return reclassified(one, before, of.where) })
	default:
		found.note = "no movement is behind it: the value of a point changed, or single amounts are rounded to the cent"
	}
	return found, nil
}

// late selects what a book booked of the days before it.
func late(one book, condition string) string {
	return `select 'entry' as what, channel, account_id, occurred_on as day, kind || ', ' || what || ', ' || cause as kind, points, ` + noAmount + `, txn_id,
		cast(null as varchar) as lots, source_file, source_row from ` + one.of("mart.point_prior_period") + ` as entries where true` + condition
}

// reclassified selects the balances that went from one tier to another between two books.
func reclassified(one, before book, where map[string]string) string {
	return fmt.Sprintf(`select 'account' as what, channel, account_id, date '%s' as day, moves.was || ' to ' || moves.now as kind, sides.sign * balances.points as points, %s,
		cast(null as varchar) as txn_id, cast(null as varchar) as lots, cast(null as varchar) as source_file, cast(null as bigint) as source_row
		from (select currency, channel, account_id, tier as was, sum(points) as points from %s where occurred_on <= date '%s' group by all) as balances
		inner join (select distinct channel, account_id, tier as now from %s) as accounts using (channel, account_id)
		cross join (select unnest([-1, 1]) as sign) as sides
		cross join lateral (select was, now, case when sides.sign < 0 then was else now end as tier) as moves
		where balances.was <> accounts.now%s`, one.from, noAmount, before.of("mart.point_ledger"), before.through, one.of("mart.point_ledger"),
		conditions(where, "balances.currency", "balances.channel", "moves.tier"))
}

// liabilityBehind gives the lots, or the debits that no lot covers, of rows of the liability.
func (w *Workshop) liabilityBehind(_ context.Context, of tracing) (behind, error) {
	if of.column == "arrears_points" || of.where["age_band"] == "arrears" {
		return behind{items: uncovered(of.where), note: "debits that no lot has covered so far"}, nil
	}
	keys := conditions(of.where, "currency", "channel", "tier", "expiry_month", "age_band")
	lots := "(select * replace (coalesce(expiry_month, date '9999-12-01') as expiry_month) from mart.point_lots where points_remaining > 0)"
	found := behind{items: `select 'lot' as what, channel, account_id, issued_on as day, 'issued' as kind, points_remaining as points, ` + noAmount + `, lot_id as txn_id, 'of ' || points_issued || ' issued' as lots,
		source_file, source_row from ` + lots + ` where true` + keys}
	switch {
	case strings.Contains(of.column, "expected") || strings.HasPrefix(of.column, "breakage"):
		found.parts = `select 'issued in ' || strftime(lots.issue_month, '%Y-%m') || ' in ' || lots.channel as row,
			lots.points || ' left x ' || coalesce(vintages.to_come || ' still to be redeemed / ' || vintages.remaining || ' left of the month of issue', 'all: no estimate') as how,
			cast(round(lots.points * coalesce(least(1, greatest(0, vintages.to_come / cast(vintages.remaining as double))), 1), 2) as decimal(18, 2)) as value
			from (select currency, channel, issue_month, sum(points_remaining) as points from ` + lots + ` where true` + keys + ` group by all) as lots
			left join (
				select currency, channel, issue_month, cast(sum(expected_points - points_redeemed) as bigint) as to_come, cast(sum(points_remaining) as bigint) as remaining
				from estimate.vintages where valued_on = date '` + of.asOf() + `' group by all having sum(points_remaining) > 0
			) as vintages using (currency, channel, issue_month)`
		found.note = "the points expected to be redeemed; a row of the liability has whole points, and money is points x the value of a point (x product_cost_rate); the range is in mart.point_redemption_estimate"
	case of.column == "face_value" || of.column == "expected_cost":
		found.note = "points x the value of a point (x product_cost_rate); rows are differences of a rounded running total, so that they add up to the cent"
	}
	return found, nil
}

// uncovered selects debits with what no lot has covered of them.
func uncovered(where map[string]string) string {
	return `select 'arrears' as what, entries.channel, entries.account_id, entries.occurred_on as day, entries.kind, -entries.points - coalesce(used.points, 0) as points, ` + noAmount + `,
		entries.txn_id, 'of ' || -entries.points as lots, entries.source_file, entries.source_row
		from mart.point_ledger as entries
		inner join (select * from ledger.balances where arrears > 0) as balances
			on entries.channel = balances.channel and entries.account_id = balances.account_id and entries.currency = coalesce(balances.currency, 'points')
		left join (select channel, account_id, entry_no, sum(points) as points from ledger.consumption group by all) as used
			on entries.channel = used.channel and entries.account_id = used.account_id and entries.entry_no = used.entry_no
		where entries.points < 0 and -entries.points > coalesce(used.points, 0)` + conditions(where, "entries.currency", "entries.channel", "entries.tier")
}

// vintagesBehind gives the lots of months of issue, or what was redeemed of them at an age.
func (w *Workshop) vintagesBehind(_ context.Context, of tracing) (behind, error) {
	keys := conditions(of.where, "lots.currency", "lots.issue_month")
	if of.column == "points_redeemed" || of.column == "cumulative_redeemed" || of.column == "redemption_rate" || of.column == "ultimate_redeemed" {
		compared := map[bool]string{true: " = ", false: " <= "}[of.column == "points_redeemed"]
		if age, given := of.where["age_months"]; given {
			keys += " and date_diff('month', lots.issue_month, date_trunc('month', used.occurred_on))" + compared + warehouse.Quote(age)
		}
		keys += " and used.occurred_on < date_trunc('month', date '" + of.asOf() + "' + 1)"
		return behind{items: usedOf(book{}, redemptions+keys), note: "what was redeemed at the age, or up to it; ultimate_redeemed is cumulative_redeemed / developed_share"}, nil
	}
	return behind{
		items: `select 'lot' as what, channel, account_id, issued_on as day, status as kind,
		case when '` + of.column + `' = 'points_remaining' then points_remaining
			else points_issued + coalesce(points_opening, 0) + coalesce(points_transferred, 0) + points_adjusted - points_clawed_back end as points,
		` + noAmount + `, lot_id as txn_id, cast(null as varchar) as lots, source_file, source_row from mart.point_lots as lots where true` + keys,
		note: "points issued, less those taken back, as known today, lot by lot",
	}, nil
}

// estimateBehind gives the months of issue that a redemption rate is made from.
func (w *Workshop) estimateBehind(ctx context.Context, of tracing) (behind, error) {
	var note string
	err := w.Session.QueryRow(ctx, `select 'used_rate ' || used_rate || ' (' || basis || '); ' || getvariable('redemption_method') || ': (' || points_redeemed || ' redeemed + '
		|| round(case when getvariable('redemption_method') = 'additive' then additive_reserve else chain_ladder_reserve end, 2) || ' to come) / ' || points_issued || ' issued; range: 1.96 x '
		|| round(case when getvariable('redemption_method') = 'additive' then additive_error else chain_ladder_error end, 2) || ' / ' || points_issued || ' to both sides, '
		|| coalesce(low_rate, used_rate) || ' to ' || coalesce(high_rate, used_rate) from mart.point_redemption_estimate where `+of.filter+" limit 1").Scan(&note)
	if err != nil {
		return behind{}, err
	}
	note += "; only whole months count for what is to come. Follow a month with mart.point_vintages.points_redeemed issue_month=… age_months=…"
	keys := conditions(of.where, "currency")
	if kind := of.where["scope_kind"]; kind == "channel" {
		keys += conditions(map[string]string{"channel": of.where["scope"]}, "channel")
	} else if kind == "tier" {
		return behind{note: note + ". Tiers have no vintages of their own in the marts"}, nil
	}
	return behind{note: note, parts: `select 'issued in ' || strftime(issue_month, '%Y-%m') as row,
		sum(points_redeemed) || ' redeemed + ' || sum(expected_points - points_redeemed) || ' to come, of ' || sum(points_issued - points_withdrawn) || ' issued' as how, cast(sum(expected_points) as bigint) as value
		from estimate.vintages where valued_on = date '` + of.asOf() + `'` + keys + ` group by issue_month`}, nil
}

// reconciliationBehind gives the balances that a channel reported, or the movements that ours is the sum of.
func (w *Workshop) reconciliationBehind(_ context.Context, of tracing) (behind, error) {
	reported := `(select distinct channel, account_id, currency, reported_on from ` + of.table + ` where ` + of.filter + `)`
	if of.column != "derived_points" {
		return behind{
			items: `select 'reported' as what, channel, account_id, reported_on as day, coalesce(cause, '') as kind, ` + warehouse.QuoteName(of.column) + ` as points, ` + noAmount + `,
			cast(null as varchar) as txn_id, 'reported ' || reported_points || ', ours ' || derived_points as lots, source_file, source_row from ` + of.table + ` where ` + of.filter,
			note: "of an account that does not differ there is no row: of channels as a whole see level=channel",
		}, nil
	}
	return behind{
		items: movements(of.books[len(of.books)-1], 1, `exists (select 1 from `+reported+` as reported where entries.channel = reported.channel
		and (reported.account_id = '*' or entries.account_id = reported.account_id) and entries.currency = reported.currency and entries.occurred_on <= reported.reported_on)`),
		note: "of a channel as a whole: also accounts that it reports no balance of",
	}, nil
}

// rowsBehind gives rows that are movements themselves.
func (w *Workshop) rowsBehind(_ context.Context, of tracing) (behind, error) {
	what, day, kind, lots := "exception", "cast(occurred_at as date)", "code", "detail"
	if of.table == "mart.point_prior_period" {
		what, day, kind, lots = "entry", "occurred_on", "kind || ', ' || what || ', ' || cause", "cast(null as varchar)"
	}
	return behind{items: fmt.Sprintf(`select '%s' as what, channel, account_id, %s as day, %s as kind, points, %s, txn_id, %s as lots, source_file, source_row
		from %s where %s`, what, day, kind, noAmount, lots, of.table, of.filter)}, nil
}
