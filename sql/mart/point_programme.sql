/* ---
about: >-
  The points programme at as_of, a row for each currency of points: the rules in force, how much of what was issued is used, and the share expected to be
  redeemed in the end. The estimate is that of mart.point_redemption_estimate for all; a rate set by hand goes before it.
zh: 积分计划参数
owner: finance
tags: [points, finance]
grain: [as_of, currency]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  valid_from: {zh: 生效日, about: Since when the rules in force hold}
  points_per_unit: {zh: 每元积分, unit: points per CNY, about: Points earned per unit of money paid}
  redemption_points: {zh: 兑换比例, unit: points per CNY, about: Points that are worth one unit of money}
  point_value: {zh: 单点面值, unit: CNY per point, about: "1 / redemption_points, to 12 places: exact for every ratio that divides a power of ten"}
  product_cost_rate: {zh: 商品成本率, about: What a unit of redeemed value costs the brand}
  points_issued: {zh: 净发放, unit: points, about: "Points issued, from before the movements begin, and adjusted, less those clawed back, to date"}
  points_redeemed: {zh: 已兑换, unit: points, about: "Points redeemed, less those credited back, to date"}
  used_share: {zh: 已用比例, about: "points_redeemed / points_issued; 0 before anything is issued"}
  estimated_redemption_rate: {zh: 估计兑换率, about: "Points of all months of issue redeemed in the end over points issued, by the parameter redemption_method, within the parameters redemption_rate_floor and redemption_rate_cap, but not below used_share; empty until a month of issue has run off"}
  hand_set_redemption_rate: {zh: 手工兑换率, about: The rate set by hand in the programme; empty if none}
  expected_redemption_rate: {zh: 预期兑换率, about: "The rate used: the one set by hand, else the estimate, else the cap"}
  promotional_cost: {zh: 促销成本, unit: CNY per point, about: "Per point issued: redemption value of a point x product_cost_rate x used_share / 2, as one issue of points drives two purchases, the one that earns and the one that redeems"}
  redemption_rate_low: {zh: 兑换率下限估计, about: "estimated_redemption_rate less 1.96 standard errors, not below used_share"}
  redemption_rate_high: {zh: 兑换率上限估计, about: estimated_redemption_rate and 1.96 standard errors}
  chain_ladder_rate: {zh: 链梯法兑换率, about: "By chain ladder, without floor and cap, whatever redemption_method is"}
  additive_rate: {zh: 增量法兑换率, about: "By the additive method, without floor and cap"}
  redemption_rate_basis: {zh: 兑换率依据, about: "hand_set, own_estimate, or cap where no estimate can be made"}
audits:
  rates_are_shares: expected_redemption_rate not between 0 and 1 or product_cost_rate < 0
  there_is_a_programme: "select 'seed.points_programme holds no row' as problem where not exists (select * from mart.point_programme)"
--- */
with
lots as (select * from ledger.lots),
rules as (select * from core.point_rules),
rates as (select * from estimate.rates where scope_kind = 'all' and valued_on = getvariable('as_of')),

in_force as (
    select * from rules where getvariable('as_of') >= holds_from and getvariable('as_of') < holds_until
),

usage as (
    select
        coalesce(currency, 'points') as currency,
        cast(sum(
            points_issued + coalesce(points_opening, 0) + coalesce(points_transferred, 0) + points_adjusted - points_clawed_back
        ) as bigint) as points_issued,
        cast(sum(points_redeemed) as bigint) as points_redeemed,
    from lots
    group by coalesce(currency, 'points')
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        in_force.currency,
        in_force.valid_from,
        in_force.points_per_unit,
        in_force.redemption_points,
        in_force.point_value,
        in_force.product_cost_rate,
        coalesce(usage.points_issued, 0) as points_issued,
        coalesce(usage.points_redeemed, 0) as points_redeemed,
        coalesce(usage.points_redeemed / nullif(usage.points_issued, 0), 0) as used_share,
        rates.estimated_rate as estimated_redemption_rate,
        cast(in_force.expected_redemption_rate as double) as hand_set_redemption_rate,
        cast(coalesce(
            in_force.expected_redemption_rate, rates.used_rate, getvariable('redemption_rate_cap')
        ) as decimal(9, 6)) as expected_redemption_rate,
        cast(round(
            cast(in_force.product_cost_rate as double) / in_force.redemption_points
            * coalesce(usage.points_redeemed / nullif(usage.points_issued, 0), 0) / 2, 8
        ) as decimal(18, 8)) as promotional_cost,
        rates.low_rate as redemption_rate_low,
        rates.high_rate as redemption_rate_high,
        rates.chain_ladder_rate,
        rates.additive_rate,
        case when in_force.expected_redemption_rate is not null then 'hand_set' else coalesce(rates.basis, 'cap') end as redemption_rate_basis,
    from in_force
    left join usage on in_force.currency = usage.currency
    left join rates on in_force.currency = rates.currency
)

select * from final
