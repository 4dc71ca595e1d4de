/* ---
about: >-
  The redemption rate at each month end as it was estimated then: of closed months as it was closed, of others as estimate.rates gives it. What is not closed can still change with late exports.
zh: 兑换率历史
owner: finance
tags: [core, points, finance]
grain: [month, currency, scope_kind, scope]
columns:
  month: {zh: 月份, about: First day of that month}
  currency: {zh: 积分种类, about: Which points}
  scope_kind: {zh: 范围类型, about: "all, channel; of the last month also tier"}
  scope: {zh: 范围, about: "all, or which channel or tier"}
  valued_on: {zh: 估计日, about: "The month end at which it was made; the last one is as_of"}
  basis: {zh: 依据, about: "hand_set, own_estimate, estimate_of_all, cap"}
  estimated_rate: {zh: 估计兑换率, about: Empty until a month of issue had run off}
  low_rate: {zh: 下限, about: The low end of its range}
  high_rate: {zh: 上限, about: The high end of its range}
  used_rate: {zh: 使用兑换率, about: The rate in use}
  rate_without_hand: {zh: 非手工兑换率, about: What would be used if no rate were set by hand}
  is_closed: {zh: 已关账, about: As it was closed}
--- */
with
closed as (select * from dataset.closed_estimates),
rates as (select * from estimate.rates),

final as (
    select
        month,
        currency,
        scope_kind,
        scope,
        valued_on,
        basis,
        try_cast(estimated_rate as double) as estimated_rate,
        try_cast(low_rate as double) as low_rate,
        try_cast(high_rate as double) as high_rate,
        try_cast(used_rate as double) as used_rate,
        try_cast(rate_without_hand as double) as rate_without_hand,
        true as is_closed,
    from closed
    union all
    select
        month,
        currency,
        scope_kind,
        scope,
        valued_on,
        basis,
        estimated_rate,
        low_rate,
        high_rate,
        used_rate,
        rate_without_hand,
        false as is_closed,
    from rates
    where month > (select coalesce(max(month), date '0001-01-01') from closed)
)

select * from final
