/* ---
about: >-
  The journal lines for points, month by month: what was deferred of sales, undone with returns, and recognised. They assume that sales and refunds are booked in full elsewhere. Account codes
  are those of seed.point_accounts. Lines of closed months stand as they were closed; what is known otherwise of them today is booked in the first open month, in prior_ lines.
zh: 积分会计分录
owner: finance
tags: [points, finance]
grain: [as_of, month, currency, channel, line_no]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  month: {zh: 月份, about: First day of the month that the line is booked in}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  channel: {zh: 渠道, about: Channel of the accounts}
  line_no: {zh: 行号, about: "Number of the line in the month, currency and channel, from 1"}
  event: {zh: 事项, about: "deferral, reversal, redemption, catch_up, run_off; prior_deferral, prior_reversal, prior_revenue: of closed months, booked like deferral, reversal, redemption"}
  account_code: {zh: 科目代码, not_null: true, about: Account}
  account_name: {zh: 科目名称, about: Its name}
  debit: {zh: 借方, unit: CNY, about: Debit; 0 on a credit line}
  credit: {zh: 贷方, unit: CNY, about: Credit; 0 on a debit line}
  memo: {zh: 摘要, about: What the line is for}
audits:
  one_side_is_used: "debit < 0 or credit < 0 or (debit = 0) = (credit = 0)"
  months_balance: >-
    select month, currency, channel, sum(debit) as debit, sum(credit) as credit from mart.point_journal group by month, currency, channel having sum(debit) <> sum(credit)
  moves_the_liability: >-
    select lines.moved, deferrals.moved from (
      select coalesce(sum(case when event in ('deferral', 'prior_deferral') and line_no % 2 = 1 then debit - credit else 0 end), 0)
        - coalesce(sum(case when event not in ('deferral', 'prior_deferral') and line_no % 2 = 1 then debit - credit else 0 end), 0) as moved
      from mart.point_journal
    ) as lines
    cross join (select coalesce(sum(allocated_in_month + prior_allocated - reversed_in_month - prior_reversed - revenue), 0) as moved from mart.point_deferred_revenue) as deferrals
    where lines.moved <> deferrals.moved
--- */
with
closed as (select * from dataset.closed_journal),

deferrals as (
    select * from mart.point_deferred_revenue
    where month > (select coalesce(max(closed_through), date '0001-01-01') from dataset.closed_files)
),

accounts as (select * from seed.point_accounts),

events as (
    select month, currency, channel, 1 as event_no, 'deferral' as event, 'deferral' as booked_as, sum(allocated_in_month) as amount
    from deferrals
    group by month, currency, channel
    union all
    select month, currency, channel, 2 as event_no, 'reversal' as event, 'reversal' as booked_as, sum(reversed_in_month) as amount
    from deferrals
    group by month, currency, channel
    union all
    select month, currency, channel, 3 as event_no, 'redemption' as event, 'redemption' as booked_as, sum(revenue_redemption) as amount
    from deferrals
    group by month, currency, channel
    union all
    select month, currency, channel, 4 as event_no, 'catch_up' as event, 'catch_up' as booked_as, sum(revenue_catch_up) as amount
    from deferrals
    group by month, currency, channel
    union all
    select month, currency, channel, 5 as event_no, 'run_off' as event, 'run_off' as booked_as, sum(revenue_run_off) as amount
    from deferrals
    group by month, currency, channel
    union all
    select month, currency, channel, 6 as event_no, 'prior_deferral' as event, 'deferral' as booked_as, sum(prior_allocated) as amount
    from deferrals
    group by month, currency, channel
    union all
    select month, currency, channel, 7 as event_no, 'prior_reversal' as event, 'reversal' as booked_as, sum(prior_reversed) as amount
    from deferrals
    group by month, currency, channel
    union all
    select month, currency, channel, 8 as event_no, 'prior_revenue' as event, 'redemption' as booked_as, sum(revenue_prior_period) as amount
    from deferrals
    group by month, currency, channel
),

sides as (select 1 as side union all select 2),

lines as (
    select
        events.*,
        case when sides.side = 1 then accounts.debit_account else accounts.credit_account end as account_code,
        case when sides.side = 1 then accounts.debit_name else accounts.credit_name end as account_name,
        case when events.event = events.booked_as then accounts.memo else 'Prior period: ' || accounts.memo end as memo,
        sides.side,
    from events
    cross join sides
    left join accounts on events.booked_as = accounts.event
    where events.amount <> 0
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        month,
        currency,
        channel,
        row_number() over (partition by month, currency, channel order by event_no, side) as line_no,
        event,
        account_code,
        account_name,
        cast(case when side = 1 then greatest(amount, 0) else greatest(-amount, 0) end as decimal(18, 2)) as debit,
        cast(case when side = 2 then greatest(amount, 0) else greatest(-amount, 0) end as decimal(18, 2)) as credit,
        memo,
    from lines
    union all
    select
        cast(getvariable('as_of') as date) as as_of,
        month,
        currency,
        channel,
        line_no,
        event,
        account_code,
        account_name,
        debit,
        credit,
        memo,
    from closed
)

select * from final
