/* ---
about: Followers of an account gained and lost on one day, by where they came from.
zh: 粉丝增减
owner: content
tags: [core]
grain: [channel, stat_date, source]
columns:
  channel: {zh: 渠道, about: The channel}
  stat_date: {zh: 统计日, about: The day}
  source: {zh: 来源, about: Where they came from}
  gained: {zh: 新增, about: Followers gained on the day}
  lost: {zh: 取关, about: Followers lost on the day}
  feed: {zh: 来源表, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.fan_counts) as here
    cross join (select count(*) as n from dataset.fan_counts) as there
    where here.n <> there.n
  counts_are_not_negative: "gained < 0 or lost < 0"
--- */
with
fan_counts as (select * from dataset.fan_counts),

final as (
    select
        fan_counts.channel,
        fan_counts.stat_date,
        fan_counts.source,
        fan_counts.gained,
        fan_counts.lost,
        fan_counts.feed,
        fan_counts.source_file,
        fan_counts.source_row,
    from fan_counts
)

select * from final
