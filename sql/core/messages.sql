/* ---
about: One outbound message with its customer.
zh: 触达
owner: crm
tags: [core]
grain: [channel, message_id]
columns:
  channel: {zh: 渠道, about: "sms, email, wechat, app"}
  message_id: {zh: 消息号, about: The message's number}
  account_channel: {zh: 账号所属渠道, about: The channel of the account addressed; the message's own where the export names none}
  account_id: {zh: 账号, about: The account's id in its channel}
  customer_id: {zh: 客户编号, about: The customer the account belongs to; empty when the row names no account}
  sent_at: {zh: 发送, about: When it was sent}
  sent_on: {zh: 发送日, about: The day in the brand's time zone}
  campaign_id: {zh: 活动, about: The campaign it belongs to}
  cost: {zh: 成本, unit: CNY, about: What it cost}
  delivered: {zh: 送达, about: It arrived}
  opened: {zh: 打开, about: It was opened}
  clicked: {zh: 点击, about: A link in it was followed}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.messages) as here
    cross join (select count(*) as n from dataset.messages) as there
    where here.n <> there.n
--- */
with
messages as (select * from dataset.messages),
account_customers as (select * from identity.account_customers),

final as (
    select
        messages.channel,
        messages.message_id,
        coalesce(messages.account_channel, messages.channel) as account_channel,
        messages.account_id,
        account_customers.customer_id,
        messages.sent_at,
        cast(messages.sent_at as date) as sent_on,
        messages.campaign_id,
        messages.cost,
        messages.delivered,
        messages.opened,
        messages.clicked,
        messages.feed,
        messages.source_file,
        messages.source_row,
    from messages
    left join account_customers
        on coalesce(messages.account_channel, messages.channel) = account_customers.channel
        and messages.account_id = account_customers.account_id
)

select * from final
