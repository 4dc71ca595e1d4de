/* ---
about: >-
  One sale that issued points, and how its price was parted between goods and points by relative stand-alone selling price (IFRS 15.73-86), at the redemption rate that was
  known before the month of issue. It is made once: a later estimate does not change it, and of a closed
  month it stands as it was closed. Parts are rounded by largest remainder, so that they add up to the price, to the cent.
zh: 积分交易价格分摊
owner: finance
tags: [points, finance]
grain: [as_of, currency, channel, account_id, order_id, issue_month]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the account that got the points}
  account_id: {zh: 账号, about: Account that got the points}
  order_id: {zh: 订单号, about: The order}
  issue_month: {zh: 发放月, about: First day of the month of issue}
  issued_on: {zh: 发放日, about: The first day of issue}
  sale_channel: {zh: 销售渠道, about: Channel of the order}
  transaction_price: {zh: 交易价格, unit: CNY, about: "Paid, less refunds up to the day of issue, without sales tax; on one row per order"}
  goods_price: {zh: 商品独立售价, unit: CNY, about: "Stand-alone selling price of the goods: the price paid or the list price, by the parameter goods_price"}
  points: {zh: 积分, unit: points, about: Points issued}
  redemption_rate: {zh: 兑换率, about: "The rate that the price of a point is made with: set by hand on the day, else estimated at the end of the month before, else the cap"}
  price_per_point: {zh: 单点独立售价, unit: CNY per point, about: "standalone_price_per_point of the programme, which has the likelihood of redemption in it; where that is empty, value of a point x redemption_rate"}
  points_price: {zh: 积分独立售价, unit: CNY, about: points x price_per_point}
  allocated_goods: {zh: 分摊至商品, unit: CNY, about: The goods' part of the price}
  allocated_points: {zh: 分摊至积分, unit: CNY, about: "The points' part of the price, which is deferred"}
  is_closed: {zh: 已关账, about: "The allocation is that of a closed month, as it was closed"}
audits:
  parts_add_up_to_the_cent: >-
    select sums.price, sums.parts from (
      select sum(transaction_price) as price, sum(allocated_goods + allocated_points) as parts from mart.point_allocations
      where not is_closed group by case when getvariable('allocation_basis') = 'month' then channel else sale_channel end,
        case when getvariable('allocation_basis') = 'month' then cast(issue_month as varchar) else order_id end
    ) as sums where sums.price <> sums.parts
  nothing_is_negative: allocated_goods < 0 or allocated_points < 0
  every_price_is_parted: >-
    select sales.order_id, sales.transaction_price, marts.transaction_price as parted from core.point_sales as sales
    left join mart.point_allocations as marts on sales.currency = marts.currency and sales.channel = marts.channel
      and sales.account_id = marts.account_id and sales.order_id = marts.order_id and sales.issue_month = marts.issue_month
    anti join dataset.closed_allocations as closed on sales.sale_channel = closed.sale_channel and sales.order_id = closed.order_id
    where marts.transaction_price is distinct from sales.transaction_price
  every_sale_has_one: >-
    select sales.n, marts.n as made from (select count(*) as n from core.point_sales) as sales
    cross join (select count(*) as n from mart.point_allocations) as marts where sales.n <> marts.n
--- */
with
-- lint: allow long-model because closed and open months are one table and share their steps
rates as (select * from core.point_estimates where scope_kind = 'channel'),
closed as (select * from dataset.closed_allocations),
rules as (select * from core.point_rules),

-- of an order that has a part that was closed the price is parted already
sales as (
    select
        point_sales.currency,
        point_sales.channel,
        point_sales.account_id,
        point_sales.order_id,
        point_sales.issue_month,
        point_sales.issued_on,
        point_sales.points,
        point_sales.sale_channel,
        case when parted.order_id is null then point_sales.transaction_price else cast(0 as decimal(18, 2)) end as transaction_price,
        point_sales.list_price,
    from core.point_sales as point_sales
    left join (select distinct sale_channel, order_id from closed) as parted
        on point_sales.sale_channel = parted.sale_channel and point_sales.order_id = parted.order_id
    anti join closed
        on point_sales.currency = closed.currency
        and point_sales.channel = closed.channel
        and point_sales.account_id = closed.account_id
        and point_sales.order_id = closed.order_id
        and point_sales.issue_month = closed.issue_month
),

