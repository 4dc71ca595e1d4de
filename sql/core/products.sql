/* ---
about: One product.
zh: 商品
owner: crm
tags: [core]
grain: [product_id]
columns:
  product_id: {zh: 商品, about: The product's number}
  name: {zh: 名称, about: Its name}
  category: {zh: 品类, about: Its category}
  list_price: {zh: 标价, unit: CNY, about: Its list price}
  unit_cost: {zh: 成本, unit: CNY, about: What a piece costs}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.products) as here
    cross join (select count(*) as n from dataset.products) as there
    where here.n <> there.n
--- */
with
products as (select * from dataset.products),

final as (
    select
        products.product_id,
        products.name,
        products.category,
        products.list_price,
        products.unit_cost,
        products.feed,
        products.source_file,
        products.source_row,
    from products
)

select * from final
