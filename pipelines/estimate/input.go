package estimate

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"

	"countinghouse/internal/warehouse"
)

// cellsSQL selects what became of points by currency of points, channel, tier, month of issue and month of movement. Months are counted from year 0.
// A lot's points are what is left and all that it gave; they are counted in the month of issue, whichever row tells of them. Points that came from another
// account and kept their day of issue are counted there, and not again; they are of a sale if the lot that earned them is, so that no transfer moves revenue.
const cellsSQL = `with
sales as (select distinct channel, account_id, order_id from core.point_sales),
tiers as (
    select accounts.channel, accounts.account_id, pyramid.tier
    from identity.account_customers as accounts
    inner join mart.customer_pyramid as pyramid on accounts.customer_id = pyramid.customer_id
),
lots as (
    select
        coalesce(lots.currency, 'points') as currency, lots.channel, lots.account_id, lots.lot_id, coalesce(tiers.tier, 'none') as tier,
        sales.order_id is not null and coalesce(earned.points_issued, lots.points_issued) > 0 as with_sale,
        12 * year(lots.issued_on) + month(lots.issued_on) - 1 as issue_month,
        12 * year(lots.expires_on) + month(lots.expires_on) - 1 as end_month,
        lots.points_remaining,
    from ledger.lots as lots
    left join ledger.lots as earned
        on lots.channel = earned.channel and lots.origin_account_id = earned.account_id and lots.origin_lot_id = earned.lot_id
    left join sales
        on lots.channel = sales.channel
        and coalesce(earned.account_id, lots.account_id) = sales.account_id
        and case when earned.lot_id is null then lots.order_id else earned.order_id end = sales.order_id
    left join tiers on lots.channel = tiers.channel and lots.account_id = tiers.account_id
),
consumed as (
    select
        consumption.channel, consumption.account_id, consumption.lot_id,
        12 * year(consumption.occurred_on) + month(consumption.occurred_on) - 1 as month,
        case when consumption.kind = 'arrears' then entries.kind else consumption.kind end as kind,
        consumption.points,
    from ledger.consumption as consumption
    left join ledger.entries as entries
        on consumption.channel = entries.channel and consumption.account_id = entries.account_id and consumption.entry_no = entries.entry_no
),
gave as (
    select
        channel, account_id, lot_id, month,
        coalesce(sum(case kind when 'redeemed' then points when 'recredited' then -points end), 0) as redeemed,
        coalesce(sum(points) filter (where kind = 'expired'), 0) as expired,
        coalesce(sum(case kind when 'transferred' then points when 'received' then -points end), 0) as transferred,
        coalesce(sum(points) filter (where kind not in ('redeemed', 'recredited', 'expired', 'transferred', 'received')), 0) as withdrawn,
    from consumed
    group by channel, account_id, lot_id, month
),
movements as (
    select currency, channel, tier, with_sale, issue_month, issue_month as month, coalesce(end_month, -1) as end_month,
        points_remaining as points, 0 as redeemed, 0 as expired, 0 as transferred, 0 as withdrawn
    from lots
    union all
    select lots.currency, lots.channel, lots.tier, lots.with_sale, lots.issue_month, gave.month, coalesce(lots.end_month, -1) as end_month,
        gave.redeemed + gave.expired + gave.transferred + gave.withdrawn as points, gave.redeemed, gave.expired, gave.transferred, gave.withdrawn
    from gave inner join lots on gave.channel = lots.channel and gave.account_id = lots.account_id and gave.lot_id = lots.lot_id
)
select currency, channel, tier, with_sale, issue_month, month, case when min(end_month) >= 0 then max(end_month) else -1 end,
    cast(sum(points) as bigint), cast(sum(redeemed) as bigint), cast(sum(expired) as bigint), cast(sum(transferred) as bigint), cast(sum(withdrawn) as bigint)
from movements
group by currency, channel, tier, with_sale, issue_month, month
order by currency, channel, tier, with_sale, issue_month, month`

// handSetSQL selects the rates set by hand, each from a day on; null where the programme leaves it to the estimate.
const handSetSQL = `select currency, holds_from - date '1970-01-01', cast(expected_redemption_rate as double) from core.point_rules order by currency, holds_from`

// exclusionsSQL selects the months that are no evidence: of issue, of redemption, or one of one.
const exclusionsSQL = `select 12 * year(issue_month) + month(issue_month) - 1, 12 * year(redemption_month) + month(redemption_month) - 1
from seed.point_estimate_exclusions order by all`

const settingsSQL = `select getvariable('as_of') - date '1970-01-01', cast(getvariable('redemption_rate_floor') as double), cast(getvariable('redemption_rate_cap') as double),
    getvariable('redemption_method'), getvariable('segment_months'), cast(getvariable('segment_rate_error') as double)`

