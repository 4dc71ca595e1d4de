/* ---
about: >-
  A pool of accounts that share their points, as it is at as_of, and each account in it: what they hold and owe, what others of the pool have used of an account's points, and what it has used of theirs.
zh: 家庭积分池
owner: finance
tags: [points, finance]
grain: [as_of, channel, pool, currency, account_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  level: {zh: 层级, about: "pool, or member of it", accepted: [pool, member]}
  channel: {zh: 渠道, about: Channel of the accounts}
  pool: {zh: 积分池, about: Name of the pool}
  currency: {zh: 积分种类, not_null: true, about: "Which points; points where the channel has one kind"}
  account_id: {zh: 账号, about: "Account in the channel; * for the pool"}
  members: {zh: 成员数, about: Accounts that are in it}
  lots_remaining: {zh: 批次未用, unit: points, about: Points left in lots}
  arrears: {zh: 欠分, unit: points, about: Points owed}
  balance: {zh: 余额, unit: points, about: "What is left, less what is owed"}
  points_given: {zh: 供他人使用, unit: points, about: "Points earned here that redemptions of other accounts of a pool have taken, to date"}
  points_used: {zh: 使用他人, unit: points, about: "Points of other accounts of a pool that redemptions here have taken, to date"}
  expires_next_on: {zh: 最近到期日, about: The first last valid day of points that are left; empty if none expire}
audits:
  pool_is_its_members: >-
    select channel, pool, currency from mart.point_pools group by channel, pool, currency
    having sum(case level when 'pool' then balance else -balance end) <> 0 or sum(case level when 'pool' then lots_remaining - arrears else arrears - lots_remaining end) <> 0
      or sum(case level when 'pool' then members else -members end) <> 0
  balance_is_lots_less_arrears: balance <> lots_remaining - arrears
  what_is_given_is_used: >-
    select currency, sum(points) as points from ledger.entries
    where kind = 'transferred' and txn_id = counter_txn_id
    group by currency having sum(points) <> 0
  every_pooled_balance_is_there: >-
    select in_pools.points, balances.points as of_balances from (select coalesce(sum(balance), 0) as points from mart.point_pools where level = 'member') as in_pools
    cross join (
      select coalesce(sum(balances.balance), 0) as points from ledger.balances as balances
      inner join seed.point_pools as pools on balances.channel = pools.channel and balances.account_id = pools.account_id
      where pools.joined_on <= getvariable('as_of') and coalesce(pools.left_on, date '9999-12-31') > getvariable('as_of')
    ) as balances where in_pools.points <> balances.points
--- */
with
pools as (
    select *
    from seed.point_pools
    where joined_on <= getvariable('as_of') and coalesce(left_on, date '9999-12-31') > getvariable('as_of')
),

balances as (select * from ledger.balances),

-- what a redemption needs of another account's lots is a transfer that answers itself
drawn as (
    select
        channel,
        account_id,
        coalesce(currency, 'points') as currency,
        cast(coalesce(-sum(points) filter (where points < 0), 0) as bigint) as points_given,
        cast(coalesce(sum(points) filter (where points > 0), 0) as bigint) as points_used,
    from ledger.entries as entries
    where kind = 'transferred' and txn_id = counter_txn_id
    group by channel, account_id, coalesce(currency, 'points')
),

expiring as (
    select channel, account_id, coalesce(currency, 'points') as currency, min(expires_on) as expires_next_on
    from ledger.lots as lots
    where points_remaining > 0
    group by channel, account_id, coalesce(currency, 'points')
),

members as (
    select
        pools.channel,
        pools.pool,
        coalesce(balances.currency, 'points') as currency,
        pools.account_id,
        coalesce(balances.lots_remaining, 0) as lots_remaining,
        coalesce(balances.arrears, 0) as arrears,
        coalesce(balances.balance, 0) as balance,
        coalesce(drawn.points_given, 0) as points_given,
        coalesce(drawn.points_used, 0) as points_used,
        expiring.expires_next_on,
    from pools
    left join balances on pools.channel = balances.channel and pools.account_id = balances.account_id
    left join drawn
        on pools.channel = drawn.channel and pools.account_id = drawn.account_id and coalesce(balances.currency, 'points') = drawn.currency
    left join expiring
        on pools.channel = expiring.channel and pools.account_id = expiring.account_id and coalesce(balances.currency, 'points') = expiring.currency
),

levels as (
    select
        'member' as level, channel, pool, currency, account_id, 1 as members, lots_remaining, arrears, balance, points_given, points_used,
        expires_next_on,
    from members
    union all
    select
        'pool' as level, channel, pool, currency, '*' as account_id, count(*) as members, sum(lots_remaining) as lots_remaining,
        sum(arrears) as arrears, sum(balance) as balance, sum(points_given) as points_given, sum(points_used) as points_used,
        min(expires_next_on) as expires_next_on,
    from members
    group by channel, pool, currency
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        level,
        channel,
        pool,
        currency,
        account_id,
        cast(members as bigint) as members,
        cast(lots_remaining as bigint) as lots_remaining,
        cast(arrears as bigint) as arrears,
        cast(balance as bigint) as balance,
        cast(points_given as bigint) as points_given,
        cast(points_used as bigint) as points_used,
        expires_next_on,
    from levels
)

select * from final
