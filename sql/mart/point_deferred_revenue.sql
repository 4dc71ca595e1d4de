/* ---
about: >-
  What the points of one currency and month of issue still owe in revenue, month by month (IFRS 15.B39-B43, B46): the part of sales that was allocated to them, what of it is revenue by now, in proportion to
  the points redeemed of those expected to be redeemed in total, and what is left. A new estimate shows as catch-up; points that nobody can redeem any more as run-off.
zh: 积分递延收入
owner: finance
tags: [points, finance]
grain: [as_of, month, currency, channel, issue_month]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  month: {zh: 月份, about: First day of the month; figures are those of its end or of as_of}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  issue_month: {zh: 发放月, about: First day of the month of issue}
  points_issued: {zh: 发放, unit: points, about: Points issued with sales}
  points_withdrawn: {zh: 已扣回, unit: points, about: "Of them taken back after refunds, or adjusted away, by the end of the month"}
  points_redeemed: {zh: 已兑换, unit: points, about: "Of them redeemed, less credited back, by the end of the month"}
  points_remaining: {zh: 未用, unit: points, about: "Of them left at the end of the month; when nothing is left, all is revenue"}
  expected_points: {zh: 预期兑换总数, unit: points, about: "Points expected to be redeemed in total, what is redeemed included, as estimated at the end of the month"}
  allocated: {zh: 分摊金额, unit: CNY, about: "Allocated to the points when they were issued; never made again"}
  reversed: {zh: 冲回金额, unit: CNY, about: "Of it undone with returned sales so far: allocated x points_withdrawn / points_issued"}
  recognised: {zh: 累计确认, unit: CNY, about: "Revenue so far: (allocated - reversed) x points_redeemed / expected_points; all of it when nothing is left"}
  liability: {zh: 合同负债, unit: CNY, about: allocated - reversed - recognised}
  allocated_in_month: {zh: 本月分摊, unit: CNY, about: Allocated in the month}
  reversed_in_month: {zh: 本月冲回, unit: CNY, about: Undone in the month}
  revenue_redemption: {zh: 兑换收入, unit: CNY, about: "Revenue of the month's redemptions at the estimate of the month before (of the first month, at its own)"}
  revenue_catch_up: {zh: 累计追溯调整, unit: CNY, about: "Cumulative catch-up: what the new estimate, and returned sales, change of revenue so far"}
  revenue_run_off: {zh: 失效收入, unit: CNY, about: Revenue because nothing is left to be redeemed}
  revenue: {zh: 本月收入, unit: CNY, about: "Revenue of the month: the three together"}
  revenue_from_opening: {zh: 期初负债转收入, unit: CNY, about: "Of it from the liability at the beginning of the month (IFRS 15.116(b))"}
  liability_current: {zh: 流动部分, unit: CNY, about: Liability expected to become revenue within twelve months}
  liability_noncurrent: {zh: 非流动部分, unit: CNY, about: The rest}
  liability_rate_up: {zh: 兑换率加一点, unit: CNY, about: "The liability if one more point of each 100 issued were expected to be redeemed, as far as points are left"}
  liability_rate_down: {zh: 兑换率减一点, unit: CNY, about: "The liability if one less were, but no less than are redeemed"}
audits:
  liability_adds_up: allocated - reversed - recognised <> liability or liability < 0 or recognised < 0
  revenue_adds_up: revenue_redemption + revenue_catch_up + revenue_run_off <> revenue
  run_off_leaves_nothing: points_remaining = 0 and liability <> 0
  parts_add_up: liability_current + liability_noncurrent <> liability or liability_current < 0 or liability_noncurrent < 0
  months_add_up: >-
    select currency, channel, issue_month from (
      select currency, channel, issue_month, sum(allocated_in_month) as allocated, sum(reversed_in_month) as reversed, sum(revenue) as revenue,
        max_by(allocated, month) as allocated_last, max_by(reversed, month) as reversed_last, max_by(recognised, month) as recognised_last
      from mart.point_deferred_revenue group by currency, channel, issue_month
    ) as vintages
    where allocated <> allocated_last or reversed <> reversed_last or revenue <> recognised_last
  every_allocation_is_here: >-
    select months.allocated, sales.allocated from (select coalesce(sum(allocated_in_month), 0) as allocated from mart.point_deferred_revenue) as months
    cross join (select coalesce(sum(allocated_points), 0) as allocated from mart.point_allocations) as sales where months.allocated <> sales.allocated
--- */
with
vintages as (select * from estimate.vintages where with_sale),

