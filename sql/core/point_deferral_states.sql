/* ---
about: >-
  Where the deferral of one currency and month of issue stands at the end of a month, as ledger and estimate give it today, in whole cents: what mart.point_deferred_revenue takes the
  movements of open months from. Amounts are exact: x * a / b, rounded half up, is (2 * x * a + b) // (2 * b).
zh: 递延状态
owner: finance
tags: [core, points, finance]
grain: [month, currency, channel, issue_month]
columns:
  month: {zh: 月份, about: First day of the month; the state is that of its end or of as_of}
  currency: {zh: 积分种类, about: Which points}
  channel: {zh: 渠道, about: Channel of the accounts}
  issue_month: {zh: 发放月, about: First day of the month of issue}
  last_month: {zh: 最后有效月, about: First day of the last month in which the points are good; empty if they never expire}
  points_issued: {zh: 发放, unit: points, about: Points issued with sales}
  points_withdrawn: {zh: 已扣回, unit: points, about: Of them taken back}
  redeemed: {zh: 已兑换, unit: points, about: "Of them redeemed, less credited back; not below 0"}
  points_redeemed: {zh: 已兑换净额, unit: points, about: "Of them redeemed, less credited back"}
  points_remaining: {zh: 未用, unit: points, about: Of them left}
  expected: {zh: 预期兑换总数, unit: points, about: "Expected to be redeemed in the end, what is redeemed included; not below 0"}
  expected_points: {zh: 预期兑换总数净额, unit: points, about: As estimate.vintages gives it}
  expected_within_year: {zh: 一年内预期兑换, unit: points, about: "Of what is still to come, that of the next twelve months"}
  allocated: {zh: 分摊, unit: cents, about: Allocated to the points}
  kept: {zh: 净分摊, unit: cents, about: "allocated, less what returns undid"}
  recognised: {zh: 累计确认, unit: cents, about: Revenue so far}
  liability_up: {zh: 兑换率加一点, unit: cents, about: "The liability if one more of each 100 points were expected to be redeemed, as far as points are left"}
  liability_down: {zh: 兑换率减一点, unit: cents, about: "The liability if one less were, but no less than are redeemed"}
  recognised_as_closed: {zh: 按关账预期确认, unit: cents, about: "Of the last closed month: revenue so far of what has happened, as it is known today, at the points expected when it was closed"}
audits:
  deferral_follows_the_points: >-
    select states.currency, states.channel, states.issue_month, states.points_remaining, lots.points from core.point_deferral_states as states
    left join (
      select earned.currency, earned.channel, earned.issue_month, sum(lots.points_remaining) as points from mart.point_lots as lots
      inner join mart.point_lots as earned on lots.channel = earned.channel and coalesce(lots.origin_account_id, lots.account_id) = earned.account_id
        and coalesce(lots.origin_lot_id, lots.lot_id) = earned.lot_id
      semi join core.point_sales as sales on earned.channel = sales.channel and earned.account_id = sales.account_id and earned.order_id = sales.order_id
      where earned.points_issued > 0 group by earned.currency, earned.channel, earned.issue_month
    ) as lots on states.currency = lots.currency and states.channel = lots.channel and states.issue_month = lots.issue_month
    where states.month = date_trunc('month', getvariable('as_of')) and states.points_remaining <> coalesce(lots.points, 0)
--- */
with
-- lint: allow functions because whole cents must be exact
vintages as (select * from estimate.vintages where with_sale),

closed as (
    select * from dataset.closed_deferrals
    where month = (select cast(date_trunc('month', max(closed_through)) as date) from dataset.closed_files)
),

allocations as (
    select currency, channel, issue_month, cast(sum(allocated_points) * 100 as hugeint) as cents
    from mart.point_allocations
    group by currency, channel, issue_month
),

standings as (
    select
        vintages.*,
        allocations.cents as allocated,
        allocations.cents
        - (2 * allocations.cents * vintages.points_withdrawn + vintages.points_issued) // (2 * vintages.points_issued) as kept,
        cast(greatest(vintages.points_redeemed, 0) as hugeint) as redeemed,
        cast(greatest(vintages.expected_points, 0) as hugeint) as expected,
        cast(round(0.01 * (vintages.points_issued - vintages.points_withdrawn)) as hugeint) as one_in_hundred,
        case when closed.month is not null then cast(greatest(closed.expected_points, 0) as hugeint) end as expected_closed,
    from vintages
    inner join allocations
        on vintages.currency = allocations.currency and vintages.channel = allocations.channel and vintages.issue_month = allocations.issue_month
    left join closed
        on vintages.month = closed.month
        and vintages.currency = closed.currency
        and vintages.channel = closed.channel
        and vintages.issue_month = closed.issue_month
),

sensed as (
    select
        *,
        case
            when points_remaining = 0 then kept
            when expected = 0 then 0
            else (2 * kept * redeemed + expected) // (2 * expected)
        end as recognised,
        case
            when points_remaining = 0 then kept
            when coalesce(expected_closed, expected) = 0 then 0
            else (2 * kept * least(redeemed, coalesce(expected_closed, expected)) + coalesce(expected_closed, expected))
                // (2 * coalesce(expected_closed, expected))
        end as recognised_as_closed,
        greatest(least(expected + one_in_hundred, redeemed + points_remaining), redeemed) as expected_up,
        greatest(expected - one_in_hundred, redeemed) as expected_down,
    from standings
),

final as (
    select
        month,
        currency,
        channel,
        issue_month,
        last_month,
        points_issued,
        points_withdrawn,
        cast(redeemed as bigint) as redeemed,
        points_redeemed,
        points_remaining,
        cast(expected as bigint) as expected,
        expected_points,
        expected_within_year,
        cast(allocated as bigint) as allocated,
        cast(kept as bigint) as kept,
        cast(recognised as bigint) as recognised,
        cast(case when points_remaining = 0 or expected_up = 0 then kept - recognised
            else kept - (2 * kept * redeemed + expected_up) // (2 * expected_up) end as bigint) as liability_up,
        cast(case when points_remaining = 0 or expected_down = 0 then kept - recognised
            else kept - (2 * kept * redeemed + expected_down) // (2 * expected_down) end as bigint) as liability_down,
        cast(recognised_as_closed as bigint) as recognised_as_closed,
    from sensed
)

select * from final
