/* ---
about: >-
  Our balances of points against those that channels report, of each currency and for each day that a channel reports: a row per channel and day, and a row per
  account whose balances differ. Each break is aged and has the cause that the movements show.
zh: 积分对账
owner: finance
tags: [points, finance]
grain: [as_of, level, currency, channel, account_id, reported_on]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  level: {zh: 层级, about: "channel: all accounts that the channel reports for the day; account: one account with a break", accepted: [channel, account]}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  account_id: {zh: 账号, about: "Account in the channel; * on the rows of a channel"}
  reported_on: {zh: 报告日, about: The day that the channel reports the balance for}
  is_latest: {zh: 最新, about: The channel's last reported day}
  accounts: {zh: 账号数, unit: accounts, about: Accounts reported}
  breaks: {zh: 差异数, unit: accounts, about: Accounts whose balances differ}
  reported_points: {zh: 渠道余额, unit: points, about: Balance that the channel reports}
  derived_points: {zh: 推算余额, unit: points, about: Balance of our ledger at the end of that day}
  difference: {zh: 净差异, unit: points, about: reported_points - derived_points}
  break_points: {zh: 差异积分, unit: points, about: "Differences without regard to their sign, but for those of timing: what the tolerance is for"}
  cause: {zh: 原因, about: "Of an account: timing (the balance of a day close by), duplicate (a movement that the ledger refused as one told twice has just these points), expiry_rule (points that one side has let expire and the other has not, of one lot or of several in a row), missing_movement (an account without movements, a movement of just these points that the ledger could not book, or a difference that is the same in the report before or after), unknown; of a channel the cause of most of the points", accepted: [none, timing, duplicate, expiry_rule, missing_movement, unknown]}
  since: {zh: 差异起始, about: First reported day since which the balances have differed; empty on the rows of a channel}
  age_days: {zh: 差异天数, unit: days, about: Days from since to as_of}
  tolerance_points: {zh: 容差, unit: points, about: Parameter reconciliation_tolerance_points}
  within_tolerance: {zh: 容差内, about: break_points is not above the tolerance}
  source_file: {zh: 来源文件, about: The export that reports the balance; empty on the rows of a channel}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  every_break_has_a_cause: "level = 'account' and cause = 'none'"
  accounts_add_up_to_channels: >-
    select currency, channel, reported_on from mart.point_reconciliation group by currency, channel, reported_on
    having coalesce(sum(difference) filter (where level = 'account'), 0) <> sum(difference) filter (where level = 'channel')
--- */
with
-- lint: allow long-model because each cause is looked for beside the others, on the same rows
-- lint: allow functions because the amounts that a break may be equal to are few per account and known only in a later step
reports as (select * from core.point_balances where as_of <= cast(getvariable('as_of') as date)),
entries as (select * from mart.point_ledger),

-- an account's movements beside each report: the balance at the end of the day, and what else it may have been
found as (
    select
        reports.currency,
        reports.channel,
        reports.account_id,
        reports.as_of as reported_on,
        reports.points as reported_points,
        reports.source_file,
        reports.source_row,
        coalesce(sum(entries.points) filter (where entries.occurred_on <= reports.as_of), 0) as derived_points,
        count(entries.entry_no) as movements,
        count(*) filter (
            where abs(date_diff('day', entries.occurred_on, reports.as_of)) <= getvariable('reconciliation_timing_days')
                and (entries.balance_after = reports.points or entries.balance_after - entries.points = reports.points)
        ) as near_days,
        list(-entries.points order by entries.entry_no) filter (where entries.kind = 'expired') as expired_points,
        coalesce(-sum(entries.points) filter (where entries.kind = 'expired' and entries.occurred_on <= reports.as_of), 0) as expired_so_far,
    from reports
    left join entries
        on reports.currency = entries.currency and reports.channel = entries.channel and reports.account_id = entries.account_id
    group by reports.currency, reports.channel, reports.account_id, reports.as_of, reports.points, reports.source_file, reports.source_row
),

