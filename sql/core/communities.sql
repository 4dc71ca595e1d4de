/* ---
about: One group of dealers, stores or consumers.
zh: 社群
owner: community
tags: [core]
grain: [community_id]
columns:
  community_id: {zh: 社群, about: The group's id}
  name: {zh: 名称, about: Its name}
  level: {zh: 层级, about: "dealer, store, consumer"}
  region: {zh: 地区, about: Its region}
  owner: {zh: 群主, about: Who keeps it}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.communities) as here
    cross join (select count(*) as n from dataset.communities) as there
    where here.n <> there.n
--- */
with
communities as (select * from dataset.communities),

final as (
    select
        communities.community_id,
        communities.name,
        communities.level,
        communities.region,
        communities.owner,
        communities.feed,
        communities.source_file,
        communities.source_row,
    from communities
)

select * from final
