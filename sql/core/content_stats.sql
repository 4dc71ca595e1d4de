/* ---
about: >-
  Counts of one piece, to date and on the day, whether the channel exports daily counts or cumulative ones. Unique people are never added up: where only daily counts are exported,
  their figure to date is not known and stays empty.
zh: 内容统计
owner: content
tags: [core]
grain: [channel, content_id, stat_date]
columns:
  channel: {zh: 渠道, about: The channel the row comes from}
  content_id: {zh: 内容号, about: The piece's id in its channel}
  stat_date: {zh: 统计日, about: The day the counts are for}
  counting: {zh: 计数, about: "What the channel exports: daily or cumulative"}
  days_covered: {zh: 覆盖天数, unit: days, about: "Days since the row before, all of which a cumulative row counts on this day; empty on the first row"}
  impressions: {zh: 曝光累计, unit: times, about: Up to and including the day}
  reads: {zh: 阅读累计, unit: times, about: Up to and including the day}
  read_users: {zh: 阅读人数累计, unit: people, about: Up to and including the day}
  completions: {zh: 完读累计, unit: times, about: Up to and including the day}
  likes: {zh: 点赞累计, unit: times, about: Up to and including the day}
  comments: {zh: 评论累计, unit: times, about: Up to and including the day}
  shares: {zh: 分享累计, unit: times, about: Up to and including the day}
  share_users: {zh: 分享人数累计, unit: people, about: Up to and including the day}
  saves: {zh: 收藏累计, unit: times, about: Up to and including the day}
  follows_gained: {zh: 涨粉累计, unit: people, about: Up to and including the day}
  clicks: {zh: 点击累计, unit: times, about: Up to and including the day}
  impressions_on_day: {zh: 曝光当日, unit: times, about: More than on the row before}
  reads_on_day: {zh: 阅读当日, unit: times, about: More than on the row before}
  read_users_on_day: {zh: 阅读人数当日, unit: people, about: More than on the row before}
  completions_on_day: {zh: 完读当日, unit: times, about: More than on the row before}
  likes_on_day: {zh: 点赞当日, unit: times, about: More than on the row before}
  comments_on_day: {zh: 评论当日, unit: times, about: More than on the row before}
  shares_on_day: {zh: 分享当日, unit: times, about: More than on the row before}
  share_users_on_day: {zh: 分享人数当日, unit: people, about: More than on the row before}
  saves_on_day: {zh: 收藏当日, unit: times, about: More than on the row before}
  follows_gained_on_day: {zh: 涨粉当日, unit: people, about: More than on the row before}
  clicks_on_day: {zh: 点击当日, unit: times, about: More than on the row before}
  is_negative: {zh: 是否回退, about: Some cumulative count fell; the channel took something back}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  counting_is_known: "coalesce(counting, '') not in ('daily', 'cumulative')"
  days_add_up: >-
    select channel, content_id from core.content_stats
    group by channel, content_id
    having sum(reads_on_day) <> max_by(reads, stat_date) filter (where reads is not null)
--- */
with
content_stats as (select * from dataset.content_stats),

-- A cumulative count is compared with the last one known, a daily count with nothing.
increments as (
    select
        content_stats.*,
        stat_date - lag(stat_date) over rows_of_piece as days_covered,
        impressions - case counting when 'daily' then 0 else coalesce(lag(impressions ignore nulls) over rows_of_piece, 0) end as impressions_on_day,
        reads - case counting when 'daily' then 0 else coalesce(lag(reads ignore nulls) over rows_of_piece, 0) end as reads_on_day,
        read_users - case counting when 'daily' then 0 else coalesce(lag(read_users ignore nulls) over rows_of_piece, 0) end as read_users_on_day,
        completions - case counting when 'daily' then 0 else coalesce(lag(completions ignore nulls) over rows_of_piece, 0) end as completions_on_day,
        likes - case counting when 'daily' then 0 else coalesce(lag(likes ignore nulls) over rows_of_piece, 0) end as likes_on_day,
        comments - case counting when 'daily' then 0 else coalesce(lag(comments ignore nulls) over rows_of_piece, 0) end as comments_on_day,
        shares - case counting when 'daily' then 0 else coalesce(lag(shares ignore nulls) over rows_of_piece, 0) end as shares_on_day,
        share_users - case counting when 'daily' then 0 else coalesce(lag(share_users ignore nulls) over rows_of_piece, 0) end as share_users_on_day,
        saves - case counting when 'daily' then 0 else coalesce(lag(saves ignore nulls) over rows_of_piece, 0) end as saves_on_day,
        follows_gained - case counting when 'daily' then 0 else coalesce(lag(follows_gained ignore nulls) over rows_of_piece, 0) end as follows_gained_on_day,
        clicks - case counting when 'daily' then 0 else coalesce(lag(clicks ignore nulls) over rows_of_piece, 0) end as clicks_on_day,
    from content_stats
    window rows_of_piece as (partition by channel, content_id, counting order by stat_date)
),

final as (
    select
        channel,
        content_id,
        stat_date,
        counting,
        days_covered,
        cast(sum(impressions_on_day) over to_date as bigint) as impressions,
        cast(sum(reads_on_day) over to_date as bigint) as reads,
        case when counting = 'cumulative' then cast(sum(read_users_on_day) over to_date as bigint) end as read_users,
        cast(sum(completions_on_day) over to_date as bigint) as completions,
        cast(sum(likes_on_day) over to_date as bigint) as likes,
        cast(sum(comments_on_day) over to_date as bigint) as comments,
        cast(sum(shares_on_day) over to_date as bigint) as shares,
        case when counting = 'cumulative' then cast(sum(share_users_on_day) over to_date as bigint) end as share_users,
        cast(sum(saves_on_day) over to_date as bigint) as saves,
        cast(sum(follows_gained_on_day) over to_date as bigint) as follows_gained,
        cast(sum(clicks_on_day) over to_date as bigint) as clicks,
        impressions_on_day,
        reads_on_day,
        read_users_on_day,
        completions_on_day,
        likes_on_day,
        comments_on_day,
        shares_on_day,
        share_users_on_day,
        saves_on_day,
        follows_gained_on_day,
        clicks_on_day,
        least(
            coalesce(impressions_on_day, 0), coalesce(reads_on_day, 0), coalesce(read_users_on_day, 0), coalesce(completions_on_day, 0),
            coalesce(likes_on_day, 0), coalesce(comments_on_day, 0), coalesce(shares_on_day, 0), coalesce(share_users_on_day, 0),
            coalesce(saves_on_day, 0), coalesce(follows_gained_on_day, 0), coalesce(clicks_on_day, 0)
        ) < 0 as is_negative,
        feed,
        source_file,
        source_row,
    from increments
    window to_date as (partition by channel, content_id, counting order by stat_date rows between unbounded preceding and current row)
)

select * from final