refused as (
    select
        coalesce(currency, 'points') as currency,
        channel,
        account_id,
        list(abs(points) order by abs(points)) filter (where code in ('duplicate_transaction', 'conflicting_transaction')) as told_twice,
        list(abs(points) order by abs(points)) filter (where code not in ('duplicate_transaction', 'conflicting_transaction')) as not_booked,
    from mart.point_exceptions
    where code in (
        'duplicate_transaction', 'conflicting_transaction', 'redemption_refused', 'unknown_kind', 'negative_points', 'points_out_of_range',
        'missing_transaction_id', 'missing_time'
    )
    group by coalesce(currency, 'points'), channel, account_id
),

compared as (
    select
        found.*,
        reported_points - derived_points as difference,
        lag(reported_points - derived_points) over (partition by currency, channel, account_id order by reported_on) as earlier_difference,
        lead(reported_points - derived_points) over (partition by currency, channel, account_id order by reported_on) as later_difference,
        coalesce(max(reported_on) filter (where reported_points = derived_points) over history, date '0001-01-01') as agreed_on,
        max(reported_on) over (partition by currency, channel) as latest_on,
    from found
    window history as (partition by currency, channel, account_id order by reported_on rows between unbounded preceding and current row)
),

judged as (
    select
        compared.*,
        min(compared.reported_on) filter (where compared.difference <> 0) over (
            partition by compared.currency, compared.channel, compared.account_id, compared.agreed_on
        ) as since,
        case
            when compared.difference = 0 then 'none'
            when compared.near_days > 0 then 'timing'
            when list_contains(refused.told_twice, abs(compared.difference)) then 'duplicate'
            when list_contains(compared.expired_points, abs(compared.difference))
                or list_contains(expiries.expired_through, compared.expired_so_far - compared.difference)
                or compared.difference = compared.expired_so_far then 'expiry_rule'
            when compared.movements = 0 or list_contains(refused.not_booked, abs(compared.difference))
                or compared.difference in (compared.earlier_difference, compared.later_difference) then 'missing_movement'
            else 'unknown'
        end as cause,
    from compared
    left join refused
        on compared.currency = refused.currency and compared.channel = refused.channel and compared.account_id = refused.account_id
    left join (
        -- what had expired by each expiry: the other side may stand at any of them
        select currency, channel, account_id, list(points order by points) as expired_through
        from (
            select currency, channel, account_id, -sum(points) over (partition by currency, channel, account_id order by entry_no) as points
            from entries
            where kind = 'expired'
        ) as runs
        group by currency, channel, account_id
    ) as expiries
        on compared.currency = expiries.currency and compared.channel = expiries.channel and compared.account_id = expiries.account_id
),

levels as (
    select
        'account' as level, currency, channel, account_id, reported_on, reported_on = latest_on as is_latest, 1 as accounts, 1 as breaks,
        reported_points, derived_points, cause, since, source_file, source_row,
        case when cause = 'timing' then 0 else abs(difference) end as break_points,
    from judged
    where difference <> 0
    union all
    select
        'channel' as level, currency, channel, '*' as account_id, reported_on, reported_on = latest_on as is_latest, count(*) as accounts,
        count(*) filter (where difference <> 0) as breaks, sum(reported_points) as reported_points, sum(derived_points) as derived_points,
        coalesce(max_by(cause, (abs(difference), cause)) filter (where difference <> 0), 'none') as cause,
        null as since, null as source_file, null as source_row,
        coalesce(sum(abs(difference)) filter (where cause <> 'timing'), 0) as break_points,
    from judged
    group by currency, channel, reported_on, latest_on
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        level,
        currency,
        channel,
        account_id,
        reported_on,
        is_latest,
        cast(accounts as bigint) as accounts,
        cast(breaks as bigint) as breaks,
        cast(reported_points as bigint) as reported_points,
        cast(derived_points as bigint) as derived_points,
        cast(reported_points - derived_points as bigint) as difference,
        cast(break_points as bigint) as break_points,
        cause,
        cast(since as date) as since,
        date_diff('day', since, getvariable('as_of')) as age_days,
        cast(getvariable('reconciliation_tolerance_points') as bigint) as tolerance_points,
        break_points <= getvariable('reconciliation_tolerance_points') as within_tolerance,
        source_file,
        source_row,
    from levels
)

select * from final
