/* ---
about: One touch of a person with their customer.
zh: 互动
owner: content
tags: [core]
grain: [interaction_id]
columns:
  interaction_id: {zh: 互动号, about: "A hash of channel, account, time, kind, content and campaign, some of which may be empty"}
  channel: {zh: 渠道, about: The channel the row comes from}
  account_id: {zh: 账号, about: The account's id in its channel}
  customer_id: {zh: 客户编号, about: The customer the account belongs to; empty when the row names no account}
  occurred_at: {zh: 时间, about: When it happened}
  occurred_on: {zh: 发生日, about: The day in the brand's time zone}
  kind: {zh: 类型, about: "follow, unfollow, visit, click, share, scan, message, sign_in"}
  content_id: {zh: 内容, about: The piece touched}
  campaign_id: {zh: 活动, about: The campaign}
  referrer_account_id: {zh: 推荐人, about: The account that brought the person}
  referrer_customer_id: {zh: 推荐客户, about: The customer who brought the person}
  scene: {zh: 场景, about: "Where it began, for instance the scene of a QR code"}
  trigger: {zh: 触发, about: "time, place, scene, weather, path, social"}
  initiated_by: {zh: 发起方, about: brand or customer}
  planned: {zh: 是否计划内, about: The brand had planned the contact}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.interactions) as here
    cross join (select count(*) as n from dataset.interactions) as there
    where here.n <> there.n
--- */
with
interactions as (select * from dataset.interactions),

final as (
    select
        md5(
            interactions.channel || chr(31) || coalesce(interactions.account_id, '') || chr(31)
            || coalesce(cast(interactions.occurred_at as varchar), '') || chr(31) || coalesce(interactions.kind, '') || chr(31)
            || coalesce(interactions.content_id, '') || chr(31) || coalesce(interactions.campaign_id, '')
        ) as interaction_id,
        interactions.channel,
        interactions.account_id,
        account_customers.customer_id,
        interactions.occurred_at,
        cast(interactions.occurred_at as date) as occurred_on,
        interactions.kind,
        interactions.content_id,
        interactions.campaign_id,
        interactions.referrer_account_id,
        referrers.customer_id as referrer_customer_id,
        interactions.scene,
        interactions."trigger",
        interactions.initiated_by,
        interactions.planned,
        interactions.feed,
        interactions.source_file,
        interactions.source_row,
    from interactions
    left join identity.account_customers as account_customers
        on interactions.channel = account_customers.channel
        and interactions.account_id = account_customers.account_id
    left join identity.account_customers as referrers
        on interactions.channel = referrers.channel
        and interactions.referrer_account_id = referrers.account_id
)

select * from final
