/* ---
about: >-
  The golden record, one attribute of one customer: the value, where it comes from, and the rule that chose it among what the accounts say. Personal values stand as keyed hashes;
  restricted.customer_profiles has them in the clear.
zh: 客户黄金记录
owner: crm
tags: [core, customer]
kind: view
grain: [customer_id, attribute]
columns:
  customer_id: {zh: 客户编号, about: The customer}
  attribute: {zh: 属性, about: "name, phone, email, birthday, gender, place"}
  value: {zh: 值, about: "The value if it is not personal; of a birthday the month; of a place province/city"}
  value_hash: {zh: 值哈希, about: Keyed hash of a personal value in one spelling}
  is_masked: {zh: 是否脱敏, about: "The channel hides a part of it, and no other source has it whole"}
  channel: {zh: 渠道, about: The channel that it comes from}
  account_id: {zh: 账号, about: The account that has it}
  feed: {zh: 来源, about: The feed that says so}
  exported_at: {zh: 导出时间, about: When the export was made}
  source_file: {zh: 来源文件, about: The export}
  source_row: {zh: 来源行, about: Its line}
  rule: {zh: 规则, about: "The rule that chose it, from seeds/identity_survivorship.csv"}
  differing_values: {zh: 不同取值数, unit: values, about: "Distinct values that the customer's accounts have; above 1: mart.customer_conflicts lists them"}
--- */
with
candidates as (select * from core.customer_attribute_values),

final as (
    select
        customer_id,
        attribute,
        value,
        value_hash,
        is_masked,
        channel,
        account_id,
        feed,
        exported_at,
        source_file,
        source_row,
        rule,
        differing_values,
    from candidates
    where choice = 1
)

select * from final