allocations as (
    select currency, channel, issue_month, cast(sum(allocated_points) * 100 as hugeint) as cents
    from mart.point_allocations
    group by currency, channel, issue_month
),

standings as (
    -- lint: allow functions because whole cents must be exact
    -- amounts in whole cents, points as integers: x * a / b, rounded half up, is (2 * x * a + b) // (2 * b)
    select
        vintages.*,
        allocations.cents as allocated,
        allocations.cents
        - (2 * allocations.cents * vintages.points_withdrawn + vintages.points_issued) // (2 * vintages.points_issued) as kept,
        cast(greatest(vintages.points_redeemed, 0) as hugeint) as redeemed,
        cast(greatest(vintages.expected_points, 0) as hugeint) as expected,
        cast(round(0.01 * (vintages.points_issued - vintages.points_withdrawn)) as hugeint) as one_in_hundred,
    from vintages
    inner join allocations on vintages.currency = allocations.currency and vintages.channel = allocations.channel and vintages.issue_month = allocations.issue_month
),

sensed as (
    select
        *,
        case
            when points_remaining = 0 then kept
            when expected = 0 then 0
            else (2 * kept * redeemed + expected) // (2 * expected)
        end as recognised,
        greatest(least(expected + one_in_hundred, redeemed + points_remaining), redeemed) as expected_up,
        greatest(expected - one_in_hundred, redeemed) as expected_down,
    from standings
),

followed as (
    select
        *,
        lag(kept) over vintage as kept_before,
        coalesce(lag(redeemed) over vintage, 0) as redeemed_before,
        coalesce(lag(expected) over vintage, expected) as expected_before,
        coalesce(lag(recognised) over vintage, 0) as recognised_before,
        coalesce(lag(points_remaining) over vintage, 1) as remaining_before,
    from sensed
    window vintage as (partition by currency, channel, issue_month order by month)
),

earned as (
    select
        *,
        recognised - recognised_before as revenue,
        case
            when remaining_before = 0 or expected_before = 0 then 0
            else (2 * kept * least(redeemed, expected_before) + expected_before) // (2 * expected_before)
                - (2 * kept * redeemed_before + expected_before) // (2 * expected_before)
        end as by_redemption,
        case
            when last_month <= cast(month + interval 12 month as date) then kept - recognised
            when expected <= redeemed then 0
            else (2 * (kept - recognised) * expected_within_year + expected - redeemed) // (2 * (expected - redeemed))
        end as current_cents,
        case when points_remaining = 0 or expected_up = 0 then kept - recognised
            else kept - (2 * kept * redeemed + expected_up) // (2 * expected_up) end as up_cents,
        case when points_remaining = 0 or expected_down = 0 then kept - recognised
            else kept - (2 * kept * redeemed + expected_down) // (2 * expected_down) end as down_cents,
    from followed
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        month,
        currency,
        channel,
        issue_month,
        points_issued,
        points_withdrawn,
        points_redeemed,
        points_remaining,
        expected_points,
        cast(cast(allocated as decimal(20, 0)) * 0.01 as decimal(18, 2)) as allocated,
        cast(cast(allocated - kept as decimal(20, 0)) * 0.01 as decimal(18, 2)) as reversed,
        cast(cast(recognised as decimal(20, 0)) * 0.01 as decimal(18, 2)) as recognised,
        cast(cast(kept - recognised as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability,
        cast(cast(case when month = issue_month then allocated else 0 end as decimal(20, 0)) * 0.01 as decimal(18, 2)) as allocated_in_month,
        cast(cast(coalesce(kept_before, allocated) - kept as decimal(20, 0)) * 0.01 as decimal(18, 2)) as reversed_in_month,
        cast(cast(by_redemption as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue_redemption,
        cast(cast(case when points_remaining > 0 then revenue - by_redemption else 0 end as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue_catch_up,
        cast(cast(case when points_remaining = 0 then revenue - by_redemption else 0 end as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue_run_off,
        cast(cast(revenue as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue,
        cast(cast(case when issue_month < month then revenue else 0 end as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue_from_opening,
        cast(cast(current_cents as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability_current,
        cast(cast(kept - recognised - current_cents as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability_noncurrent,
        cast(cast(up_cents as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability_rate_up,
        cast(cast(down_cents as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability_rate_down,
    from earned
)

select * from final
