/* ---
about: >-
  One member's points of one currency and how far they are from the balance at which members begin to redeem: far below, close below, just above, or already active. Members are activated in that order, from close
  to far. Points about to expire are there for the reminder list.
zh: 积分激活
owner: finance
tags: [points, finance]
grain: [as_of, customer_id, currency]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  customer_id: {zh: 客户编号, about: The member; everybody with a points account}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  activation_group: {zh: 激活分组, accepted: [far_below, close_below, just_above, active, unknown], about: "active: redeemed in the window; just_above: at the threshold or above, and did not; close_below: from activation_close_share of it; far_below: less; unknown: not active, and no threshold was found"}
  balance: {zh: 余额, unit: points, about: Points that can be used}
  threshold: {zh: 临界点, unit: points, about: The threshold; the same on every row of a currency}
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
    select accounts.*, members.points from (
      select coalesce(currency, 'points') as currency, sum(lots_remaining) as points from ledger.balances group by coalesce(currency, 'points')
    ) as accounts
    full join (select currency, sum(balance) as points from mart.point_activation group by currency) as members on accounts.currency = members.currency
    where coalesce(accounts.points, 0) <> coalesce(members.points, 0)
--- */
with
balances as (select * from ledger.balances),
accounts as (select * from identity.account_customers),
entries as (select * from mart.point_ledger where kind = 'redeemed'),
lots as (select * from mart.point_lots where points_remaining > 0),
programme as (select * from mart.point_programme),
found as (select * from mart.point_activation_threshold),

held as (
    select accounts.customer_id, coalesce(balances.currency, 'points') as currency, cast(sum(balances.lots_remaining) as bigint) as balance
    from balances
    inner join accounts on balances.channel = accounts.channel and balances.account_id = accounts.account_id
    group by accounts.customer_id, coalesce(balances.currency, 'points')
),

redeemed as (
    select
        customer_id,
        currency,
        count(*) filter (
            where occurred_on > cast(getvariable('as_of') as date) - cast(getvariable('window_days') as integer)
        ) as redemptions,
        max(occurred_on) as last_redeemed_on,
    from entries
    group by customer_id, currency
),

expiring as (
    select
        customer_id,
        currency,
        cast(coalesce(sum(points_remaining) filter (where days_to_expiry <= getvariable('near_expiry_days')), 0) as bigint) as points_expiring,
        min(expires_on) as expires_next_on,
    from lots
    group by customer_id, currency
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        held.customer_id,
        held.currency,
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
    inner join programme on held.currency = programme.currency
    inner join found on held.currency = found.currency
    left join redeemed on held.customer_id = redeemed.customer_id and held.currency = redeemed.currency
    left join expiring on held.customer_id = expiring.customer_id and held.currency = expiring.currency
)

select * from final
