package report

import (
	"context"
	"fmt"
	"time"
)

// figures are what the marts say. Money is in cents.
type figures struct {
	layers   []layerRow
	months   []monthRow
	members  int64
	points   []pointFigures
	churn    []churnRow
	contents []contentRow
	model    []modelRow
}

type layerRow struct {
	Layer             int64
	Stage             string
	Customers, Buyers int64
	Heads, Orders     int64
	Frequency         *float64
	Ticket            int64
	Revenue           int64
	Share             *float64
}

type monthRow struct {
	Start   time.Time
	Layer   int64
	Revenue int64
}

type churnRow struct {
	Tier                            string
	Customers, Revenue, LastRevenue int64
}

type contentRow struct {
	Channel, ContentID string
	Title              *string
	PublishedAt        *time.Time
	Reads              *int64
	ShareRate, Fission *float64
	Followers          *int64
	Orders             float64
	Revenue            int64
}

const (
	layersSQL = `
select layer, coalesce(stage, ''), customers, buyers, heads, orders, frequency, cast(coalesce(average_ticket, 0) * 100 as bigint),
    cast(revenue * 100 as bigint), revenue_share
from mart.pyramid_summary where period_kind = 'window' order by layer`

	monthsSQL = `
select period_start, layer, cast(revenue * 100 as bigint)
from mart.pyramid_summary where period_kind = 'month' order by period_start, layer`

	membersSQL = `select count(*) from mart.customer_pyramid where is_member`

	churnSQL = `
select tier, count(*), cast(coalesce(sum(revenue), 0) * 100 as bigint), cast(coalesce(sum(previous_revenue), 0) * 100 as bigint)
from mart.churn_tiers group by tier order by min(tier_rank), tier`

	contentsSQL = `
select channel, content_id, title, published_at, reads, share_rate, fission_coefficient, followers_gained,
    cast(linear_orders as double), cast(linear_revenue * 100 as bigint)
from mart.content_performance order by linear_revenue desc, reads desc nulls last, channel, content_id limit 10`
)

// load reads every figure of the page.
func load(ctx context.Context, q Querier) (figures, error) {
	var f figures
	reads := []func() error{
		func() (err error) {
			f.layers, err = rows(ctx, q, layersSQL, func(r *layerRow) []any {
				return []any{&r.Layer, &r.Stage, &r.Customers, &r.Buyers, &r.Heads, &r.Orders, &r.Frequency, &r.Ticket, &r.Revenue, &r.Share}
			})
			return err
		},
		func() (err error) {
			f.months, err = rows(ctx, q, monthsSQL, func(r *monthRow) []any { return []any{&r.Start, &r.Layer, &r.Revenue} })
			return err
		},
		func() (err error) {
			f.members, err = row(ctx, q, membersSQL, func(n *int64) []any { return []any{n} })
			return err
		},
		func() (err error) {
			f.points, err = loadPoints(ctx, q)
			return err
		},
		func() (err error) {
			f.churn, err = rows(ctx, q, churnSQL, func(r *churnRow) []any { return []any{&r.Tier, &r.Customers, &r.Revenue, &r.LastRevenue} })
			return err
		},
		func() (err error) {
			f.contents, err = rows(ctx, q, contentsSQL, func(r *contentRow) []any {
				return []any{&r.Channel, &r.ContentID, &r.Title, &r.PublishedAt, &r.Reads, &r.ShareRate, &r.Fission, &r.Followers, &r.Orders, &r.Revenue}
			})
			return err
		},
		func() (err error) {
			f.model, err = rows(ctx, q, modelSQL, func(r *modelRow) []any { return []any{&r.Field, &r.Level, &r.M, &r.U, &r.Weight, &r.ByFrequency} })
			return err
		},
	}
	for _, read := range reads {
		if err := read(); err != nil {
			return figures{}, err
		}
	}
	return f, nil
}

// rows reads every row of a query into a T, whose places are given by fields.
func rows[T any](ctx context.Context, q Querier, query string, fields func(*T) []any, arguments ...any) ([]T, error) {
	result, err := q.Query(ctx, query, arguments...)
	if err != nil {
		return nil, fmt.Errorf("read the marts: %w", err)
	}
	defer func() { _ = result.Close() }()
	var all []T
	for result.Next() {
		var one T
		if err := result.Scan(fields(&one)...); err != nil {
			return nil, fmt.Errorf("read the marts: %w", err)
		}
		all = append(all, one)
	}
	if err := result.Err(); err != nil {
		return nil, fmt.Errorf("read the marts: %w", err)
	}
	return all, nil
}

func row[T any](ctx context.Context, q Querier, query string, fields func(*T) []any, arguments ...any) (T, error) {
	all, err := rows(ctx, q, query, fields, arguments...)
	if err != nil || len(all) == 0 {
		var zero T
		return zero, err
	}
	return all[0], nil
}
