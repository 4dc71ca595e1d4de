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
customers as (select * from core.customers),
standings as (select * from core.customer_standings),
periods as (select * from core.periods where period_kind in ('month', 'year')),

last_places as (
    select
        (select max(layer) from seed.pyramid_layers) as layer,
        (select max_by(tier, rank) from seed.member_tiers) as tier,
),

placed as (
    select
        periods.period_kind,
        periods.period_start,
        periods.period_end,
        case when customers.known_on <= periods.previous_end then coalesce(standings_before.layer, last_places.layer) end as layer_before,
        coalesce(standings_now.layer, last_places.layer) as layer_now,
        case
            when customers.is_member and cast(customers.member_since as date) <= periods.previous_end
                then coalesce(tiers_before.tier, last_places.tier)
        end as tier_before,
        case
            when customers.is_member and cast(customers.member_since as date) <= periods.period_end
                then coalesce(tiers_now.tier, last_places.tier)
        end as tier_now,
        coalesce(standings_before.revenue, 0) as revenue_before,
        coalesce(standings_now.revenue, 0) as revenue_now,
    from periods
    cross join last_places
    inner join customers
        on customers.known_on <= periods.period_end
    left join standings as standings_before
        on periods.previous_end = standings_before.ends_on
        and customers.customer_id = standings_before.customer_id
    left join standings as standings_now
        on periods.period_end = standings_now.ends_on
        and customers.customer_id = standings_now.customer_id
    left join core.member_tiers as tiers_before
        on periods.previous_end = tiers_before.ends_on
        and customers.customer_id = tiers_before.customer_id
    left join core.member_tiers as tiers_now
        on periods.period_end = tiers_now.ends_on
        and customers.customer_id = tiers_now.customer_id
),

counted as (
    select
        period_kind,
        period_start,
        period_end,
        layer_before,
        layer_now,
        tier_before,
        tier_now,
        count(*) as customers,
        sum(revenue_before) as revenue_before,
        sum(revenue_now) as revenue_now,
    from placed
    group by period_kind, period_start, period_end, layer_before, layer_now, tier_before, tier_now
),

by_scheme as (
    select
        period_kind,
        period_start,
        period_end,
        'layer' as scheme,
        coalesce(cast(layer_before as varchar), 'none') as from_tier,
        cast(layer_now as varchar) as to_tier,
        customers,
        revenue_before,
        revenue_now,
    from counted
    union all
    select
        period_kind,
        period_start,
        period_end,
        'tier' as scheme,
        coalesce(tier_before, 'none') as from_tier,
        tier_now as to_tier,
        customers,
        revenue_before,
        revenue_now,
    from counted
    where tier_now is not null
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        period_kind,
        period_start,
        period_end,
        scheme,
        from_tier,
        to_tier,
        cast(sum(customers) as bigint) as customers,
        cast(sum(revenue_before) as decimal(18, 2)) as revenue_before,
        cast(sum(revenue_now) as decimal(18, 2)) as revenue_now,
    from by_scheme
    group by period_kind, period_start, period_end, scheme, from_tier, to_tier
)

select * from final
