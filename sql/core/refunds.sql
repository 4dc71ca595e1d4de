/* ---
about: One refund on its own day. A refund that names no account belongs to the customer of its order.
zh: 退款
owner: crm
tags: [core]
grain: [channel, refund_id]
columns:
  channel: {zh: 渠道, about: The channel the row comes from}
  refund_id: {zh: 退款号, about: The refund's number in its channel}
  order_id: {zh: 订单号, about: The order's number in its channel}
  line_no: {zh: 行号, about: The line refunded; empty for the whole order}
  account_id: {zh: 账号, about: "The account named on the refund, else the order's"}
  customer_id: {zh: 客户编号, about: The customer; empty when neither refund nor order names an account}
  refunded_at: {zh: 退款时间, about: When it was made}
  refunded_on: {zh: 退款日, not_null: true, about: "The day it counts: the day it was made, in the brand's time zone; where the export gives none, the day the order was paid, and of an order that nobody knows the day of the export"}
  order_paid_on: {zh: 原订单付款日, about: The day the order was paid; empty when the order is unknown}
  amount: {zh: 退款金额, unit: CNY, about: "Positive, a negative one takes a refund back; 0 where the export says nothing"}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  every_account_has_a_customer: "account_id is not null and customer_id is null"
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.refunds) as here
    cross join (select count(*) as n from dataset.refunds) as there
    where here.n <> there.n
  money_is_kept: >-
    select 1 from (select coalesce(sum(amount), 0) as total from core.refunds) as here
    cross join (select coalesce(sum(amount), 0) as total from dataset.refunds) as there
    where here.total <> there.total
--- */
with
refunds as (select * from dataset.refunds),
orders as (select * from core.orders),
account_customers as (select * from identity.account_customers),

final as (
    select
        refunds.channel,
        refunds.refund_id,
        refunds.order_id,
        refunds.line_no,
        coalesce(refunds.account_id, orders.account_id) as account_id,
        account_customers.customer_id,
        refunds.refunded_at,
        coalesce(cast(refunds.refunded_at as date), orders.paid_on, cast(refunds.exported_at as date)) as refunded_on,
        orders.paid_on as order_paid_on,
        coalesce(refunds.amount, 0) as amount,
        refunds.feed,
        refunds.source_file,
        refunds.source_row,
    from refunds
    left join orders
        on refunds.channel = orders.channel
        and refunds.order_id = orders.order_id
    left join account_customers
        on refunds.channel = account_customers.channel
        and coalesce(refunds.account_id, orders.account_id) = account_customers.account_id
)

select * from final
