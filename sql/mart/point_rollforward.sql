/* ---
about: >-
  How the points balance went from the start of a period to its end, by currency, channel and member tier, in points and in money.
  opening + issued - redeemed - expired - clawed_back + recredited + adjusted + transferred + prior_period + reclassified = closing. What is closed
  stands as it was closed; elsewhere a customer stands in the tier held at as_of, in every period.
zh: 积分滚动
owner: finance
tags: [points, finance]
grain: [as_of, period_kind, period_start, currency, channel, tier]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  period_kind: {zh: 期间类型, about: "day (the last ones), month, quarter, year"}
  period_start: {zh: 期间开始, about: First day of the period; the last period ends with as_of}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  tier: {zh: 会员等级, about: "The customer's member tier at as_of; none for a customer without one"}
  opening: {zh: 期初, unit: points, about: "Balance before the period: points in lots less arrears"}
  issued: {zh: 发放, unit: points, about: Points issued in the period}
  redeemed: {zh: 兑换, unit: points, about: Points redeemed}
  expired: {zh: 过期, unit: points, about: Points expired}
  clawed_back: {zh: 扣回, unit: points, about: Points taken back after a refund}
  recredited: {zh: 返还, unit: points, about: Points given back for a redemption that was undone}
  adjusted: {zh: 调整, unit: points, about: "Points added or taken by hand, or moved in a way that has no column of its own"}
  transferred: {zh: 转移, unit: points, about: "Points that came from other accounts; negative: that went to them"}
  prior_period: {zh: 以前期间调整, unit: points, about: "What came late for closed periods, in the first period that is open: the movements are in mart.point_prior_period"}
  reclassified: {zh: 重分类, unit: points, about: "What moved between tiers since the close, in the first period that is open: adds up to 0 over all rows of a period"}
  closing: {zh: 期末, unit: points, about: "Balance at the end of the period: points in lots less arrears"}
  opening_value: {zh: 期初面值, unit: CNY, about: "Face value of opening, at the ratio in force the day before the period"}
  issued_value: {zh: 发放面值, unit: CNY, about: "Face value of issued, at the ratio in force at the end of the period, as the movements that follow"}
  redeemed_value: {zh: 兑换面值, unit: CNY, about: Face value of redeemed}
  expired_value: {zh: 过期面值, unit: CNY, about: Face value of expired}
  clawed_back_value: {zh: 扣回面值, unit: CNY, about: Face value of clawed_back}
  recredited_value: {zh: 返还面值, unit: CNY, about: Face value of recredited}
  adjusted_value: {zh: 调整面值, unit: CNY, about: Face value of adjusted}
  transferred_value: {zh: 转移面值, unit: CNY, about: Face value of transferred}
  prior_period_value: {zh: 以前期间调整面值, unit: CNY, about: Face value of prior_period}
  reclassified_value: {zh: 重分类面值, unit: CNY, about: Face value of reclassified}
  revalued_value: {zh: 重估, unit: CNY, about: "What a change of the redemption ratio, and rounding to the cent, make of the value: what is missing for the values to add up"}
  closing_value: {zh: 期末面值, unit: CNY, about: Face value of closing}
audits:
  period_adds_up: >-
    opening + issued - redeemed - expired - clawed_back + recredited + adjusted + transferred + prior_period + reclassified <> closing
  value_adds_up: >-
    opening_value + issued_value - redeemed_value - expired_value - clawed_back_value + recredited_value + adjusted_value
    + transferred_value + prior_period_value + reclassified_value + revalued_value <> closing_value
  reclassified_adds_up_to_nothing: >-
    select period_kind, period_start, currency, sum(reclassified) as points from mart.point_rollforward
    group by period_kind, period_start, currency having sum(reclassified) <> 0
  late_movements_are_listed: >-
    select periods.period_kind, late.currency, items.points, late.points as posted from core.point_periods as periods
    inner join (
      select period_kind, period_start, currency, sum(late) as points from core.point_rollforward_parts group by period_kind, period_start, currency
    ) as late on periods.period_kind = late.period_kind and periods.period_start = late.period_start
    left join (select currency, sum(points) as points from mart.point_prior_period group by currency) as items on late.currency = items.currency
    where periods.is_first_open and coalesce(items.points, 0) <> late.points
  closing_is_next_opening: >-
    select * from (
      select period_kind, period_start, currency, channel, tier, closing, closing_value,
        lead(opening) over following as next_opening, lead(opening_value) over following as next_opening_value
      from mart.point_rollforward
      window following as (partition by period_kind, currency, channel, tier order by period_start)
    ) as periods
    where closing <> next_opening or closing_value <> next_opening_value
  last_closing_is_the_balance: >-
    select periods.*, entries.points from (
      select period_kind, currency, channel, tier, sum(closing) as closing from mart.point_rollforward
      where period_start = date_trunc(period_kind, getvariable('as_of')) group by period_kind, currency, channel, tier
    ) as periods
    left join (
      select currency, channel, tier, sum(points) as points from mart.point_ledger group by currency, channel, tier
    ) as entries on periods.currency = entries.currency and periods.channel = entries.channel and periods.tier = entries.tier
    where periods.closing <> coalesce(entries.points, 0)
  every_balance_is_in_it: >-
    select periods.period_kind, periods.currency, periods.closing, balances.balance from (
      select coalesce(currency, 'points') as currency, sum(balance) as balance from ledger.balances group by coalesce(currency, 'points')
    ) as balances
    cross join (select distinct period_kind from mart.point_rollforward) as kinds
    left join (
      select period_kind, currency, sum(closing) as closing from mart.point_rollforward
      where period_start = date_trunc(period_kind, getvariable('as_of')) group by period_kind, currency
    ) as periods on balances.currency = periods.currency and kinds.period_kind = periods.period_kind
    where coalesce(periods.closing, 0) <> balances.balance
--- */
with
periods as (select * from core.point_periods),
closed as (select * from dataset.closed_rollforward),
open_periods as (select * from core.point_open_periods),

