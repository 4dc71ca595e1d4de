/* ---
about: >-
  The rules of the points programme by currency of points and day: each row holds from one day to before another. Before a currency's first row that row
  holds; a currency that the programme has no row for is worth what points are, and its own lots never expire.
zh: 积分规则区间
owner: finance
tags: [core, points, finance]
grain: [currency, holds_from]
columns:
  currency: {zh: 积分种类, not_null: true, about: "Which points; points where a brand has one kind"}
  holds_from: {zh: 适用自, about: "First day that the row holds for; of a currency's first row 0001-01-01"}
  holds_until: {zh: 适用至, about: "The day that the next row begins; 9999-12-31 if there is none"}
  valid_from: {zh: 生效日, about: valid_from of the programme}
  is_own: {zh: 自有规则, about: "The programme has rows for the currency; else these are those of points"}
  validity: {zh: 有效期规则, about: "rolling, calendar_year, activity"}
  validity_days: {zh: 有效天数, unit: days, about: Days after the day of issue}
  grace_days: {zh: 宽限天数, unit: days, about: Days by which a computed last valid day is later}
  earning_base: {zh: 计分口径, about: "What points are earned for: goods (paid less freight), paid"}
  rounding: {zh: 取整规则, about: "down, nearest, up"}
  points_per_unit: {zh: 每元积分, unit: points per CNY, about: Points earned per unit of money paid}
  redemption_points: {zh: 兑换比例, unit: points per CNY, about: Points that are worth one unit of money}
  point_value: {zh: 单点面值, unit: CNY per point, about: "1 / redemption_points, to 12 places"}
  product_cost_rate: {zh: 商品成本率, about: What a unit of redeemed value costs the brand}
  expected_redemption_rate: {zh: 预期兑换率, about: The rate set by hand; empty if none}
  standalone_price_per_point: {zh: 单点独立售价, unit: CNY per point, about: "Stand-alone selling price of a point; empty if it follows the redemption rate"}
audits:
  every_currency_has_rules: >-
    select balances.currency from ledger.balances as balances
    where coalesce(balances.currency, 'points') not in (select currency from core.point_rules)
  currency_is_in_the_programme: {where: not is_own, severity: warning, about: "Points of a currency that the programme has no row for: they never expire, and are valued as points are"}
--- */
with
programmes as (select * from seed.points_programme),
balances as (select * from ledger.balances),

named as (
    select *, coalesce(currency, 'points') as rules_of
    from programmes
),

currencies as (
    select coalesce(currency, 'points') as currency from balances
    union
    select rules_of as currency from named
),

chosen as (
    select
        currency,
        currency in (select rules_of from named) as is_own,
        case when currency in (select rules_of from named) then currency else 'points' end as rules_of,
    from currencies
),

final as (
    select
        chosen.currency,
        case when row_number() over following = 1 then date '0001-01-01' else named.valid_from end as holds_from,
        lead(named.valid_from, 1, date '9999-12-31') over following as holds_until,
        named.valid_from,
        chosen.is_own,
        named.validity,
        named.validity_days,
        coalesce(named.grace_days, 0) as grace_days,
        coalesce(named.earning_base, 'goods') as earning_base,
        coalesce(named.rounding, 'down') as rounding,
        named.points_per_unit,
        named.redemption_points,
        cast(1.0 / named.redemption_points as decimal(18, 12)) as point_value,
        named.product_cost_rate,
        named.expected_redemption_rate,
        named.standalone_price_per_point,
    from chosen
    inner join named on chosen.rules_of = named.rules_of
    window following as (partition by chosen.currency order by named.valid_from)
)

select * from final
