/* ---
about: >-
  One member's points and how far they are from the balance at which members begin to redeem: far below, close below, just above, or already active. Members are activated in that order, from close
  to far. Points about to expire are there for the reminder list.
zh: 积分激活
owner: finance
tags: [points, finance]
grain: [as_of, customer_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  customer_id: {zh: 客户编号, about: The member; everybody with a points account}
  activation_group: {zh: 激活分组, accepted: [far_below, close_below, just_above, active, unknown], about: "active: redeemed in the window; just_above: at the threshold or above, and did not; close_below: from activation_close_share of it; far_below: less; unknown: not active, and no threshold was found"}
  balance: {zh: 余额, unit: points, about: Points that can be used}
  threshold: {zh: 临界点, unit: points, about: The threshold; the same on every row}
  points_missing: {zh: 尚缺积分, unit: points, about: Points up to the threshold; 0 from there on}
  face_value: {zh: 面值, unit: CNY, about: Balance at the redemption ratio in force}
  redemptions: {zh: 窗口兑换次数, about: Redemptions in the window}
  last_redeemed_on: {zh: 最近兑换日, about: The last one ever}
  points_expiring: {zh: 临期积分, unit: points, about: Points whose last valid day is within near_expiry_days}
  value_expiring: {zh: 临期面值, unit: CNY, about: Their face value}
  expires_next_on: {zh: 最近到期日, about: The last valid day of the lot that expires next}
audits:
  nothing_is_negative: balance < 0 or points_missing < 0 or points_expiring < 0 or points_expiring > balance
  points_add_up: >-
    select members.points, accounts.points from (select coalesce(sum(balance), 0) as points from mart.point_activation) as members
    cross join (select coalesce(sum(lots_remaining), 0) as points from ledger.balances) as accounts where members.points <> accounts.points
--- */
with
balances as (select * from ledger.balances),
accounts as (select * from identity.account_customers),
entries as (select * from mart.point_ledger where kind = 'redeemed'),
lots as (select * from mart.point_lots where points_remaining > 0),
programme as (select * from mart.point_programme),
found as (select * from mart.point_activation_threshold),

held as (
    select accounts.customer_id, cast(sum(balances.lots_remaining) as bigint) as balance
    from balances
    inner join accounts on balances.channel = accounts.channel and balances.account_id = accounts.account_id
    group by accounts.customer_id
),

redeemed as (
    select
        customer_id,
        count(*) filter (
            where occurred_on > cast(getvariable('as_of') as date) - cast(getvariable('window_days') as integer)
        ) as redemptions,
        max(occurred_on) as last_redeemed_on,
    from entries
    group by customer_id
),

expiring as (
    select
        customer_id,
        cast(coalesce(sum(points_remaining) filter (where days_to_expiry <= getvariable('near_expiry_days')), 0) as bigint) as points_expiring,
        min(expires_on) as expires_next_on,
    from lots
    group by customer_id
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        held.customer_id,
        case
            when redeemed.redemptions > 0 then 'active'
            when found.threshold is null then 'unknown'
            when held.balance >= found.threshold then 'just_above'
            when held.balance >= found.threshold * getvariable('activation_close_share') then 'close_below'
            else 'far_below'
        end as activation_group,
        held.balance,
        found.threshold,
        case when found.threshold is not null then greatest(found.threshold - held.balance, 0) end as points_missing,
        cast(round(held.balance * programme.point_value, 2) as decimal(18, 2)) as face_value,
        coalesce(redeemed.redemptions, 0) as redemptions,
        redeemed.last_redeemed_on,
        coalesce(expiring.points_expiring, 0) as points_expiring,
        cast(round(coalesce(expiring.points_expiring, 0) * programme.point_value, 2) as decimal(18, 2)) as value_expiring,
        expiring.expires_next_on,
    from held
    cross join programme
    cross join found
    left join redeemed on held.customer_id = redeemed.customer_id
    left join expiring on held.customer_id = expiring.customer_id
)

select * from final
