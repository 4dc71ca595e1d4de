/* ---
about: >-
  How the points balance went from the start of a period to its end, by channel and member tier, in points and in money.
  opening + issued - redeemed - expired - clawed_back + recredited + adjusted = closing. A customer stands in the tier held at as_of, in every period.
zh: 积分滚动
owner: finance
tags: [points, finance]
grain: [as_of, period_kind, period_start, channel, tier]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  period_kind: {zh: 期间类型, about: "month, quarter, year"}
  period_start: {zh: 期间开始, about: First day of the period; the last period ends with as_of}
  channel: {zh: 渠道, about: Channel of the accounts}
  tier: {zh: 会员等级, about: "The customer's member tier at as_of; none for a customer without one"}
  opening: {zh: 期初, unit: points, about: "Balance before the period: points in lots less arrears"}
  issued: {zh: 发放, unit: points, about: Points issued in the period}
  redeemed: {zh: 兑换, unit: points, about: Points redeemed}
  expired: {zh: 过期, unit: points, about: Points expired}
  clawed_back: {zh: 扣回, unit: points, about: Points taken back after a refund}
  recredited: {zh: 返还, unit: points, about: Points given back for a redemption that was undone}
  adjusted: {zh: 调整, unit: points, about: Points added or taken by hand}
  closing: {zh: 期末, unit: points, about: "Balance at the end of the period: points in lots less arrears"}
  opening_value: {zh: 期初面值, unit: CNY, about: "Face value of opening, at the ratio in force the day before the period"}
  issued_value: {zh: 发放面值, unit: CNY, about: "Face value of issued, at the ratio in force at the end of the period, as the movements that follow"}
  redeemed_value: {zh: 兑换面值, unit: CNY, about: Face value of redeemed}
  expired_value: {zh: 过期面值, unit: CNY, about: Face value of expired}
  clawed_back_value: {zh: 扣回面值, unit: CNY, about: Face value of clawed_back}
  recredited_value: {zh: 返还面值, unit: CNY, about: Face value of recredited}
  adjusted_value: {zh: 调整面值, unit: CNY, about: Face value of adjusted}
  revalued_value: {zh: 重估, unit: CNY, about: "What a change of the redemption ratio, and rounding to the cent, make of the value: what is missing for the values to add up"}
  closing_value: {zh: 期末面值, unit: CNY, about: Face value of closing}
audits:
  period_adds_up: opening + issued - redeemed - expired - clawed_back + recredited + adjusted <> closing
  value_adds_up: >-
    opening_value + issued_value - redeemed_value - expired_value - clawed_back_value + recredited_value + adjusted_value + revalued_value <> closing_value
  closing_is_next_opening: >-
    select * from (
      select period_kind, period_start, channel, tier, closing, closing_value,
        lead(opening) over following as next_opening, lead(opening_value) over following as next_opening_value
      from mart.point_rollforward
      window following as (partition by period_kind, channel, tier order by period_start)
    ) as periods
    where closing <> next_opening or closing_value <> next_opening_value
  last_closing_is_the_balance: >-
    select periods.period_kind, periods.closing, balances.balance from (
      select period_kind, sum(closing) as closing from mart.point_rollforward
      where period_start = date_trunc(period_kind, getvariable('as_of')) group by period_kind
    ) as periods
    cross join (select coalesce(sum(balance), 0) as balance from ledger.balances) as balances
    where periods.closing <> balances.balance
--- */
with
ledger as (select * from mart.point_ledger),
periods as (select * from core.periods where period_kind <> 'window'),

programme as (
    select valid_from, cast(1.0 / redemption_points as decimal(18, 12)) as point_value from seed.points_programme
),

