/* ---
about: >-
  What was expected at a past month end, with the data of then (of closed months, as it was closed), and what has happened since: of the months of issue that were there, the rate estimated and used, the points expected to come,
  those that came by as_of, and those that are still expected.
zh: 积分兑换估计回测
owner: finance
tags: [points, finance]
grain: [as_of, valued_on, currency, channel]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  valued_on: {zh: 估计日, about: The month end at which the estimate was made}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  points_issued: {zh: 净发放, unit: points, about: "Points issued by then, less those withdrawn by as_of"}
  estimated_rate: {zh: 当时估计兑换率, about: Estimated then; empty until a month of issue had run off}
  low_rate: {zh: 当时下限, about: The low end of its range}
  high_rate: {zh: 当时上限, about: The high end of its range}
  used_rate: {zh: 当时使用兑换率, about: "The rate that was used: set by hand, estimated, or the cap"}
  basis: {zh: 依据, about: "hand_set, own_estimate, estimate_of_all, cap"}
  expected_to_come: {zh: 当时预期待兑换, unit: points, about: Points expected then to be redeemed later}
  came_since: {zh: 其后实际兑换, unit: points, about: Of these months of issue redeemed between then and as_of}
  still_expected: {zh: 仍预期兑换, unit: points, about: Of them expected now to be redeemed later}
  points_remaining: {zh: 未用, unit: points, about: Of them left at as_of}
  outcome_rate: {zh: 结果兑换率, about: "Redeemed by as_of and still expected, over points_issued: what the estimate of then is held against"}
  is_settled: {zh: 是否已了结, about: "Nothing is left, so that the outcome is a fact and no estimate"}
  error: {zh: 误差, about: "estimated_rate - outcome_rate"}
  is_within_range: {zh: 是否在范围内, about: The outcome lies between low_rate and high_rate}
audits:
  settled_is_settled: is_settled and still_expected <> 0
  nothing_is_negative: points_remaining < 0 or expected_to_come < 0 or still_expected < 0
--- */
with
rates as (select * from core.point_estimates where scope_kind = 'channel'),
vintages as (select * from core.point_expectations),
outcomes as (select * from estimate.vintages where valued_on = getvariable('as_of')),

compared as (
    select
        vintages.valued_on,
        vintages.currency,
        vintages.channel,
        cast(sum(outcomes.points_issued - outcomes.points_withdrawn) as bigint) as points_issued,
        cast(sum(vintages.expected_points - vintages.points_redeemed) as bigint) as expected_to_come,
        cast(sum(outcomes.points_redeemed - vintages.points_redeemed) as bigint) as came_since,
        cast(sum(outcomes.expected_points - outcomes.points_redeemed) as bigint) as still_expected,
        cast(sum(outcomes.points_remaining) as bigint) as points_remaining,
        cast(sum(outcomes.expected_points) as bigint) as outcome_points,
    from vintages
    inner join outcomes
        on vintages.currency = outcomes.currency
        and vintages.channel = outcomes.channel
        and vintages.with_sale = outcomes.with_sale
        and vintages.issue_month = outcomes.issue_month
    where vintages.valued_on < getvariable('as_of')
    group by vintages.valued_on, vintages.currency, vintages.channel
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        compared.valued_on,
        compared.currency,
        compared.channel,
        compared.points_issued,
        rates.estimated_rate,
        rates.low_rate,
        rates.high_rate,
        rates.used_rate,
        rates.basis,
        compared.expected_to_come,
        compared.came_since,
        compared.still_expected,
        compared.points_remaining,
        compared.outcome_points / nullif(compared.points_issued, 0) as outcome_rate,
        compared.points_remaining = 0 as is_settled,
        rates.estimated_rate - compared.outcome_points / nullif(compared.points_issued, 0) as error,
        compared.outcome_points / nullif(compared.points_issued, 0) between rates.low_rate and rates.high_rate as is_within_range,
    from compared
    left join rates on compared.valued_on = rates.valued_on and compared.currency = rates.currency and compared.channel = rates.scope
)

select * from final
