/* ---
about: >-
  Heads, orders and revenue of one layer in one period. Layers are those of the period's last day, by the trailing window that ends with it; orders and revenue are those of the period.
zh: 金字塔汇总
owner: crm
tags: [customer]
grain: [as_of, period_kind, period_start, layer]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  period_kind: {zh: 周期类型, about: "window (the trailing one that ends with as_of), month, quarter, year"}
  period_start: {zh: 周期开始, about: First day}
  period_end: {zh: 周期结束, about: "Last day, as_of at most"}
  layer: {zh: 层级, about: "1 is the top; 7 is known, without a purchase in the trailing window"}
  stage: {zh: 生命周期阶段, about: "refer, value, stick, activate, enter"}
  customers: {zh: 客户数, unit: customers, about: "In the layer on the period's last day, whether they bought in the period or not"}
  buyers: {zh: 购买人数, unit: customers, about: Those of them with a purchase in the period}
  heads: {zh: 人头数, unit: customers, about: "The heads that count: buyers; in the last layer, of which nobody buys, customers"}
  orders: {zh: 订单数, unit: orders, about: Purchases paid in the period}
  frequency: {zh: 购买频次, unit: orders per buyer, about: Orders per buyer; empty without a buyer}
  average_ticket: {zh: 客单价, unit: CNY, about: "Revenue per order, rounded to the cent; empty without an order"}
  revenue: {zh: 净消费额, unit: CNY, about: "Paid in the period, less refunds made in it"}
  revenue_share: {zh: 净消费占比, about: Share of the revenue of all layers in the period; empty if that is not positive}
audits:
  money_adds_up: >-
    select days.period_kind, days.period_start from (
      select periods.period_kind, periods.period_start, sum(customer_days.net_amount) as revenue, sum(customer_days.orders) as orders
      from core.periods as periods
      inner join core.customer_days as customer_days on customer_days.day between periods.period_start and periods.period_end
      group by periods.period_kind, periods.period_start
    ) as days
    left join (
      select period_kind, period_start, sum(revenue) as revenue, sum(orders) as orders from mart.pyramid_summary group by period_kind, period_start
    ) as summary on days.period_kind = summary.period_kind and days.period_start = summary.period_start
    where summary.revenue is distinct from days.revenue or summary.orders is distinct from days.orders
  heads_in_order: "customers < 0 or buyers > customers or orders < buyers"
--- */
with
periods as (select *, row_number() over (order by period_kind, period_start) as period_no from core.periods),
layers as (select * from seed.pyramid_layers),

-- Everybody known on the period's last day.
known as (
    select
        periods.period_kind,
        periods.period_start,
        sum(arrivals.customers) as customers,
    from periods
    inner join (select known_on, count(*) as customers from core.customers group by known_on) as arrivals
        on arrivals.known_on <= periods.period_end
    group by periods.period_kind, periods.period_start
),

ranked as (
    select
        ends_on,
        layer,
        count(*) as customers,
    from core.customer_standings
    where orders > 0
    group by ends_on, layer
),

-- Each day with the periods that it is in: few rows, so that the many join on equal days.
period_days as (
    select
        days.day,
        periods.period_no,
        periods.period_end,
    from (select distinct day from core.customer_days) as days
    inner join periods
        on days.day between periods.period_start and periods.period_end
),

active as (
    select
        period_days.period_no,
        period_days.period_end,
        days.customer_id,
        sum(days.orders) as orders,
        sum(days.net_amount) as revenue,
    from core.customer_days as days
    inner join period_days
        on days.day = period_days.day
    group by period_days.period_no, period_days.period_end, days.customer_id
),

-- Who moved money in the period without a standing on its last day (a period longer than the window) is in the last layer.
moved as (
    select
        active.period_no,
        coalesce(standings.layer, (select max(layer) from layers)) as layer,
        count(*) filter (where active.orders > 0) as buyers,
        sum(active.orders) as orders,
        sum(active.revenue) as revenue,
    from active
    left join core.customer_standings as standings
        on active.customer_id = standings.customer_id
        and active.period_end = standings.ends_on
    group by active.period_no, coalesce(standings.layer, (select max(layer) from layers))
),

counted as (
    select
        periods.period_kind,
        periods.period_start,
        periods.period_end,
        layers.layer,
        layers.stage,
        layers.to_percent is null as is_last,
        case
            when layers.to_percent is not null then coalesce(ranked.customers, 0)
            else known.customers - sum(coalesce(ranked.customers, 0)) over (partition by periods.period_kind, periods.period_start)
        end as customers,
        coalesce(moved.buyers, 0) as buyers,
        coalesce(moved.orders, 0) as orders,
        coalesce(moved.revenue, 0) as revenue,
        sum(coalesce(moved.revenue, 0)) over (partition by periods.period_kind, periods.period_start) as total_revenue,
    from periods
    inner join known
        on periods.period_kind = known.period_kind
        and periods.period_start = known.period_start
    cross join layers
    left join ranked
        on periods.period_end = ranked.ends_on
        and layers.layer = ranked.layer
    left join moved
        on periods.period_no = moved.period_no
        and layers.layer = moved.layer
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        period_kind,
        period_start,
        period_end,
        layer,
        stage,
        cast(customers as bigint) as customers,
        cast(buyers as bigint) as buyers,
        cast(case when is_last then customers else buyers end as bigint) as heads,
        cast(orders as bigint) as orders,
        cast(orders as double) / nullif(buyers, 0) as frequency,
        cast(round(revenue / nullif(orders, 0), 2) as decimal(18, 2)) as average_ticket,
        cast(revenue as decimal(18, 2)) as revenue,
        case when total_revenue > 0 then cast(revenue as double) / cast(total_revenue as double) end as revenue_share,
    from counted
)

select * from final
