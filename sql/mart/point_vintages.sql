/* ---
about: >-
  How the points of one currency and month of issue were redeemed month by month: the triangle of cumulative redemption by age, developed by chain ladder.
  Only whole months count, so the last one is the last whole month up to as_of. Redemptions that were credited back are taken off.
zh: 积分发放批次三角
owner: finance
tags: [points, finance]
grain: [as_of, currency, issue_month, age_months]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  issue_month: {zh: 发放月, about: First day of the month of issue}
  age_months: {zh: 月龄, unit: months, about: "Whole months since the month of issue, which is age 0"}
  points_issued: {zh: 净发放, unit: points, about: "Points issued in the month, adjusted, less those clawed back, as known at as_of"}
  points_redeemed: {zh: 当月兑换, unit: points, about: Points of the month of issue redeemed at this age}
  cumulative_redeemed: {zh: 累计兑换, unit: points, about: Points redeemed up to and including this age}
  redemption_rate: {zh: 累计兑换率, about: cumulative_redeemed / points_issued}
  development_factor: {zh: 进展因子, about: "Chain ladder, from this age to the next: the sum of cumulative redemption at the next age over the sum at this one, over the months of issue that have both; 1 at the oldest age; empty where nothing was redeemed"}
  developed_share: {zh: 已进展比例, about: "Share of the redemptions in the end that are made by this age: 1 / product of the factors from here on; 0 where a factor is missing"}
  is_latest: {zh: 是否最新, about: The month of issue is now of this age (the latest diagonal)}
  ultimate_redeemed: {zh: 最终兑换, unit: points, about: "On the latest diagonal: cumulative_redeemed / developed_share, at most points_issued; empty elsewhere and where developed_share is 0"}
  points_remaining: {zh: 未用, unit: points, about: "On the latest diagonal: points of the month of issue still to be used at as_of; empty elsewhere"}
audits:
  shares_are_shares: developed_share < 0
  every_whole_month_is_in_the_triangle: >-
    select lots.*, triangle.points_redeemed from (
      select coalesce(consumption.currency, 'points') as currency, sum(case when consumption.kind = 'recredited' then -consumption.points else consumption.points end) as points_redeemed
      from ledger.consumption as consumption
      inner join ledger.entries as entries on consumption.channel = entries.channel
        and consumption.account_id = entries.account_id and consumption.entry_no = entries.entry_no
      where entries.kind in ('redeemed', 'recredited') and consumption.occurred_on < date_trunc('month', getvariable('as_of') + 1)
      group by coalesce(consumption.currency, 'points')
    ) as lots
    full join (select currency, sum(points_redeemed) as points_redeemed from mart.point_vintages group by currency) as triangle
      on lots.currency = triangle.currency
    where coalesce(lots.points_redeemed, 0) <> coalesce(triangle.points_redeemed, 0)
--- */
with
lots as (select * from ledger.lots),
consumption as (select * from ledger.consumption),
entries as (select * from ledger.entries where kind in ('redeemed', 'recredited')),

issued as (
    select
        coalesce(currency, 'points') as currency,
        cast(date_trunc('month', issued_on) as date) as issue_month,
        date_diff('month', date_trunc('month', issued_on), date_trunc('month', getvariable('as_of') + 1)) - 1 as latest_age,
        cast(sum(
            points_issued + coalesce(points_opening, 0) + coalesce(points_transferred, 0) + points_adjusted - points_clawed_back
        ) as bigint) as points_issued,
        cast(sum(points_remaining) as bigint) as points_remaining,
    from lots
    group by coalesce(currency, 'points'), date_trunc('month', issued_on)
),

redeemed as (
    -- what an entry took from a lot, at once or (as arrears) when the lot came; an entry's kind says whether it was a redemption
    select
        coalesce(consumption.currency, 'points') as currency,
        cast(date_trunc('month', consumption.issued_on) as date) as issue_month,
        date_diff('month', date_trunc('month', consumption.issued_on), date_trunc('month', consumption.occurred_on)) as age_months,
        cast(sum(case when consumption.kind = 'recredited' then -consumption.points else consumption.points end) as bigint) as points_redeemed,
    from consumption
    inner join entries
        on consumption.channel = entries.channel
        and consumption.account_id = entries.account_id
        and consumption.entry_no = entries.entry_no
    group by
        coalesce(consumption.currency, 'points'),
        date_trunc('month', consumption.issued_on),
        date_diff('month', date_trunc('month', consumption.issued_on), date_trunc('month', consumption.occurred_on))
),

triangle as (
    select
        issued.currency,
        issued.issue_month,
        ages.age_months,
        issued.points_issued,
        coalesce(redeemed.points_redeemed, 0) as points_redeemed,
        ages.age_months = issued.latest_age as is_latest,
        issued.points_remaining,
        cast(sum(coalesce(redeemed.points_redeemed, 0)) over (
            partition by issued.currency, issued.issue_month order by ages.age_months
        ) as bigint) as cumulative_redeemed,
    from issued
    -- lint: allow functions because a series of ages is in no table
    cross join (select unnest(range(0, 240)) as age_months) as ages
    left join redeemed
        on issued.currency = redeemed.currency and issued.issue_month = redeemed.issue_month and ages.age_months = redeemed.age_months
    where ages.age_months <= issued.latest_age
),

factors as (
    -- the oldest age has no next one: what is redeemed by then is taken as all
    select
        triangle.currency,
        triangle.age_months,
        case
            when triangle.age_months = oldest.age_months then 1.0
            when sum(triangle.cumulative_redeemed) filter (where not triangle.is_latest) > 0 and sum(following.cumulative_redeemed) > 0
                then cast(sum(following.cumulative_redeemed) as double)
                    / cast(sum(triangle.cumulative_redeemed) filter (where not triangle.is_latest) as double)
        end as development_factor,
    from triangle
    inner join (select currency, max(age_months) as age_months from triangle group by currency) as oldest on triangle.currency = oldest.currency
    left join triangle as following
        on triangle.currency = following.currency
        and triangle.issue_month = following.issue_month and triangle.age_months + 1 = following.age_months
    group by triangle.currency, triangle.age_months, oldest.age_months
),

developed as (
    -- rounded to 12 places, so that the order in which logarithms are added cannot show
    select
        currency,
        age_months,
        development_factor,
        case
            when count(*) over older = count(development_factor) over older
                then cast(round(exp(-sum(ln(development_factor)) over older), 12) as decimal(18, 12))
            else cast(0 as decimal(18, 12))
        end as developed_share,
    from factors
    window older as (partition by currency order by age_months desc rows between unbounded preceding and current row)
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        triangle.currency,
        triangle.issue_month,
        triangle.age_months,
        triangle.points_issued,
        triangle.points_redeemed,
        triangle.cumulative_redeemed,
        triangle.cumulative_redeemed / nullif(triangle.points_issued, 0) as redemption_rate,
        developed.development_factor,
        developed.developed_share,
        triangle.is_latest,
        case when triangle.is_latest and developed.developed_share > 0
            then least(cast(round(triangle.cumulative_redeemed / cast(developed.developed_share as double)) as bigint), triangle.points_issued)
        end as ultimate_redeemed,
        case when triangle.is_latest then triangle.points_remaining end as points_remaining,
    from triangle
    inner join developed on triangle.currency = developed.currency and triangle.age_months = developed.age_months
)

select * from final
