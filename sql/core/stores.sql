/* ---
about: One point of sale of a dealer.
zh: 门店
owner: community
tags: [core]
grain: [store_id]
columns:
  store_id: {zh: 门店, about: The store's number}
  dealer_id: {zh: 经销商, about: The dealer it belongs to}
  name: {zh: 名称, about: Its name}
  region: {zh: 地区, about: Its region}
  opened_on: {zh: 开业, about: The day it opened}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.stores) as here
    cross join (select count(*) as n from dataset.stores) as there
    where here.n <> there.n
--- */
with
stores as (select * from dataset.stores),

final as (
    select
        stores.store_id,
        stores.dealer_id,
        stores.name,
        stores.region,
        stores.opened_on,
        stores.feed,
        stores.source_file,
        stores.source_row,
    from stores
)

select * from final
