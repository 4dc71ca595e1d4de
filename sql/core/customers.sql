/* ---
about: One customer, made of all accounts that were merged. Of attributes about which accounts may differ the value of core.customer_attributes.
zh: 客户
owner: crm
tags: [core, customer]
grain: [customer_id]
columns:
  customer_id: {zh: 客户编号, about: The customer}
  is_member: {zh: 是否会员, about: Any account is a member's}
  member_since: {zh: 入会时间, about: Earliest registration of a member's account; where the export gives none the account's first trace}
  first_seen_at: {zh: 首次出现, about: Earliest trace or registration of any account}
  known_on: {zh: 首次认识日, about: "The day from which the customer is counted: first trace, registration, purchase or refund, whichever is earliest; 1970-01-01 where no export gives any"}
  accounts: {zh: 账号数, unit: accounts, about: Accounts merged}
  channels: {zh: 渠道数, unit: channels, about: Channels they are in}
  channel_names: {zh: 渠道列表, about: "These channels in alphabetical order, parted by commas"}
  gender: {zh: 性别, about: As the golden record has it}
  province: {zh: 省, about: As the golden record has it}
  city: {zh: 市, about: Of the same source as the province}
  birth_month: {zh: 生日月份, unit: month, about: 1 to 12}
  has_phone: {zh: 有手机号, about: Some account has a phone}
  has_email: {zh: 有邮箱, about: Some account has an e-mail address}
  sms_consent: {zh: 短信授权, about: Some account agrees and none refuses}
  email_consent: {zh: 邮件授权, about: Some account agrees and none refuses}
  app_consent: {zh: 推送授权, about: Some account agrees and none refuses}
audits:
  accounts_add_up: >-
    select 1 from (select coalesce(sum(accounts), 0) as n from core.customers) as here
    cross join (select count(*) as n from core.accounts) as there
    where here.n <> there.n
  buyers_are_customers: >-
    select customer_id from core.customer_days
    except
    select customer_id from core.customers
  members_have_a_day: "is_member and member_since is null"
  known_before_a_member: "is_member and cast(member_since as date) < known_on"
--- */
with
accounts as (select * from core.accounts),
attributes as (select * from core.customer_attributes),
customer_days as (select * from core.customer_days),

merged as (
    -- lint: allow functions because the names of a customer's channels become one text in a fixed order
    select
        customer_id,
        bool_or(is_member) as is_member,
        min(coalesce(registered_at, first_seen_at, updated_at)) filter (where is_member) as member_since,
        min(coalesce(least(first_seen_at, registered_at), first_seen_at, registered_at)) as first_seen_at,
        count(*) as accounts,
        list_sort(list(distinct channel)) as channel_list,
        bool_or(has_phone) as has_phone,
        bool_or(has_email) as has_email,
        coalesce(bool_and(sms_consent), false) as sms_consent,
        coalesce(bool_and(email_consent), false) as email_consent,
        coalesce(bool_and(app_consent), false) as app_consent,
    from accounts
    group by customer_id
),

chosen as (
    select
        customer_id,
        max(value) filter (where attribute = 'gender') as gender,
        max(value) filter (where attribute = 'place') as place,
        cast(max(value) filter (where attribute = 'birthday') as bigint) as birth_month,
    from attributes
    group by customer_id
),

first_days as (
    select
        customer_id,
        min(day) as first_day,
    from customer_days
    group by customer_id
),

final as (
    select
        merged.customer_id,
        merged.is_member,
        merged.member_since,
        merged.first_seen_at,
        coalesce(
            least(cast(merged.first_seen_at as date), first_days.first_day),
            cast(merged.first_seen_at as date),
            first_days.first_day,
            date '1970-01-01'
        ) as known_on,
        merged.accounts,
        cast(len(merged.channel_list) as bigint) as channels,
        array_to_string(merged.channel_list, ',') as channel_names,
        chosen.gender,
        nullif(split_part(chosen.place, '/', 1), '') as province,
        nullif(split_part(chosen.place, '/', 2), '') as city,
        chosen.birth_month,
        merged.has_phone,
        merged.has_email,
        merged.sms_consent,
        merged.email_consent,
        merged.app_consent,
    from merged
    left join chosen
        on merged.customer_id = chosen.customer_id
    left join first_days
        on merged.customer_id = first_days.customer_id
)

select * from final
