/* ---
about: >-
  The periods of the points roll-forward: the months, quarters and years of core.periods, and the last days one by one. Of each, how much is closed:
  what was closed is taken as it was, what was not is derived.
zh: 积分统计周期
owner: finance
tags: [core, points]
grain: [period_kind, period_start]
columns:
  period_kind: {zh: 周期类型, about: "day, month, quarter, year"}
  period_start: {zh: 周期开始, about: First day}
  period_end: {zh: 周期结束, about: "Last day, as_of at most"}
  open_start: {zh: 未关账开始, about: First day of the period that is not closed; the day after period_end where all of it is}
  closed_through: {zh: 已关账至, about: The last day that is closed; empty while nothing is}
  is_closed: {zh: 已关账, about: All of the period is closed}
  is_first_open: {zh: 首个未关账, about: "The first day that is not closed lies in the period: it takes what came late"}
audits:
  open_part_is_inside: open_start < period_start or open_start > period_end + 1
--- */
with
closed as (select max(closed_through) as closed_through from dataset.closed_files),

days as (
    -- lint: allow functions because a series of days is in no table
    select cast(unnest(generate_series(
        cast(getvariable('as_of') as date) - to_days(cast(getvariable('rollforward_days') as integer) - 1),
        cast(getvariable('as_of') as date),
        interval 1 day
    )) as date) as day_start,
),

periods as (
    select
        period_kind,
        period_start,
        period_end,
    from core.periods
    where period_kind <> 'window'
    union all
    select
        'day' as period_kind,
        day_start as period_start,
        day_start as period_end,
    from days
),

final as (
    select
        periods.period_kind,
        periods.period_start,
        periods.period_end,
        greatest(periods.period_start, least(coalesce(closed.closed_through, date '0001-01-01'), periods.period_end) + 1) as open_start,
        closed.closed_through,
        coalesce(periods.period_end <= closed.closed_through, false) as is_closed,
        coalesce(closed.closed_through + 1 between periods.period_start and periods.period_end, false) as is_first_open,
    from periods
    cross join closed
)

select * from final