// Definition is the SQL that Run reads with.
func Definition() string { return cellsSQL + handSetSQL + exclusionsSQL + settingsSQL }

// Inputs are the tables that Run reads.
func Inputs() []string {
	return []string{
		"core.point_rules", "core.point_sales", "identity.account_customers", "ledger.consumption", "ledger.entries", "ledger.lots", "mart.customer_pyramid",
		"seed.point_estimate_exclusions",
	}
}

// Parameters are the parameters that Run reads.
func Parameters() []string {
	return []string{"as_of", "redemption_method", "redemption_rate_cap", "redemption_rate_floor", "segment_months", "segment_rate_error"}
}

// month counts months from year 0; day counts days from 1970-01-01.
type (
	month int
	day   int
)

// never is the last valid month of points that do not expire.
const never = month(math.MaxInt32)

// cell is what points of one month of issue did in one month.
type cell struct {
	currency, channel, tier   string
	withSale                  bool
	issued, moved, end        month
	points, redeemed, expired int64
	transferred, withdrawn    int64 // given to another account; taken back
}

// handSet is the rate set by hand from a day on; not valid where the estimate is to be taken.
type handSet struct {
	currency string
	from     day
	rate     sql.NullFloat64
}

// exclusion says that a month is no evidence. A month that is not valid stands for every one.
type exclusion struct{ issued, redeemed sql.NullInt64 }

// settings are the parameters of the estimate.
type settings struct {
	asOf          day
	floor, cap    float64
	method        string
	segmentMonths int
	segmentError  float64
}

// The methods.
const (
	additive    = "additive"
	chainLadder = "chain_ladder"
)

func (s settings) check() error {
	if s.method != additive && s.method != chainLadder {
		return fmt.Errorf("parameter redemption_method is %q: write additive or chain_ladder", s.method)
	}
	if !(0 <= s.floor && s.floor <= s.cap && s.cap <= 1) {
		return fmt.Errorf("parameters redemption_rate_floor %v and redemption_rate_cap %v are not in order between 0 and 1", s.floor, s.cap)
	}
	return nil
}

// input is all that an estimate is made from.
type input struct {
	settings   settings
	cells      []cell
	handSet    []handSet
	exclusions []exclusion
}

func read(ctx context.Context, session *warehouse.Session) (input, error) {
	var in input
	s := &in.settings
	row := session.QueryRow(ctx, settingsSQL)
	if err := row.Scan(&s.asOf, &s.floor, &s.cap, &s.method, &s.segmentMonths, &s.segmentError); err != nil {
		return input{}, fmt.Errorf("read parameters: %w", err)
	}
	err := each(ctx, session, cellsSQL, func(rows *sql.Rows) error {
		var c cell
		err := rows.Scan(&c.currency, &c.channel, &c.tier, &c.withSale, &c.issued, &c.moved, &c.end, &c.points, &c.redeemed, &c.expired, &c.transferred, &c.withdrawn)
		if c.end < 0 {
			c.end = never
		}
		in.cells = append(in.cells, c)
		return err
	})
	if err != nil {
		return input{}, fmt.Errorf("read vintages: %w", err)
	}
	err = each(ctx, session, handSetSQL, func(rows *sql.Rows) error {
		var h handSet
		err := rows.Scan(&h.currency, &h.from, &h.rate)
		in.handSet = append(in.handSet, h)
		return err
	})
	if err != nil {
		return input{}, fmt.Errorf("read the points programme: %w", err)
	}
	err = each(ctx, session, exclusionsSQL, func(rows *sql.Rows) error {
		var e exclusion
		err := rows.Scan(&e.issued, &e.redeemed)
		in.exclusions = append(in.exclusions, e)
		return err
	})
	if err != nil {
		return input{}, fmt.Errorf("read exclusions: %w", err)
	}
	return in, s.check()
}

// mainCurrency is that of a brand with one kind of points.
const mainCurrency = "points"

// currencies are those that there are points of, or rules for.
func (in *input) currencies() []string {
	var names []string
	for i := range in.cells {
		names = append(names, in.cells[i].currency)
	}
	for _, set := range in.handSet {
		names = append(names, set.currency)
	}
	if len(names) == 0 {
		return []string{mainCurrency}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// of is what there is of one currency. An odd month is odd in all of them.
func (in *input) of(currency string) *input {
	one := &input{settings: in.settings, exclusions: in.exclusions}
	for _, c := range in.cells {
		if c.currency == currency {
			one.cells = append(one.cells, c)
		}
	}
	for _, set := range in.handSet {
		if set.currency == currency {
			one.handSet = append(one.handSet, set)
		}
	}
	return one
}

func each(ctx context.Context, session *warehouse.Session, query string, visit func(*sql.Rows) error) error {
	rows, err := session.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := visit(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
