/* ---
about: One movement of points that the ledger could not book as the channel exported it, and what was done instead. Nothing is dropped in silence.
zh: 积分异常
owner: finance
tags: [points, finance]
grain: [as_of, exception_no]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  exception_no: {zh: 序号, about: "Number of the exception, by channel, account, time and transaction"}
  channel: {zh: 渠道, about: Channel of the account}
  account_id: {zh: 账号, about: Account in the channel}
  customer_id: {zh: 客户编号, about: Whose account it is now}
  txn_id: {zh: 流水号, about: The movement in the export}
  occurred_at: {zh: 发生时间, about: When it happened}
  kind: {zh: 类型, about: "The kind that the export gives; of an unknown account, that of its first entry"}
  points: {zh: 积分, unit: points, about: Points that the exception is about}
  code: {zh: 异常代码, about: "What is wrong, one word per rule of the ledger"}
  detail: {zh: 说明, about: What was found and what was done}
  source_file: {zh: 来源文件, about: The export file that it comes from}
  source_row: {zh: 来源行, about: The line of that file}
  currency: {zh: 积分种类, about: "Which points; points where the channel has one kind"}
audits:
  has_a_code: code is null
  none_is_lost: >-
    select given.n as given, repeats.n as repeats, kept.n as kept
    from (select count(*) as n from ledger.exceptions) as given
    cross join (
      select count(*) as n from dataset.point_repeats as repeats
      anti join dataset.point_transactions as movements on repeats.source_file = movements.source_file and repeats.source_row = movements.source_row
        and repeats.channel = movements.channel and repeats.txn_id = movements.txn_id
    ) as repeats
    cross join (select count(*) as n from mart.point_exceptions where code <> 'unknown_account') as kept
    where given.n + repeats.n <> kept.n
--- */
with
refused as (select * from ledger.exceptions),
entries as (select * from ledger.entries),
accounts as (select * from identity.account_customers),
described as (select * from dataset.accounts),
repeats as (select * from dataset.point_repeats),
movements as (select * from dataset.point_transactions),

firsts as (
    select * from entries
    where entry_no = 1
),

exceptions as (
    select channel, account_id, txn_id, occurred_at, kind, points, code, detail, source_file, source_row, currency
    from refused
    union all
    -- once for each account, at its first movement; a channel that exports no accounts has none to be missed
    select
        firsts.channel,
        firsts.account_id,
        firsts.txn_id,
        firsts.occurred_at,
        firsts.kind,
        firsts.points,
        'unknown_account' as code,
        'no export of accounts has it; its movements are booked' as detail,
        firsts.source_file,
        firsts.source_row,
        firsts.currency,
    from firsts
    anti join described on firsts.channel = described.channel and firsts.account_id = described.account_id
    where firsts.channel in (select channel from described)
    union all
    -- a movement that exports of one time tell twice and not alike: the rows that do not count
    select
        repeats.channel,
        repeats.account_id,
        repeats.txn_id,
        repeats.occurred_at,
        repeats.kind,
        repeats.points,
        case
            when repeats.account_id is not distinct from movements.account_id
                and repeats.occurred_at is not distinct from movements.occurred_at
                and repeats.kind is not distinct from movements.kind
                and repeats.points is not distinct from movements.points then 'duplicate_transaction'
            else 'conflicting_transaction'
        end as code,
        concat(
            'not counted; what counts is ', movements.source_file, ':', movements.source_row, ': ', movements.kind, ' of ', movements.points,
            ' points at ', movements.occurred_at
        ) as detail,
        repeats.source_file,
        repeats.source_row,
        repeats.currency,
    from repeats
    inner join movements on repeats.channel = movements.channel and repeats.txn_id = movements.txn_id
    where (repeats.source_file, repeats.source_row) <> (movements.source_file, movements.source_row)
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        row_number() over (
            order by
                exceptions.channel, exceptions.account_id, exceptions.occurred_at, exceptions.txn_id, exceptions.code,
                exceptions.source_file, exceptions.source_row, exceptions.kind, exceptions.points, exceptions.detail
        ) as exception_no,
        exceptions.channel,
        exceptions.account_id,
        accounts.customer_id,
        exceptions.txn_id,
        exceptions.occurred_at,
        exceptions.kind,
        exceptions.points,
        exceptions.code,
        exceptions.detail,
        exceptions.source_file,
        exceptions.source_row,
        exceptions.currency,
    from exceptions
    left join accounts on exceptions.channel = accounts.channel and exceptions.account_id = accounts.account_id
)

select * from final
