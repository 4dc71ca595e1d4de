/* ---
about: A balance that a channel reports, with its customer.
zh: 积分余额
owner: loyalty
tags: [core]
grain: [channel, account_id, as_of, currency]
columns:
  channel: {zh: 渠道, about: The channel the row comes from}
  account_id: {zh: 账号, about: The account's id in its channel}
  as_of: {zh: 截止日, about: The day the balance is for}
  customer_id: {zh: 客户编号, about: The customer the account belongs to; empty when the row names no account}
  points: {zh: 积分, unit: points, about: The balance reported}
  currency: {zh: 积分种类, not_null: true, about: "Which points; points where the channel has one kind"}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.point_balances) as here
    cross join (select count(*) as n from dataset.point_balances) as there
    where here.n <> there.n
--- */
with
point_balances as (select * from dataset.point_balances),
account_customers as (select * from identity.account_customers),

final as (
    select
        point_balances.channel,
        point_balances.account_id,
        point_balances.as_of,
        account_customers.customer_id,
        point_balances.points,
        coalesce(point_balances.currency, 'points') as currency,
        point_balances.feed,
        point_balances.source_file,
        point_balances.source_row,
    from point_balances
    left join account_customers
        on point_balances.channel = account_customers.channel
        and point_balances.account_id = account_customers.account_id
)

select * from final
