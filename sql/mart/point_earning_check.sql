/* ---
about: >-
  Points that the programme's earning rule gives for a sale against those that the channel granted, where the earning names its order: a row per currency, channel and month of
  issue, and a row per order that differs. The channel's points are what the ledger books.
zh: 积分发放核对
owner: finance
tags: [points, finance]
grain: [as_of, level, currency, channel, issue_month, order_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  level: {zh: 层级, about: "channel: all orders of the channel and month; order: one that differs", accepted: [channel, order]}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the order}
  issue_month: {zh: 发放月, about: First day of the month in which the order's first points were issued}
  order_id: {zh: 订单号, about: "The order; * on the rows of a channel"}
  orders: {zh: 订单数, about: Orders compared}
  differing: {zh: 差异订单数, about: Orders of which the points differ}
  base_amount: {zh: 计分金额, unit: CNY, about: "What points are earned for: paid, less refunds up to the first issue, without freight if the programme's earning_base is goods"}
  tier: {zh: 会员等级, about: "The member tier at the end of the month before the issue, which the rate may depend on; empty on the rows of a channel"}
  points_per_unit: {zh: 每元积分, unit: points per CNY, about: The rate; empty on the rows of a channel}
  rounding: {zh: 取整规则, about: "down, nearest or up, to whole points per order; empty on the rows of a channel"}
  expected_points: {zh: 应发积分, unit: points, about: "base_amount x points_per_unit, rounded"}
  granted_points: {zh: 实发积分, unit: points, about: Points issued with the order}
  difference: {zh: 差异, unit: points, about: granted_points - expected_points}
  difference_value: {zh: 差异面值, unit: CNY, about: Its face value at as_of}
  source_file: {zh: 来源文件, about: The export file of the first earning; empty on the rows of a channel}
  source_row: {zh: 来源行, about: Its line}
audits:
  orders_add_up_to_channels: >-
    select currency, channel, issue_month from mart.point_earning_check group by currency, channel, issue_month
    having coalesce(sum(difference) filter (where level = 'order'), 0) <> sum(difference) filter (where level = 'channel')
  every_sale_is_compared: >-
    select checked.points, sales.points as given from (select coalesce(sum(granted_points), 0) as points from mart.point_earning_check where level = 'channel') as checked
    cross join (select coalesce(sum(points), 0) as points from core.point_sales) as sales where checked.points <> sales.points
--- */
with
-- lint: allow long-model because orders and their sums are one table and share their steps
sales as (select * from core.point_sales),
orders as (select * from core.orders),
rules as (select * from core.point_rules),
rates as (select * from seed.point_earning_rates),
programme as (select * from mart.point_programme),

granted as (
    -- the price of a sale stands on one of its rows, whatever currency that is of
    select
        *,
        sum(net_paid) over (partition by sale_channel, order_id) as net_paid_of_sale,
        min(issued_on) over (partition by sale_channel, order_id, currency) as first_issued_on,
    from sales
),

earned as (
    select
        granted.currency,
        granted.sale_channel,
        granted.order_id,
        granted.first_issued_on,
        granted.net_paid_of_sale - case when rules.earning_base = 'goods' then coalesce(orders.freight_amount, 0) else 0 end as base_amount,
        coalesce(held.tier, (select max_by(tier, rank) from seed.member_tiers)) as tier,
        rules.points_per_unit,
        rules.rounding,
        cast(sum(granted.points) as bigint) as granted_points,
        min_by(granted.channel, row(granted.issued_on, granted.channel, granted.account_id)) as channel,
        min_by(granted.account_id, row(granted.issued_on, granted.channel, granted.account_id)) as account_id,
    from granted
    inner join orders on granted.sale_channel = orders.channel and granted.order_id = orders.order_id
    inner join rules
        on granted.currency = rules.currency and granted.first_issued_on >= rules.holds_from and granted.first_issued_on < rules.holds_until
    left join core.member_tiers as held
        on orders.customer_id = held.customer_id and held.ends_on = cast(date_trunc('month', granted.first_issued_on) as date) - 1
    group by
        granted.currency, granted.sale_channel, granted.order_id, granted.first_issued_on, granted.net_paid_of_sale, rules.earning_base,
        orders.freight_amount, held.tier, rules.points_per_unit, rules.rounding
),

