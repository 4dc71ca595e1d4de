/* ---
about: One account in one channel, with its customer. Of each attribute the newest value that any export gave. Holds no personal data in the clear.
zh: 渠道账号
owner: crm
tags: [core]
grain: [channel, account_id]
columns:
  channel: {zh: 渠道, about: The channel of the account}
  account_id: {zh: 账号, about: The account's id in its channel}
  customer_id: {zh: 客户编号, about: The customer the account belongs to}
  joined_by: {zh: 合并依据, about: "own, or the kind of identifier that joined it to the customer's other accounts"}
  first_seen_at: {zh: 首次出现, about: The earliest trace of the account in any export}
  updated_at: {zh: 最近导出, about: When the newest export that describes the account was made; empty if it is only named on other rows}
  is_member: {zh: 是否会员, about: The newest export that says anything says it is a member's}
  registered_at: {zh: 注册时间, about: When it was registered}
  gender: {zh: 性别, about: As exported}
  province: {zh: 省, about: As exported}
  city: {zh: 市, about: As exported}
  birth_month: {zh: 生日月份, unit: month, range: {min: 1, max: 12}, about: Day and year are not kept}
  has_phone: {zh: 有手机号, about: "Some export gives a phone, masked or not"}
  has_email: {zh: 有邮箱, about: Some export gives an e-mail address}
  sms_consent: {zh: 短信授权, about: Newest answer; empty if never asked}
  email_consent: {zh: 邮件授权, about: Newest answer; empty if never asked}
  app_consent: {zh: 推送授权, about: Newest answer; empty if never asked}
  feed: {zh: 来源, about: The feed of the newest row that describes the account}
  source_file: {zh: 来源文件, about: The export of that row}
  source_row: {zh: 来源行, about: The line of that row}
audits:
  no_account_is_lost: >-
    select channel, account_id from dataset.accounts where account_id is not null
    except
    select channel, account_id from core.accounts
--- */
with
account_customers as (select * from identity.account_customers),

-- Most accounts are described once; only the others need their mentions put in order.
repeated as (
    select
        channel,
        account_id,
    from dataset.accounts as mentions
    group by channel, account_id
    having count(*) > 1
),

-- Exports in the order they were made. Few, so that numbering them is cheap and one number then orders all mentions.
exports as (
    select
        coalesce(exported_at, timestamp '1970-01-01 00:00:00') as exported_at,
        feed,
        source_file,
        row_number() over (order by coalesce(exported_at, timestamp '1970-01-01 00:00:00'), feed, source_file) as export_no,
    from dataset.accounts as mentions
    group by coalesce(exported_at, timestamp '1970-01-01 00:00:00'), feed, source_file
),

-- 2^40 lines are more than any export has: the number rises with the export, then with the line.
numbered as (
    -- lint: allow star because these are a few rows of dataset.accounts as they are, which a later step takes columns from
    select
        mentions.*,
        exports.export_no * 1099511627776 + mentions.source_row as recency,
    from dataset.accounts as mentions
    inner join repeated
        on mentions.channel = repeated.channel
        and mentions.account_id = repeated.account_id
    inner join exports
        on coalesce(mentions.exported_at, timestamp '1970-01-01 00:00:00') = exports.exported_at
        and mentions.feed = exports.feed
        and mentions.source_file = exports.source_file
),

described as (
    select
        mentions.channel,
        mentions.account_id,
        mentions.exported_at as updated_at,
        mentions.is_member,
        mentions.registered_at,
        mentions.gender,
        mentions.province,
        mentions.city,
        mentions.birthday,
        mentions.phone is not null as has_phone,
        mentions.email is not null as has_email,
        mentions.sms_consent,
        mentions.email_consent,
        mentions.app_consent,
        mentions.feed,
        mentions.source_file,
        mentions.source_row,
    from dataset.accounts as mentions
    where not exists (
        select 1 from repeated
        where mentions.channel = repeated.channel
            and mentions.account_id = repeated.account_id
    )
    union all
    select
        channel,
        account_id,
        max(exported_at) as updated_at,
        max_by(is_member, recency) filter (where is_member is not null) as is_member,
        max_by(registered_at, recency) filter (where registered_at is not null) as registered_at,
        max_by(gender, recency) filter (where gender is not null) as gender,
        max_by(province, recency) filter (where province is not null) as province,
        max_by(city, recency) filter (where city is not null) as city,
        max_by(birthday, recency) filter (where birthday is not null) as birthday,
        count(phone) > 0 as has_phone,
        count(email) > 0 as has_email,
        max_by(sms_consent, recency) filter (where sms_consent is not null) as sms_consent,
        max_by(email_consent, recency) filter (where email_consent is not null) as email_consent,
        max_by(app_consent, recency) filter (where app_consent is not null) as app_consent,
        max_by(feed, recency) as feed,
        max_by(source_file, recency) as source_file,
        max_by(source_row, recency) as source_row,
    from numbered
    group by channel, account_id
),

final as (
    select
        account_customers.channel,
        account_customers.account_id,
        account_customers.customer_id,
        account_customers.joined_by,
        account_customers.first_seen_at,
        described.updated_at,
        coalesce(described.is_member, false) as is_member,
        described.registered_at,
        described.gender,
        described.province,
        described.city,
        cast(extract(month from described.birthday) as bigint) as birth_month,
        coalesce(described.has_phone, false) as has_phone,
        coalesce(described.has_email, false) as has_email,
        described.sms_consent,
        described.email_consent,
        described.app_consent,
        described.feed,
        described.source_file,
        described.source_row,
    from account_customers
    left join described
        on account_customers.channel = described.channel
        and account_customers.account_id = described.account_id
)

select * from final
