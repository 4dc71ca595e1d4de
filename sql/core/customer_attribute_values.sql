/* ---
about: >-
  What an account says of an attribute of its customer, in the order in which the rule of seeds/identity_survivorship.csv would choose: choice 1 is the customer's value. Personal
  values are keyed hashes.
zh: 客户属性候选值
owner: crm
tags: [core, customer]
grain: [attribute, channel, account_id, feed]
columns:
  attribute: {zh: 属性, about: "name, phone, email, birthday, gender, place"}
  channel: {zh: 渠道, about: The channel of the account}
  account_id: {zh: 账号, about: The account that has the value}
  feed: {zh: 来源, about: The feed that says so}
  customer_id: {zh: 客户编号, about: The customer}
  value: {zh: 值, about: "The value if it is not personal; of a birthday the month; of a place province/city"}
  value_hash: {zh: 值哈希, about: Keyed hash of a personal value in one spelling}
  is_masked: {zh: 是否脱敏, about: The channel hides a part of it}
  exported_at: {zh: 导出时间, about: When the export was made; 1970-01-01 if nobody knows}
  source_file: {zh: 来源文件, about: The export}
  source_row: {zh: 来源行, about: Its line}
  rule: {zh: 规则, about: The rule by which one value is chosen}
  differing_values: {zh: 不同取值数, unit: values, about: "Distinct values of the attribute that the customer's accounts have, masked ones left out"}
  choice: {zh: 选用次序, about: "1 is the value of the golden record, 2 what would be without it, and so on"}
audits:
  one_is_chosen: >-
    select customer_id, attribute from core.customer_attribute_values group by customer_id, attribute having count(*) filter (where choice = 1) <> 1
--- */
with
said as (select * from core.account_attributes),
accounts as (select * from identity.account_customers),
rules as (select * from seed.identity_survivorship),

-- A source that the rule does not list is where its star is, else behind all that it lists.
trusted as (
    -- lint: allow functions because a cell of the seed lists sources
    select
        said.attribute,
        said.channel,
        said.account_id,
        said.feed,
        accounts.customer_id,
        said.value,
        said.value_hash,
        said.is_masked,
        said.characters,
        said.exported_at,
        said.source_file,
        said.source_row,
        coalesce(rules.rule, 'most_recent') as rule,
        coalesce(
            least(
                nullif(list_position(string_split(rules.sources, ' '), said.channel), 0),
                nullif(list_position(string_split(rules.sources, ' '), said.feed), 0)
            ),
            nullif(list_position(string_split(rules.sources, ' '), '*'), 0),
            1000
        ) as distrust,
    from said
    inner join accounts
        on said.channel = accounts.channel
        and said.account_id = accounts.account_id
    left join rules
        on said.attribute = rules.attribute
),

-- How many give the value, and one of them that stands for it among the differing values.
counted as (
    select
        *,
        count(*) over (partition by customer_id, attribute, value_hash, value) as givers,
        row_number() over (partition by customer_id, attribute, value_hash, value order by channel, account_id, feed) as giver_no,
    from trusted
),

ranked as (
    select
        *,
        count(*) filter (where giver_no = 1 and not is_masked) over (partition by customer_id, attribute) as differing_values,
        row_number() over (
            partition by customer_id, attribute
            order by
                is_masked,
                case rule
                    when 'source_priority' then -distrust
                    when 'most_recent' then epoch_us(exported_at)
                    when 'most_complete' then characters
                    when 'most_frequent' then givers
                end desc,
                distrust,
                exported_at desc,
                channel,
                account_id,
                feed
        ) as choice,
    from counted
),

final as (
    select
        attribute,
        channel,
        account_id,
        feed,
        customer_id,
        value,
        value_hash,
        is_masked,
        exported_at,
        source_file,
        source_row,
        rule,
        differing_values,
        choice,
    from ranked
)

select * from final
