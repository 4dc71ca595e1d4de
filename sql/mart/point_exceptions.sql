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
  kind: {zh: 类型, about: The kind that the export gives}
  points: {zh: 积分, unit: points, about: Points that the exception is about}
  code: {zh: 异常代码, about: "What is wrong, one word per rule of the ledger"}
  detail: {zh: 说明, about: What was found and what was done}
  source_file: {zh: 来源文件, about: The export file that it comes from}
  source_row: {zh: 来源行, about: The line of that file}
  currency: {zh: 积分种类, about: "Which points; points where the channel has one kind"}
audits:
  has_a_code: code is null
  none_is_lost: >-
    select (select count(*) from ledger.exceptions) as given, (select count(*) from mart.point_exceptions) as kept
    where (select count(*) from ledger.exceptions) <> (select count(*) from mart.point_exceptions)
--- */
with
exceptions as (select * from ledger.exceptions),
accounts as (select * from identity.account_customers),

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