fitting as (
    -- of the rates that fit, that of the tier, then that of the channel, then the latest
    select
        earned.currency,
        earned.sale_channel,
        earned.order_id,
        max_by(rates.points_per_unit, row(
            case when rates.tier is null then 0 else 1 end, case when rates.channel is null then 0 else 1 end, rates.valid_from
        )) as rate,
    from earned
    inner join rates
        on coalesce(rates.currency, 'points') = earned.currency
        and rates.valid_from <= earned.first_issued_on
        and coalesce(rates.channel, earned.sale_channel) = earned.sale_channel
        and coalesce(rates.tier, earned.tier) = earned.tier
    group by earned.currency, earned.sale_channel, earned.order_id
),

rated as (
    select earned.*, coalesce(fitting.rate, earned.points_per_unit) as rate
    from earned
    left join fitting
        on earned.currency = fitting.currency and earned.sale_channel = fitting.sale_channel and earned.order_id = fitting.order_id
),

compared as (
    select
        rated.*,
        cast(case rounding
            when 'up' then ceil(greatest(base_amount, 0) * rate)
            when 'nearest' then round(greatest(base_amount, 0) * rate)
            else floor(greatest(base_amount, 0) * rate)
        end as bigint) as expected_points,
    from rated
),

firsts as (
    select
        coalesce(lots.currency, 'points') as currency,
        lots.channel,
        lots.account_id,
        lots.order_id,
        min_by(lots.source_file, row(lots.issued_at, lots.lot_id)) as source_file,
        min_by(lots.source_row, row(lots.issued_at, lots.lot_id)) as source_row,
    from ledger.lots as lots
    inner join compared on lots.channel = compared.channel and lots.account_id = compared.account_id and lots.order_id = compared.order_id
    where compared.granted_points <> compared.expected_points
    group by coalesce(lots.currency, 'points'), lots.channel, lots.account_id, lots.order_id
),

levels as (
    select
        'order' as level, currency, sale_channel, first_issued_on, order_id, 1 as orders, 1 as differing, base_amount, tier, rate, rounding,
        expected_points, granted_points, channel as account_channel, account_id,
    from compared
    where granted_points <> expected_points
    union all
    select
        'channel' as level, currency, sale_channel, cast(date_trunc('month', first_issued_on) as date) as first_issued_on, '*' as order_id,
        count(*) as orders, count(*) filter (where granted_points <> expected_points) as differing, sum(base_amount) as base_amount,
        null as tier, null as rate, null as rounding, sum(expected_points) as expected_points, sum(granted_points) as granted_points,
        null as account_channel, null as account_id,
    from compared
    group by currency, sale_channel, date_trunc('month', first_issued_on)
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        levels.level,
        levels.currency,
        levels.sale_channel as channel,
        cast(date_trunc('month', levels.first_issued_on) as date) as issue_month,
        levels.order_id,
        cast(levels.orders as bigint) as orders,
        cast(levels.differing as bigint) as differing,
        cast(levels.base_amount as decimal(18, 2)) as base_amount,
        levels.tier,
        cast(levels.rate as decimal(18, 4)) as points_per_unit,
        levels.rounding,
        cast(levels.expected_points as bigint) as expected_points,
        cast(levels.granted_points as bigint) as granted_points,
        cast(levels.granted_points - levels.expected_points as bigint) as difference,
        cast(round((levels.granted_points - levels.expected_points) * programme.point_value, 2) as decimal(18, 2)) as difference_value,
        firsts.source_file,
        firsts.source_row,
    from levels
    inner join programme on levels.currency = programme.currency
    left join firsts
        on levels.currency = firsts.currency
        and levels.account_channel = firsts.channel
        and levels.account_id = firsts.account_id
        and levels.order_id = firsts.order_id
)

select * from final