priced as (
    select
        sales.*,
        coalesce(rules.expected_redemption_rate, rates.rate_without_hand, getvariable('redemption_rate_cap')) as redemption_rate,
        cast(coalesce(rules.standalone_price_per_point, round(
            cast(coalesce(rules.expected_redemption_rate, rates.rate_without_hand, getvariable('redemption_rate_cap')) as double) / rules.redemption_points, 8
        )) as decimal(18, 8)) as price_per_point,
        case
            when sales.transaction_price = 0 then cast(0 as decimal(18, 2))
            when getvariable('goods_price') = 'list' then coalesce(sales.list_price, sales.transaction_price)
            else sales.transaction_price
        end as goods_price,
        case when getvariable('allocation_basis') = 'month' then sales.channel else sales.sale_channel end as unit_channel,
        case when getvariable('allocation_basis') = 'month' then cast(sales.issue_month as varchar) else sales.order_id end as unit_no,
    from sales
    inner join rules on sales.currency = rules.currency and sales.issued_on >= rules.holds_from and sales.issued_on < rules.holds_until
    left join rates on sales.currency = rates.currency and sales.channel = rates.scope and sales.issue_month = cast(rates.month + interval 1 month as date)
),

parts as (
    -- stand-alone prices in whole 1e-10 of the currency, so that shares and remainders are exact
    select currency, channel, account_id, order_id, issue_month, unit_channel, unit_no, 'goods' as part, transaction_price,
        cast(goods_price * 100 as hugeint) * 100000000 as weight,
    from priced
    union all
    select currency, channel, account_id, order_id, issue_month, unit_channel, unit_no, 'points' as part, cast(0 as decimal(18, 2)) as transaction_price,
        cast(points as hugeint) * cast(price_per_point * 100000000 as hugeint) * 100 as weight,
    from priced
),

shares as (
    select
        *,
        sum(cast(transaction_price * 100 as hugeint)) over unit as price_cents,
        sum(weight) over unit as weights,
    from parts
    window unit as (partition by unit_channel, unit_no)
),

cents as (
    select
        *,
        -- lint: allow functions because whole cents and remainders must be exact
        case when weights > 0 then price_cents * weight // weights else 0 end as whole_cents,
        case when weights > 0 then price_cents * weight % weights else 0 end as remainder,
    from shares
),

parted as (
    select
        currency,
        channel,
        account_id,
        order_id,
        issue_month,
        part,
        whole_cents + case
            when row_number() over (
                partition by unit_channel, unit_no
                order by remainder desc, part, issue_month, channel, account_id, order_id, currency
            ) <= price_cents - sum(whole_cents) over (partition by unit_channel, unit_no) then 1
            else 0
        end as cents,
    from cents
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        priced.currency,
        priced.channel,
        priced.account_id,
        priced.order_id,
        priced.issue_month,
        priced.issued_on,
        priced.sale_channel,
        priced.transaction_price,
        priced.goods_price,
        priced.points,
        cast(priced.redemption_rate as double) as redemption_rate,
        priced.price_per_point,
        cast(round(priced.points * priced.price_per_point, 2) as decimal(18, 2)) as points_price,
        cast(cast(goods.cents as decimal(20, 0)) * 0.01 as decimal(18, 2)) as allocated_goods,
        cast(cast(parted.cents as decimal(20, 0)) * 0.01 as decimal(18, 2)) as allocated_points,
        false as is_closed,
    from priced
    inner join parted
        on priced.currency = parted.currency
        and priced.channel = parted.channel
        and priced.account_id = parted.account_id
        and priced.order_id = parted.order_id
        and priced.issue_month = parted.issue_month
    inner join parted as goods
        on priced.currency = goods.currency
        and priced.channel = goods.channel
        and priced.account_id = goods.account_id
        and priced.order_id = goods.order_id
        and priced.issue_month = goods.issue_month
    where parted.part = 'points' and goods.part = 'goods'
    union all
    -- of closed months, sales that the exports still have
    select
        cast(getvariable('as_of') as date) as as_of,
        closed.currency,
        closed.channel,
        closed.account_id,
        closed.order_id,
        closed.issue_month,
        closed.issued_on,
        closed.sale_channel,
        closed.transaction_price,
        closed.goods_price,
        closed.points,
        try_cast(closed.redemption_rate as double) as redemption_rate,
        try_cast(closed.price_per_point as decimal(18, 8)) as price_per_point,
        closed.points_price,
        closed.allocated_goods,
        closed.allocated_points,
        true as is_closed,
    from closed
    semi join core.point_sales as point_sales
        on closed.currency = point_sales.currency
        and closed.channel = point_sales.channel
        and closed.account_id = point_sales.account_id
        and closed.order_id = point_sales.order_id
        and closed.issue_month = point_sales.issue_month
)

select * from final
