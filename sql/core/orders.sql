/* ---
about: One order with its customer. An order without an account has no customer and stays out of the customer marts.
zh: 订单
owner: crm
tags: [core]
grain: [channel, order_id]
columns:
  channel: {zh: 渠道, about: The channel the row comes from}
  order_id: {zh: 订单号, about: The order's number in its channel}
  account_id: {zh: 账号, about: The account's id in its channel}
  customer_id: {zh: 客户编号, about: The customer the account belongs to; empty when the row names no account}
  ordered_at: {zh: 下单时间, about: When the order was placed}
  paid_at: {zh: 付款时间, about: When it was paid; empty if it never was}
  paid_on: {zh: 付款日, about: The day of payment in the brand's time zone}
  status: {zh: 状态, about: "created, paid, shipped, completed, closed"}
  is_purchase: {zh: 是否成交, about: "Paid, and not an order that was closed with nothing paid; refunds do not change it"}
  gross_amount: {zh: 商品总额, unit: CNY, about: Goods at list price}
  discount_amount: {zh: 优惠金额, unit: CNY, about: Taken off}
  freight_amount: {zh: 运费, unit: CNY, about: Freight}
  paid_amount: {zh: 实付金额, unit: CNY, about: What the buyer paid; 0 where the export says nothing}
  points_used: {zh: 使用积分, unit: points, about: Points redeemed with the order}
  source: {zh: 来源, about: How the order was acquired}
  content_id: {zh: 内容, about: The piece of content it came from}
  campaign_id: {zh: 活动, about: The campaign it came from}
  store_id: {zh: 门店, about: The store it was bought in}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  every_account_has_a_customer: "account_id is not null and customer_id is null"
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.orders) as here
    cross join (select count(*) as n from dataset.orders) as there
    where here.n <> there.n
  money_is_kept: >-
    select 1 from (select coalesce(sum(paid_amount), 0) as total from core.orders) as here
    cross join (select coalesce(sum(paid_amount), 0) as total from dataset.orders) as there
    where here.total <> there.total
--- */
with
orders as (select * from dataset.orders),
account_customers as (select * from identity.account_customers),

final as (
    select
        orders.channel,
        orders.order_id,
        orders.account_id,
        account_customers.customer_id,
        orders.ordered_at,
        orders.paid_at,
        cast(orders.paid_at as date) as paid_on,
        orders.status,
        orders.paid_at is not null
            and not (coalesce(orders.status, '') = 'closed' and coalesce(orders.paid_amount, 0) = 0) as is_purchase,
        orders.gross_amount,
        orders.discount_amount,
        orders.freight_amount,
        coalesce(orders.paid_amount, 0) as paid_amount,
        orders.points_used,
        orders.source,
        orders.content_id,
        orders.campaign_id,
        orders.store_id,
        orders.feed,
        orders.source_file,
        orders.source_row,
    from orders
    left join account_customers
        on orders.channel = account_customers.channel
        and orders.account_id = account_customers.account_id
)

select * from final
