/* ---
about: >-
  The golden record of one customer in the clear, for those who may read the exports: a view that stores nothing and reads the lines that core.customer_attributes names. After an
  erasure it has nothing of the person.
zh: 客户档案（明文）
owner: crm
tags: [customer, personal]
kind: view
grain: [customer_id]
columns:
  customer_id: {zh: 客户编号, about: The customer}
  name: {zh: 姓名, about: As exported}
  phone: {zh: 手机号, about: As exported}
  email: {zh: 邮箱, about: As exported}
  birthday: {zh: 生日, about: As exported}
  gender: {zh: 性别, about: As exported}
  province: {zh: 省, about: As exported}
  city: {zh: 市, about: As exported}
--- */
with
attributes as (select * from core.customer_attributes),
accounts as (select * from dataset.accounts),

final as (
    select
        attributes.customer_id,
        max(accounts.name) filter (where attributes.attribute = 'name') as name,
        max(accounts.phone) filter (where attributes.attribute = 'phone') as phone,
        max(accounts.email) filter (where attributes.attribute = 'email') as email,
        max(accounts.birthday) filter (where attributes.attribute = 'birthday') as birthday,
        max(accounts.gender) filter (where attributes.attribute = 'gender') as gender,
        max(accounts.province) filter (where attributes.attribute = 'place') as province,
        max(accounts.city) filter (where attributes.attribute = 'place') as city,
    from attributes
    inner join accounts
        on attributes.channel = accounts.channel
        and attributes.account_id = accounts.account_id
        and attributes.feed = accounts.feed
        and attributes.source_file = accounts.source_file
        and attributes.source_row = accounts.source_row
        and attributes.exported_at = coalesce(accounts.exported_at, timestamp '1970-01-01 00:00:00')
    group by attributes.customer_id
)

select * from final
