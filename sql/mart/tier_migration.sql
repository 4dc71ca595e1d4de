/* ---
about: >-
  How many customers went from one layer of the pyramid, or tier of the programme, to another in one month or year: their place on the last day of the period before against that on the
  last day of this one. Covers everybody known by the end; "none" is where they were before they were known, or a member.
zh: 层级迁移
owner: crm
tags: [customer]
grain: [as_of, period_kind, period_start, scheme, from_tier, to_tier]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  period_kind: {zh: 周期类型, about: "month, year"}
  period_start: {zh: 周期开始, about: First day}
  period_end: {zh: 周期结束, about: "Last day, as_of at most"}
  scheme: {zh: 体系, about: "layer (of the pyramid), tier (of the programme, members only)"}
  from_tier: {zh: 原等级, about: "Layer or tier at the end of the period before; none: not known, or no member, by then"}
  to_tier: {zh: 现等级, about: Layer or tier at the end of this period}
  customers: {zh: 客户数, unit: customers, about: Customers who went this way}
  revenue_before: {zh: 原净消费额, unit: CNY, about: Their net spend in the trailing window that ends with the period before}
  revenue_now: {zh: 现净消费额, unit: CNY, about: Their net spend in the trailing window that ends with this period}
audits:
  everybody_goes_somewhere: >-
    select periods.period_kind, periods.period_start from core.periods as periods
    inner join (select known_on, count(*) as customers from core.customers group by known_on) as arrivals on arrivals.known_on <= periods.period_end
    left join (
      select period_kind, period_start, sum(customers) as customers from mart.tier_migration where scheme = 'layer' group by period_kind, period_start
    ) as moves on periods.period_kind = moves.period_kind and periods.period_start = moves.period_start
    where periods.period_kind in ('month', 'year')
    group by periods.period_kind, periods.period_start, moves.customers having sum(arrivals.customers) is distinct from moves.customers
  whoever_arrives_sets_out: >-
    select arrived.period_kind, arrived.scheme, arrived.period_end, arrived.tier from (
      select period_kind, scheme, period_end, to_tier as tier, sum(customers) as customers, sum(revenue_now) as revenue
      from mart.tier_migration group by period_kind, scheme, period_end, to_tier
    ) as arrived
    inner join (select distinct period_kind, previous_end from core.periods) as next_periods
      on arrived.period_kind = next_periods.period_kind and arrived.period_end = next_periods.previous_end
    left join (
      select period_kind, scheme, period_start - 1 as previous_end, from_tier as tier, sum(customers) as customers, sum(revenue_before) as revenue
      from mart.tier_migration group by period_kind, scheme, period_start, from_tier
    ) as set_out on arrived.period_kind = set_out.period_kind and arrived.scheme = set_out.scheme
      and arrived.period_end = set_out.previous_end and arrived.tier = set_out.tier
    where arrived.customers is distinct from set_out.customers or arrived.revenue is distinct from set_out.revenue
--- */
with
periods as (select *, row_number() over (order by period_kind, period_start) as period_no from core.periods where period_kind in ('month', 'year')),
-- member_on is empty for those who are no members.
customers as (select customer_id, known_on, case when is_member then cast(member_since as date) end as member_on from core.customers),

-- Whoever has no row here stands in the last places.
places as (
    select
        coalesce(standings.ends_on, member_tiers.ends_on) as ends_on,
        coalesce(standings.customer_id, member_tiers.customer_id) as customer_id,
        standings.layer,
        member_tiers.tier,
        standings.revenue,
    from core.customer_standings as standings
    full join core.member_tiers as member_tiers
        on standings.ends_on = member_tiers.ends_on and standings.customer_id = member_tiers.customer_id
),

-- Only those with a place at either end of a period are looked at one by one.
placed as (
    select
        coalesce(places_before.period_no, places_now.period_no) as period_no,
        coalesce(places_before.customer_id, places_now.customer_id) as customer_id,
        places_before.layer as layer_before,
        places_now.layer as layer_now,
        places_before.tier as tier_before,
        places_now.tier as tier_now,
        places_before.revenue as revenue_before,
        places_now.revenue as revenue_now,
    from (select periods.period_no, places.* from periods inner join places on periods.previous_end = places.ends_on) as places_before
    full join (select periods.period_no, places.* from periods inner join places on periods.period_end = places.ends_on) as places_now
        on places_before.period_no = places_now.period_no
        and places_before.customer_id = places_now.customer_id
),

counted as (
    select
        placed.period_no,
        customers.known_on <= periods.previous_end as known_before,
        customers.member_on <= periods.previous_end as member_before,
        customers.member_on <= periods.period_end as member_now,
        placed.layer_before,
        placed.layer_now,
        placed.tier_before,
        placed.tier_now,
        count(*) as customers,
        coalesce(sum(placed.revenue_before), 0) as revenue_before,
        coalesce(sum(placed.revenue_now), 0) as revenue_now,
    from placed
    inner join periods
        on placed.period_no = periods.period_no
    inner join customers
        on placed.customer_id = customers.customer_id
        and customers.known_on <= periods.period_end
    group by
        placed.period_no, placed.layer_before, placed.layer_now, placed.tier_before, placed.tier_now,
        customers.known_on <= periods.previous_end, customers.member_on <= periods.previous_end, customers.member_on <= periods.period_end
),

moved as (
    select
        period_no, 'layer' as scheme, known_before as here_before, cast(layer_before as varchar) as place_before, cast(layer_now as varchar) as place_now,
        customers, revenue_before, revenue_now,
    from counted
    union all
    select
        period_no, 'tier' as scheme, member_before as here_before, tier_before as place_before, tier_now as place_now,
        customers, revenue_before, revenue_now,
    from counted
    where member_now
),

-- Everybody is first counted in the last places, by the day of arrival; those who moved are taken out of them.
everybody as (
    select * from moved
    union all
    select period_no, scheme, here_before, null as place_before, null as place_now, -customers as customers, 0 as revenue_before, 0 as revenue_now
    from moved
    union all
    select
        periods.period_no, arrivals.scheme, arrivals.day <= periods.previous_end as here_before, null as place_before, null as place_now,
        arrivals.customers, 0 as revenue_before, 0 as revenue_now,
    from periods
    inner join (
        select 'layer' as scheme, known_on as day, count(*) as customers from customers group by known_on
        union all
        select 'tier' as scheme, member_on as day, count(*) as customers from customers group by member_on
    ) as arrivals
        on arrivals.day <= periods.period_end
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        periods.period_kind,
        periods.period_start,
        periods.period_end,
        everybody.scheme,
        case when everybody.here_before then coalesce(everybody.place_before, last_places.place) else 'none' end as from_tier,
        coalesce(everybody.place_now, last_places.place) as to_tier,
        cast(sum(everybody.customers) as bigint) as customers,
        cast(sum(everybody.revenue_before) as decimal(18, 2)) as revenue_before,
        cast(sum(everybody.revenue_now) as decimal(18, 2)) as revenue_now,
    from everybody
    inner join periods
        on everybody.period_no = periods.period_no
    inner join (
        select 'layer' as scheme, cast(max(layer) as varchar) as place from seed.pyramid_layers
        union all
        select 'tier' as scheme, max_by(tier, rank) as place from seed.member_tiers
    ) as last_places
        on everybody.scheme = last_places.scheme
    group by
        periods.period_kind, periods.period_start, periods.period_end, everybody.scheme,
        case when everybody.here_before then coalesce(everybody.place_before, last_places.place) else 'none' end,
        coalesce(everybody.place_now, last_places.place)
    having sum(everybody.customers) > 0
)

select * from final
