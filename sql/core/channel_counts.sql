/* ---
about: What a channel's account as a whole had on one day, by where it came from. Where source all is there it is the whole, and the other sources are parts of it.
zh: 渠道流量
owner: content
tags: [core]
grain: [channel, stat_date, source]
columns:
  channel: {zh: 渠道, about: The channel}
  stat_date: {zh: 统计日, about: The day}
  source: {zh: 来源, about: "Where it came from; all is the whole"}
  is_whole: {zh: 是否合计, about: "Counts of the whole day: source all, or a part of a day that has no such row. Only these rows may be added up"}
  impressions: {zh: 曝光, unit: times, about: Times shown}
  reads: {zh: 阅读, unit: times, about: "Reads, plays or page views"}
  read_users: {zh: 阅读人数, unit: people, about: "Readers; never added up"}
  visits: {zh: 访问, unit: times, about: "Visits of the profile, or sessions of a site"}
  visitors: {zh: 访问人数, unit: people, about: "Visitors; never added up"}
  likes: {zh: 点赞, unit: times, about: Likes}
  comments: {zh: 评论, unit: times, about: Comments}
  shares: {zh: 分享, unit: times, about: Shares}
  share_users: {zh: 分享人数, unit: people, about: "People who shared; never added up"}
  saves: {zh: 收藏, unit: times, about: Saves}
  paid_orders: {zh: 支付订单数, unit: orders, about: "Orders paid on the day, as the channel counts them"}
  buyers: {zh: 支付买家数, unit: people, about: "Buyers of the day, as the channel counts them; never added up"}
  paid_amount: {zh: 支付金额, unit: CNY, about: "Paid on the day, as the channel counts it: to hold against orders, never to add to them"}
  feed: {zh: 来源表, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.channel_counts) as here
    cross join (select count(*) as n from dataset.channel_counts) as there
    where here.n <> there.n
  counts_are_not_negative: least(impressions, reads, read_users, visits, visitors, likes, comments, shares, share_users, saves) < 0
--- */
with
channel_counts as (select * from dataset.channel_counts),

final as (
    select
        channel_counts.channel,
        channel_counts.stat_date,
        channel_counts.source,
        channel_counts.source = 'all'
            or count(*) filter (where channel_counts.source = 'all') over (partition by channel_counts.channel, channel_counts.stat_date) = 0 as is_whole,
        channel_counts.impressions,
        channel_counts.reads,
        channel_counts.read_users,
        channel_counts.visits,
        channel_counts.visitors,
        channel_counts.likes,
        channel_counts.comments,
        channel_counts.shares,
        channel_counts.share_users,
        channel_counts.saves,
        channel_counts.paid_orders,
        channel_counts.buyers,
        channel_counts.paid_amount,
        channel_counts.feed,
        channel_counts.source_file,
        channel_counts.source_row,
    from channel_counts
)

select * from final
