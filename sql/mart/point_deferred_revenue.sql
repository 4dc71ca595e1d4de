/* ---
about: >-
  What the points of one currency and month of issue still owe in revenue, month by month (IFRS 15.B39-B43, B46): the part of sales that was allocated to them, what of it is revenue by now, in proportion to
  the points redeemed of those expected to be redeemed in total, and what is left. A new estimate shows as catch-up; points that nobody can redeem any more as run-off. Closed months stand as
  they were closed; what is known otherwise of them today is in the first open month, as of prior periods.
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
  prior_allocated: {zh: 以前期间分摊, unit: CNY, about: "In the first open month: allocated to points of closed months by sales that came late, less that of sales that are gone"}
  prior_reversed: {zh: 以前期间冲回, unit: CNY, about: "In the first open month: undone by returns of closed months that came late"}
  revenue_redemption: {zh: 兑换收入, unit: CNY, about: "Revenue of the month's redemptions at the estimate of the month before (of the first month, at its own)"}
  revenue_catch_up: {zh: 累计追溯调整, unit: CNY, about: "Cumulative catch-up: what the new estimate, and returned sales, change of revenue so far"}
  revenue_run_off: {zh: 失效收入, unit: CNY, about: Revenue because nothing is left to be redeemed}
  revenue_prior_period: {zh: 以前期间收入, unit: CNY, about: "In the first open month: what movements of closed months that came late change of revenue so far, at the points expected when they were closed"}
  revenue: {zh: 本月收入, unit: CNY, about: "Revenue of the month: the four together"}
  revenue_from_opening: {zh: 期初负债转收入, unit: CNY, about: "Of it from the liability at the beginning of the month (IFRS 15.116(b))"}
  liability_current: {zh: 流动部分, unit: CNY, about: Liability expected to become revenue within twelve months}
  liability_noncurrent: {zh: 非流动部分, unit: CNY, about: The rest}
  liability_rate_up: {zh: 兑换率加一点, unit: CNY, about: "The liability if one more point of each 100 issued were expected to be redeemed, as far as points are left"}
  liability_rate_down: {zh: 兑换率减一点, unit: CNY, about: "The liability if one less were, but no less than are redeemed"}
audits:
  liability_adds_up: allocated - reversed - recognised <> liability or liability < 0 or recognised < 0
  revenue_adds_up: revenue_redemption + revenue_catch_up + revenue_run_off + revenue_prior_period <> revenue
  run_off_leaves_nothing: points_remaining = 0 and liability <> 0
  parts_add_up: liability_current + liability_noncurrent <> liability or liability_current < 0 or liability_noncurrent < 0
  months_add_up: >-
    select currency, channel, issue_month from (
      select currency, channel, issue_month, sum(allocated_in_month + prior_allocated) as allocated, sum(reversed_in_month + prior_reversed) as reversed, sum(revenue) as revenue,
        max_by(allocated, month) as allocated_last, max_by(reversed, month) as reversed_last, max_by(recognised, month) as recognised_last
      from mart.point_deferred_revenue group by currency, channel, issue_month
    ) as vintages
    where allocated <> allocated_last or reversed <> reversed_last or revenue <> recognised_last
  closed_months_stand: >-
    select closed.month, closed.currency, closed.channel, closed.issue_month from dataset.closed_deferrals as closed
    left join mart.point_deferred_revenue as marts on closed.month = marts.month and closed.currency = marts.currency
      and closed.channel = marts.channel and closed.issue_month = marts.issue_month
    where marts.liability is distinct from closed.liability or marts.revenue is distinct from closed.revenue
  every_allocation_is_here: >-
    select months.allocated, sales.allocated from (select coalesce(sum(allocated_in_month + prior_allocated), 0) as allocated from mart.point_deferred_revenue) as months
    cross join (select coalesce(sum(allocated_points), 0) as allocated from mart.point_allocations) as sales where months.allocated <> sales.allocated
--- */
with
-- lint: allow functions because whole cents must be exact
-- lint: allow long-model because closed and open months are one table and share their steps
states as (select * from core.point_deferral_states),
closed as (select * from dataset.closed_deferrals),
cut as (select cast(date_trunc('month', max(closed_through)) as date) as month from dataset.closed_files),
ends as (select * from closed where month = (select month from cut)),

-- a vintage that was closed and that nothing of today's ledger is left of: it is undone in the first open month
gone as (
    select ends.*
    from ends
    anti join states on ends.currency = states.currency and ends.channel = states.channel and ends.issue_month = states.issue_month
),

followed as (
    select
        *,
        lag(kept) over vintage as kept_before,
        coalesce(lag(redeemed) over vintage, 0) as redeemed_before,
        coalesce(lag(expected) over vintage, expected) as expected_before,
        coalesce(lag(recognised) over vintage, 0) as recognised_before,
        coalesce(lag(points_remaining) over vintage, 1) as remaining_before,
        lag(recognised_as_closed) over vintage as as_closed_before,
    from states
    window vintage as (partition by currency, channel, issue_month order by month)
),

