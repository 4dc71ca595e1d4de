/* ---
about: >-
  Merging accounts neither makes nor loses points or money: points of every kind and currency, points left, orders, payments and refunds are, in total, the same by customer as
  they are by account.
owner: finance
table: core.customers
--- */
with
by_account as (
    select 'points: ' || kind || ' ' || coalesce(currency, 'points') as what, sum(points) as total
    from ledger.entries as entries
    group by kind, currency
    union all
    select 'points left' as what, coalesce(sum(points_remaining), 0) as total from ledger.lots as lots
    union all
    select 'orders' as what, count(*) as total from dataset.orders as orders where account_id is not null
    union all
    select 'paid' as what, coalesce(sum(paid_amount), 0) as total from dataset.orders as orders where account_id is not null
    union all
    select 'refunds' as what, count(*) as total from core.refunds as refunds where account_id is not null
    union all
    select 'refunded' as what, coalesce(sum(amount), 0) as total from core.refunds as refunds where account_id is not null
),

by_customer as (
    select 'points: ' || point_ledger.kind || ' ' || point_ledger.currency as what, sum(point_ledger.points) as total
    from mart.point_ledger as point_ledger
    inner join core.customers as customers on point_ledger.customer_id = customers.customer_id
    group by point_ledger.kind, point_ledger.currency
    union all
    select 'points left' as what, coalesce(sum(point_lots.points_remaining), 0) as total
    from mart.point_lots as point_lots
    inner join core.customers as customers on point_lots.customer_id = customers.customer_id
    union all
    select 'orders' as what, count(*) as total
    from core.orders as orders
    inner join core.customers as customers on orders.customer_id = customers.customer_id
    union all
    select 'paid' as what, coalesce(sum(orders.paid_amount), 0) as total
    from core.orders as orders
    inner join core.customers as customers on orders.customer_id = customers.customer_id
    union all
    select 'refunds' as what, count(*) as total
    from core.refunds as refunds
    inner join core.customers as customers on refunds.customer_id = customers.customer_id
    union all
    select 'refunded' as what, coalesce(sum(refunds.amount), 0) as total
    from core.refunds as refunds
    inner join core.customers as customers on refunds.customer_id = customers.customer_id
)

select
    coalesce(by_account.what, by_customer.what) as what,
    by_account.total as by_account,
    by_customer.total as by_customer,
from by_account
full join by_customer on by_account.what = by_customer.what
where by_account.total is distinct from by_customer.total
