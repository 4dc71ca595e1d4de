/* ---
about: >-
  One line of an order with the order's customer and day of payment. Line 0 is a whole order in one row, from exports that list orders and not articles; it counts only where no
  export has the order's articles.
zh: 订单行
owner: crm
tags: [core]
grain: [channel, order_id, line_no]
columns:
  channel: {zh: 渠道, about: The channel the row comes from}
  order_id: {zh: 订单号, about: The order's number in its channel}
  line_no: {zh: 行号, about: "The line within the order; 0 for the whole order in one row"}
  account_id: {zh: 账号, about: The account of the order}
  customer_id: {zh: 客户编号, about: The customer of the order; empty when the order is unknown or names no account}
  ordered_at: {zh: 下单时间, about: When the order was placed}
  paid_on: {zh: 付款日, about: The order's day of payment; empty when it is unpaid or unknown}
  is_purchase: {zh: 是否成交, about: The order counts as a purchase}
  product_id: {zh: 商品, about: The product's number}
  product_name: {zh: 商品名称, about: The name on the order}
  category: {zh: 品类, about: The category on the order}
  quantity: {zh: 数量, unit: pieces, about: Pieces}
  unit_price: {zh: 单价, unit: CNY, about: Price of a piece}
  paid_amount: {zh: 实付金额, unit: CNY, about: What the buyer paid for the line}
  cost_amount: {zh: 成本, unit: CNY, about: Cost of the goods}
  shares: {zh: 分摊, about: "Quantity and amount are shares of a row that stood for several lines: even, or uneven, the rest being with the first; else empty"}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.order_lines) as here
    cross join (select count(*) filter (line_no <> 0) + count(distinct case when lines_of_order = 1 and line_no = 0 then channel || chr(10) || order_id end) as n from (
      select channel, order_id, line_no, count(*) over (partition by channel, order_id) as lines_of_order from dataset.order_lines
    ) as numbered) as there
    where here.n <> there.n
--- */
with
order_lines as (select * from dataset.order_lines),
orders as (select * from core.orders),

itemised as (
    select distinct
        channel,
        order_id,
    from order_lines
    where line_no <> 0
),

final as (
    select
        order_lines.channel,
        order_lines.order_id,
        order_lines.line_no,
        orders.account_id,
        orders.customer_id,
        orders.ordered_at,
        orders.paid_on,
        coalesce(orders.is_purchase, false) as is_purchase,
        order_lines.product_id,
        order_lines.product_name,
        order_lines.category,
        order_lines.quantity,
        order_lines.unit_price,
        order_lines.paid_amount,
        order_lines.cost_amount,
        order_lines.shares,
        order_lines.feed,
        order_lines.source_file,
        order_lines.source_row,
    from order_lines
    left join orders
        on order_lines.channel = orders.channel
        and order_lines.order_id = orders.order_id
    left join itemised
        on order_lines.channel = itemised.channel
        and order_lines.order_id = itemised.order_id
    where order_lines.line_no <> 0 or itemised.order_id is null
)

select * from final
