/* ---
about: >-
  One customer's place in the pyramid: ranked by net spend in the trailing window among those who bought in it; everybody else who is known stands in the last layer.
zh: 客户金字塔
owner: crm
tags: [customer]
grain: [as_of, customer_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  customer_id: {zh: 客户编号, about: The customer}
  layer: {zh: 层级, about: "1 is the top; 7 is known, without a purchase in the window"}
  stage: {zh: 生命周期阶段, about: "refer, value, stick, activate, enter"}
  tier: {zh: 会员等级, about: "platinum, gold, regular; empty for those who are no members"}
  is_member: {zh: 是否会员, about: A member by as_of}
  orders: {zh: 订单数, unit: orders, about: Purchases paid in the window}
  revenue: {zh: 净消费额, unit: CNY, about: "Paid in the window, less refunds made in it; may be negative"}
  average_ticket: {zh: 客单价, unit: CNY, about: "Revenue per order, rounded to the cent; empty without an order"}
  spend_rank: {zh: 消费排名, about: 1 plus the ranked customers who spent strictly more; empty in the last layer}
  heads_ranked: {zh: 排名人数, unit: customers, about: Customers who bought in the window; empty in the last layer}
  first_purchase_on: {zh: 首次购买日, about: "First purchase ever, up to as_of"}
  last_purchase_on: {zh: 末次购买日, about: "Last purchase ever, up to as_of"}
audits:
  money_adds_up: >-
    select 1 from (select coalesce(sum(revenue), 0) as total, coalesce(sum(orders), 0) as orders from mart.customer_pyramid) as pyramid
    cross join (
      select coalesce(sum(net_amount), 0) as total, coalesce(sum(orders), 0) as orders from core.customer_days
      where day <= cast(getvariable('as_of') as date)
        and day > cast(getvariable('as_of') as date) - cast(getvariable('window_days') as integer)
    ) as days
    where pyramid.total <> days.total or pyramid.orders <> days.orders
  everybody_is_counted: >-
    select 1 from (select count(*) as heads from mart.customer_pyramid) as pyramid
    cross join (select count(*) as heads from core.customers where known_on <= cast(getvariable('as_of') as date)) as known
    where pyramid.heads <> known.heads
  ranked_if_bought: "(orders > 0) <> (spend_rank is not null)"
--- */
with
customers as (select * from core.customers),
days as (select * from core.customer_days),
standings as (select * from core.customer_standings),
member_tiers as (select * from core.member_tiers),
layers as (select * from seed.pyramid_layers),

purchases as (
    select
        customer_id,
        min(day) as first_purchase_on,
        max(day) as last_purchase_on,
    from days
    where orders > 0
        and day <= cast(getvariable('as_of') as date)
    group by customer_id
),

placed as (
    select
        customers.customer_id,
        coalesce(standings.layer, (select max(layer) from layers)) as layer,
        customers.is_member and cast(customers.member_since as date) <= cast(getvariable('as_of') as date) as is_member,
        member_tiers.tier,
        coalesce(standings.orders, 0) as orders,
        coalesce(standings.revenue, 0) as revenue,
        standings.spend_rank,
        standings.heads_ranked,
        purchases.first_purchase_on,
        purchases.last_purchase_on,
    from customers
    left join standings
        on customers.customer_id = standings.customer_id
        and standings.ends_on = cast(getvariable('as_of') as date)
    left join member_tiers
        on customers.customer_id = member_tiers.customer_id
        and member_tiers.ends_on = cast(getvariable('as_of') as date)
    left join purchases
        on customers.customer_id = purchases.customer_id
    where customers.known_on <= cast(getvariable('as_of') as date)
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        placed.customer_id,
        placed.layer,
        layers.stage,
        case when placed.is_member then coalesce(placed.tier, (select max_by(tier, rank) from seed.member_tiers)) end as tier,
        placed.is_member,
        placed.orders,
        cast(placed.revenue as decimal(18, 2)) as revenue,
        case when placed.orders > 0 then cast(round(placed.revenue / placed.orders, 2) as decimal(18, 2)) end as average_ticket,
        placed.spend_rank,
        placed.heads_ranked,
        placed.first_purchase_on,
        placed.last_purchase_on,
    from placed
    inner join layers
        on placed.layer = layers.layer
)

select * from final
