/* ---
about: >-
  Recency, frequency and monetary value of one customer who ever bought, in the trailing window that ends with as_of and in the window before it. A score is 1 plus a point for each full
  fifth of the window's buyers who did strictly worse, so that equals score alike; whoever bought before the window but not in it scores 1.
zh: 客户RFM
owner: crm
tags: [customer]
grain: [as_of, customer_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  customer_id: {zh: 客户编号, about: The customer}
  recency_days: {zh: 最近购买天数, unit: days, about: Days since the last purchase}
  frequency: {zh: 购买次数, unit: orders, about: Purchases in the window}
  monetary: {zh: 次均消费额, unit: CNY, about: "Net spend per purchase in the window, rounded to the cent; empty without one"}
  recency_score: {zh: 近度分, about: 5 bought last, range: {min: 1, max: 5}}
  frequency_score: {zh: 频度分, about: 5 bought most often, range: {min: 1, max: 5}}
  monetary_score: {zh: 额度分, about: 5 spent most per purchase, range: {min: 1, max: 5}}
  rfm_cell: {zh: RFM分组, about: "The three scores side by side, 111 to 555"}
  previous_recency_days: {zh: 上期最近购买天数, unit: days, about: "Recency on the last day of the window before; empty before the first purchase"}
  previous_frequency: {zh: 上期购买次数, unit: orders, about: Purchases in the window before}
  previous_monetary: {zh: 上期次均消费额, unit: CNY, about: Net spend per purchase in the window before}
  previous_recency_score: {zh: 上期近度分, about: Score in the window before; empty before the first purchase}
  previous_frequency_score: {zh: 上期频度分, about: Score in the window before; empty before the first purchase}
  previous_monetary_score: {zh: 上期额度分, about: Score in the window before; empty before the first purchase}
  recency_days_change: {zh: 最近购买天数变化, unit: days, about: This window less the one before}
  frequency_change: {zh: 购买次数变化, unit: orders, about: This window less the one before}
  monetary_change: {zh: 次均消费额变化, unit: CNY, about: "This window less the one before; empty when either has no purchase"}
  recency_score_change: {zh: 近度分变化, about: This window less the one before}
  frequency_score_change: {zh: 频度分变化, about: This window less the one before}
  monetary_score_change: {zh: 额度分变化, about: This window less the one before}
audits:
  recency_is_not_negative: "recency_days < 0 or previous_recency_days < 0"
  purchases_add_up: >-
    select 1 from (select coalesce(sum(frequency), 0) as orders from mart.customer_rfm) as rfm
    cross join (
      select coalesce(sum(orders), 0) as orders from core.customer_days
      where day <= cast(getvariable('as_of') as date)
        and day > cast(getvariable('as_of') as date) - cast(getvariable('window_days') as integer)
    ) as days
    where rfm.orders <> days.orders
--- */
with
days as (select * from core.customer_days),
standings as (select * from core.customer_standings),
windows as (select * from core.periods where period_kind = 'window'),

purchases as (
    select
        days.customer_id,
        windows.period_end,
        windows.previous_end,
        max(days.day) as last_purchase_on,
        max(days.day) filter (where days.day <= windows.previous_end) as previous_purchase_on,
    from days
    inner join windows
        on days.day <= windows.period_end
    where days.orders > 0
    group by days.customer_id, windows.period_end, windows.previous_end
),

bought as (
    select
        standings.ends_on,
        standings.customer_id,
        standings.orders,
        standings.last_purchase_on,
        cast(round(standings.revenue / standings.orders, 2) as decimal(18, 2)) as monetary,
    from standings
    inner join windows
        on standings.ends_on in (windows.period_end, windows.previous_end)
    where standings.orders > 0
),

-- rank() - 1 buyers of the window did strictly worse. The quotient of whole numbers is exact where it is whole.
scored as (
    select
        ends_on,
        customer_id,
        orders,
        monetary,
        1 + cast(floor(
            5.0 * (rank() over (partition by ends_on order by last_purchase_on) - 1) / count(*) over (partition by ends_on)
        ) as bigint) as recency_score,
        1 + cast(floor(
            5.0 * (rank() over (partition by ends_on order by orders) - 1) / count(*) over (partition by ends_on)
        ) as bigint) as frequency_score,
        1 + cast(floor(
            5.0 * (rank() over (partition by ends_on order by monetary) - 1) / count(*) over (partition by ends_on)
        ) as bigint) as monetary_score,
    from bought
),

compared as (
    select
        purchases.customer_id,
        purchases.period_end - purchases.last_purchase_on as recency_days,
        coalesce(scored_now.orders, 0) as frequency,
        scored_now.monetary,
        coalesce(scored_now.recency_score, 1) as recency_score,
        coalesce(scored_now.frequency_score, 1) as frequency_score,
        coalesce(scored_now.monetary_score, 1) as monetary_score,
        purchases.previous_end - purchases.previous_purchase_on as previous_recency_days,
        coalesce(scored_before.orders, 0) as previous_frequency,
        scored_before.monetary as previous_monetary,
        case when purchases.previous_purchase_on is not null then coalesce(scored_before.recency_score, 1) end as previous_recency_score,
        case when purchases.previous_purchase_on is not null then coalesce(scored_before.frequency_score, 1) end as previous_frequency_score,
        case when purchases.previous_purchase_on is not null then coalesce(scored_before.monetary_score, 1) end as previous_monetary_score,
    from purchases
    left join scored as scored_now
        on purchases.customer_id = scored_now.customer_id
        and purchases.period_end = scored_now.ends_on
    left join scored as scored_before
        on purchases.customer_id = scored_before.customer_id
        and purchases.previous_end = scored_before.ends_on
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        customer_id,
        recency_days,
        frequency,
        monetary,
        recency_score,
        frequency_score,
        monetary_score,
        cast(recency_score as varchar) || cast(frequency_score as varchar) || cast(monetary_score as varchar) as rfm_cell,
        previous_recency_days,
        previous_frequency,
        previous_monetary,
        previous_recency_score,
        previous_frequency_score,
        previous_monetary_score,
        recency_days - previous_recency_days as recency_days_change,
        frequency - previous_frequency as frequency_change,
        cast(monetary - previous_monetary as decimal(18, 2)) as monetary_change,
        recency_score - previous_recency_score as recency_score_change,
        frequency_score - previous_frequency_score as frequency_score_change,
        monetary_score - previous_monetary_score as monetary_score_change,
    from compared
)

select * from final
