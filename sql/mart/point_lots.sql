/* ---
about: One lot, which is one earning of points, and what became of it. Lots are consumed first-expiring first, then oldest, then by id.
zh: 积分批次
owner: finance
tags: [points, finance]
grain: [as_of, channel, account_id, lot_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  channel: {zh: 渠道, about: Channel of the account}
  account_id: {zh: 账号, about: Account in the channel}
  lot_id: {zh: 批次号, about: The transaction that issued it}
  customer_id: {zh: 客户编号, not_null: true, about: Whose account it is now}
  tier: {zh: 会员等级, about: "The customer's member tier at as_of; none for a customer without one"}
  status: {zh: 状态, about: "open: nothing used; part_used: some used, some left; then by the first that applies: expired (points of it expired), redeemed, clawed_back, adjusted"}
  issued_at: {zh: 发放时间, about: When it was issued}
  issued_on: {zh: 发放日, about: The day of issue}
  issue_month: {zh: 发放月, about: First day of the month of issue}
  expires_on: {zh: 最后有效日, about: The last day on which its points can be used; empty if they never expire}
  expiry_month: {zh: 到期月, about: First day of the month of expiry; empty if they never expire}
  age_days: {zh: 库龄, unit: days, about: Days from issue to as_of}
  age_band: {zh: 库龄段, about: "Band of the age in days: 000-030, 031-090, 091-180, 181-365, 366+"}
  days_to_expiry: {zh: 距到期天数, unit: days, about: Days from as_of to the last valid day; negative once expired}
  points_issued: {zh: 发放, unit: points, about: Points issued; 0 for a lot made by an adjustment}
  points_redeemed: {zh: 已兑换, unit: points, about: "Points redeemed, less those credited back; below zero in a lot made of points credited back that no redemption accounts for"}
  points_expired: {zh: 已过期, unit: points, about: Points expired}
  points_clawed_back: {zh: 已扣回, unit: points, about: Points taken back after a refund}
  points_adjusted: {zh: 调整, unit: points, about: "Points added (or, negative, taken) by hand"}
  points_remaining: {zh: 未用, unit: points, about: Points still to be used}
  face_value: {zh: 面值, unit: CNY, about: Remaining points at the redemption ratio in force at as_of}
  order_id: {zh: 订单号, about: The order that earned it}
  source_file: {zh: 来源文件, about: The export file that it comes from}
  source_row: {zh: 来源行, about: The line of that file}
  currency: {zh: 积分种类, not_null: true, about: "Which points; points where the channel has one kind"}
  points_opening: {zh: 期初导入, unit: points, about: "Points from before the movements begin"}
  points_transferred: {zh: 转入, unit: points, about: "Points that came from another account, less (or, negative) those gone to one"}
  points_reinstated: {zh: 恢复, unit: points, about: Expired points given again}
  extended_from: {zh: 原最后有效日, about: "The last valid day before it was extended; empty if it was not"}
  origin_account_id: {zh: 来源账号, about: "Of points that came from another account and kept their day of issue: the account that earned them; else empty"}
  origin_lot_id: {zh: 来源批次号, about: "The lot of that account"}
audits:
  nothing_is_negative: points_remaining < 0 or points_issued < 0 or points_expired < 0 or points_clawed_back < 0 or points_opening < 0 or points_reinstated < 0
  lot_adds_up: points_issued + points_opening + points_adjusted + points_transferred + points_reinstated - points_redeemed - points_expired - points_clawed_back <> points_remaining
  expired_lot_is_empty: points_remaining > 0 and expires_on < as_of
  lots_sum_to_balances_by_account: >-
    select lots.*, balances.* from (
      select channel, account_id, currency, sum(points_remaining) as remaining from mart.point_lots group by channel, account_id, currency
    ) as lots
    full join ledger.balances as balances
      on lots.channel = balances.channel and lots.account_id = balances.account_id and lots.currency = coalesce(balances.currency, 'points')
    where coalesce(lots.remaining, 0) <> coalesce(balances.lots_remaining, 0)
  no_lot_is_lost: >-
    select given.n as given, kept.n as kept from (select count(*) as n from ledger.lots) as given
    cross join (select count(*) as n from mart.point_lots) as kept where given.n <> kept.n
  lots_sum_to_balances: >-
    select (select sum(points_remaining) from mart.point_lots) as lots, (select sum(lots_remaining) from ledger.balances) as balances
    where coalesce((select sum(points_remaining) from mart.point_lots), 0) <> coalesce((select sum(lots_remaining) from ledger.balances), 0)
--- */
with
lots as (select * from ledger.lots),
accounts as (select * from identity.account_customers),
pyramid as (select * from mart.customer_pyramid),
programme as (select * from mart.point_programme),

aged as (
    select lots.*, date_diff('day', lots.issued_on, getvariable('as_of')) as age_days
    from lots
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        aged.channel,
        aged.account_id,
        aged.lot_id,
        accounts.customer_id,
        coalesce(pyramid.tier, 'none') as tier,
        case
            when aged.points_remaining > 0 and aged.points_redeemed + aged.points_expired + aged.points_clawed_back = 0
                and aged.points_adjusted >= 0 and coalesce(aged.points_transferred, 0) >= 0 then 'open'
            when aged.points_remaining > 0 then 'part_used'
            when aged.points_expired > 0 then 'expired'
            when aged.points_redeemed > 0 then 'redeemed'
            when aged.points_clawed_back > 0 then 'clawed_back'
            else 'adjusted'
        end as status,
        aged.issued_at,
        aged.issued_on,
        cast(date_trunc('month', aged.issued_on) as date) as issue_month,
        aged.expires_on,
        cast(date_trunc('month', aged.expires_on) as date) as expiry_month,
        aged.age_days,
        case
            when aged.age_days <= 30 then '000-030'
            when aged.age_days <= 90 then '031-090'
            when aged.age_days <= 180 then '091-180'
            when aged.age_days <= 365 then '181-365'
            else '366+'
        end as age_band,
        date_diff('day', getvariable('as_of'), aged.expires_on) as days_to_expiry,
        aged.points_issued,
        aged.points_redeemed,
        aged.points_expired,
        aged.points_clawed_back,
        aged.points_adjusted,
        aged.points_remaining,
        cast(round(aged.points_remaining * programme.point_value, 2) as decimal(18, 2)) as face_value,
        aged.order_id,
        aged.source_file,
        aged.source_row,
        coalesce(aged.currency, 'points') as currency,
        coalesce(aged.points_opening, 0) as points_opening,
        coalesce(aged.points_transferred, 0) as points_transferred,
        coalesce(aged.points_reinstated, 0) as points_reinstated,
        aged.extended_from,
        aged.origin_account_id,
        aged.origin_lot_id,
    from aged
    inner join programme on coalesce(aged.currency, 'points') = programme.currency
    left join accounts on aged.channel = accounts.channel and aged.account_id = accounts.account_id
    left join pyramid on accounts.customer_id = pyramid.customer_id
)

select * from final
