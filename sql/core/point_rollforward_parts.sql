/* ---
about: >-
  What each period of the roll-forward is put together from, by currency, channel and member tier: what was closed, as it was closed; what is not, as the
  ledger gives it today; and in the first open period what came late for closed ones.
zh: 积分滚动组成
owner: finance
tags: [core, points]
grain: [period_kind, period_start, currency, channel, tier]
columns:
  period_kind: {zh: 期间类型, about: "day, month, quarter, year"}
  period_start: {zh: 期间开始, about: First day of the period}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  tier: {zh: 会员等级, about: The member tier}
  closed_opening: {zh: 关账期初, unit: points, about: "Opening balance, as it was closed; of a period that begins right after the close its closing balance"}
  closed_opening_value: {zh: 关账期初面值, unit: CNY, about: Face value of closed_opening as it was closed}
  closed_closing: {zh: 关账期末, unit: points, about: Balance at the end of what was closed}
  derived_opening: {zh: 推算期初, unit: points, about: "Balance before the part that is not closed, as the ledger gives it today"}
  late: {zh: 迟到, unit: points, about: What came late for closed periods}
  issued: {zh: 发放, unit: points, about: Points issued in the part that is not closed}
  redeemed: {zh: 兑换, unit: points, about: "Points redeemed there, and so on"}
  expired: {zh: 过期, unit: points, about: Points expired}
  clawed_back: {zh: 扣回, unit: points, about: Points taken back after a refund}
  recredited: {zh: 返还, unit: points, about: Points given back}
  transferred: {zh: 转移, unit: points, about: Points transferred}
  adjusted: {zh: 调整, unit: points, about: Points moved in any other way}
--- */
with
periods as (select * from core.point_periods where not is_closed),
closed as (select * from dataset.closed_rollforward),

parts as (
    select
        period_kind, period_start, currency, channel, tier, 0 as closed_opening, cast(0 as decimal(18, 2)) as closed_opening_value, 0 as closed_closing,
        derived_opening, 0 as late, issued, redeemed, expired, clawed_back, recredited, transferred, adjusted,
    from core.point_open_movements
    union all
    -- a period of which the beginning is closed
    select
        closed.period_kind, closed.period_start, coalesce(closed.currency, 'points') as currency, closed.channel, closed.tier,
        closed.opening, closed.opening_value, closed.closing,
        0, 0, 0, 0, 0, 0, 0, 0, 0,
    from closed
    inner join periods on closed.period_kind = periods.period_kind and closed.period_start = periods.period_start
    union all
    -- a period that begins the day after the close
    select
        periods.period_kind, periods.period_start, coalesce(closed.currency, 'points') as currency, closed.channel, closed.tier,
        closed.closing, closed.closing_value, closed.closing,
        0, 0, 0, 0, 0, 0, 0, 0, 0,
    from closed
    inner join periods on closed.as_of + 1 = periods.period_start
    where closed.period_kind = 'month' and closed.period_start = date_trunc('month', closed.as_of)
    union all
    select
        periods.period_kind, periods.period_start, items.currency, items.channel, items.tier, 0, 0, 0, 0, items.points, 0, 0, 0, 0, 0, 0, 0,
    from mart.point_prior_period as items
    inner join periods on periods.is_first_open
),

final as (
    select
        period_kind,
        period_start,
        currency,
        channel,
        tier,
        cast(sum(closed_opening) as bigint) as closed_opening,
        cast(sum(closed_opening_value) as decimal(18, 2)) as closed_opening_value,
        cast(sum(closed_closing) as bigint) as closed_closing,
        cast(sum(derived_opening) as bigint) as derived_opening,
        cast(sum(late) as bigint) as late,
        cast(sum(issued) as bigint) as issued,
        cast(sum(redeemed) as bigint) as redeemed,
        cast(sum(expired) as bigint) as expired,
        cast(sum(clawed_back) as bigint) as clawed_back,
        cast(sum(recredited) as bigint) as recredited,
        cast(sum(transferred) as bigint) as transferred,
        cast(sum(adjusted) as bigint) as adjusted,
    from parts
    group by period_kind, period_start, currency, channel, tier
)

select * from final
