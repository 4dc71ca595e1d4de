/* ---
about: >-
  Where a customer stood on the last day of a period, or on the day before it, by the trailing window that ends with that day. One row per customer who bought or was refunded in the
  window; whoever has no row bought nothing and stands in the last layer.
zh: 客户层级历史
owner: crm
tags: [core, customer]
grain: [ends_on, customer_id]
columns:
  ends_on: {zh: 窗口末日, about: The last day of the window}
  customer_id: {zh: 客户编号, about: The customer}
  is_member: {zh: 是否会员, about: A member by that day}
  layer: {zh: 层级, about: "Layer of the pyramid; 1 is the top"}
  tier: {zh: 会员等级, about: Tier of the programme; empty for those who are no members}
  orders: {zh: 订单数, unit: orders, about: Purchases paid in the window}
  revenue: {zh: 净消费额, unit: CNY, about: "Paid in the window, less refunds made in it"}
  last_purchase_on: {zh: 末次购买日, about: Last purchase in the window}
  spend_rank: {zh: 消费排名, about: 1 plus the ranked customers who spent strictly more; empty without a purchase}
  heads_ranked: {zh: 排名人数, unit: customers, about: Customers with a purchase in the window; empty without a purchase}
audits:
  ranked_if_bought: "(orders > 0) <> (spend_rank is not null)"
  tier_if_member: "is_member <> (tier is not null)"
  equal_spend_is_equal_layer: >-
    select ends_on, revenue from core.customer_standings where orders > 0
    group by ends_on, revenue having count(distinct layer) > 1
--- */
with
days as (select * from core.customer_days),
customers as (select * from core.customers),
layers as (select * from seed.pyramid_layers),

-- The last tier takes all that the others leave. Once any tier has a threshold, thresholds decide, not percentages.
tiers as (
    select
        tier,
        from_percent,
        to_percent,
        min_spend,
        lag(min_spend) over (order by rank) as spend_above,
        max(min_spend) over () is not null as by_spend,
        rank = max(rank) over () as is_last,
    from seed.member_tiers
),

ends as (
    select period_end as ends_on from core.periods
    union
    select previous_end as ends_on from core.periods
),

spent as (
    select
        ends.ends_on,
        days.customer_id,
        cast(sum(days.orders) as bigint) as orders,
        cast(sum(days.net_amount) as decimal(18, 2)) as revenue,
        max(days.day) filter (where days.orders > 0) as last_purchase_on,
    from ends
    inner join days
        on days.day <= ends.ends_on
        and days.day > ends.ends_on - cast(getvariable('window_days') as integer)
    group by ends.ends_on, days.customer_id
),

-- rank() - 1 customers spent strictly more: equal spend, equal rank.
ranked as (
    select
        spent.ends_on,
        spent.customer_id,
        spent.orders,
        spent.revenue,
        spent.last_purchase_on,
        spent.orders > 0 as is_buyer,
        customers.is_member and cast(customers.member_since as date) <= spent.ends_on as is_member,
        rank() over (partition by spent.ends_on, spent.orders > 0 order by spent.revenue desc) as spend_rank,
        count(*) over (partition by spent.ends_on, spent.orders > 0) as heads_ranked,
        rank() over (
            partition by spent.ends_on, spent.orders > 0, customers.is_member and cast(customers.member_since as date) <= spent.ends_on
            order by spent.revenue desc
        ) as member_rank,
        count(*) over (
            partition by spent.ends_on, spent.orders > 0, customers.is_member and cast(customers.member_since as date) <= spent.ends_on
        ) as members_ranked,
    from spent
    inner join customers
        on spent.customer_id = customers.customer_id
),

final as (
    select
        ranked.ends_on,
        ranked.customer_id,
        ranked.is_member,
        layers.layer,
        tiers.tier,
        ranked.orders,
        ranked.revenue,
        ranked.last_purchase_on,
        case when ranked.is_buyer then ranked.spend_rank end as spend_rank,
        case when ranked.is_buyer then ranked.heads_ranked end as heads_ranked,
    from ranked
    inner join layers
        on ranked.is_buyer = (layers.to_percent is not null)
        and (ranked.spend_rank - 1) * 100 >= coalesce(layers.from_percent, 0) * ranked.heads_ranked
        and (ranked.spend_rank - 1) * 100 < coalesce(layers.to_percent, 100) * ranked.heads_ranked
    left join tiers
        on ranked.is_member
        and case
            when not ranked.is_buyer then tiers.is_last
            when tiers.by_spend then (tiers.is_last or ranked.revenue >= tiers.min_spend) and coalesce(ranked.revenue < tiers.spend_above, true)
            else (ranked.member_rank - 1) * 100 >= tiers.from_percent * ranked.members_ranked
                and (ranked.member_rank - 1) * 100 < tiers.to_percent * ranked.members_ranked
        end
)

select * from final
