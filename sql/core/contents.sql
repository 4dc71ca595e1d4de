/* ---
about: One published piece.
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
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.contents) as here
    cross join (select count(*) as n from dataset.contents) as there
    where here.n <> there.n
--- */
with
contents as (select * from dataset.contents),

final as (
    select
        contents.channel,
        contents.content_id,
        contents.published_at,
        cast(contents.published_at as date) as published_on,
        contents.title,
        contents.kind,
        contents.strategy,
        contents.topic,
        contents.author,
        contents.account_role,
        contents.media_class,
        contents.repost_of,
        contents.url,
        contents.campaign_id,
        contents.feed,
        contents.source_file,
        contents.source_row,
    from contents
)

select * from final
