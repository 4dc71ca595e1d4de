/* ---
about: >-
  The tier above the last one that a member holds on the last day of a period, or on the day before it; members without a row hold the last tier. By default that is the tier earned by
  the window that ends on the day; with tier_downgrade year_end, a tier once earned (looked at on these days) is kept to the end of the calendar year.
zh: 会员等级历史
owner: crm
tags: [core, customer]
grain: [ends_on, customer_id]
columns:
  ends_on: {zh: 截止日, about: The day}
  customer_id: {zh: 客户编号, about: The member}
  tier: {zh: 会员等级, about: The tier held}
audits:
  nobody_holds_less_than_earned: >-
    select standings.customer_id from core.customer_standings as standings
    inner join seed.member_tiers as earned on standings.tier = earned.tier
    inner join core.member_tiers as member_tiers on standings.ends_on = member_tiers.ends_on and standings.customer_id = member_tiers.customer_id
    inner join seed.member_tiers as held on member_tiers.tier = held.tier
    where held.rank > earned.rank
  rule_is_known: "coalesce(getvariable('tier_downgrade'), '') not in ('at_once', 'year_end')"
--- */
with
standings as (select * from core.customer_standings),
tiers as (select * from seed.member_tiers),

ends as (
    select
        ends_on,
        case getvariable('tier_downgrade')
            when 'year_end' then cast(date_trunc('year', ends_on) as date) - 1
            else ends_on
        end as kept_since,
    from (select period_end as ends_on from core.periods union select previous_end as ends_on from core.periods)
),

-- Only those above the last tier, about a fifth of the members: few enough to look back over a year.
held as (
    select
        ends.ends_on,
        standings.customer_id,
        min(tiers.rank) as rank,
    from standings
    inner join tiers
        on standings.tier = tiers.tier
    inner join ends
        on standings.ends_on <= ends.ends_on
        and standings.ends_on >= ends.kept_since
    where tiers.rank < (select max(rank) from tiers)
    group by ends.ends_on, standings.customer_id
),

final as (
    select
        held.ends_on,
        held.customer_id,
        tiers.tier,
    from held
    inner join tiers
        on held.rank = tiers.rank
)

select * from final
