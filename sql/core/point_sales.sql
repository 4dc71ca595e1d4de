/* ---
about: >-
  One sale that issued points: the points of one order in one currency, account and month of issue, with the price that is to be parted between goods and points. Points of an order that no
  export has, or that nothing was paid for, are no part of a sale.
zh: 积分对应销售
owner: finance
tags: [core, points, finance]
grain: [currency, channel, account_id, order_id, issue_month]
columns:
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the account that got the points}
  account_id: {zh: 账号, about: Account that got the points}
  order_id: {zh: 订单号, about: The order}
  issue_month: {zh: 发放月, about: First day of the month of issue}
  issued_on: {zh: 发放日, about: The first day on which points were issued}
  points: {zh: 积分, unit: points, about: Points issued}
  sale_channel: {zh: 销售渠道, about: "Channel of the order: of several with this number that of the account, then one of the account's customer, then the first by name"}
  net_paid: {zh: 净实付, unit: CNY, about: "Paid for the order, less refunds up to the first day of issue; 0 on other rows of the same order"}
  transaction_price: {zh: 交易价格, unit: CNY, about: "Paid for the order, less refunds up to the first day of issue, without sales tax; 0 on other rows of the same order"}
  list_price: {zh: 标价, unit: CNY, about: "Goods at list price, without sales tax, where the export has it; on the row with the price"}
audits:
  basis_is_known: "getvariable('allocation_basis') not in ('sale', 'month')"
  goods_price_is_known: "getvariable('goods_price') not in ('paid', 'list')"
  tax_is_a_share: "getvariable('sales_tax_rate') not between 0 and 1"
  price_is_not_negative: transaction_price < 0
--- */
with
lots as (select * from ledger.lots where order_id is not null and points_issued > 0),
orders as (select * from core.orders where is_purchase and paid_amount > 0),
refunds as (select * from core.refunds),
accounts as (select * from identity.account_customers),

issues as (
    select
        coalesce(lots.currency, 'points') as currency,
        lots.channel,
        lots.account_id,
        lots.order_id,
        cast(date_trunc('month', lots.issued_on) as date) as issue_month,
        min(lots.issued_on) as issued_on,
        cast(sum(lots.points_issued) as bigint) as points,
    from lots
    group by coalesce(lots.currency, 'points'), lots.channel, lots.account_id, lots.order_id, date_trunc('month', lots.issued_on)
),

matched as (
    select
        issues.*,
        orders.channel as sale_channel,
        orders.paid_amount,
        orders.gross_amount,
        row_number() over (
            partition by issues.currency, issues.channel, issues.account_id, issues.order_id, issues.issue_month
            order by
                case when orders.channel = issues.channel then 0 else 1 end,
                case when orders.customer_id = accounts.customer_id then 0 else 1 end,
                orders.channel
        ) as choice,
    from issues
    inner join orders on issues.order_id = orders.order_id
    left join accounts on issues.channel = accounts.channel and issues.account_id = accounts.account_id
),

sales as (
    select
        *,
        min(issued_on) over (partition by sale_channel, order_id) as first_issued_on,
        row_number() over (partition by sale_channel, order_id order by issue_month, channel, account_id, currency) as row_of_sale,
    from matched
    where choice = 1
),

returned as (
    select sales.sale_channel, sales.order_id, sum(refunds.amount) as amount
    from sales
    inner join refunds
        on sales.sale_channel = refunds.channel
        and sales.order_id = refunds.order_id
        and refunds.refunded_on <= sales.first_issued_on
    where sales.row_of_sale = 1
    group by sales.sale_channel, sales.order_id
),

final as (
    select
        sales.currency,
        sales.channel,
        sales.account_id,
        sales.order_id,
        sales.issue_month,
        sales.issued_on,
        sales.points,
        sales.sale_channel,
        case when sales.row_of_sale = 1 then cast(greatest(sales.paid_amount - coalesce(returned.amount, 0), 0) as decimal(18, 2))
            else cast(0 as decimal(18, 2)) end as net_paid,
        case when sales.row_of_sale = 1 then cast(round(
            greatest(sales.paid_amount - coalesce(returned.amount, 0), 0) / (1 + cast(getvariable('sales_tax_rate') as double)), 2
        ) as decimal(18, 2)) else cast(0 as decimal(18, 2)) end as transaction_price,
        case when sales.row_of_sale = 1 then cast(round(
            nullif(sales.gross_amount, 0) / (1 + cast(getvariable('sales_tax_rate') as double)), 2
        ) as decimal(18, 2)) end as list_price,
    from sales
    left join returned on sales.sale_channel = returned.sale_channel and sales.order_id = returned.order_id
)

select * from final
