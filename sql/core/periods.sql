/* ---
about: >-
  The periods that marts report on: the trailing window that ends with as_of, and the months, quarters and years that begin within history_months before it. The period that as_of
  lies in is cut off there.
zh: 统计周期
owner: crm
tags: [core]
grain: [period_kind, period_start]
columns:
  period_kind: {zh: 周期类型, about: "window, month, quarter, year"}
  period_start: {zh: 周期开始, about: First day}
  period_end: {zh: 周期结束, about: "Last day, as_of at most"}
  previous_end: {zh: 上期结束, about: The day before period_start}
audits:
  ends_in_order: "previous_end >= period_start or period_start > period_end"
--- */
with
-- generate_series is DuckDB's; an engine without it has a calendar table here.
months as (
    select
        cast(getvariable('as_of') as date) as as_of,
        -- lint: allow functions because a series of months is in no table
        cast(unnest(generate_series(
            date_trunc('month', cast(getvariable('as_of') as date)) - to_months(cast(getvariable('history_months') as integer) - 1),
            date_trunc('month', cast(getvariable('as_of') as date)),
            interval 1 month
        )) as date) as month_start,
),

periods as (
    select
        'window' as period_kind,
        cast(getvariable('as_of') as date) - cast(getvariable('window_days') as integer) + 1 as period_start,
        cast(getvariable('as_of') as date) as period_end,
    where getvariable('as_of') is not null
    union all
    select
        'month' as period_kind,
        month_start as period_start,
        least(cast(month_start + interval 1 month - interval 1 day as date), as_of) as period_end,
    from months
    union all
    select
        'quarter' as period_kind,
        month_start as period_start,
        least(cast(month_start + interval 3 month - interval 1 day as date), as_of) as period_end,
    from months
    where month_start = date_trunc('quarter', month_start)
    union all
    select
        'year' as period_kind,
        month_start as period_start,
        least(cast(month_start + interval 12 month - interval 1 day as date), as_of) as period_end,
    from months
    where month_start = date_trunc('year', month_start)
),

final as (
    select
        period_kind,
        period_start,
        period_end,
        period_start - 1 as previous_end,
    from periods
)

select * from final
