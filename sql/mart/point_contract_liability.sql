/* ---
about: >-
  The contract liability for points from the beginning of a period to its end, as the notes to the accounts want it (IFRS 15.116, 118, 120): what sales added, what returns took back, what
  became revenue, and of that what stood in the opening balance.
zh: 积分合同负债变动
owner: finance
tags: [points, finance]
grain: [as_of, period_kind, period_start, currency, channel]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  period_kind: {zh: 期间类型, about: "month, quarter, year"}
  period_start: {zh: 期间开始, about: First day of the period; the last period ends with as_of}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  opening: {zh: 期初, unit: CNY, about: Liability before the period}
  allocated: {zh: 分摊增加, unit: CNY, about: Allocated to points of the period's sales}
  reversed: {zh: 退货冲回, unit: CNY, about: Undone with returned sales}
  prior_allocated: {zh: 以前期间分摊, unit: CNY, about: Allocated to points of closed months by sales that came late}
  prior_reversed: {zh: 以前期间冲回, unit: CNY, about: Undone by returns of closed months that came late}
  revenue_redemption: {zh: 兑换收入, unit: CNY, about: Revenue of redemptions at the estimate of the month before}
  revenue_catch_up: {zh: 累计追溯调整, unit: CNY, about: Cumulative catch-up of new estimates}
  revenue_run_off: {zh: 失效收入, unit: CNY, about: Revenue because nothing is left to be redeemed}
  revenue_prior_period: {zh: 以前期间收入, unit: CNY, about: What movements of closed months that came late change of revenue so far}
  revenue: {zh: 收入合计, unit: CNY, about: The four together}
  revenue_from_opening: {zh: 期初负债转收入, unit: CNY, about: "Of it from points issued before the period, whose liability stood in opening (IFRS 15.116(b))"}
  closing: {zh: 期末, unit: CNY, about: Liability at the end of the period}
  closing_current: {zh: 期末流动, unit: CNY, about: Expected to become revenue within twelve months}
  closing_noncurrent: {zh: 期末非流动, unit: CNY, about: The rest}
  closing_rate_up: {zh: 兑换率加一点, unit: CNY, about: Closing if the redemption rate were one percentage point higher}
  closing_rate_down: {zh: 兑换率减一点, unit: CNY, about: Closing if it were one percentage point lower}
audits:
  period_adds_up: opening + allocated + prior_allocated - reversed - prior_reversed - revenue <> closing
  closing_splits: closing_current + closing_noncurrent <> closing
  closing_is_next_opening: >-
    select * from (
      select closing, lead(opening) over (partition by period_kind, currency, channel order by period_start) as next_opening from mart.point_contract_liability
    ) as periods where closing <> next_opening
--- */
with
deferrals as (select * from mart.point_deferred_revenue),
periods as (select * from core.periods where period_kind <> 'window'),

placed as (
    select
        periods.period_kind,
        periods.period_start,
        deferrals.*,
        deferrals.month >= periods.period_start as is_inside,
        deferrals.month = max(deferrals.month) over (partition by periods.period_kind, periods.period_start, deferrals.currency, deferrals.channel) as is_last,
        deferrals.month = cast(periods.period_start - interval 1 month as date) as is_before,
    from periods
    inner join deferrals on deferrals.month <= periods.period_end
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        period_kind,
        period_start,
        currency,
        channel,
        coalesce(sum(liability) filter (where is_before), 0) as opening,
        coalesce(sum(allocated_in_month) filter (where is_inside), 0) as allocated,
        coalesce(sum(reversed_in_month) filter (where is_inside), 0) as reversed,
        coalesce(sum(prior_allocated) filter (where is_inside), 0) as prior_allocated,
        coalesce(sum(prior_reversed) filter (where is_inside), 0) as prior_reversed,
        coalesce(sum(revenue_redemption) filter (where is_inside), 0) as revenue_redemption,
        coalesce(sum(revenue_catch_up) filter (where is_inside), 0) as revenue_catch_up,
        coalesce(sum(revenue_run_off) filter (where is_inside), 0) as revenue_run_off,
        coalesce(sum(revenue_prior_period) filter (where is_inside), 0) as revenue_prior_period,
        coalesce(sum(revenue) filter (where is_inside), 0) as revenue,
        coalesce(sum(revenue - revenue_prior_period) filter (where is_inside and issue_month < period_start), 0) as revenue_from_opening,
        coalesce(sum(liability) filter (where is_last), 0) as closing,
        coalesce(sum(liability_current) filter (where is_last), 0) as closing_current,
        coalesce(sum(liability_noncurrent) filter (where is_last), 0) as closing_noncurrent,
        coalesce(sum(liability_rate_up) filter (where is_last), 0) as closing_rate_up,
        coalesce(sum(liability_rate_down) filter (where is_last), 0) as closing_rate_down,
    from placed
    group by period_kind, period_start, currency, channel
)

select * from final
