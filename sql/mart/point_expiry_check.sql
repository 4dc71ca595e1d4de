/* ---
about: >-
  One earning of which the channel exports a last valid day that the programme's rule does not give: both days, and how far they are apart. The exported day is what the ledger books. Empty
  where channel and rule agree, and where the channel exports none.
zh: 积分有效期核对
owner: finance
tags: [points, finance]
grain: [as_of, channel, txn_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the account}
  account_id: {zh: 账号, about: Account in the channel}
  txn_id: {zh: 流水号, about: "The earning, which is also its lot"}
  issued_on: {zh: 发放日, about: The day of issue}
  points: {zh: 积分, unit: points, about: Points earned}
  exported_expires_on: {zh: 导出有效期, about: The last valid day that the channel exports}
  computed_expires_on: {zh: 推算有效期, about: "The last valid day by the rule in force on the day of issue; where it depends on activity, as if there were none after it"}
  days_apart: {zh: 相差天数, unit: days, about: exported_expires_on - computed_expires_on}
  pattern: {zh: 规律, accepted: [one_day, end_of_month, end_of_year, other], about: "one_day: a day apart; end_of_month, end_of_year: the channel's day is the last one of the month or year of ours; other"}
  validity: {zh: 有效期规则, about: The rule}
  source_file: {zh: 来源文件, about: The export file that it comes from}
  source_row: {zh: 来源行, about: The line of that file}
audits:
  differences_only: {where: days_apart = 0, about: Only days that differ are listed}
--- */
with
movements as (
    select *, cast(occurred_at as date) as occurred_on
    from dataset.point_transactions
    where kind = 'earn' and expires_on is not null
),

rules as (select * from core.point_rules where is_own),

computed as (
    select
        movements.*,
        rules.currency as rules_of,
        rules.validity,
        case
            when rules.validity = 'calendar_year'
                then cast(date_trunc('year', movements.occurred_on) + interval 1 year as date) - 1 + cast(rules.grace_days as integer)
            else movements.occurred_on + cast(rules.validity_days + rules.grace_days as integer)
        end as computed_expires_on,
    from movements
    inner join rules
        on coalesce(movements.currency, 'points') = rules.currency
        and movements.occurred_on >= rules.holds_from
        and movements.occurred_on < rules.holds_until
    where movements.occurred_on <= getvariable('as_of')
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        rules_of as currency,
        channel,
        account_id,
        txn_id,
        occurred_on as issued_on,
        points,
        expires_on as exported_expires_on,
        computed_expires_on,
        date_diff('day', computed_expires_on, expires_on) as days_apart,
        case
            when abs(date_diff('day', computed_expires_on, expires_on)) = 1 then 'one_day'
            when expires_on = cast(date_trunc('month', computed_expires_on) + interval 1 month as date) - 1 then 'end_of_month'
            when expires_on = cast(date_trunc('year', computed_expires_on) + interval 1 year as date) - 1 then 'end_of_year'
            else 'other'
        end as pattern,
        validity,
        source_file,
        source_row,
    from computed
    where expires_on <> computed_expires_on
)

select * from final
