/* ---
about: >-
  What one feed says of an attribute of an account, in the newest line that says anything. Personal values are keyed hashes of one spelling. Phones, e-mail addresses and birthdays that
  are known to be nobody's own are left out.
zh: 账号属性
owner: crm
tags: [core, customer]
kind: view
grain: [attribute, channel, account_id, feed]
columns:
  attribute: {zh: 属性, about: "name, phone, email, birthday, gender, place"}
  channel: {zh: 渠道, about: The channel of the account}
  account_id: {zh: 账号, about: The account that has the value}
  feed: {zh: 来源, about: The feed that says so}
  value: {zh: 值, about: "The value if it is not personal; of a birthday the month; of a place province/city"}
  value_hash: {zh: 值哈希, about: Keyed hash of a personal value in one spelling}
  is_masked: {zh: 是否脱敏, about: The channel hides a part of it}
  characters: {zh: 字符数, unit: characters, about: How long it is}
  exported_at: {zh: 导出时间, about: When the export was made; 1970-01-01 if nobody knows}
  source_file: {zh: 来源文件, about: The export}
  source_row: {zh: 来源行, about: Its line}
audits:
  personal_values_are_hashed: "attribute in ('name', 'phone', 'email') and value is not null"
--- */
with
-- Most accounts are described once by a feed; only of the others the newest line is looked for.
repeated as (
    select
        channel,
        account_id,
        feed,
    from dataset.accounts as mentions
    group by channel, account_id, feed
    having count(*) > 1
),

attributes as (
    select 'name' as attribute
    union all select 'phone'
    union all select 'email'
    union all select 'birthday'
    union all select 'gender'
    union all select 'place'
),

spelled as (
    -- lint: allow functions because spellings of one phone number are made one
    select
        attributes.attribute,
        mentions.channel,
        mentions.account_id,
        mentions.feed,
        case attributes.attribute
            when 'name' then lower(trim(mentions.name))
            when 'phone' then regexp_replace(mentions.phone, '^\s*(?:(?:\+|00)?86[ -]*)?(1\d\d)[ -]*(\d{4})[ -]*(\d{4})\s*$', '\1\2\3')
            when 'email' then lower(trim(mentions.email))
            when 'birthday' then cast(mentions.birthday as varchar)
            when 'gender' then mentions.gender
            when 'place' then nullif(coalesce(mentions.province, '') || '/' || coalesce(mentions.city, ''), '/')
        end as spelling,
        coalesce(mentions.exported_at, timestamp '1970-01-01 00:00:00') as exported_at,
        mentions.source_file,
        mentions.source_row,
        repeated.feed is not null as is_repeated,
    from dataset.accounts as mentions
    cross join attributes
    left join repeated
        on mentions.channel = repeated.channel
        and mentions.account_id = repeated.account_id
        and mentions.feed = repeated.feed
    where mentions.account_id is not null
),

numbered as (
    select
        *,
        row_number() over (
            partition by attribute, channel, account_id, feed order by exported_at desc, source_file desc, source_row desc
        ) as age,
    from spelled
    where spelling <> '' and is_repeated
),

newest as (
    select
        attribute,
        channel,
        account_id,
        feed,
        spelling,
        exported_at,
        source_file,
        source_row,
    from spelled
    where spelling <> '' and not is_repeated
    union all
    select
        attribute,
        channel,
        account_id,
        feed,
        spelling,
        exported_at,
        source_file,
        source_row,
    from numbered
    where age = 1
),

-- Of these identifiers an account has nothing but junk, or what too many share.
worthless as (
    select kind, channel, account_id from identity.identifiers as identifiers where status in ('junk', 'shared')
    except
    select kind, channel, account_id from identity.identifiers as identifiers where status not in ('junk', 'shared')
),

final as (
    select
        newest.attribute,
        newest.channel,
        newest.account_id,
        newest.feed,
        case
            when attribute in ('gender', 'place') then spelling
            when attribute = 'birthday' then substr(spelling, 6, 2)
        end as value,
        case when attribute not in ('gender', 'place') then keyed_hash(attribute || ':' || spelling) end as value_hash,
        spelling like '%*%' or spelling like '##%' or spelling like '$$%' as is_masked,
        length(spelling) as characters,
        exported_at,
        source_file,
        source_row,
    from newest
    left join worthless
        on newest.attribute = worthless.kind
        and newest.channel = worthless.channel
        and newest.account_id = worthless.account_id
    where worthless.kind is null
)

select * from final
