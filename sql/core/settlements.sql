/* ---
about: One movement of money between a channel or a payment service and the brand, with the customer of its order.
zh: 资金结算
owner: finance
tags: [core]
grain: [channel, settlement_id]
columns:
  channel: {zh: 渠道, about: The channel or payment service the row comes from}
  settlement_id: {zh: 结算流水号, about: The movement's number in its channel}
  settled_at: {zh: 入账时间, about: When it was booked; empty where the export does not say}
  settled_on: {zh: 入账日, about: "The day it was booked, in the brand's time zone"}
  kind: {zh: 类型, about: "payment, refund, fee, subsidy, advertising, payout, top_up, other"}
  amount: {zh: 变动金额, unit: CNY, about: "Signed: what it did to the brand's money there; 0 where the export says nothing"}
  fee_amount: {zh: 其中费用, unit: CNY, about: "The part of amount that is fees and commission: negative where they were charged; 0 where the export says nothing"}
  balance_after: {zh: 变动后余额, unit: CNY, about: The balance that the channel reports after it}
  order_id: {zh: 订单号, about: "The order's number in the channel; empty for what belongs to no order"}
  customer_id: {zh: 客户编号, about: "The customer of the order, where the channel's orders have it"}
  order_paid_on: {zh: 原订单付款日, about: The day the order was paid; empty when the order is unknown}
  reason: {zh: 原因, about: "Why, in the words of the channel"}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.settlements) as here
    cross join (select count(*) as n from dataset.settlements) as there
    where here.n <> there.n
  money_is_kept: >-
    select 1 from (select coalesce(sum(amount), 0) as total from core.settlements) as here
    cross join (select coalesce(sum(amount), 0) as total from dataset.settlements) as there
    where here.total <> there.total
--- */
with
settlements as (select * from dataset.settlements),
orders as (select * from core.orders),

final as (
    select
        settlements.channel,
        settlements.settlement_id,
        settlements.settled_at,
        cast(settlements.settled_at as date) as settled_on,
        settlements.kind,
        cast(coalesce(settlements.amount, 0) as decimal(18, 2)) as amount,
        cast(coalesce(settlements.fee_amount, 0) as decimal(18, 2)) as fee_amount,
        settlements.balance_after,
        settlements.order_id,
        orders.customer_id,
        orders.paid_on as order_paid_on,
        settlements.reason,
        settlements.feed,
        settlements.source_file,
        settlements.source_row,
    from settlements
    left join orders
        on settlements.channel = orders.channel
        and settlements.order_id = orders.order_id
)

select * from final
