/* ---
about: >-
  One value of an attribute about which a customer's accounts differ, with its newest source; choice 1 is the one in the golden record. Personal values stand as keyed hashes:
  restricted.customer_profiles and the exports named have them in the clear.
zh: 客户属性冲突
owner: crm
tags: [customer]
grain: [as_of, customer_id, attribute, value_no]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  customer_id: {zh: 客户编号, about: The customer}
  attribute: {zh: 属性, about: "name, phone, email, birthday, gender, place"}
  value_no: {zh: 取值序号, about: "1 is the chosen value, then as the rule would have chosen"}
  is_chosen: {zh: 是否选用, about: It is the customer's}
  value: {zh: 值, about: "The value if it is not personal; of a birthday the month"}
  value_hash: {zh: 值哈希, about: Keyed hash of a personal value}
  sources: {zh: 来源数, unit: sources, about: "Accounts that have it, counted by feed"}
  channel: {zh: 渠道, about: The channel of the source named}
  account_id: {zh: 账号, about: Its account}
  feed: {zh: 来源, about: Its feed}
  exported_at: {zh: 导出时间, about: When that export was made}
  source_file: {zh: 来源文件, about: The export}
  source_row: {zh: 来源行, about: Its line}
  rule: {zh: 规则, about: The rule that chooses}
audits:
  all_values_are_listed: >-
    select customer_id, attribute from core.customer_attributes where differing_values > 1
    except
    select customer_id, attribute from mart.customer_conflicts
--- */
with
-- The source whose value comes first by the rule speaks for all that have the value.
disputed as (
    select
        *,
        count(*) over (partition by customer_id, attribute, value_hash, value) as sources,
        row_number() over (partition by customer_id, attribute, value_hash, value order by choice) as nth,
    from core.customer_attribute_values as candidates
    where differing_values > 1 and not is_masked
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        customer_id,
        attribute,
        row_number() over (partition by customer_id, attribute order by choice) as value_no,
        choice = 1 as is_chosen,
        value,
        value_hash,
        sources,
        channel,
        account_id,
        feed,
        exported_at,
        source_file,
        source_row,
        rule,
    from disputed
    where nth = 1
)

select * from final
