/* ---
about: >-
  One movement of a closed period that the ledger gives today and did not when it was closed, or the other way round: what came late, and what
  follows from it. The rows add up to prior_period in mart.point_rollforward. Empty while nothing is closed.
zh: 以前期间调整
owner: finance
tags: [points, finance]
grain: [as_of, item_no]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  item_no: {zh: 序号, about: "Number of the row, by channel, account, day and movement"}
  closed_through: {zh: 已关账至, about: The last day that is closed}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the account}
  account_id: {zh: 账号, about: Account in the channel}
  customer_id: {zh: 客户编号, about: Whose account it is now}
  tier: {zh: 会员等级, about: "The customer's member tier at as_of; none for a customer without one"}
  what: {zh: 变动, about: "added: the ledger gives it today; removed: it gave it at the close", accepted: [added, removed]}
  cause: {zh: 原因, about: "late_file: told by an export that was not there at the close; replaced: another movement stands for it today; follows: an expiry that comes out otherwise because of other rows; rule: files of the close, read or booked otherwise by a contract, a model or the programme as they are today", accepted: [late_file, replaced, follows, rule]}
  occurred_on: {zh: 发生日, about: The day of the movement}
  kind: {zh: 类型, about: What moved the points}
  points: {zh: 积分, unit: points, about: "Effect on the balance: the movement's points where it was added, their opposite where it was removed"}
  txn_id: {zh: 流水号, about: The movement in the export; empty for a computed expiry}
  source_file: {zh: 来源文件, about: The export file that it comes from}
  source_row: {zh: 来源行, about: The line of that file}
audits:
  rows_add_up_to_the_balances: >-
    select sides.currency, sum(sides.items) as items, sum(sides.points) as points from (
      select currency, points as items, 0 as points from mart.point_prior_period
      union all
      select currency, 0 as items, points from mart.point_ledger
      where occurred_on <= (select max(closed_through) from dataset.closed_files)
      union all
      select coalesce(currency, 'points') as currency, 0 as items, -points as points from dataset.closed_entries
    ) as sides
    group by sides.currency having sum(sides.items) <> sum(sides.points)
--- */
with
files as (select landed_key, closed_through from dataset.closed_files),

sides as (
    select
        'added' as what, currency, channel, account_id, entry_no, occurred_on, kind, points, points as effect, coalesce(txn_id, '') as txn_id,
        source_file, source_row,
    from mart.point_ledger
    where occurred_on <= (select max(closed_through) from files)
    union all
    select
        'removed' as what, coalesce(currency, 'points') as currency, channel, account_id, entry_no, occurred_on, kind, points, -points as effect,
        coalesce(txn_id, '') as txn_id,
        entry_file as source_file, entry_row as source_row,
    from dataset.closed_entries
),

numbered as (
    select
        *,
        row_number() over (
            partition by what, currency, channel, account_id, occurred_on, kind, points, txn_id order by entry_no
        ) as copy_no,
    from sides
),

paired as (
    select
        *,
        count(*) over (partition by currency, channel, account_id, occurred_on, kind, points, txn_id, copy_no) as sides,
        count(*) filter (where what = 'added') over (partition by channel, account_id, txn_id) as told_now,
    from numbered
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        row_number() over (
            order by
                paired.channel, paired.account_id, paired.currency, paired.occurred_on, paired.txn_id, paired.what, paired.kind, paired.points,
                paired.copy_no
        ) as item_no,
        cast((select max(closed_through) from files) as date) as closed_through,
        paired.currency,
        paired.channel,
        paired.account_id,
        accounts.customer_id,
        coalesce(pyramid.tier, 'none') as tier,
        paired.what,
        case
            when paired.txn_id = '' then 'follows'
            when paired.what = 'removed' and paired.told_now > 0 then 'replaced'
            when paired.what = 'added' and files.landed_key is null then 'late_file'
            else 'rule'
        end as cause,
        paired.occurred_on,
        paired.kind,
        paired.effect as points,
        nullif(paired.txn_id, '') as txn_id,
        paired.source_file,
        paired.source_row,
    from paired
    left join files on paired.source_file = files.landed_key
    left join identity.account_customers as accounts on paired.channel = accounts.channel and paired.account_id = accounts.account_id
    left join mart.customer_pyramid as pyramid on accounts.customer_id = pyramid.customer_id
    where paired.sides = 1
)

select * from final
