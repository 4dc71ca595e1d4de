/* ---
about: >-
  The roll-forward of the periods that are not closed, by currency, channel and member tier: what is closed of them as it was closed, and on it what the ledger
  gives today. mart.point_rollforward adds the closed periods.
zh: 未关账积分滚动
owner: finance
tags: [core, points]
grain: [period_kind, period_start, currency, channel, tier]
columns:
  period_kind: {zh: 期间类型, about: "day, month, quarter, year"}
  period_start: {zh: 期间开始, about: First day of the period}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  tier: {zh: 会员等级, about: The member tier}
  opening: {unit: points, about: "As in mart.point_rollforward"}
  issued: {unit: points, about: "As in mart.point_rollforward"}
  redeemed: {unit: points, about: "As in mart.point_rollforward"}
  expired: {unit: points, about: "As in mart.point_rollforward"}
  clawed_back: {unit: points, about: "As in mart.point_rollforward"}
  recredited: {unit: points, about: "As in mart.point_rollforward"}
  adjusted: {unit: points, about: "As in mart.point_rollforward"}
  transferred: {unit: points, about: "As in mart.point_rollforward"}
  prior_period: {unit: points, about: "As in mart.point_rollforward"}
  reclassified: {unit: points, about: "As in mart.point_rollforward"}
  closing: {unit: points, about: "As in mart.point_rollforward"}
  opening_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  issued_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  redeemed_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  expired_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  clawed_back_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  recredited_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  adjusted_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  transferred_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  prior_period_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  reclassified_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
  closing_value: {unit: CNY, about: "As in mart.point_rollforward, not yet rounded to a type"}
--- */
with
periods as (select * from core.point_periods),
parts as (select * from core.point_rollforward_parts),
closed as (select * from dataset.closed_rollforward),

rules as (select * from core.point_rules),

valued_periods as (
    select
        periods.period_kind,
        periods.period_start,
        periods.is_first_open,
        opening.currency,
        opening.point_value as opening_point_value,
        closing.point_value as closing_point_value,
    from periods
    inner join rules as opening on periods.period_start > opening.holds_from and periods.period_start <= opening.holds_until
    inner join rules as closing
        on opening.currency = closing.currency and periods.period_end >= closing.holds_from and periods.period_end < closing.holds_until
    where not periods.is_closed
),

final as (
    -- what is not closed, on top of what is of the same period
    select
        parts.period_kind,
        parts.period_start,
        parts.currency,
        parts.channel,
        parts.tier,
        case when valued_periods.is_first_open then parts.closed_opening else parts.derived_opening end as opening,
        coalesce(closed.issued, 0) + parts.issued as issued,
        coalesce(closed.redeemed, 0) + parts.redeemed as redeemed,
        coalesce(closed.expired, 0) + parts.expired as expired,
        coalesce(closed.clawed_back, 0) + parts.clawed_back as clawed_back,
        coalesce(closed.recredited, 0) + parts.recredited as recredited,
        coalesce(closed.adjusted, 0) + parts.adjusted as adjusted,
        coalesce(closed.transferred, 0) + parts.transferred as transferred,
        coalesce(closed.prior_period, 0) + parts.late as prior_period,
        coalesce(closed.reclassified, 0) + case
            when valued_periods.is_first_open then parts.derived_opening - parts.closed_closing - parts.late
            else 0
        end as reclassified,
        parts.derived_opening + parts.issued - parts.redeemed - parts.expired - parts.clawed_back
            + parts.recredited + parts.adjusted + parts.transferred as closing,
        case when valued_periods.is_first_open then parts.closed_opening_value
            else round(parts.derived_opening * valued_periods.opening_point_value, 2) end as opening_value,
        coalesce(closed.issued_value, 0) + round(parts.issued * valued_periods.closing_point_value, 2) as issued_value,
        coalesce(closed.redeemed_value, 0) + round(parts.redeemed * valued_periods.closing_point_value, 2) as redeemed_value,
        coalesce(closed.expired_value, 0) + round(parts.expired * valued_periods.closing_point_value, 2) as expired_value,
        coalesce(closed.clawed_back_value, 0) + round(parts.clawed_back * valued_periods.closing_point_value, 2) as clawed_back_value,
        coalesce(closed.recredited_value, 0) + round(parts.recredited * valued_periods.closing_point_value, 2) as recredited_value,
        coalesce(closed.adjusted_value, 0) + round(parts.adjusted * valued_periods.closing_point_value, 2) as adjusted_value,
        coalesce(closed.transferred_value, 0) + round(parts.transferred * valued_periods.closing_point_value, 2) as transferred_value,
        coalesce(closed.prior_period_value, 0) + round(parts.late * valued_periods.closing_point_value, 2) as prior_period_value,
        coalesce(closed.reclassified_value, 0) + case
            when valued_periods.is_first_open
                then round((parts.derived_opening - parts.closed_closing - parts.late) * valued_periods.closing_point_value, 2)
            else 0
        end as reclassified_value,
        round((
            parts.derived_opening + parts.issued - parts.redeemed - parts.expired - parts.clawed_back
            + parts.recredited + parts.adjusted + parts.transferred
        ) * valued_periods.closing_point_value, 2) as closing_value,
    from parts
    inner join valued_periods
        on parts.period_kind = valued_periods.period_kind and parts.period_start = valued_periods.period_start
        and parts.currency = valued_periods.currency
    left join closed
        on parts.period_kind = closed.period_kind and parts.period_start = closed.period_start
        and parts.currency = coalesce(closed.currency, 'points') and parts.channel = closed.channel and parts.tier = closed.tier
)

select * from final
