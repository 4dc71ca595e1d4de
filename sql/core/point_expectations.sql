/* ---
about: >-
  What was expected at each month end of the points of each month of issue: of closed months as it was closed, of others as estimate.vintages gives it.
zh: 兑换预期历史
owner: finance
tags: [core, points, finance]
grain: [month, currency, channel, with_sale, issue_month]
columns:
  month: {zh: 月份, about: First day of that month}
  currency: {zh: 积分种类, about: Which points}
  channel: {zh: 渠道, about: Channel of the accounts}
  with_sale: {zh: 是否随销售, about: Points of an order that is known and paid}
  issue_month: {zh: 发放月, about: First day of the month of issue}
  valued_on: {zh: 估计日, about: "The month end; the last one is as_of"}
  points_issued: {zh: 发放, unit: points, about: Points issued}
  points_withdrawn: {zh: 已扣回, unit: points, about: Of them taken back by then}
  points_redeemed: {zh: 已兑换, unit: points, about: Of them redeemed by then}
  points_remaining: {zh: 未用, unit: points, about: Of them left then}
  expected_points: {zh: 预期兑换总数, unit: points, about: "Expected then to be redeemed in the end, what was redeemed included"}
--- */
with
closed as (select * from dataset.closed_expectations),
vintages as (select * from estimate.vintages),

final as (
    select
        month,
        currency,
        channel,
        with_sale,
        issue_month,
        valued_on,
        points_issued,
        points_withdrawn,
        points_redeemed,
        points_remaining,
        expected_points,
    from closed
    union all
    select
        month,
        currency,
        channel,
        with_sale,
        issue_month,
        valued_on,
        points_issued,
        points_withdrawn,
        points_redeemed,
        points_remaining,
        expected_points,
    from vintages
    where month > (select coalesce(max(month), date '0001-01-01') from closed)
)

select * from final
