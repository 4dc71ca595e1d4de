/* ---
about: >-
  One measure of how accounts were merged into customers: how many accounts a customer has, what merged them, what was refused, what the identifiers are worth, and, where
  labelled pairs are given (seeds/identity_labels.csv), how right it is.
zh: 身份合并质量
owner: crm
tags: [customer]
grain: [as_of, measure, key]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  measure: {zh: 指标, about: "accounts, customers, accounts_per_customer, largest_customer, customers_by_size, accounts_by_cause, links, moves_by_month, identifiers, overrides, labelled_pairs, precision, recall, f1"}
  key: {zh: 分组, about: "What it is of: a size, a kind of identifier, a kind and an outcome; all where it is of everything"}
  value: {zh: 数值, about: "A count; a share of 1 for precision, recall and f1"}
audits:
  accounts_add_up: >-
    select 1 from (select sum(value) as n from mart.identity_quality where measure = 'accounts_by_cause') as causes
    cross join (select count(*) as n from core.accounts) as accounts
    where coalesce(causes.n, 0) <> accounts.n
  shares_are_shares: "measure in ('precision', 'recall', 'f1') and value not between 0 and 1"
--- */
with
sizes as (
    select
        customer_id,
        count(*) as accounts,
    from core.accounts
    group by customer_id
),

bands as (
    select
        accounts,
        case
            when accounts <= 3 then cast(accounts as varchar)
            when accounts <= 5 then '4-5'
            when accounts <= 10 then '6-10'
            when accounts <= 20 then '11-20'
            else 'over 20'
        end as band,
    from sizes
),

stays as (
    select
        valid_from,
        row_number() over (partition by channel, account_id order by valid_from) as stay_no,
    from core.customer_id_history as history
),

-- An account's first stay is no move, also if it came to its customer on the day it was first seen. Months are those of the evidence.
moves as (
    select substr(cast(valid_from as varchar), 1, 7) as month
    from stays
    where stay_no > 1
),

labelled as (
    select
        labels.same_person,
        accounts.customer_id = others.customer_id as is_merged,
    from seed.identity_labels as labels
    inner join core.accounts as accounts
        on labels.channel = accounts.channel and labels.account_id = accounts.account_id
    inner join core.accounts as others
        on labels.other_channel = others.channel and labels.other_account_id = others.account_id
),

rates as (
    select
        count(*) as pairs,
        count(*) filter (where same_person and is_merged) as both_say_so,
        count(*) filter (where is_merged) as merged,
        count(*) filter (where same_person) as same,
    from labelled
),

measures as (
    select 'accounts' as measure, 'all' as key, sum(accounts) as value, from sizes having count(*) > 0
    union all
    select 'customers' as measure, 'all' as key, count(*) as value, from sizes
    union all
    select 'accounts_per_customer' as measure, 'all' as key, avg(accounts) as value, from sizes having count(*) > 0
    union all
    select 'largest_customer' as measure, 'all' as key, max(accounts) as value, from sizes having count(*) > 0
    union all
    select 'customers_by_size' as measure, band as key, count(*) as value, from bands group by band
    union all
    select 'accounts_by_cause' as measure, joined_by as key, count(*) as value, from core.accounts as accounts group by joined_by
    union all
    select 'links' as measure, kind || ' ' || outcome as key, count(*) as value, from identity.merges as links group by kind, outcome
    union all
    select 'moves_by_month' as measure, month as key, count(*) as value, from moves group by month
    union all
    select 'identifiers' as measure, kind || ' ' || status as key, count(*) as value, from identity.identifiers as identifiers group by kind, status
    union all
    select 'overrides' as measure, action || ' ' || outcome as key, count(*) as value, from identity.overrides as overrides group by action, outcome
    union all
    select 'labelled_pairs' as measure, 'all' as key, pairs as value, from rates where pairs > 0
    union all
    select 'precision' as measure, 'all' as key, both_say_so / merged as value, from rates where merged > 0
    union all
    select 'recall' as measure, 'all' as key, both_say_so / same as value, from rates where same > 0
    union all
    select 'f1' as measure, 'all' as key, 2 * both_say_so / (merged + same) as value, from rates where merged + same > 0
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        measure,
        key,
        cast(value as double) as value,
    from measures
)

select * from final
