/* ---
about: One coupon's life with its customer.
zh: 优惠券
owner: crm
tags: [core]
grain: [coupon_id]
columns:
  coupon_id: {zh: 券号, about: The coupon's number}
  campaign_id: {zh: 活动, about: The campaign that gave it}
  channel: {zh: 渠道, about: The channel the row comes from}
  account_id: {zh: 账号, about: The account's id in its channel}
  customer_id: {zh: 客户编号, about: The customer the account belongs to; empty when the row names no account}
  issued_at: {zh: 发放, about: When it was given}
  issued_on: {zh: 发放日, about: The day it was given}
  used_at: {zh: 核销, about: When it was used; empty if it was not}
  used_on: {zh: 核销日, about: The day it was used}
  order_id: {zh: 订单, about: The order it was used on}
  face_value: {zh: 面值, unit: CNY, about: What it is worth}
  expires_on: {zh: 到期, about: Its last valid day}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.coupons) as here
    cross join (select count(*) as n from dataset.coupons) as there
    where here.n <> there.n
--- */
with
coupons as (select * from dataset.coupons),
account_customers as (select * from identity.account_customers),

final as (
    select
        coupons.coupon_id,
        coupons.campaign_id,
        coupons.channel,
        coupons.account_id,
        account_customers.customer_id,
        coupons.issued_at,
        cast(coupons.issued_at as date) as issued_on,
        coupons.used_at,
        cast(coupons.used_at as date) as used_on,
        coupons.order_id,
        coupons.face_value,
        coupons.expires_on,
        coupons.feed,
        coupons.source_file,
        coupons.source_row,
    from coupons
    left join account_customers
        on coupons.channel = account_customers.channel
        and coupons.account_id = account_customers.account_id
)

select * from final
