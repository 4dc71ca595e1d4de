/* ---
about: >-
  How far one customer who ever bought has drifted away, measured by the customer's own rhythm: the expected gap between days of purchase, drawn towards the population's mean gap where the
  own history is short.
zh: 流失等级
owner: crm
tags: [customer, churn]
grain: [as_of, customer_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  customer_id: {zh: 客户编号, about: The customer}
  tier: {zh: 流失等级, about: "new, active, light, medium, heavy, lost"}
  tier_rank: {zh: 等级次序, not_null: true, about: 1 is the best}
  reason: {zh: 判定依据, about: "rhythm (overdue decides), first purchase, drop (active but buying well less), two windows (without a purchase)"}
  expected_gap_days: {zh: 预期间隔, unit: days, about: "Expected days between two days of purchase: (own gaps + rhythm_prior_gaps x mean gap) / (number of own gaps + rhythm_prior_gaps), one day at least"}
  expected_next_on: {zh: 预期下次购买日, about: The day by which a full expected gap has passed since the last purchase}
  days_since_purchase: {zh: 距末次购买天数, unit: days, about: Days since the last purchase}
  overdue: {zh: 逾期倍数, unit: gaps, about: "Days since the last purchase over the expected gap, to four places"}
  first_purchase_on: {zh: 首次购买日, about: "First purchase ever, up to as_of"}
  last_purchase_on: {zh: 末次购买日, about: "Last purchase ever, up to as_of"}
  purchase_days: {zh: 购买天数, unit: days, about: Days with a purchase so far}
  orders: {zh: 订单数, unit: orders, about: Purchases in the window}
  previous_orders: {zh: 上期订单数, unit: orders, about: Purchases in the window before}
  revenue: {zh: 净消费额, unit: CNY, about: Net spend in the window}
  previous_revenue: {zh: 上期净消费额, unit: CNY, about: Net spend in the window before}
  is_down: {zh: 是否明显下降, about: "Orders or net spend fell by churn_drop_share or more on the window before"}
audits:
  rhythm_is_positive: "expected_gap_days < 1 or overdue < 0"
  every_buyer_is_placed: >-
    select customer_id from core.customer_days where orders > 0 and day <= cast(getvariable('as_of') as date)
    except
    select customer_id from mart.churn_tiers
--- */
with
windows as (select * from core.periods where period_kind = 'window'),

purchases as (
    select
        customer_id,
        min(day) as first_purchase_on,
        max(day) as last_purchase_on,
        count(*) as purchase_days,
    from core.customer_days
    where orders > 0
        and day <= cast(getvariable('as_of') as date)
    group by customer_id
),

-- The mean gap of all who came back; before anybody did, a window.
population as (
    select
        cast(getvariable('rhythm_prior_gaps') as double) as prior_gaps,
        coalesce(sum(last_purchase_on - first_purchase_on) / nullif(sum(purchase_days - 1), 0), getvariable('window_days')) as mean_gap_days,
    from purchases
),

limits as (
    select
        max(max_overdue) filter (where tier = 'new') as of_new,
        max(max_overdue) filter (where tier = 'active') as of_active,
        max(max_overdue) filter (where tier = 'light') as of_light,
        max(max_overdue) filter (where tier = 'medium') as of_medium,
        max(max_overdue) filter (where tier = 'heavy') as of_heavy,
    from seed.churn_tiers
),

-- Rounded to the hundredth of a day, so that the comparisons below are exact.
measured as (
    select
        purchases.*,
        windows.period_end,
        windows.period_end - purchases.last_purchase_on as days_since_purchase,
        cast(greatest(1, round(coalesce(
            (purchases.last_purchase_on - purchases.first_purchase_on + population.prior_gaps * population.mean_gap_days)
            / nullif(purchases.purchase_days - 1 + population.prior_gaps, 0),
            population.mean_gap_days
        ), 2)) as decimal(18, 2)) as expected_gap_days,
        coalesce(standings_now.orders, 0) as orders,
        coalesce(standings_before.orders, 0) as previous_orders,
        coalesce(standings_now.revenue, 0) as revenue,
        coalesce(standings_before.revenue, 0) as previous_revenue,
    from purchases
    cross join windows
    cross join population
    left join core.customer_standings as standings_now
        on purchases.customer_id = standings_now.customer_id
        and windows.period_end = standings_now.ends_on
    left join core.customer_standings as standings_before
        on purchases.customer_id = standings_before.customer_id
        and windows.previous_end = standings_before.ends_on
),

judged as (
    select
        measured.*,
        previous_orders > 0 and (
            orders <= (1 - cast(getvariable('churn_drop_share') as decimal(9, 4))) * previous_orders
            or (previous_revenue > 0 and revenue <= (1 - cast(getvariable('churn_drop_share') as decimal(9, 4))) * previous_revenue)
        ) as is_down,
        case
            when days_since_purchase <= limits.of_active * expected_gap_days then 'active'
            when days_since_purchase <= limits.of_light * expected_gap_days then 'light'
            when days_since_purchase <= limits.of_medium * expected_gap_days then 'medium'
            when days_since_purchase <= limits.of_heavy * expected_gap_days then 'heavy'
            else 'lost'
        end as tier_by_rhythm,
        period_end - first_purchase_on <= limits.of_new * expected_gap_days as is_new,
        days_since_purchase >= 2 * cast(getvariable('window_days') as integer) as is_gone,
    from measured
    cross join limits
),

named as (
    select
        judged.*,
        case when is_gone then 'two windows' when is_new then 'first purchase' when tier_by_rhythm = 'active' and is_down then 'drop'
            else 'rhythm' end as reason,
    from judged
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        named.customer_id,
        tiers.tier,
        tiers.rank as tier_rank,
        named.reason,
        named.expected_gap_days,
        named.last_purchase_on + cast(ceil(named.expected_gap_days) as integer) as expected_next_on,
        named.days_since_purchase,
        cast(round(named.days_since_purchase / named.expected_gap_days, 4) as decimal(18, 4)) as overdue,
        named.first_purchase_on,
        named.last_purchase_on,
        named.purchase_days,
        named.orders,
        named.previous_orders,
        cast(named.revenue as decimal(18, 2)) as revenue,
        cast(named.previous_revenue as decimal(18, 2)) as previous_revenue,
        named.is_down,
    from named
    left join seed.churn_tiers as tiers
        on tiers.tier = case named.reason
            when 'two windows' then 'lost'
            when 'first purchase' then 'new'
            when 'drop' then 'light'
            else named.tier_by_rhythm
        end
)

select * from final
