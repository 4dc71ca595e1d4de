/* ---
about: One published piece and what it did, from its publication to as_of.
zh: 内容效果
owner: content
tags: [content]
grain: [as_of, channel, content_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  channel: {zh: 渠道, about: The channel that published it}
  content_id: {zh: 内容号, about: The piece's id in its channel}
  title: {zh: 标题, about: Its title}
  kind: {zh: 体裁, about: "Article, note, video…"}
  strategy: {zh: 策略, about: "hot topic, real-time, life story, knowledge, series, promotion"}
  topic: {zh: 话题, about: brand or user}
  account_role: {zh: 账号角色, about: "brand, executive, campaign"}
  media_class: {zh: 媒体, about: "owned, earned, paid"}
  published_at: {zh: 发布时间, about: When it was published}
  campaign_id: {zh: 活动, about: The campaign it belongs to}
  counted_on: {zh: 统计日, about: The day of its latest statistics; empty if it has none}
  reach: {zh: 曝光, unit: times, about: Impressions to date}
  reads: {zh: 阅读, unit: times, about: Reads or plays to date}
  read_users: {zh: 阅读人数, unit: people, about: Readers to date}
  completion_rate: {zh: 完读率, about: completions / reads}
  engagements: {zh: 互动, unit: times, about: "Likes, comments, shares and saves to date"}
  engagement_rate: {zh: 互动率, about: engagements / reads}
  shares: {zh: 分享, unit: times, about: Shares to date}
  share_rate: {zh: 分享率, about: shares / reads}
  saves: {zh: 收藏, unit: times, about: Saves to date}
  save_rate: {zh: 收藏率, about: saves / reads}
  followers_gained: {zh: 涨粉, unit: people, about: Followers that it brought to date}
  brought_people: {zh: 裂变带来人数, unit: people, about: "Customers of whom a visit, click, scan or follow of the piece names another account as the one that brought them"}
  sharers: {zh: 分享人数, unit: people, about: "Readers who shared: of the channel's statistics, or else customers with a share of the piece on record"}
  fission_coefficient: {zh: 裂变系数, about: "New readers and followers brought per reader who shared: brought_people / sharers; where no touch of the piece names who brought a person, followers_gained / sharers"}
  visits: {zh: 访问, unit: times, about: Visits and clicks from the piece on record}
  visitors: {zh: 访问人数, unit: people, about: "Customers who visited or clicked, each once"}
  last_touch_orders: {zh: 末次触点订单, unit: orders, about: Orders for which it was the last touch; see mart.content_attribution for the models}
  first_touch_orders: {zh: 首次触点订单, unit: orders, about: Orders for which it was the first touch}
  linear_orders: {zh: 线性订单, unit: orders, about: Its linear share of orders}
  position_orders: {zh: 位置订单, unit: orders, about: Its position-based share of orders (40 20 40)}
  decay_orders: {zh: 时间衰减订单, unit: orders, about: Its time decay share of orders}
  last_touch_revenue: {zh: 末次触点收入, unit: CNY, about: "Paid amount of the orders, before refunds, for which it was the last touch"}
  first_touch_revenue: {zh: 首次触点收入, unit: CNY, about: Paid amount for which it was the first touch}
  linear_revenue: {zh: 线性收入, unit: CNY, about: Its linear share of the paid amount}
  position_revenue: {zh: 位置收入, unit: CNY, about: Its position-based share of the paid amount}
  decay_revenue: {zh: 时间衰减收入, unit: CNY, about: Its time decay share of the paid amount}
  cost: {zh: 成本, unit: CNY, about: "Its part of the cost of its campaign, as in mart.content_cost; empty without a campaign of known cost"}
  cost_per_read: {zh: 单次阅读成本, unit: CNY per read, about: "cost / reads, to 4 places"}
  cost_per_follower: {zh: 单粉成本, unit: CNY per follower, about: "cost / followers_gained, to 4 places"}
  cost_per_order: {zh: 单订单成本, unit: CNY per order, about: "cost / last_touch_orders, to 4 places"}
audits:
  counts_are_not_negative: reach < 0 or reads < 0 or shares < 0 or visits < 0
  orders_and_revenue_add_up: >-
    select * from (
      select sum(last_touch_revenue) as last_touch, sum(first_touch_revenue) as first_touch, sum(linear_revenue) as linear,
        sum(position_revenue) as position, sum(decay_revenue) as decay, sum(last_touch_orders) as orders, sum(first_touch_orders) as first_orders,
        sum(linear_orders) as linear_orders, sum(position_orders) as position_orders, sum(decay_orders) as decay_orders
      from mart.content_performance
    ) as pieces
    cross join (
      select coalesce(sum(paid_amount), 0) as paid_amount, count(*) as attributed from mart.content_attribution where touch_no = 1
    ) as orders_with_touches
    where last_touch <> paid_amount or first_touch <> paid_amount or linear <> paid_amount or position <> paid_amount or decay <> paid_amount
      or orders <> attributed or first_orders <> attributed or linear_orders <> attributed or position_orders <> attributed or decay_orders <> attributed
  no_piece_is_lost: >-
    select channel, content_id from core.contents where published_on <= getvariable('as_of')
    except select channel, content_id from mart.content_performance
--- */
with
contents as (select * from core.contents where published_on is null or published_on <= getvariable('as_of')),
costs as (select * from mart.content_cost),