-- an open month begins with the state of the month before; the first one with what was closed, and what is known otherwise today is of prior periods
begun as (
    select
        followed.*,
        case when ends.month is null then followed.expected_before else greatest(ends.expected_points, 0) end as estimate_before,
        is_first and followed.issue_month < followed.month as has_prior,
        coalesce(cast(ends.allocated * 100 as bigint), 0) as allocated_closed,
        coalesce(cast(ends.reversed * 100 as bigint), 0) as reversed_closed,
        coalesce(cast(ends.recognised * 100 as bigint), 0) as recognised_closed,
    from (
        select followed.*, followed.month = cast(cut.month + interval 1 month as date) as is_first
        from followed
        cross join cut
        where followed.month > coalesce(cut.month, date '0001-01-01')
    ) as followed
    left join ends
        on coalesce(is_first, false)
        and followed.currency = ends.currency
        and followed.channel = ends.channel
        and followed.issue_month = ends.issue_month
),

earned as (
    select
        *,
        case when has_prior then allocated - allocated_closed else 0 end as prior_allocated,
        case when has_prior then allocated - kept_before - reversed_closed else 0 end as prior_reversed,
        case when has_prior then as_closed_before - recognised_closed else 0 end as prior_revenue,
        recognised - case when has_prior then recognised_closed else recognised_before end as revenue,
        case
            when remaining_before = 0 or estimate_before = 0 then 0
            else (2 * cast(kept as hugeint) * least(redeemed, estimate_before) + estimate_before) // (2 * estimate_before)
                - (2 * cast(kept as hugeint) * least(redeemed_before, estimate_before) + estimate_before) // (2 * estimate_before)
        end as by_redemption,
        case
            when last_month <= cast(month + interval 12 month as date) then kept - recognised
            when expected <= redeemed then 0
            else (2 * cast(kept - recognised as hugeint) * expected_within_year + expected - redeemed) // (2 * (expected - redeemed))
        end as current_cents,
    from begun
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
        allocated,
        reversed,
        recognised,
        liability,
        allocated_in_month,
        reversed_in_month,
        prior_allocated,
        prior_reversed,
        revenue_redemption,
        revenue_catch_up,
        revenue_run_off,
        revenue_prior_period,
        revenue,
        revenue_from_opening,
        liability_current,
        liability_noncurrent,
        liability_rate_up,
        liability_rate_down,
    from closed
    union all
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
        cast(cast(prior_allocated as decimal(20, 0)) * 0.01 as decimal(18, 2)) as prior_allocated,
        cast(cast(prior_reversed as decimal(20, 0)) * 0.01 as decimal(18, 2)) as prior_reversed,
        cast(cast(by_redemption as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue_redemption,
        cast(
            cast(case when points_remaining > 0 then revenue - prior_revenue - by_redemption else 0 end as decimal(20, 0)) * 0.01 as decimal(18, 2)
        ) as revenue_catch_up,
        cast(
            cast(case when points_remaining = 0 then revenue - prior_revenue - by_redemption else 0 end as decimal(20, 0)) * 0.01 as decimal(18, 2)
        ) as revenue_run_off,
        cast(cast(prior_revenue as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue_prior_period,
        cast(cast(revenue as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue,
        cast(cast(case when issue_month < month then revenue - prior_revenue else 0 end as decimal(20, 0)) * 0.01 as decimal(18, 2)) as revenue_from_opening,
        cast(cast(current_cents as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability_current,
        cast(cast(kept - recognised - current_cents as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability_noncurrent,
        cast(cast(liability_up as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability_rate_up,
        cast(cast(liability_down as decimal(20, 0)) * 0.01 as decimal(18, 2)) as liability_rate_down,
    from earned
    union all
    select
        cast(getvariable('as_of') as date) as as_of,
        cast(month + interval 1 month as date) as month,
        currency,
        channel,
        issue_month,
        0 as points_issued,
        0 as points_withdrawn,
        0 as points_redeemed,
        0 as points_remaining,
        0 as expected_points,
        cast(0 as decimal(18, 2)) as allocated,
        cast(0 as decimal(18, 2)) as reversed,
        cast(0 as decimal(18, 2)) as recognised,
        cast(0 as decimal(18, 2)) as liability,
        cast(0 as decimal(18, 2)) as allocated_in_month,
        cast(0 as decimal(18, 2)) as reversed_in_month,
        cast(-allocated as decimal(18, 2)) as prior_allocated,
        cast(-reversed as decimal(18, 2)) as prior_reversed,
        cast(0 as decimal(18, 2)) as revenue_redemption,
        cast(0 as decimal(18, 2)) as revenue_catch_up,
        cast(0 as decimal(18, 2)) as revenue_run_off,
        cast(-recognised as decimal(18, 2)) as revenue_prior_period,
        cast(-recognised as decimal(18, 2)) as revenue,
        cast(0 as decimal(18, 2)) as revenue_from_opening,
        cast(0 as decimal(18, 2)) as liability_current,
        cast(0 as decimal(18, 2)) as liability_noncurrent,
        cast(0 as decimal(18, 2)) as liability_rate_up,
        cast(0 as decimal(18, 2)) as liability_rate_down,
    from gone
)

select * from final