rows_of_all as (
    select
        period_kind,
        period_start,
        currency,
        channel,
        tier,
        opening,
        issued,
        redeemed,
        expired,
        clawed_back,
        recredited,
        adjusted,
        transferred,
        prior_period,
        reclassified,
        closing,
        opening_value,
        issued_value,
        redeemed_value,
        expired_value,
        clawed_back_value,
        recredited_value,
        adjusted_value,
        transferred_value,
        prior_period_value,
        reclassified_value,
        closing_value,
    from open_periods
    union all
    select
        closed.period_kind,
        closed.period_start,
        coalesce(closed.currency, 'points') as currency,
        closed.channel,
        closed.tier,
        closed.opening,
        closed.issued,
        closed.redeemed,
        closed.expired,
        closed.clawed_back,
        closed.recredited,
        closed.adjusted,
        closed.transferred,
        closed.prior_period,
        closed.reclassified,
        closed.closing,
        closed.opening_value,
        closed.issued_value,
        closed.redeemed_value,
        closed.expired_value,
        closed.clawed_back_value,
        closed.recredited_value,
        closed.adjusted_value,
        closed.transferred_value,
        closed.prior_period_value,
        closed.reclassified_value,
        closed.closing_value,
    from closed
    inner join periods
        on closed.period_kind = periods.period_kind and closed.period_start = periods.period_start and periods.is_closed
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        period_kind,
        period_start,
        currency,
        channel,
        tier,
        cast(opening as bigint) as opening,
        cast(issued as bigint) as issued,
        cast(redeemed as bigint) as redeemed,
        cast(expired as bigint) as expired,
        cast(clawed_back as bigint) as clawed_back,
        cast(recredited as bigint) as recredited,
        cast(adjusted as bigint) as adjusted,
        cast(transferred as bigint) as transferred,
        cast(prior_period as bigint) as prior_period,
        cast(reclassified as bigint) as reclassified,
        cast(closing as bigint) as closing,
        cast(opening_value as decimal(18, 2)) as opening_value,
        cast(issued_value as decimal(18, 2)) as issued_value,
        cast(redeemed_value as decimal(18, 2)) as redeemed_value,
        cast(expired_value as decimal(18, 2)) as expired_value,
        cast(clawed_back_value as decimal(18, 2)) as clawed_back_value,
        cast(recredited_value as decimal(18, 2)) as recredited_value,
        cast(adjusted_value as decimal(18, 2)) as adjusted_value,
        cast(transferred_value as decimal(18, 2)) as transferred_value,
        cast(prior_period_value as decimal(18, 2)) as prior_period_value,
        cast(reclassified_value as decimal(18, 2)) as reclassified_value,
        cast(
            closing_value - opening_value - issued_value + redeemed_value + expired_value
            + clawed_back_value - recredited_value - adjusted_value - transferred_value - prior_period_value - reclassified_value as decimal(18, 2)
        ) as revalued_value,
        cast(closing_value as decimal(18, 2)) as closing_value,
    from rows_of_all
)

select * from final
