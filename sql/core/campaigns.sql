/* ---
about: One campaign.
zh: 活动
owner: crm
tags: [core]
grain: [campaign_id]
columns:
  campaign_id: {zh: 活动号, about: The campaign's number}
  name: {zh: 名称, about: Its name}
  channel: {zh: 渠道, about: The channel it ran in}
  starts_on: {zh: 开始, about: Its first day}
  ends_on: {zh: 结束, about: Its last day}
  cost: {zh: 成本, unit: CNY, about: What it cost}
  benefit: {zh: 权益, about: "free, discount, upgrade, privilege, welfare, points"}
  funded_by: {zh: 出资, about: "own, partner"}
  cost_kind: {zh: 成本类型, about: "hard: each one costs; soft: none or little"}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.campaigns) as here
    cross join (select count(*) as n from dataset.campaigns) as there
    where here.n <> there.n
--- */
with
campaigns as (select * from dataset.campaigns),

final as (
    select
        campaigns.campaign_id,
        campaigns.name,
        campaigns.channel,
        campaigns.starts_on,
        campaigns.ends_on,
        campaigns.cost,
        campaigns.benefit,
        campaigns.funded_by,
        campaigns.cost_kind,
        campaigns.feed,
        campaigns.source_file,
        campaigns.source_row,
    from campaigns
)

select * from final
