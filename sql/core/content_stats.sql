/* ---
about: >-
  Counts of one piece, to date and on the day, whether the channel exports counts to date or counts of days, or both. A count to date is a snapshot: what is more than on the snapshot
  before counts on the day of the later one, and days_covered says for how many days. The first snapshot of a piece that was out before the channel's statistics begin has no days: it is marked is_opening
  and adds to no day. Where both kinds of count are known for a day the one to date goes first; counts of days after it are added to it. Unique people are never added up.
zh: 内容统计
owner: content
tags: [core]
grain: [channel, content_id, stat_date]
columns:
  channel: {zh: 渠道, about: The channel the row comes from}
  content_id: {zh: 内容号, about: The piece's id in its channel}
  stat_date: {zh: 统计日, about: The day the counts are for}
  counting: {zh: 计数, about: "What the channel exports for the day: daily or cumulative"}
  days_covered: {zh: 覆盖天数, unit: days, about: "Days that the counts on the day are of: 1 if daily; since the row before, or since publication on the first row, if cumulative; empty where is_opening"}
  is_opening: {zh: 是否期初, about: "The first count to date of a piece that was out before: when it came about is not known, so the counts on the day are empty"}
  impressions: {zh: 曝光累计, unit: times, about: "Up to and including the day, as far as the exports tell"}
  reads: {zh: 阅读累计, unit: times, about: "Up to and including the day, as far as the exports tell"}
  read_users: {zh: 阅读人数累计, unit: people, about: "As the latest count to date has it; empty where only counts of days are known"}
  completions: {zh: 完读累计, unit: times, about: "Up to and including the day, as far as the exports tell"}
  likes: {zh: 点赞累计, unit: times, about: "Up to and including the day, as far as the exports tell"}
  comments: {zh: 评论累计, unit: times, about: "Up to and including the day, as far as the exports tell"}
  shares: {zh: 分享累计, unit: times, about: "Up to and including the day, as far as the exports tell"}
  share_users: {zh: 分享人数累计, unit: people, about: "As the latest count to date has it; empty where only counts of days are known"}
  saves: {zh: 收藏累计, unit: times, about: "Up to and including the day, as far as the exports tell"}
  follows_gained: {zh: 涨粉累计, unit: people, about: "Up to and including the day, as far as the exports tell"}
  clicks: {zh: 点击累计, unit: times, about: "Up to and including the day, as far as the exports tell"}
  impressions_on_day: {zh: 曝光当日, unit: times, about: "On the day, or more than the count before; empty where none is known"}
  reads_on_day: {zh: 阅读当日, unit: times, about: "On the day, or more than the count before; empty where none is known"}
  read_users_on_day: {zh: 阅读人数当日, unit: people, about: "On the day, or new since the count before"}
  completions_on_day: {zh: 完读当日, unit: times, about: "On the day, or more than the count before; empty where none is known"}
  likes_on_day: {zh: 点赞当日, unit: times, about: "On the day, or more than the count before; empty where none is known"}
  comments_on_day: {zh: 评论当日, unit: times, about: "On the day, or more than the count before; empty where none is known"}
  shares_on_day: {zh: 分享当日, unit: times, about: "On the day, or more than the count before; empty where none is known"}
  share_users_on_day: {zh: 分享人数当日, unit: people, about: "On the day, or new since the count before"}
  saves_on_day: {zh: 收藏当日, unit: times, about: "On the day, or more than the count before; empty where none is known"}
  follows_gained_on_day: {zh: 涨粉当日, unit: people, about: "On the day, or more than the count before; empty where none is known"}
  clicks_on_day: {zh: 点击当日, unit: times, about: "On the day, or more than the count before; empty where none is known"}
  is_negative: {zh: 是否回退, about: Some count to date fell; the channel took something back}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  counting_is_known: "coalesce(counting, '') not in ('daily', 'cumulative')"
  no_day_is_lost: >-
    select channel, content_id, stat_date from dataset.content_stats
    except select channel, content_id, stat_date from core.content_stats
  days_add_up: >-
    select * from (
      select *, lag(reads) over (partition by channel, content_id order by stat_date) as reads_before from core.content_stats
    ) as days
    where reads_on_day <> reads - coalesce(reads_before, 0) or (reads_on_day is null and not is_opening and reads <> reads_before)
--- */
with
content_stats as (select * from dataset.content_stats),
contents as (select channel, content_id, published_on from core.contents),

