/* ---
about: >-
  One touch that came before an order, and its share of the order in five models. A touch is an interaction of the same customer with a piece of
  content in the attribution_days before the payment, or the piece that the order itself names. An order's shares add up to the order, to the cent.
zh: 内容归因
owner: content
tags: [content]
grain: [as_of, order_channel, order_id, touch_no]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  order_channel: {zh: 订单渠道, about: Channel of the order}
  order_id: {zh: 订单号, about: "The order, a purchase paid up to as_of"}
  touch_no: {zh: 触点序号, about: "Number of the touch before the order, from 1, by time"}
  touches: {zh: 触点数, unit: touches, about: Touches before the order}
  channel: {zh: 内容渠道, about: Channel of the piece}
  content_id: {zh: 内容号, about: The piece}
  touched_at: {zh: 触达时间, about: When the customer met the piece}
  paid_on: {zh: 付款日, about: The day of payment}
  paid_amount: {zh: 实付金额, unit: CNY, about: "Paid amount of the whole order, before refunds"}
  last_touch_orders: {zh: 末次触点订单, unit: orders, about: 1 for the last touch}
  first_touch_orders: {zh: 首次触点订单, unit: orders, about: 1 for the first touch}
  linear_orders: {zh: 线性订单, unit: orders, about: The same share for every touch}
  position_orders: {zh: 位置订单, unit: orders, about: "40 % for the first, 40 % for the last, 20 % shared by those between; of two touches half each"}
  decay_orders: {zh: 时间衰减订单, unit: orders, about: A share that halves with every attribution_half_life_days before the payment}
  last_touch_revenue: {zh: 末次触点收入, unit: CNY, about: Paid amount for the last touch}
  first_touch_revenue: {zh: 首次触点收入, unit: CNY, about: Paid amount for the first touch}
  linear_revenue: {zh: 线性收入, unit: CNY, about: Linear share of the paid amount}
  position_revenue: {zh: 位置收入, unit: CNY, about: Position-based share of the paid amount}
  decay_revenue: {zh: 时间衰减收入, unit: CNY, about: Time decay share of the paid amount}
audits:
  shares_add_up_to_the_order: >-
    select order_channel, order_id from mart.content_attribution group by order_channel, order_id, paid_amount
    having sum(last_touch_revenue) <> paid_amount or sum(first_touch_revenue) <> paid_amount or sum(linear_revenue) <> paid_amount
      or sum(position_revenue) <> paid_amount or sum(decay_revenue) <> paid_amount or sum(linear_orders) <> 1 or sum(position_orders) <> 1
      or sum(decay_orders) <> 1 or sum(last_touch_orders) <> 1 or sum(first_touch_orders) <> 1
  touch_is_before_payment: touched_at > paid_on + 1
--- */
with
orders as (select * from core.orders where is_purchase and paid_on <= getvariable('as_of')),
contacts as (select * from mart.content_touches where kind <> 'unfollow'),

touches as (
    -- a piece met twice in the same second, or named by the order at the same time, is one touch
    select orders.channel as order_channel, orders.order_id, contacts.channel, contacts.content_id, contacts.occurred_at as touched_at
    from orders
    inner join contacts
        on orders.customer_id = contacts.customer_id
        and contacts.occurred_at <= orders.paid_at
        and contacts.occurred_at >= orders.paid_at - to_days(cast(getvariable('attribution_days') as integer))
    where contacts.order_id is null
    union
    select touch_channel as order_channel, order_id, channel, content_id, occurred_at as touched_at
    from contacts
    where order_id is not null
),

numbered as (
    select
        touches.order_channel,
        touches.order_id,
        touches.channel,
        touches.content_id,
        touches.touched_at,
        orders.paid_on,
        orders.paid_amount,
        cast(orders.paid_amount * 100 as bigint) as cents,
        row_number() over (
            partition by touches.order_channel, touches.order_id order by touches.touched_at, touches.channel, touches.content_id
        ) as touch_no,
        count(*) over (partition by touches.order_channel, touches.order_id) as touches,
        greatest(1, cast(round(1000000000 * pow(
            0.5, date_diff('second', touches.touched_at, orders.paid_at) / (86400.0 * getvariable('attribution_half_life_days'))
        )) as bigint)) as decay_weight,
    from touches
    inner join orders on touches.order_channel = orders.channel and touches.order_id = orders.order_id
),

weighted as (
    -- weights are whole numbers: of n touches 1 each, or 2(n - 2), 1, …, 1, 2(n - 2), which is 40 : 20 / (n - 2) : 40
    select
        *,
        case when touches > 2 and touch_no in (1, touches) then 2 * (touches - 2) else 1 end as position_weight,
        case
            when touches <= 2 then touch_no
            when touch_no = touches then 5 * (touches - 2)
            else 2 * (touches - 2) + touch_no - 1
        end as position_so_far,
        case when touches > 2 then 5 * (touches - 2) else touches end as position_total,
        sum(decay_weight) over (
            partition by order_channel, order_id order by touch_no rows between unbounded preceding and current row
        ) as decay_so_far,
        sum(decay_weight) over (partition by order_channel, order_id) as decay_total,
    from numbered
),

shared as (
    -- a touch gets what it adds to the whole cents (or millionths of an order) of all touches up to it: so they add up exactly
    select
        *,
        -- lint: allow functions because whole cents want a division that stays whole
        cents * touch_no // touches - cents * (touch_no - 1) // touches as linear_cents,
        1000000 * touch_no // touches - 1000000 * (touch_no - 1) // touches as linear_millionths,
        cents * position_so_far // position_total - cents * (position_so_far - position_weight) // position_total as position_cents,
        1000000 * position_so_far // position_total
            - 1000000 * (position_so_far - position_weight) // position_total as position_millionths,
        cents * decay_so_far // decay_total - cents * (decay_so_far - decay_weight) // decay_total as decay_cents,
        1000000 * decay_so_far // decay_total - 1000000 * (decay_so_far - decay_weight) // decay_total as decay_millionths,
    from weighted
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        order_channel,
        order_id,
        touch_no,
        touches,
        channel,
        content_id,
        touched_at,
        paid_on,
        paid_amount,
        cast(case when touch_no = touches then 1 else 0 end as decimal(18, 6)) as last_touch_orders,
        cast(case when touch_no = 1 then 1 else 0 end as decimal(18, 6)) as first_touch_orders,
        cast(linear_millionths * 0.000001 as decimal(18, 6)) as linear_orders,
        cast(position_millionths * 0.000001 as decimal(18, 6)) as position_orders,
        cast(decay_millionths * 0.000001 as decimal(18, 6)) as decay_orders,
        cast(case when touch_no = touches then paid_amount else 0 end as decimal(18, 2)) as last_touch_revenue,
        cast(case when touch_no = 1 then paid_amount else 0 end as decimal(18, 2)) as first_touch_revenue,
        cast(linear_cents * 0.01 as decimal(18, 2)) as linear_revenue,
        cast(position_cents * 0.01 as decimal(18, 2)) as position_revenue,
        cast(decay_cents * 0.01 as decimal(18, 2)) as decay_revenue,
    from shared
)

select * from final
