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
  tier: {zh: 达成等级, about: "Tier of the programme earned by the window; empty for those who are no members. Which tier is held may also depend on tier_downgrade: core.member_tiers"}
  orders: {zh: 订单数, unit: orders, about: Purchases paid in the window}
  revenue: {zh: 净消费额, unit: CNY, about: "Paid in the window, less refunds made in it"}
  last_purchase_on: {zh: 末次购买日, about: Last purchase in the window}
  spend_rank: {zh: 消费排名, about: 1 plus the ranked customers who spent strictly more; empty without a purchase}
  heads_ranked: {zh: 排名人数, unit: customers, about: Customers with a purchase in the window; empty without a purchase}
audits:
  ranked_if_bought: "(orders > 0) <> (spend_rank is not null)"
  tier_if_member: "is_member <> (tier is not null)"
  ranked_in_a_layer: "orders > 0 and heads_ranked is null"
  equal_spend_is_equal_layer: >-
    select ends_on, revenue from core.customer_standings where orders > 0
    group by ends_on, revenue having count(distinct layer) > 1
--- */
with
customers as (select * from core.customers),

-- Each day with the windows that it is in: few rows, so that the many join on equal days.
window_days as (
    select
        days.day,
        ends.ends_on,
    from (select distinct day from core.customer_days) as days
    inner join (select period_end as ends_on from core.periods union select previous_end as ends_on from core.periods) as ends
        on days.day <= ends.ends_on
        and days.day > ends.ends_on - cast(getvariable('window_days') as integer)
),

spent as (
    select
        window_days.ends_on,
        days.customer_id,
        cast(sum(days.orders) as bigint) as orders,
        cast(sum(days.net_amount) as decimal(18, 2)) as revenue,
        max(days.day) filter (where days.orders > 0) as last_purchase_on,
    from core.customer_days as days
    inner join window_days
        on days.day = window_days.day
    group by window_days.ends_on, days.customer_id
),

attributed as (
    select
        spent.*,
        spent.orders > 0 as is_buyer,
        customers.is_member and cast(customers.member_since as date) <= spent.ends_on as is_member,
    from spent
    inner join customers
        on spent.customer_id = customers.customer_id
),

-- rank() - 1 customers spent strictly more: equal spend, equal rank.
ranked as (
    select
        attributed.*,
        case when is_buyer then rank() over (partition by ends_on, is_buyer order by revenue desc) end as spend_rank,
        case when is_buyer and is_member then rank() over (partition by ends_on, is_buyer, is_member order by revenue desc) end as member_rank,
    from attributed
),

-- "At least from_percent of the ranked spent strictly more" is rank - 1 >= from_percent * heads / 100, and a rank is a whole number.
layer_ranks as (
    select
        counted.ends_on,
        counted.heads_ranked,
        layers.layer,
        1 + cast(ceil(layers.from_percent * counted.heads_ranked * 0.01) as bigint) as first_rank,
        1 + cast(ceil(layers.to_percent * counted.heads_ranked * 0.01) as bigint) as next_rank,
    from seed.pyramid_layers as layers
    cross join (select ends_on, count(*) as heads_ranked from attributed where is_buyer group by ends_on) as counted
    where layers.to_percent is not null
),

-- Once any tier has a threshold, thresholds decide and any rank will do. The last tier takes whom the others leave.
-- A missing threshold is the end of DECIMAL(18,2): a plain comparison lets the join below be a hash join.
tier_ranks as (
    select
        counted.ends_on,
        tiers.tier,
        case when tiers.by_spend then 1 else 1 + cast(ceil(tiers.from_percent * counted.members_ranked * 0.01) as bigint) end as first_rank,
        1 + cast(ceil(case when tiers.by_spend then 100 else tiers.to_percent end * counted.members_ranked * 0.01) as bigint) as next_rank,
        coalesce(tiers.min_spend, -9999999999999999.99) as min_spend,
        coalesce(tiers.spend_above, 9999999999999999.99) as spend_above,
    from (
        select
            seed_tiers.*,
            lag(min_spend) over (order by rank) as spend_above,
            max(min_spend) over () is not null as by_spend,
            rank = max(rank) over () as is_last,
        from seed.member_tiers as seed_tiers
    ) as tiers
    cross join (select ends_on, count(*) as members_ranked from attributed where is_buyer and is_member group by ends_on) as counted
    where not tiers.is_last
),

final as (
    select
        ranked.ends_on,
        ranked.customer_id,
        ranked.is_member,
        coalesce(layer_ranks.layer, (select max(layer) from seed.pyramid_layers)) as layer,
        case when ranked.is_member then coalesce(tier_ranks.tier, (select max_by(tier, rank) from seed.member_tiers)) end as tier,
        ranked.orders,
        ranked.revenue,
        ranked.last_purchase_on,
        ranked.spend_rank,
        layer_ranks.heads_ranked,
    from ranked
    left join layer_ranks
        on ranked.ends_on = layer_ranks.ends_on
        and ranked.spend_rank >= layer_ranks.first_rank
        and ranked.spend_rank < layer_ranks.next_rank
    left join tier_ranks
        on ranked.ends_on = tier_ranks.ends_on
        and ranked.member_rank >= tier_ranks.first_rank
        and ranked.member_rank < tier_ranks.next_rank
        and ranked.revenue >= tier_ranks.min_spend
        and ranked.revenue < tier_ranks.spend_above
)

select * from final
