/* ---
about: An example to change or delete. Purchases of one channel in one month.
zh: 月度销售
owner: sales
tags: [example]
grain: [as_of, channel, month]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  channel: {zh: 渠道, about: The channel of the orders}
  month: {zh: 月份, about: First day of the month of payment}
  orders: {zh: 订单数, unit: orders, range: {min: 1}, about: Purchases paid in the month}
  buyers: {zh: 购买人数, unit: customers, about: Customers who paid for them; an order without a member has none}
  revenue: {zh: 实付金额, unit: CNY, about: What was paid}
audits:
  money_adds_up: >-
    select 1 from (select coalesce(sum(revenue), 0) as total from mart.sales_by_month) as here
    cross join (select coalesce(sum(paid_amount), 0) as total from core.orders where is_purchase and paid_on <= getvariable('as_of')) as there
    where here.total <> there.total
--- */
with
orders as (select * from core.orders),

purchases as (
    select
        channel,
        customer_id,
        paid_amount,
        cast(date_trunc('month', paid_on) as date) as month,
    from orders
    where is_purchase
        and paid_on <= getvariable('as_of')
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        channel,
        month,
        count(*) as orders,
        count(distinct customer_id) as buyers,
        cast(sum(paid_amount) as decimal(18, 2)) as revenue,
    from purchases
    group by channel, month
)

select * from final
