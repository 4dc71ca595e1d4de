/* ---
about: One wide row per customer for BI tools that like one table.
zh: 客户全景
owner: crm
tags: [customer]
grain: [as_of, customer_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  customer_id: {zh: 客户编号, about: The customer}
  is_member: {zh: 是否会员, about: A member by as_of}
  member_since: {zh: 入会时间, about: When the customer became a member; empty for those who are none}
  known_on: {zh: 首次认识日, about: The day from which the customer is counted}
  accounts: {zh: 账号数, unit: accounts, about: Accounts merged}
  channels: {zh: 渠道数, unit: channels, about: Channels they are in}
  channel_names: {zh: 渠道列表, about: "These channels in alphabetical order, parted by commas"}
  preferred_channel: {zh: 偏好渠道, about: "Channel with most purchases up to as_of; of equals the one used last, then the first by name"}
  gender: {zh: 性别, about: As exported}
  province: {zh: 省, about: As exported}
  city: {zh: 市, about: As exported}
  birth_month: {zh: 生日月份, unit: month, about: 1 to 12}
  has_phone: {zh: 有手机号, about: Some account has a phone}
  has_email: {zh: 有邮箱, about: Some account has an e-mail address}
  sms_consent: {zh: 短信授权, about: Some account agrees and none refuses}
  email_consent: {zh: 邮件授权, about: Some account agrees and none refuses}
  app_consent: {zh: 推送授权, about: Some account agrees and none refuses}
  layer: {zh: 层级, about: "Layer of the pyramid; 1 is the top"}
  stage: {zh: 生命周期阶段, about: "refer, value, stick, activate, enter"}
  tier: {zh: 会员等级, about: "platinum, gold, regular; empty for those who are no members"}
  orders: {zh: 订单数, unit: orders, about: Purchases in the window}
  revenue: {zh: 净消费额, unit: CNY, about: Net spend in the window}
  average_ticket: {zh: 客单价, unit: CNY, about: Revenue per order in the window}
  first_purchase_on: {zh: 首次购买日, about: First purchase ever}
  last_purchase_on: {zh: 末次购买日, about: Last purchase ever}
  lifetime_orders: {zh: 累计订单数, unit: orders, about: Purchases ever}
  lifetime_revenue: {zh: 累计净消费额, unit: CNY, about: Net spend ever}
  recency_days: {zh: 最近购买天数, unit: days, about: Days since the last purchase}
  rfm_cell: {zh: RFM分组, about: "Scores for recency, frequency and money side by side, 111 to 555; empty for those who never bought"}
  recency_score: {zh: 近度分, about: 1 to 5}
  frequency_score: {zh: 频度分, about: 1 to 5}
  monetary_score: {zh: 额度分, about: 1 to 5}
  churn_tier: {zh: 流失等级, about: "new, active, light, medium, heavy, lost; empty for those who never bought"}
  overdue: {zh: 逾期倍数, unit: gaps, about: Days since the last purchase over the expected gap}
  expected_next_on: {zh: 预期下次购买日, about: The day by which a full expected gap has passed since the last purchase}
  points_balance: {zh: 积分余额, unit: points, about: "Points that can be used, less points owed; of a brand with several kinds those called points, the others are in mart.point_activation"}
  points_near_expiry: {zh: 临期积分, unit: points, about: Remaining points whose last valid day is within near_expiry_days}
  points_expire_next_on: {zh: 最近到期日, about: The last valid day of the lot that expires next}
audits:
  everybody_is_here: >-
    select customer_id from mart.customer_pyramid
    except
    select customer_id from mart.customer_360
  points_add_up: >-
    select 1 from (select coalesce(sum(points_balance), 0) as points from mart.customer_360) as here
    cross join (select coalesce(sum(balance), 0) as points from ledger.balances where coalesce(currency, 'points') = 'points') as ledger
    where here.points <> ledger.points
  money_adds_up: >-
    select 1 from (select coalesce(sum(lifetime_revenue), 0) as revenue from mart.customer_360) as here
    cross join (select coalesce(sum(net_amount), 0) as revenue from core.customer_days where day <= cast(getvariable('as_of') as date)) as days
    where here.revenue <> days.revenue
--- */
with
customers as (select * from core.customers),
pyramid as (select * from mart.customer_pyramid),
rfm as (select * from mart.customer_rfm),
churn as (select * from mart.churn_tiers),

lifetimes as (
    select
        customer_id,
        sum(orders) as orders,
        sum(net_amount) as revenue,
    from core.customer_days
    where day <= cast(getvariable('as_of') as date)
    group by customer_id
),

preferences as (
    select
        customer_id,
        channel,
        row_number() over (partition by customer_id order by count(*) desc, max(paid_on) desc, channel) as preference,
    from core.orders
    where is_purchase
        and customer_id is not null
        and paid_on <= cast(getvariable('as_of') as date)
    group by customer_id, channel
),

points as (
    select
        accounts.customer_id,
        sum(balances.balance) as balance,
        sum(lots.near_expiry) as near_expiry,
        min(lots.expire_next_on) as expire_next_on,
    from ledger.balances as balances
    inner join core.accounts as accounts
        on balances.channel = accounts.channel
        and balances.account_id = accounts.account_id
    left join (
        select
            channel,
            account_id,
            min(expires_on) as expire_next_on,
            sum(points_remaining) filter (
                where expires_on <= cast(getvariable('as_of') as date) + cast(getvariable('near_expiry_days') as integer)
            ) as near_expiry,
        from ledger.lots
        where points_remaining > 0 and coalesce(currency, 'points') = 'points'
        group by channel, account_id
    ) as lots
        on balances.channel = lots.channel
        and balances.account_id = lots.account_id
    where coalesce(balances.currency, 'points') = 'points'
    group by accounts.customer_id
),

final as (
    select
        pyramid.as_of,
        pyramid.customer_id,
        pyramid.is_member,
        case when pyramid.is_member then customers.member_since end as member_since,
        customers.known_on,
        customers.accounts,
        customers.channels,
        customers.channel_names,
        preferences.channel as preferred_channel,
        customers.gender,
        customers.province,
        customers.city,
        customers.birth_month,
        customers.has_phone,
        customers.has_email,
        customers.sms_consent,
        customers.email_consent,
        customers.app_consent,
        pyramid.layer,
        pyramid.stage,
        pyramid.tier,
        pyramid.orders,
        pyramid.revenue,
        pyramid.average_ticket,
        pyramid.first_purchase_on,
        pyramid.last_purchase_on,
        cast(coalesce(lifetimes.orders, 0) as bigint) as lifetime_orders,
        cast(coalesce(lifetimes.revenue, 0) as decimal(18, 2)) as lifetime_revenue,
        rfm.recency_days,
        rfm.rfm_cell,
        rfm.recency_score,
        rfm.frequency_score,
        rfm.monetary_score,
        churn.tier as churn_tier,
        churn.overdue,
        churn.expected_next_on,
        cast(coalesce(points.balance, 0) as bigint) as points_balance,
        cast(coalesce(points.near_expiry, 0) as bigint) as points_near_expiry,
        points.expire_next_on as points_expire_next_on,
    from pyramid
    inner join customers
        on pyramid.customer_id = customers.customer_id
    left join lifetimes
        on pyramid.customer_id = lifetimes.customer_id
    left join preferences
        on pyramid.customer_id = preferences.customer_id
        and preferences.preference = 1
    left join rfm
        on pyramid.customer_id = rfm.customer_id
    left join churn
        on pyramid.customer_id = churn.customer_id
    left join points
        on pyramid.customer_id = points.customer_id
)

select * from final
