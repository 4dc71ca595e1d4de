/* ---
about: One movement of points as the channel exported it; the ledger decides what it did.
zh: 积分流水
owner: loyalty
tags: [core]
grain: [channel, txn_id]
columns:
  channel: {zh: 渠道, about: The channel the row comes from}
  txn_id: {zh: 流水号, about: The movement's number in its channel}
  account_id: {zh: 账号, about: The account's id in its channel}
  customer_id: {zh: 客户编号, about: The customer the account belongs to; empty when the row names no account}
  occurred_at: {zh: 发生时间, about: When it happened}
  occurred_on: {zh: 发生日, about: The day in the brand's time zone}
  kind: {zh: 类型, about: "earn, redeem, expire, claw_back, recredit, adjust, transfer, opening, extend, reinstate"}
  points: {zh: 积分, unit: points, about: Never negative but for kinds adjust and transfer}
  order_id: {zh: 订单号, about: The order it belongs to}
  expires_on: {zh: 最后有效日, about: "The last valid day of an earning, where the export says so"}
  reason: {zh: 原因, about: "Why, in the words of the channel"}
  currency: {zh: 积分种类, about: "Which points, of a channel with several kinds; empty: points"}
  counter_account_id: {zh: 对方账号, about: "The other account of a transfer"}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.point_transactions) as here
    cross join (select count(*) as n from dataset.point_transactions) as there
    where here.n <> there.n
--- */
with
point_transactions as (select * from dataset.point_transactions),
account_customers as (select * from identity.account_customers),

final as (
    select
        point_transactions.channel,
        point_transactions.txn_id,
        point_transactions.account_id,
        account_customers.customer_id,
        point_transactions.occurred_at,
        cast(point_transactions.occurred_at as date) as occurred_on,
        point_transactions.kind,
        point_transactions.points,
        point_transactions.order_id,
        point_transactions.expires_on,
        point_transactions.reason,
        point_transactions.currency,
        point_transactions.counter_account_id,
        point_transactions.feed,
        point_transactions.source_file,
        point_transactions.source_row,
    from point_transactions
    left join account_customers
        on point_transactions.channel = account_customers.channel
        and point_transactions.account_id = account_customers.account_id
)

select * from final
