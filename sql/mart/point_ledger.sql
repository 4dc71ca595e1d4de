/* ---
about: One movement of points, with whose it is. Append-only order per account; the balance after each entry is on it.
zh: 积分流水账
owner: finance
tags: [points, finance]
grain: [as_of, channel, account_id, entry_no]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  channel: {zh: 渠道, about: Channel of the account}
  account_id: {zh: 账号, about: Account in the channel}
  entry_no: {zh: 序号, about: "Number of the entry in the account's ledger, from 1"}
  customer_id: {zh: 客户编号, not_null: true, about: Whose account it is now}
  tier: {zh: 会员等级, about: "The customer's member tier at as_of; none for a customer without one"}
  occurred_at: {zh: 发生时间, about: When it happened}
  occurred_on: {zh: 发生日, about: The day it counts for}
  kind: {zh: 类型, about: What moved the points, accepted: [issued, redeemed, expired, claw_back, recredited, adjusted, transferred, reinstated, opening, extended]}
  points: {zh: 积分, unit: points, about: Effect on the balance; negative when points leave}
  balance_after: {zh: 变动后余额, unit: points, about: Balance of the account after this entry; negative when it owes points}
  txn_id: {zh: 流水号, about: The movement in the export; empty for a computed expiry}
  order_id: {zh: 订单号, about: "The order it belongs to; of a computed expiry, the order of the lot"}
  reason: {zh: 原因, about: The reason that the channel gives}
  source_file: {zh: 来源文件, about: "The export file that it comes from; of a computed expiry, that of the lot"}
  source_row: {zh: 来源行, about: The line of that file}
  currency: {zh: 积分种类, not_null: true, about: "Which points; points where the channel has one kind"}
  counter_account_id: {zh: 对方账号, about: The other account of a transfer}
  counter_txn_id: {zh: 对方流水号, about: "The movement of the other account that answers a transfer; empty if there is none"}
audits:
  sign_fits_kind: "(kind in ('issued', 'recredited', 'reinstated', 'opening') and points < 0) or (kind = 'extended' and points <> 0) or (kind in ('redeemed', 'expired', 'claw_back') and points > 0)"
  is_after_as_of: occurred_on > as_of
  no_entry_is_lost: >-
    select (select count(*) from ledger.entries) as given, (select count(*) from mart.point_ledger) as kept
    where (select count(*) from ledger.entries) <> (select count(*) from mart.point_ledger)
  entries_sum_to_balances: >-
    select accounts.channel, accounts.account_id from (
      select channel, account_id, currency, sum(points) as points, max_by(balance_after, entry_no) as balance_after
      from mart.point_ledger group by channel, account_id, currency
    ) as accounts
    full join ledger.balances as balances
      on accounts.channel = balances.channel and accounts.account_id = balances.account_id and accounts.currency = coalesce(balances.currency, 'points')
    where coalesce(accounts.points, 0) <> coalesce(balances.balance, 0) or coalesce(accounts.balance_after, 0) <> coalesce(balances.balance, 0)
  entries_are_lots_by_kind: >-
    select entries.*, lots.* from (
      select channel, currency,
        coalesce(sum(points) filter (where kind = 'issued'), 0) as issued, coalesce(sum(points) filter (where kind = 'opening'), 0) as opening,
        coalesce(sum(points) filter (where kind = 'reinstated'), 0) as reinstated, coalesce(-sum(points) filter (where kind = 'expired'), 0) as expired,
        sum(points) as balance
      from mart.point_ledger group by channel, currency
    ) as entries
    full join (
      select channel, coalesce(currency, 'points') as currency, sum(points_issued) as issued, sum(points_opening) as opening, sum(points_reinstated) as reinstated,
        sum(points_expired) as expired
      from ledger.lots group by channel, coalesce(currency, 'points')
    ) as lots on entries.channel = lots.channel and entries.currency = lots.currency
    where coalesce(entries.issued, 0) <> coalesce(lots.issued, 0) or coalesce(entries.opening, 0) <> coalesce(lots.opening, 0)
      or coalesce(entries.reinstated, 0) <> coalesce(lots.reinstated, 0) or coalesce(entries.expired, 0) <> coalesce(lots.expired, 0)
  days_sum_to_balances: >-
    select days.channel, days.tier, days.currency, days.points, balances.points from (
      select channel, tier, currency, sum(points) as points
      from (select channel, tier, currency, occurred_on, sum(points) as points from mart.point_ledger group by channel, tier, currency, occurred_on)
      group by channel, tier, currency
    ) as days
    full join (
      select accounts.channel, accounts.tier, coalesce(balances.currency, 'points') as currency, sum(balances.balance) as points
      from (select distinct channel, account_id, tier from mart.point_ledger) as accounts
      inner join ledger.balances as balances on accounts.channel = balances.channel and accounts.account_id = balances.account_id
      group by accounts.channel, accounts.tier, coalesce(balances.currency, 'points')
    ) as balances on days.channel = balances.channel and days.tier = balances.tier and days.currency = balances.currency
    where coalesce(days.points, 0) <> coalesce(balances.points, 0)
  transfers_sum_to_zero: >-
    select sent.points, unanswered.points as unanswered
    from (select currency, sum(points) as points from mart.point_ledger where kind = 'transferred' group by currency) as sent
    full join (
      select coalesce(currency, 'points') as currency, sum(points) as points from ledger.exceptions
      where code = 'transfer_without_counterpart' group by coalesce(currency, 'points')
    ) as unanswered on sent.currency = unanswered.currency
    where coalesce(sent.points, 0) <> coalesce(unanswered.points, 0)
--- */
with
entries as (select * from ledger.entries),
accounts as (select * from identity.account_customers),
pyramid as (select * from mart.customer_pyramid),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        entries.channel,
        entries.account_id,
        entries.entry_no,
        accounts.customer_id,
        coalesce(pyramid.tier, 'none') as tier,
        entries.occurred_at,
        entries.occurred_on,
        entries.kind,
        entries.points,
        entries.balance_after,
        entries.txn_id,
        entries.order_id,
        entries.reason,
        entries.source_file,
        entries.source_row,
        coalesce(entries.currency, 'points') as currency,
        entries.counter_account_id,
        entries.counter_txn_id,
    from entries
    left join accounts on entries.channel = accounts.channel and entries.account_id = accounts.account_id
    left join pyramid on accounts.customer_id = pyramid.customer_id
)

select * from final