months as (
    select
        channel,
        tier,
        cast(date_trunc('month', occurred_on) as date) as month_start,
        sum(points) as change,
        coalesce(sum(points) filter (where kind = 'issued'), 0) as issued,
        coalesce(-sum(points) filter (where kind = 'redeemed'), 0) as redeemed,
        coalesce(-sum(points) filter (where kind = 'expired'), 0) as expired,
        coalesce(-sum(points) filter (where kind = 'claw_back'), 0) as clawed_back,
        coalesce(sum(points) filter (where kind = 'recredited'), 0) as recredited,
        coalesce(sum(points) filter (where kind = 'adjusted'), 0) as adjusted,
    from ledger
    group by channel, tier, date_trunc('month', occurred_on)
),

valued_periods as (
    -- before the programme's first row, that row holds
    select
        periods.period_kind,
        periods.period_start,
        periods.period_end,
        coalesce(
            max_by(programme.point_value, programme.valid_from) filter (where programme.valid_from < periods.period_start),
            min_by(programme.point_value, programme.valid_from)
        ) as opening_point_value,
        coalesce(
            max_by(programme.point_value, programme.valid_from) filter (where programme.valid_from <= periods.period_end),
            min_by(programme.point_value, programme.valid_from)
        ) as closing_point_value,
    from periods
    cross join programme
    group by periods.period_kind, periods.period_start, periods.period_end
),

movements as (
    select
        valued_periods.period_kind,
        valued_periods.period_start,
        valued_periods.opening_point_value,
        valued_periods.closing_point_value,
        months.channel,
        months.tier,
        cast(coalesce(sum(months.change) filter (where months.month_start < period_start), 0) as bigint) as opening,
        cast(coalesce(sum(months.issued) filter (where months.month_start >= period_start), 0) as bigint) as issued,
        cast(coalesce(sum(months.redeemed) filter (where months.month_start >= period_start), 0) as bigint) as redeemed,
        cast(coalesce(sum(months.expired) filter (where months.month_start >= period_start), 0) as bigint) as expired,
        cast(coalesce(sum(months.clawed_back) filter (where months.month_start >= period_start), 0) as bigint) as clawed_back,
        cast(coalesce(sum(months.recredited) filter (where months.month_start >= period_start), 0) as bigint) as recredited,
        cast(coalesce(sum(months.adjusted) filter (where months.month_start >= period_start), 0) as bigint) as adjusted,
        cast(sum(months.change) as bigint) as closing,
    from valued_periods
    inner join months on months.month_start <= valued_periods.period_end
    group by
        valued_periods.period_kind, valued_periods.period_start,
        valued_periods.opening_point_value, valued_periods.closing_point_value, months.channel, months.tier
),

valued as (
    select
        *,
        cast(round(opening * opening_point_value, 2) as decimal(18, 2)) as opening_value,
        cast(round(issued * closing_point_value, 2) as decimal(18, 2)) as issued_value,
        cast(round(redeemed * closing_point_value, 2) as decimal(18, 2)) as redeemed_value,
        cast(round(expired * closing_point_value, 2) as decimal(18, 2)) as expired_value,
        cast(round(clawed_back * closing_point_value, 2) as decimal(18, 2)) as clawed_back_value,
        cast(round(recredited * closing_point_value, 2) as decimal(18, 2)) as recredited_value,
        cast(round(adjusted * closing_point_value, 2) as decimal(18, 2)) as adjusted_value,
        cast(round(closing * closing_point_value, 2) as decimal(18, 2)) as closing_value,
    from movements
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        period_kind,
        period_start,
        channel,
        tier,
        opening,
        issued,
        redeemed,
        expired,
        clawed_back,
        recredited,
        adjusted,
        closing,
        opening_value,
        issued_value,
        redeemed_value,
        expired_value,
        clawed_back_value,
        recredited_value,
        adjusted_value,
        cast(
            closing_value - opening_value - issued_value + redeemed_value + expired_value
            + clawed_back_value - recredited_value - adjusted_value as decimal(18, 2)
        ) as revalued_value,
        closing_value,
    from valued
)

select * from final
