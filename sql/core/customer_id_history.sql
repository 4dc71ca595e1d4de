/* ---
about: >-
  To which customer an account belonged from when until when, by the evidence of that time. Derived by replaying the links in the order in which they became known, so
  that it is the same whenever it is computed. The id of a customer that was merged stays an alias for ever: identity.customer_aliases.
zh: 客户编号历史
owner: crm
tags: [core, customer]
grain: [channel, account_id, valid_from]
columns:
  channel: {zh: 渠道, about: The channel of the account}
  account_id: {zh: 账号, about: The account's id in its channel}
  customer_id: {zh: 客户编号, about: The customer it belonged to}
  valid_from: {zh: 起始日, about: "The first day: when the account was first seen, or when the later of two accounts was first seen with what joins them, or the day of a decision"}
  valid_to: {zh: 终止日, about: The first day on which it belonged to another one; empty while it goes on}
  cause: {zh: 原因, about: "What brought the account there: own, a kind of identifier, or override"}
  run: {zh: 批次, about: "The landing that brought the cause, such as 20260601-0f3c5a9e11d2: the day of the export and the first 12 figures of the SHA-256 of its bytes, which is in the landed file's path. It is not the time of a build. Empty for decisions of people, and for an account that no export describes"}
  is_current: {zh: 是否当前, about: It goes on}
  source_file: {zh: 来源文件, about: The export with the evidence; empty for own and for decisions}
  source_row: {zh: 来源行, about: Its line in that export}
audits:
  ends_after_it_begins: "valid_to <= valid_from"
  current_is_today: >-
    select channel, account_id, customer_id from identity.account_customers
    except
    select channel, account_id, customer_id from core.customer_id_history where is_current
  one_after_the_other: >-
    select channel, account_id, valid_from from (
      select channel, account_id, valid_from, valid_to,
        lead(valid_from) over (partition by channel, account_id order by valid_from) as next_from
      from core.customer_id_history
    ) as stays
    where valid_to is distinct from next_from
--- */
with
history as (select * from identity.customer_id_history),

final as (
    select
        channel,
        account_id,
        customer_id,
        valid_from,
        valid_to,
        cause,
        run,
        valid_to is null as is_current,
        source_file,
        source_row,
    from history
)

select * from final
