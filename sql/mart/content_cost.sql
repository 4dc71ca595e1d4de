/* ---
about: What one piece cost. A campaign's cost is shared equally by its pieces; the shares add up to it, to the cent.
zh: 内容成本
owner: content
tags: [content]
grain: [as_of, channel, content_id]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  channel: {zh: 渠道, about: The channel that published it}
  content_id: {zh: 内容号, about: The piece's id in its channel}
  campaign_id: {zh: 活动, about: The campaign it belongs to}
  pieces: {zh: 内容数, unit: pieces, about: Pieces of the campaign published up to as_of}
  cost: {zh: 成本, unit: CNY, about: Its part of the cost of the campaign}
audits:
  shares_add_up_to_the_campaign: >-
    select shared.campaign_id from (select campaign_id, sum(cost) as cost from mart.content_cost group by campaign_id) as shared
    inner join core.campaigns as campaigns on shared.campaign_id = campaigns.campaign_id
    where shared.cost <> campaigns.cost
--- */
with
contents as (select * from core.contents where published_on is null or published_on <= getvariable('as_of')),
campaigns as (select * from core.campaigns where cost is not null),

numbered as (
    select
        contents.channel,
        contents.content_id,
        contents.campaign_id,
        cast(campaigns.cost * 100 as bigint) as cents,
        row_number() over (partition by contents.campaign_id order by contents.channel, contents.content_id) as piece_no,
        count(*) over (partition by contents.campaign_id) as pieces,
    from contents
    inner join campaigns on contents.campaign_id = campaigns.campaign_id
),

final as (
    -- a piece gets what it adds to the whole cents of all pieces up to it
    select
        cast(getvariable('as_of') as date) as as_of,
        channel,
        content_id,
        campaign_id,
        pieces,
        -- lint: allow functions because whole cents want a division that stays whole
        cast((cents * piece_no // pieces - cents * (piece_no - 1) // pieces) * 0.01 as decimal(18, 2)) as cost,
    from numbered
)

select * from final
