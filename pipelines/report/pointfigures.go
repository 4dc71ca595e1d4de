package report

import (
	"context"
	"time"
)

// pointFigures are what the marts say of one currency of points: points of different kinds are never added up.
type pointFigures struct {
	Currency    string
	rollforward []rollforwardRow
	expiries    []expiryRow
	liability   liabilityRow
	deferrals   []deferralRow
}

type rollforwardRow struct {
	Start                                                                                                    time.Time
	Opening, Issued, Redeemed, Expired, ClawedBack, Recredited, Adjusted, Transferred, Prior, Closing, Value int64
}

type expiryRow struct {
	Month                           time.Time
	Outstanding, Expected, Breakage int64
	FaceValue                       int64
}

type liabilityRow struct {
	Outstanding, Arrears, Expected, FaceValue, ExpectedFaceValue, FullCost, ExpectedCost int64
	Rate, UsedShare                                                                      *float64
	PromotionalCost                                                                      *string
	CostLow, CostHigh                                                                    *int64
	RateLow, RateHigh                                                                    *float64
	Basis                                                                                *string
}

// deferralRow is a month of the contract liability.
type deferralRow struct {
	Start                                                            time.Time
	Opening, Allocated, Reversed, Redemption, CatchUp, RunOff, Prior int64
	Closing, Current, Noncurrent, RateUp, RateDown                   int64
}

// Each query is of one currency, its parameter.
const (
	currenciesSQL = `select currency from mart.point_programme group by currency order by currency <> 'points', currency`

	rollforwardSQL = `
select period_start, cast(sum(opening) as bigint), cast(sum(issued) as bigint), cast(sum(redeemed) as bigint), cast(sum(expired) as bigint),
    cast(sum(clawed_back) as bigint), cast(sum(recredited) as bigint), cast(sum(adjusted) as bigint), cast(sum(transferred) as bigint),
    cast(sum(prior_period) as bigint), cast(sum(closing) as bigint), cast(sum(closing_value) * 100 as bigint)
from mart.point_rollforward where period_kind = 'month' and currency = ? group by period_start order by period_start`

	expiriesSQL = `
select expiry_month, cast(sum(outstanding_points) as bigint), cast(sum(expected_redemption_points) as bigint),
    cast(sum(breakage_points) as bigint), cast(sum(face_value) * 100 as bigint)
from mart.point_liability where outstanding_points > 0 and currency = ? group by expiry_month order by expiry_month`

	liabilitySQL = `
select cast(coalesce(sum(outstanding_points), 0) as bigint), cast(coalesce(sum(arrears_points), 0) as bigint),
    cast(coalesce(sum(expected_redemption_points), 0) as bigint), cast(coalesce(sum(face_value), 0) * 100 as bigint),
    cast(coalesce(sum(expected_face_value), 0) * 100 as bigint), cast(coalesce(sum(expected_cost), 0) * 100 as bigint),
    cast(coalesce(sum(expected_redemption_cost), 0) * 100 as bigint), max(expected_redemption_rate), max(used_share),
    cast(max(promotional_cost) as varchar), cast(sum(expected_redemption_cost_low) * 100 as bigint), cast(sum(expected_redemption_cost_high) * 100 as bigint)
from mart.point_liability where currency = ?`

	programmeSQL = `
select cast(redemption_rate_low as double), cast(redemption_rate_high as double), redemption_rate_basis
from mart.point_programme where currency = ?`

	deferralsSQL = `
select period_start, cast(sum(opening) * 100 as bigint), cast(sum(allocated) * 100 as bigint), cast(sum(reversed) * 100 as bigint),
    cast(sum(revenue_redemption) * 100 as bigint), cast(sum(revenue_catch_up) * 100 as bigint), cast(sum(revenue_run_off) * 100 as bigint),
    cast(sum(prior_allocated - prior_reversed - revenue_prior_period) * 100 as bigint), cast(sum(closing) * 100 as bigint),
    cast(sum(closing_current) * 100 as bigint), cast(sum(closing_noncurrent) * 100 as bigint), cast(sum(closing_rate_up) * 100 as bigint), cast(sum(closing_rate_down) * 100 as bigint)
from mart.point_contract_liability where period_kind = 'month' and currency = ? group by period_start order by period_start`
)

// loadPoints reads the figures of each currency that has a programme; the main one comes first, whether it has a programme or not.
func loadPoints(ctx context.Context, q Querier) ([]pointFigures, error) {
	names, err := rows(ctx, q, currenciesSQL, func(name *string) []any { return []any{name} })
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		names = []string{mainCurrency}
	}
	var all []pointFigures
	for _, name := range names {
		one, err := loadCurrency(ctx, q, name)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// mainCurrency is that of a brand with one kind of points.
const mainCurrency = "points"

func loadCurrency(ctx context.Context, q Querier, name string) (pointFigures, error) {
	f := pointFigures{Currency: name}
	var err error
	f.rollforward, err = rows(ctx, q, rollforwardSQL, func(r *rollforwardRow) []any {
		return []any{&r.Start, &r.Opening, &r.Issued, &r.Redeemed, &r.Expired, &r.ClawedBack, &r.Recredited, &r.Adjusted, &r.Transferred, &r.Prior, &r.Closing, &r.Value}
	}, name)
	if err != nil {
		return f, err
	}
	f.expiries, err = rows(ctx, q, expiriesSQL, func(r *expiryRow) []any {
		return []any{&r.Month, &r.Outstanding, &r.Expected, &r.Breakage, &r.FaceValue}
	}, name)
	if err != nil {
		return f, err
	}
	f.liability, err = row(ctx, q, liabilitySQL, func(r *liabilityRow) []any {
		return []any{
			&r.Outstanding, &r.Arrears, &r.Expected, &r.FaceValue, &r.ExpectedFaceValue, &r.FullCost, &r.ExpectedCost, &r.Rate, &r.UsedShare, &r.PromotionalCost,
			&r.CostLow, &r.CostHigh,
		}
	}, name)
	if err != nil {
		return f, err
	}
	ranged, err := row(ctx, q, programmeSQL, func(r *liabilityRow) []any { return []any{&r.RateLow, &r.RateHigh, &r.Basis} }, name)
	if err != nil {
		return f, err
	}
	f.liability.RateLow, f.liability.RateHigh, f.liability.Basis = ranged.RateLow, ranged.RateHigh, ranged.Basis
	f.deferrals, err = rows(ctx, q, deferralsSQL, func(r *deferralRow) []any {
		return []any{
			&r.Start, &r.Opening, &r.Allocated, &r.Reversed, &r.Redemption, &r.CatchUp, &r.RunOff, &r.Prior, &r.Closing, &r.Current, &r.Noncurrent, &r.RateUp, &r.RateDown,
		}
	}, name)
	return f, err
}
