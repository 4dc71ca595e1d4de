/* ---
about: >-
  The points that customers may still redeem, and what that is worth: by currency, channel, member tier, month of expiry and age. Points that accounts owe
  (arrears) stand in rows of their own, age_band arrears, so that outstanding_points - arrears_points adds up to the balances.
zh: 积分负债
owner: finance
tags: [points, finance]
grain: [as_of, currency, channel, tier, expiry_month, age_band]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the account}
  tier: {zh: 会员等级, about: "The customer's member tier at as_of; none for a customer without one"}
  expiry_month: {zh: 到期月, about: First day of the month in which the points expire; 9999-12-01 if they never do; of arrears the month of as_of}
  age_band: {zh: 库龄段, about: "Days since issue: 000-030, 031-090, 091-180, 181-365, 366+; or arrears"}
  outstanding_points: {zh: 未用积分, unit: points, about: Points remaining in lots}
  arrears_points: {zh: 欠积分, unit: points, about: "Points owed by accounts that used, or had taken back, more than they had"}
  lots: {zh: 批次数, unit: lots, about: Lots with points left}
  face_value: {zh: 面值, unit: CNY, about: "outstanding_points / redemption ratio in force at as_of; the rows of a currency add up to the value of its total, to the cent"}
  estimated_redemption_rate: {zh: 估计兑换率, about: "Points of all months of issue redeemed in the end over points issued, within floor and cap; empty until a month of issue has run off. The same on every row of a currency"}
  hand_set_redemption_rate: {zh: 手工兑换率, about: The rate set by hand in the programme; empty if none. The same on every row of a currency}
  expected_redemption_rate: {zh: 预期兑换率, about: "The rate used: the one set by hand, else the estimate, else the cap. The same on every row of a currency"}
  expected_redemption_points: {zh: 预期兑换积分, unit: points, about: "Outstanding points expected to be redeemed: of each channel and month of issue what its pattern says is still to come, or, where a rate is set, points issued x rate less what is redeemed; at most what is outstanding"}
  breakage_points: {zh: 预期作废积分, unit: points, about: Outstanding points expected never to be redeemed}
  expected_face_value: {zh: 预期兑换面值, unit: CNY, about: expected_redemption_points / redemption ratio}
  product_cost_rate: {zh: 商品成本率, about: What a unit of redeemed value costs the brand. The same on every row of a currency}
  expected_cost: {zh: 预期成本, unit: CNY, about: "face_value x product_cost_rate: the cost if all that is outstanding is redeemed"}
  expected_redemption_cost: {zh: 预期兑换成本, unit: CNY, about: "expected_face_value x product_cost_rate: the cost of the redemptions that are expected"}
  used_share: {zh: 已用比例, about: "Points redeemed over points issued, of the whole programme to date. The same on every row of a currency"}
  promotional_cost: {zh: 促销成本, unit: CNY per point, about: "Of the programme, per point issued: redemption value of a point x product_cost_rate x used_share / 2, as one issue of points drives two purchases. The same on every row of a currency: never add it up"}
  expected_redemption_points_low: {zh: 预期兑换积分下限, unit: points, about: "At the low end of the rate's 95 % range; empty where the rate in use is no estimate"}
  expected_redemption_points_high: {zh: 预期兑换积分上限, unit: points, about: At its high end}
  expected_redemption_cost_low: {zh: 预期兑换成本下限, unit: CNY, about: The cost of expected_redemption_points_low}
  expected_redemption_cost_high: {zh: 预期兑换成本上限, unit: CNY, about: The cost of expected_redemption_points_high}
audits:
  range_is_in_order: expected_redemption_points_low > expected_redemption_points or expected_redemption_points_high < expected_redemption_points
  nothing_is_negative: outstanding_points < 0 or arrears_points < 0 or breakage_points < 0 or expected_redemption_points < 0
  points_add_up_to_balances: >-
    select balances.*, marts.points from (
      select coalesce(currency, 'points') as currency, channel, sum(balance) as points from ledger.balances group by coalesce(currency, 'points'), channel
    ) as balances
    full join (
      select currency, channel, sum(outstanding_points - arrears_points) as points from mart.point_liability group by currency, channel
    ) as marts on balances.currency = marts.currency and balances.channel = marts.channel
    where coalesce(marts.points, 0) <> coalesce(balances.points, 0)
  tiers_add_up_to_the_ledger: >-
    select entries.*, marts.points from (
      select currency, channel, tier, sum(points) as points from mart.point_ledger group by currency, channel, tier
    ) as entries
    full join (
      select currency, channel, tier, sum(outstanding_points - arrears_points) as points from mart.point_liability group by currency, channel, tier
    ) as marts on entries.currency = marts.currency and entries.channel = marts.channel and entries.tier = marts.tier
    where coalesce(entries.points, 0) <> coalesce(marts.points, 0)
  value_adds_up_to_the_cent: >-
    select programme.currency, marts.face_value, lots.points from mart.point_programme as programme
    left join (select currency, sum(face_value) as face_value from mart.point_liability group by currency) as marts on programme.currency = marts.currency
    left join (
      select currency, cast(sum(points_remaining) as bigint) as points from mart.point_lots group by currency
    ) as lots on programme.currency = lots.currency
    where coalesce(marts.face_value, 0) <> round(coalesce(lots.points, 0) * programme.point_value, 2)
--- */
with
-- lint: allow long-model because the estimate, the cost and the sensitivity are of the same rows
lots as (select * from mart.point_lots where points_remaining > 0),
vintages as (select * from estimate.vintages where valued_on = getvariable('as_of')),
programme as (select * from mart.point_programme),

