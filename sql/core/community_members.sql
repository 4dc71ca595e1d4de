/* ---
about: One membership in a group with its customer.
zh: 社群成员
owner: community
tags: [core]
grain: [community_id, channel, account_id]
columns:
  community_id: {zh: 社群, about: The group's id}
  channel: {zh: 渠道, about: The channel the row comes from}
  account_id: {zh: 账号, about: The account's id in its channel}
  customer_id: {zh: 客户编号, about: The customer the account belongs to; empty when the row names no account}
  role: {zh: 角色, about: "leader, organiser, fan, base"}
  joined_at: {zh: 加入, about: When the member joined}
  left_at: {zh: 退出, about: When the member left; empty while a member}
  messages: {zh: 发言数, about: Messages written so far}
  last_active_at: {zh: 最近活跃, about: When the member was last active}
  feed: {zh: 来源, about: The feed the row comes from}
  source_file: {zh: 来源文件, about: The export it comes from}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  no_row_is_lost: >-
    select 1 from (select count(*) as n from core.community_members) as here
    cross join (select count(*) as n from dataset.community_members) as there
    where here.n <> there.n
--- */
with
community_members as (select * from dataset.community_members),
account_customers as (select * from identity.account_customers),

final as (
    select
        community_members.community_id,
        community_members.channel,
        community_members.account_id,
        account_customers.customer_id,
        community_members.role,
        community_members.joined_at,
        community_members.left_at,
        community_members.messages,
        community_members.last_active_at,
        community_members.feed,
        community_members.source_file,
        community_members.source_row,
    from community_members
    left join account_customers
        on community_members.channel = account_customers.channel
        and community_members.account_id = account_customers.account_id
)

select * from final
