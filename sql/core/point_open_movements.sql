/* ---
about: >-
  What the ledger gives today for the part of each period that is not closed, by currency, channel and member tier at as_of: the balance before it, and the
  movements in it.
zh: 未关账积分变动
owner: finance
tags: [core, points]
grain: [period_kind, period_start, currency, channel, tier]
columns:
  period_kind: {zh: 期间类型, about: "day, month, quarter, year"}
  period_start: {zh: 期间开始, about: First day of the period}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  tier: {zh: 会员等级, about: "The customer's member tier at as_of; none for a customer without one"}
  derived_opening: {zh: 推算期初, unit: points, about: "Balance before the part that is not closed, as the ledger gives it today"}
  issued: {zh: 发放, unit: points, about: Points issued}
  redeemed: {zh: 兑换, unit: points, about: Points redeemed}
  expired: {zh: 过期, unit: points, about: Points expired}
  clawed_back: {zh: 扣回, unit: points, about: Points taken back after a refund}
  recredited: {zh: 返还, unit: points, about: Points given back for a redemption that was undone}
  transferred: {zh: 转移, unit: points, about: "Points that came from other accounts; negative: that went to them"}
  adjusted: {zh: 调整, unit: points, about: Points moved in any other way}
audits:
  movements_are_the_ledgers: >-
    select movements.period_kind, movements.currency, movements.points, ledger.points from (
      select period_kind, currency, sum(derived_opening + issued - redeemed - expired - clawed_back + recredited + transferred + adjusted) as points
      from core.point_open_movements where period_start = date_trunc(period_kind, getvariable('as_of')) group by period_kind, currency
    ) as movements
    inner join (select currency, sum(points) as points from mart.point_ledger group by currency) as ledger on movements.currency = ledger.currency
    where movements.points <> ledger.points
--- */
with
periods as (select * from core.point_periods where not is_closed),

days as (
    select
        currency,
        channel,
        tier,
        occurred_on,
        kind,
        sum(points) as points,
    from mart.point_ledger
    group by currency, channel, tier, occurred_on, kind
),

placed as (
    select
        periods.period_kind,
        periods.period_start,
        days.currency,
        days.channel,
        days.tier,
        case when days.occurred_on < periods.open_start then 'before' else days.kind end as kind,
        sum(days.points) as points,
    from periods
    inner join days on days.occurred_on <= periods.period_end
    group by
        periods.period_kind, periods.period_start, days.currency, days.channel, days.tier,
        case when days.occurred_on < periods.open_start then 'before' else days.kind end
),

final as (
    select
        period_kind,
        period_start,
        currency,
        channel,
        tier,
        cast(coalesce(sum(points) filter (where kind = 'before'), 0) as bigint) as derived_opening,
        cast(coalesce(sum(points) filter (where kind = 'issued'), 0) as bigint) as issued,
        cast(coalesce(-sum(points) filter (where kind = 'redeemed'), 0) as bigint) as redeemed,
        cast(coalesce(-sum(points) filter (where kind = 'expired'), 0) as bigint) as expired,
        cast(coalesce(-sum(points) filter (where kind = 'claw_back'), 0) as bigint) as clawed_back,
        cast(coalesce(sum(points) filter (where kind = 'recredited'), 0) as bigint) as recredited,
        cast(coalesce(sum(points) filter (where kind = 'transferred'), 0) as bigint) as transferred,
        -- all the rest, so that nothing is left out whatever kinds there are
        cast(coalesce(sum(points) filter (
            where kind not in ('before', 'issued', 'redeemed', 'expired', 'claw_back', 'recredited', 'transferred')
        ), 0) as bigint) as adjusted,
    from placed
    group by period_kind, period_start, currency, channel, tier
)

select * from final
