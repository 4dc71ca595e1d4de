/* ---
about: What one customer did on one day. Purchases count on the day of payment, refunds on the day they were made, so that a refund never changes a past day.
zh: 客户日消费
owner: crm
tags: [core, customer]
grain: [customer_id, day]
columns:
  customer_id: {zh: 客户编号, about: The customer}
  day: {zh: 日期, about: The day in the brand's time zone}
  orders: {zh: 订单数, unit: orders, about: Purchases paid on the day}
  paid_amount: {zh: 实付金额, unit: CNY, about: Paid on the day}
  refund_amount: {zh: 退款金额, unit: CNY, about: Refunded on the day}
  net_amount: {zh: 净消费额, unit: CNY, about: Paid less refunded}
audits:
  net_is_paid_less_refunded: "net_amount <> paid_amount - refund_amount"
  payments_add_up: >-
    select 1 from (select coalesce(sum(paid_amount), 0) as total, coalesce(sum(orders), 0) as orders from core.customer_days) as days
    cross join (select coalesce(sum(paid_amount), 0) as total, count(*) as orders from core.orders where is_purchase and customer_id is not null) as bought
    where days.total <> bought.total or days.orders <> bought.orders
  refunds_add_up: >-
    select 1 from (select coalesce(sum(refund_amount), 0) as total from core.customer_days) as days
    cross join (select coalesce(sum(amount), 0) as total from core.refunds where customer_id is not null) as refunded
    where days.total <> refunded.total
--- */
with
orders as (select * from core.orders),
refunds as (select * from core.refunds),

movements as (
    select
        customer_id,
        paid_on as day,
        1 as orders,
        paid_amount,
        0 as refund_amount,
    from orders
    where is_purchase and customer_id is not null
    union all
    select
        customer_id,
        refunded_on as day,
        0 as orders,
        0 as paid_amount,
        amount as refund_amount,
    from refunds
    where customer_id is not null
),

final as (
    select
        customer_id,
        day,
        cast(sum(orders) as bigint) as orders,
        cast(sum(paid_amount) as decimal(18, 2)) as paid_amount,
        cast(sum(refund_amount) as decimal(18, 2)) as refund_amount,
        cast(sum(paid_amount) - sum(refund_amount) as decimal(18, 2)) as net_amount,
    from movements
    group by customer_id, day
)

select * from final