expectations as (
    select
        currency,
        channel,
        issue_month,
        cast(least(1, greatest(0, sum(expected_points - points_redeemed)
            / cast(sum(points_remaining) as double))) as decimal(13, 12)) as redeemed_share,
    from vintages
    group by currency, channel, issue_month
    having sum(points_remaining) > 0
),

cells as (
    select
        lots.currency,
        lots.channel,
        lots.tier,
        coalesce(lots.expiry_month, date '9999-12-01') as expiry_month,
        lots.age_band,
        cast(sum(lots.points_remaining) as bigint) as outstanding_points,
        cast(0 as bigint) as arrears_points,
        count(*) as lots,
        cast(round(sum(lots.points_remaining * coalesce(expectations.redeemed_share, 1))) as bigint) as expected_points,
    from lots
    left join expectations
        on lots.currency = expectations.currency
        and lots.channel = expectations.channel
        and lots.issue_month = expectations.issue_month
    group by lots.currency, lots.channel, lots.tier, lots.expiry_month, lots.age_band
    union all
    select
        coalesce(balances.currency, 'points') as currency,
        balances.channel,
        coalesce(pyramid.tier, 'none') as tier,
        cast(date_trunc('month', getvariable('as_of')) as date) as expiry_month,
        'arrears' as age_band,
        cast(0 as bigint) as outstanding_points,
        cast(sum(balances.arrears) as bigint) as arrears_points,
        cast(0 as bigint) as lots,
        cast(0 as bigint) as expected_points,
    from ledger.balances as balances
    left join identity.account_customers as accounts
        on balances.channel = accounts.channel and balances.account_id = accounts.account_id
    left join mart.customer_pyramid as pyramid on accounts.customer_id = pyramid.customer_id
    where balances.arrears > 0
    group by coalesce(balances.currency, 'points'), balances.channel, coalesce(pyramid.tier, 'none')
),

running as (
    -- a row's value is what it adds to the rounded value of all rows of its currency so far: so the rows add up to the cent
    select
        *,
        cast(sum(outstanding_points) over (
            partition by currency order by channel, tier, expiry_month, age_band rows between unbounded preceding and current row
        ) as bigint) as points_so_far,
    from cells
),

ranged as (
    -- the range of the rate is one of points in total, of which each row has its part
    select
        cells.currency,
        least(1, greatest(0, min(programme.redemption_rate_low * programme.points_issued - programme.points_redeemed)
            / nullif(sum(cells.expected_points), 0))) as low,
        greatest(1, min(programme.redemption_rate_high * programme.points_issued - programme.points_redeemed)
            / nullif(sum(cells.expected_points), 0)) as high,
    from cells
    inner join programme on cells.currency = programme.currency
    where programme.redemption_rate_basis = 'own_estimate'
    group by cells.currency
),

valued as (
    select
        running.currency,
        running.channel,
        running.tier,
        running.expiry_month,
        running.age_band,
        running.outstanding_points,
        running.arrears_points,
        running.lots,
        running.expected_points,
        cast(round(running.expected_points * ranged.low) as bigint) as low_points,
        least(cast(round(running.expected_points * ranged.high) as bigint), running.outstanding_points) as high_points,
        cast(round(running.points_so_far * programme.point_value, 2)
            - round((running.points_so_far - running.outstanding_points) * programme.point_value, 2) as decimal(18, 2)) as face_value,
        cast(round(running.expected_points * programme.point_value, 2) as decimal(18, 2)) as expected_face_value,
    from running
    inner join programme on running.currency = programme.currency
    left join ranged on running.currency = ranged.currency
),

final as (
    select
        programme.as_of,
        valued.currency,
        valued.channel,
        valued.tier,
        valued.expiry_month,
        valued.age_band,
        valued.outstanding_points,
        valued.arrears_points,
        valued.lots,
        valued.face_value,
        programme.estimated_redemption_rate,
        programme.hand_set_redemption_rate,
        cast(programme.expected_redemption_rate as double) as expected_redemption_rate,
        valued.expected_points as expected_redemption_points,
        valued.outstanding_points - valued.expected_points as breakage_points,
        valued.expected_face_value,
        cast(programme.product_cost_rate as double) as product_cost_rate,
        cast(round(valued.face_value * programme.product_cost_rate, 2) as decimal(18, 2)) as expected_cost,
        cast(round(valued.expected_face_value * programme.product_cost_rate, 2) as decimal(18, 2)) as expected_redemption_cost,
        programme.used_share,
        programme.promotional_cost,
        valued.low_points as expected_redemption_points_low,
        valued.high_points as expected_redemption_points_high,
        cast(round(round(valued.low_points * programme.point_value, 2) * programme.product_cost_rate, 2) as decimal(18, 2)) as expected_redemption_cost_low,
        cast(round(round(valued.high_points * programme.point_value, 2) * programme.product_cost_rate, 2) as decimal(18, 2)) as expected_redemption_cost_high,
    from valued
    inner join programme on valued.currency = programme.currency
)

select * from final