-- one row of a piece and day: the count to date, if there is one
ranked as (
    select
        content_stats.*,
        min(stat_date) over (partition by channel, content_id) as first_day,
        row_number() over (partition by channel, content_id, stat_date order by counting) as place,
    from content_stats
),

channel_days as (
    select channel, stat_date, lag(stat_date) over (partition by channel order by stat_date) as day_before
    from content_stats
    group by channel, stat_date
),

-- A piece that came out since the channel's statistics before its own first ones had no counts then: all it has is since publication.
placed as (
    select
        ranked.*,
        contents.published_on,
        case when contents.published_on >= coalesce(channel_days.day_before, ranked.first_day) then 0 end as none_before,
    from ranked
    inner join channel_days on ranked.channel = channel_days.channel and ranked.first_day = channel_days.stat_date
    left join contents on ranked.channel = contents.channel and ranked.content_id = contents.content_id
    where ranked.place = 1
),

-- what days have brought so far
counted as (
    select
        placed.*,
        cast(sum(case counting when 'daily' then impressions end) over to_date as bigint) as impressions_counted,
        cast(sum(case counting when 'daily' then reads end) over to_date as bigint) as reads_counted,
        cast(sum(case counting when 'daily' then completions end) over to_date as bigint) as completions_counted,
        cast(sum(case counting when 'daily' then likes end) over to_date as bigint) as likes_counted,
        cast(sum(case counting when 'daily' then comments end) over to_date as bigint) as comments_counted,
        cast(sum(case counting when 'daily' then shares end) over to_date as bigint) as shares_counted,
        cast(sum(case counting when 'daily' then saves end) over to_date as bigint) as saves_counted,
        cast(sum(case counting when 'daily' then follows_gained end) over to_date as bigint) as follows_gained_counted,
        cast(sum(case counting when 'daily' then clicks end) over to_date as bigint) as clicks_counted,
    from placed
    window to_date as (partition by channel, content_id order by stat_date rows between unbounded preceding and current row)
),

-- what the latest count to date says beyond that
anchored as (
    select
        counted.*,
        lag(stat_date) over (partition by channel, content_id order by stat_date) as previous_day,
        count(*) filter (where counting = 'cumulative') over to_date as counts_to_date,
        last_value(case counting when 'cumulative' then impressions - coalesce(impressions_counted, 0) end ignore nulls) over to_date as impressions_base,
        last_value(case counting when 'cumulative' then reads - coalesce(reads_counted, 0) end ignore nulls) over to_date as reads_base,
        last_value(case counting when 'cumulative' then read_users end ignore nulls) over to_date as read_users_base,
        last_value(case counting when 'cumulative' then completions - coalesce(completions_counted, 0) end ignore nulls) over to_date as completions_base,
        last_value(case counting when 'cumulative' then likes - coalesce(likes_counted, 0) end ignore nulls) over to_date as likes_base,
        last_value(case counting when 'cumulative' then comments - coalesce(comments_counted, 0) end ignore nulls) over to_date as comments_base,
        last_value(case counting when 'cumulative' then shares - coalesce(shares_counted, 0) end ignore nulls) over to_date as shares_base,
        last_value(case counting when 'cumulative' then share_users end ignore nulls) over to_date as share_users_base,
        last_value(case counting when 'cumulative' then saves - coalesce(saves_counted, 0) end ignore nulls) over to_date as saves_base,
        last_value(case counting when 'cumulative' then follows_gained - coalesce(follows_gained_counted, 0) end ignore nulls) over to_date as follows_gained_base,
        last_value(case counting when 'cumulative' then clicks - coalesce(clicks_counted, 0) end ignore nulls) over to_date as clicks_base,
    from counted
    window to_date as (partition by channel, content_id order by stat_date rows between unbounded preceding and current row)
),

