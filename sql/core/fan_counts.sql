/* ---
about: >-
  Followers of an account gained and lost on one day, by where they came from, and how many there were at the end of the day where the channel tells.
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
  followers: {zh: 粉丝数, unit: people, about: "Followers at the end of the day; only where source is all"}
  followers_change: {zh: 粉丝净增, unit: people, about: "More than at the count before; empty on the first count"}
  days_covered: {zh: 覆盖天数, unit: days, about: Days since the count before that followers_change is of}
  feed: {zh: 来源表, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.fan_counts) as here
    cross join (select count(*) as n from dataset.fan_counts) as there
    where here.n <> there.n
  counts_are_not_negative: "gained < 0 or lost < 0 or followers < 0"
  followers_are_of_the_whole: "followers is not null and source <> 'all'"
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
        fan_counts.followers,
        fan_counts.followers - lag(fan_counts.followers) over counts as followers_change,
        case when fan_counts.followers is not null then fan_counts.stat_date - lag(fan_counts.stat_date) over counts end as days_covered,
        fan_counts.feed,
        fan_counts.source_file,
        fan_counts.source_row,
    from fan_counts
    window counts as (partition by fan_counts.channel, fan_counts.source, fan_counts.followers is null order by fan_counts.stat_date)
)

select * from final
