/* ---
about: >-
  The share of points that will be redeemed in the end, estimated at as_of, of each currency of points: for all, for each channel and for each member tier, by both methods, with standard errors (Mack 1993) and a
  range, and the rate in use beside it. A channel or tier has an estimate of its own where it has enough months and the error is small enough; else that of all is used.
zh: 积分兑换率估计
owner: finance
tags: [points, finance]
grain: [as_of, currency, scope_kind, scope]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  scope_kind: {zh: 范围类型, accepted: [all, channel, tier], about: "all, channel, tier"}
  scope: {zh: 范围, about: "all, or which channel or tier (as held at as_of)"}
  months_of_issue: {zh: 发放月数, about: Whole months of issue that the estimate is made from}
  points_issued: {zh: 净发放, unit: points, about: "Points that came in, less those taken back, to date"}
  points_redeemed: {zh: 已兑换, unit: points, about: "Points redeemed, less those credited back, to date"}
  used_share: {zh: 已用比例, about: points_redeemed / points_issued}
  chain_ladder_rate: {zh: 链梯法兑换率, about: "By chain ladder, before floor and cap; no month of issue gives more than it has left"}
  chain_ladder_reserve: {zh: 链梯法待兑换, unit: points, about: Points still to be redeemed by chain ladder}
  chain_ladder_error: {zh: 链梯法标准误, unit: points, about: "Its standard error by Mack (1993): of the process and of the factors"}
  additive_rate: {zh: 增量法兑换率, about: "By the additive method, before floor and cap"}
  additive_reserve: {zh: 增量法待兑换, unit: points, about: Points still to be redeemed by the additive method}
  additive_error: {zh: 增量法标准误, unit: points, about: "Its standard error: of the process and of the shares"}
  has_run_off: {zh: 是否有批次到期, about: "Some month of issue has nothing left; before that there is no estimate"}
  is_credible: {zh: 是否可信, about: "At least segment_months months of issue and a standard error of the rate of at most segment_rate_error"}
  estimated_rate: {zh: 估计兑换率, about: "By the parameter redemption_method, within floor and cap and not below used_share"}
  low_rate: {zh: 下限, about: estimated_rate less 1.96 standard errors}
  high_rate: {zh: 上限, about: estimated_rate and 1.96 standard errors}
  hand_set_rate: {zh: 手工兑换率, about: The rate set by hand in the programme; empty if none}
  used_rate: {zh: 使用兑换率, not_null: true, range: {min: 0, max: 1}, about: The rate in use}
  basis: {zh: 依据, accepted: [hand_set, own_estimate, estimate_of_all, cap], about: "hand_set, own_estimate, estimate_of_all, cap"}
audits:
  range_is_in_order: low_rate > estimated_rate or high_rate < estimated_rate
  is_not_below_what_is_used: estimated_rate < least(used_share, 1) - 0.000001
  lots_agree: >-
    select lots.*, rates.unredeemed from (
      select coalesce(currency, 'points') as currency, sum(points_remaining + points_expired) as unredeemed from ledger.lots group by coalesce(currency, 'points')
    ) as lots
    full join (
      select currency, points_issued - points_redeemed as unredeemed from mart.point_redemption_estimate where scope_kind = 'all'
    ) as rates on lots.currency = rates.currency
    where coalesce(lots.unredeemed, 0) <> coalesce(rates.unredeemed, 0)
--- */
with
rates as (select * from estimate.rates where valued_on = getvariable('as_of')),

final as (
    select
        rates.valued_on as as_of,
        rates.currency,
        rates.scope_kind,
        rates.scope,
        rates.months_of_issue,
        rates.points_issued,
        rates.points_redeemed,
        coalesce(rates.points_redeemed / nullif(rates.points_issued, 0), 0) as used_share,
        rates.chain_ladder_rate,
        rates.chain_ladder_reserve,
        rates.chain_ladder_error,
        rates.additive_rate,
        rates.additive_reserve,
        rates.additive_error,
        rates.has_run_off,
        rates.is_credible,
        rates.estimated_rate,
        rates.low_rate,
        rates.high_rate,
        rates.hand_set_rate,
        rates.used_rate,
        rates.basis,
    from rates
)

select * from final