final as (
    select
        channel,
        content_id,
        stat_date,
        counting,
        case
            when counting = 'daily' then 1
            when previous_day is not null and (counts_to_date > 1 or none_before = 0) then stat_date - previous_day
            when none_before = 0 then greatest(stat_date - published_on, 0) + 1
        end as days_covered,
        counting = 'cumulative' and counts_to_date = 1 and none_before is null as is_opening,
        -- lint: allow long-line because eleven counts are treated alike, each on one line
        coalesce(impressions_base + coalesce(impressions_counted, 0), impressions_counted) as impressions,
        coalesce(reads_base + coalesce(reads_counted, 0), reads_counted) as reads,
        read_users_base as read_users,
        coalesce(completions_base + coalesce(completions_counted, 0), completions_counted) as completions,
        coalesce(likes_base + coalesce(likes_counted, 0), likes_counted) as likes,
        coalesce(comments_base + coalesce(comments_counted, 0), comments_counted) as comments,
        coalesce(shares_base + coalesce(shares_counted, 0), shares_counted) as shares,
        share_users_base as share_users,
        coalesce(saves_base + coalesce(saves_counted, 0), saves_counted) as saves,
        coalesce(follows_gained_base + coalesce(follows_gained_counted, 0), follows_gained_counted) as follows_gained,
        coalesce(clicks_base + coalesce(clicks_counted, 0), clicks_counted) as clicks,
        case when counting = 'daily' then impressions when impressions is not null then impressions_base - coalesce(lag(impressions_base) over by_day, none_before) end as impressions_on_day,
        case when counting = 'daily' then reads when reads is not null then reads_base - coalesce(lag(reads_base) over by_day, none_before) end as reads_on_day,
        case when counting = 'daily' then read_users when read_users is not null then read_users_base - coalesce(lag(read_users_base) over by_day, none_before) end as read_users_on_day,
        case when counting = 'daily' then completions when completions is not null then completions_base - coalesce(lag(completions_base) over by_day, none_before) end as completions_on_day,
        case when counting = 'daily' then likes when likes is not null then likes_base - coalesce(lag(likes_base) over by_day, none_before) end as likes_on_day,
        case when counting = 'daily' then comments when comments is not null then comments_base - coalesce(lag(comments_base) over by_day, none_before) end as comments_on_day,
        case when counting = 'daily' then shares when shares is not null then shares_base - coalesce(lag(shares_base) over by_day, none_before) end as shares_on_day,
        case when counting = 'daily' then share_users when share_users is not null then share_users_base - coalesce(lag(share_users_base) over by_day, none_before) end as share_users_on_day,
        case when counting = 'daily' then saves when saves is not null then saves_base - coalesce(lag(saves_base) over by_day, none_before) end as saves_on_day,
        case when counting = 'daily' then follows_gained when follows_gained is not null then follows_gained_base - coalesce(lag(follows_gained_base) over by_day, none_before) end as follows_gained_on_day,
        case when counting = 'daily' then clicks when clicks is not null then clicks_base - coalesce(lag(clicks_base) over by_day, none_before) end as clicks_on_day,
        counting = 'cumulative' and least(
            coalesce(impressions_on_day, 0), coalesce(reads_on_day, 0), coalesce(read_users_on_day, 0), coalesce(completions_on_day, 0),
            coalesce(likes_on_day, 0), coalesce(comments_on_day, 0), coalesce(shares_on_day, 0), coalesce(share_users_on_day, 0),
            coalesce(saves_on_day, 0), coalesce(follows_gained_on_day, 0), coalesce(clicks_on_day, 0)
        ) < 0 as is_negative,
        feed,
        source_file,
        source_row,
    from anchored
    window by_day as (partition by channel, content_id order by stat_date)
)

select * from final
