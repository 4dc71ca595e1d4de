/* ---
about: >-
  One published piece. Several feeds may describe it: the channel's, and the brand's own labels. The latest value of each attribute that is not empty counts, so that an export which does not know
  of labels does not wipe them out.
zh: 内容
owner: content
tags: [core]
grain: [channel, content_id]
columns:
  channel: {zh: 渠道, about: The channel the row comes from}
  content_id: {zh: 内容号, about: The piece's id in its channel}
  published_at: {zh: 发布时间, about: When it was published}
  published_on: {zh: 发布日, about: The day in the brand's time zone}
  title: {zh: 标题, about: Its title}
  kind: {zh: 体裁, about: "Article, note, video…"}
  strategy: {zh: 策略, about: "hot topic, real-time, life story, knowledge, series, promotion"}
  topic: {zh: 话题, about: brand or user}
  author: {zh: 作者, about: Who published it}
  account_role: {zh: 账号角色, about: "brand, executive, campaign"}
  media_class: {zh: 媒体, about: "owned, earned, paid"}
  repost_of: {zh: 转载自, about: The piece that it publishes again}
  url: {zh: 链接, about: Where it stands}
  campaign_id: {zh: 活动, about: The campaign it belongs to}
  feed: {zh: 来源, about: The feed that described it last}
  source_file: {zh: 来源文件, about: The latest export that describes it}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_piece_is_lost: >-
    select channel, content_id from dataset.contents
    except select channel, content_id from core.contents
  same_piece_twice:
    query: >-
      select channel, title, published_on, count(*) as pieces from core.contents
      where title is not null and published_on is not null
      group by channel, title, published_on
      having count(distinct content_id) > 1 and count(distinct feed) > 1
    severity: warning
    about: Two feeds of a channel call a piece of one title and day by different ids, so that it counts twice; land one of the two
--- */
with
contents as (select * from dataset.contents),

-- descriptions of a piece in the order in which they were exported
numbered as (
    select
        contents.*,
        row_number() over (
            partition by channel, content_id
            order by coalesce(exported_at, timestamp '1970-01-01 00:00:00'), feed, source_file, source_row
        ) as recency,
    from contents
),

described as (
    select
        channel,
        content_id,
        max_by(published_at, recency) filter (where published_at is not null) as published_at,
        max_by(title, recency) filter (where title is not null) as title,
        max_by(kind, recency) filter (where kind is not null) as kind,
        max_by(strategy, recency) filter (where strategy is not null) as strategy,
        max_by(topic, recency) filter (where topic is not null) as topic,
        max_by(author, recency) filter (where author is not null) as author,
        max_by(account_role, recency) filter (where account_role is not null) as account_role,
        max_by(media_class, recency) filter (where media_class is not null) as media_class,
        max_by(repost_of, recency) filter (where repost_of is not null) as repost_of,
        max_by(url, recency) filter (where url is not null) as url,
        max_by(campaign_id, recency) filter (where campaign_id is not null) as campaign_id,
        max_by(feed, recency) as feed,
        max_by(source_file, recency) as source_file,
        max_by(source_row, recency) as source_row,
    from numbered
    group by channel, content_id
),

final as (
    select
        channel,
        content_id,
        published_at,
        cast(published_at as date) as published_on,
        title,
        kind,
        strategy,
        topic,
        author,
        account_role,
        media_class,
        repost_of,
        url,
        campaign_id,
        feed,
        source_file,
        source_row,
    from described
)

select * from final
