/* ---
about: >-
  How many customers bought in a month, and how many were active at its end: had bought in it or in the 365 days before its first day. One row per month in which
  anything was bought or refunded. Made by the month: late orders rebuild their own month and the twelve or thirteen after it.
zh: 月度客户
owner: crm
tags: [customer]
kind: by_month
month: month
reads: {core.customer_days: {by: day, back: 365}}
grain: [month]
columns:
  month: {zh: 月份, about: First day of the month}
  buyers: {zh: 购买客户数, unit: customers, about: Customers with at least one purchase in the month}
  returning_buyers: {zh: 复购客户数, unit: customers, about: Buyers who had also bought in the 365 days before the month}
  fresh_buyers: {zh: 新增及召回客户数, unit: customers, about: "Buyers who had not: their first purchase, or the first in more than a year"}
  active_customers: {zh: 活跃客户数, unit: customers, about: Customers with a purchase in the month or in the 365 days before it}
  orders: {zh: 订单数, unit: orders, about: Purchases paid in the month}
  revenue: {zh: 净消费额, unit: CNY, about: "Paid in the month, less refunds made in it"}
audits:
  buyers_are_active: active_customers < buyers or buyers <> returning_buyers + fresh_buyers
  revenue_adds_up: >-
    select 1 from (select coalesce(sum(revenue), 0) as revenue, coalesce(sum(orders), 0) as orders from mart.monthly_customers) as months
    cross join (select coalesce(sum(net_amount), 0) as revenue, coalesce(sum(orders), 0) as orders from core.customer_days) as days
    where months.revenue <> days.revenue or months.orders <> days.orders
--- */
with
days as (select * from core.customer_days),

months as (
    select distinct cast(date_trunc('month', day) as date) as month
    from days
),

standings as (
    select
        months.month,
        days.customer_id,
        sum(case when days.day >= months.month then days.orders else 0 end) as orders,
        sum(case when days.day < months.month then days.orders else 0 end) as orders_before,
        sum(case when days.day >= months.month then days.net_amount else 0 end) as revenue,
    from months
    inner join days on days.day >= months.month - 365 and days.day < months.month + interval 1 month
    group by months.month, days.customer_id
),

final as (
    select
        month,
        count(case when orders > 0 then 1 end) as buyers,
        count(case when orders > 0 and orders_before > 0 then 1 end) as returning_buyers,
        count(case when orders > 0 and orders_before = 0 then 1 end) as fresh_buyers,
        count(case when orders > 0 or orders_before > 0 then 1 end) as active_customers,
        cast(sum(orders) as bigint) as orders,
        cast(sum(revenue) as decimal(18, 2)) as revenue,
    from standings
    group by month
)

select * from final
