/* ---
about: >-
  One time that a person met a piece of content: an interaction with it, or an order that names it. A touch that is recorded in a channel that does
  not publish the piece (a click in the mini program on an article) belongs to the piece of that id, if there is only one.
zh: 内容触点
owner: content
tags: [content]
grain: [as_of, touch_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  touch_id: {zh: 触点号, about: "The interaction's number, or a hash of the order"}
  channel: {zh: 内容渠道, about: Channel of the piece}
  content_id: {zh: 内容号, about: The piece}
  customer_id: {zh: 客户编号, about: Who met it; empty when nobody is named}
  touch_channel: {zh: 触点渠道, about: Channel in which the touch was recorded}
  account_id: {zh: 账号, about: The account in that channel}
  occurred_at: {zh: 时间, about: When it happened}
  kind: {zh: 类型, about: "follow, unfollow, visit, click, share, scan, message, sign_in; or order"}
  referrer_account_id: {zh: 推荐人, about: The account that brought the person}
  order_id: {zh: 订单号, about: The order that names the piece; empty for an interaction}
audits:
  kind_is_known: kind is null
  no_order_is_lost: >-
    select 1 from (select count(*) as n from mart.content_touches where kind = 'order') as here
    cross join (
      select count(*) as n from core.orders where content_id is not null and is_purchase and paid_on <= getvariable('as_of')
    ) as there
    where here.n <> there.n
--- */
with
interactions as (
    select * from core.interactions where content_id is not null and occurred_on <= getvariable('as_of')
),

orders as (select * from core.orders where content_id is not null and is_purchase and paid_on <= getvariable('as_of')),
contents as (select * from core.contents),

pieces as (
    select content_id, min(channel) as channel from contents group by content_id having count(*) = 1
),

touches as (
    select interaction_id as touch_id, channel, content_id, customer_id, account_id, occurred_at, kind, referrer_account_id, null as order_id
    from interactions
    union all
    select
        md5('order' || chr(31) || channel || chr(31) || order_id) as touch_id, channel, content_id, customer_id, account_id,
        least(ordered_at, paid_at) as occurred_at, 'order' as kind, null as referrer_account_id, order_id,
    from orders
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        touches.touch_id,
        coalesce(contents.channel, pieces.channel, touches.channel) as channel,
        touches.content_id,
        touches.customer_id,
        touches.channel as touch_channel,
        touches.account_id,
        touches.occurred_at,
        touches.kind,
        touches.referrer_account_id,
        touches.order_id,
    from touches
    left join contents on touches.channel = contents.channel and touches.content_id = contents.content_id
    left join pieces on touches.content_id = pieces.content_id
)

select * from final