stats as (
    -- lint: allow star because these are the latest rows of core.content_stats as they are, which final takes columns from
    select content_stats.*
    from core.content_stats as content_stats
    inner join (
        select channel, content_id, max(stat_date) as stat_date
        from core.content_stats
        where stat_date <= getvariable('as_of')
        group by channel, content_id
    ) as latest
        on content_stats.channel = latest.channel
        and content_stats.content_id = latest.content_id
        and content_stats.stat_date = latest.stat_date
),

touches as (
    select
        channel,
        content_id,
        count(distinct customer_id) filter (
            where referrer_account_id <> account_id and kind in ('visit', 'click', 'scan', 'follow')
        ) as brought_people,
        count(distinct customer_id) filter (where kind = 'share') as sharers,
        count(*) filter (where kind in ('visit', 'click')) as visits,
        count(distinct customer_id) filter (where kind in ('visit', 'click')) as visitors,
    from mart.content_touches
    group by channel, content_id
),

attributed as (
    select
        channel,
        content_id,
        sum(last_touch_orders) as last_touch_orders,
        sum(first_touch_orders) as first_touch_orders,
        sum(linear_orders) as linear_orders,
        sum(position_orders) as position_orders,
        sum(decay_orders) as decay_orders,
        sum(last_touch_revenue) as last_touch_revenue,
        sum(first_touch_revenue) as first_touch_revenue,
        sum(linear_revenue) as linear_revenue,
        sum(position_revenue) as position_revenue,
        sum(decay_revenue) as decay_revenue,
    from mart.content_attribution
    group by channel, content_id
),

pieces as (
    select channel, content_id from contents
    union
    select channel, content_id from stats
    union
    select channel, content_id from touches
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        pieces.channel,
        pieces.content_id,
        contents.title,
        contents.kind,
        contents.strategy,
        contents.topic,
        contents.account_role,
        contents.media_class,
        contents.published_at,
        contents.campaign_id,
        stats.stat_date as counted_on,
        stats.impressions as reach,
        stats.reads,
        stats.read_users,
        stats.completions / nullif(stats.reads, 0) as completion_rate,
        case when stats.stat_date is not null
            then coalesce(stats.likes, 0) + coalesce(stats.comments, 0) + coalesce(stats.shares, 0) + coalesce(stats.saves, 0)
        end as engagements,
        (coalesce(stats.likes, 0) + coalesce(stats.comments, 0) + coalesce(stats.shares, 0) + coalesce(stats.saves, 0))
            / nullif(stats.reads, 0) as engagement_rate,
        stats.shares,
        stats.shares / nullif(stats.reads, 0) as share_rate,
        stats.saves,
        stats.saves / nullif(stats.reads, 0) as save_rate,
        stats.follows_gained as followers_gained,
        coalesce(touches.brought_people, 0) as brought_people,
        coalesce(stats.share_users, nullif(touches.sharers, 0)) as sharers,
        coalesce(nullif(touches.brought_people, 0), stats.follows_gained)
            / nullif(coalesce(stats.share_users, touches.sharers), 0) as fission_coefficient,
        coalesce(touches.visits, 0) as visits,
        coalesce(touches.visitors, 0) as visitors,
        cast(coalesce(attributed.last_touch_orders, 0) as decimal(18, 6)) as last_touch_orders,
        cast(coalesce(attributed.first_touch_orders, 0) as decimal(18, 6)) as first_touch_orders,
        cast(coalesce(attributed.linear_orders, 0) as decimal(18, 6)) as linear_orders,
        cast(coalesce(attributed.position_orders, 0) as decimal(18, 6)) as position_orders,
        cast(coalesce(attributed.decay_orders, 0) as decimal(18, 6)) as decay_orders,
        cast(coalesce(attributed.last_touch_revenue, 0) as decimal(18, 2)) as last_touch_revenue,
        cast(coalesce(attributed.first_touch_revenue, 0) as decimal(18, 2)) as first_touch_revenue,
        cast(coalesce(attributed.linear_revenue, 0) as decimal(18, 2)) as linear_revenue,
        cast(coalesce(attributed.position_revenue, 0) as decimal(18, 2)) as position_revenue,
        cast(coalesce(attributed.decay_revenue, 0) as decimal(18, 2)) as decay_revenue,
        costs.cost,
        cast(round(costs.cost / nullif(stats.reads, 0), 4) as decimal(18, 4)) as cost_per_read,
        cast(round(costs.cost / nullif(stats.follows_gained, 0), 4) as decimal(18, 4)) as cost_per_follower,
        cast(round(costs.cost / nullif(cast(attributed.last_touch_orders as bigint), 0), 4) as decimal(18, 4)) as cost_per_order,
    from pieces
    left join contents on pieces.channel = contents.channel and pieces.content_id = contents.content_id
    left join stats on pieces.channel = stats.channel and pieces.content_id = stats.content_id
    left join touches on pieces.channel = touches.channel and pieces.content_id = touches.content_id
    left join attributed on pieces.channel = attributed.channel and pieces.content_id = attributed.content_id
    left join costs on pieces.channel = costs.channel and pieces.content_id = costs.content_id
)

select * from final
