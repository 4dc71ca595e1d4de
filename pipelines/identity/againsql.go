package identity

// The statements by which a merge of some accounts finds them. Names in braces are tables of the past.
const (
	// besideSQL has, of the past, who had the values that the changed accounts show now, crowds apart, and what the changed accounts showed.
	besideSQL = `create table identity_work.beside as
select value_hash, channel, account_id
from {identity.identifiers} as identifiers
where value_hash in (select value_hash from identity_work.shown except select value_hash from {identity.kept_crowds})
    or exists (select 1 from identity_work.changed where changed.channel = identifiers.channel and changed.account_id = identifiers.account_id)`

	// openedSQL adds who had the values of crowds that are opened.
	openedSQL = `insert into identity_work.beside
select value_hash, channel, account_id
from {identity.identifiers}
semi join (select value_hash from identity_work.past_crowds where is_opened) as opened using (value_hash)`

	// pastCrowdsSQL says of each crowd what the changed accounts make of it: on how many accounts it is now, and whether it is to be opened, since it is no
	// crowd any more, or one for another reason, or its oldest account is another one.
	pastCrowdsSQL = `create table identity_work.past_crowds as
with crowds as materialized (from {identity.kept_crowds}),
lost as (
    select value_hash
    from identity_work.beside
    semi join crowds using (value_hash)
    semi join identity_work.changed using (channel, account_id)
),
gained as (
    select value_hash, channel, account_id, coalesce(accounts.first_seen_at, timestamp 'infinity') as since
    from (select value_hash, channel, account_id from identity_work.shown) as shown
    inner join identity_work.changed_accounts as accounts using (channel, account_id)
    semi join crowds using (value_hash)
),
counted as (
    select value_hash, sum(more) as more, min(seniority) as oldest
    from (
        select value_hash, 1 as more, {'since': since, 'channel': channel, 'account_id': account_id} as seniority from gained
        union all
        select value_hash, -1, null from lost
    )
    group by value_hash
),
compared as (
    select
        crowds.*,
        cast(crowds.accounts + coalesce(counted.more, 0) as bigint) as accounts_now,
        {'since': coalesce(crowds.first_seen_at, timestamp 'infinity'), 'channel': crowds.channel, 'account_id': crowds.account_id} as seniority,
        counted.oldest,
        counted.value_hash is not null and changed.channel is not null as first_changed,
        bounds.accounts_per_value,
        bounds.most
    from crowds
    inner join identity_work.bounds using (kind)
    left join counted using (value_hash)
    left join identity_work.changed on crowds.channel = changed.channel and crowds.account_id = changed.account_id
)
select
    kind, value_hash, accounts, channel, account_id, first_seen_at, accounts_now,
    accounts_now <= least(most, if(accounts_per_value > 0, accounts_per_value, most))
    or (accounts_per_value > 0 and accounts > accounts_per_value) <> (accounts_per_value > 0 and accounts_now > accounts_per_value)
    or case
        when first_changed then oldest is null or oldest > seniority or oldest.channel <> channel or oldest.account_id <> account_id
        else coalesce(oldest < seniority, false)
    end as is_opened
from compared`

	// reachedSQL finds the accounts that the changed ones have to do with now. What they had to do with before is in their components.
	reachedSQL = `create table identity_work.reached as
with links as (
    select value_hash
    from identity_work.shown
    inner join identity_work.bounds using (kind)
    where status = 'used' and trust > 0
    except
    select value_hash from identity_work.past_crowds
    union
    select value_hash from identity_work.past_crowds where is_opened
),
pairs as (
    select channel, account_id, other_channel, other_account_id from seed.identity_overrides
    union all
    select channel, account_id, other_channel, other_account_id from identity.similar
)
select channel, account_id from identity_work.beside semi join links using (value_hash)
union
select other_channel, other_account_id from pairs semi join identity_work.changed using (channel, account_id)
union
select pairs.channel, pairs.account_id
from pairs
inner join identity_work.changed on pairs.other_channel = changed.channel and pairs.other_account_id = changed.account_id
union
from identity_work.changed`

	replacedSQL = `create table identity_work.replaced as
with components as (
    select distinct component from {identity.kept_components} semi join identity_work.reached using (channel, account_id)
)
select channel, account_id from {identity.kept_components} semi join components using (component)
union
from identity_work.changed`

	pastIdentifiersSQL = `create table identity_work.past_identifiers as
from {identity.identifiers} semi join identity_work.replaced using (channel, account_id)`

	// closedSQL has the crowds with an account among those that are merged.
	closedSQL = `create table identity_work.closed as
from identity_work.past_crowds
where not is_opened and value_hash in (select value_hash from identity_work.shown union select value_hash from identity_work.past_identifiers)`

	// accountsAgainSQL numbers the accounts to merge, and guests: the oldest accounts of crowds, and a last one that stands for the other accounts of all crowds.
	accountsAgainSQL = `create table identity_work.accounts as
with members as (
    from identity_work.changed_accounts
    union all
    select channel, account_id, first_seen_at, first_run
    from {identity.account_customers}
    semi join identity_work.replaced using (channel, account_id)
    anti join identity_work.changed using (channel, account_id)
),
everybody as (
    select channel, account_id, first_seen_at, first_run, false as is_guest, false as is_last from members
    union all
    select distinct channel, account_id, first_seen_at, null, true, false from identity_work.closed anti join members using (channel, account_id)
    union all
    select '', '', null, null, true, true where exists (from identity_work.closed)
)
select
    cast(row_number() over (order by is_last, first_seen_at, channel, account_id) - 1 as uinteger) as account,
    cast(dense_rank() over (order by channel) - 1 as usmallint) as channel_no,
    channel, account_id, first_seen_at, first_run, is_guest, is_last
from everybody`

	evidenceAgainSQL = `create table identity_work.evidence as
with known as (
    select channel, account_id, kind, value_hash, status, first_seen_at, last_seen_at, source_file, source_row from identity_work.shown
    union all
    select channel, account_id, kind, value_hash, status, first_seen_at, last_seen_at, source_file, source_row
    from identity_work.past_identifiers
    anti join identity_work.changed using (channel, account_id)
),
numbered as (
    select accounts.account, kind, value_hash, status, known.first_seen_at, last_seen_at, source_file, source_row
    from known
    inner join identity_work.accounts on known.channel = accounts.channel and known.account_id = accounts.account_id and not is_guest
    union all
    select account, kind, value_hash, 'shared', null, null, null, null
    from identity_work.closed
    inner join identity_work.accounts on closed.channel = accounts.channel and closed.account_id = accounts.account_id and is_guest
    union all
    select account, kind, value_hash, 'shared', null, null, null, null
    from identity_work.closed
    inner join identity_work.accounts on is_last
)
select
    cast(row_number() over (order by account, kind, value_hash) - 1 as uinteger) as number,
    account, kind, value_hash, status, first_seen_at, last_seen_at, source_file, source_row,
    cast(coalesce(date_diff('day', date '1970-01-01', cast(first_seen_at as date)), 0) as integer) as first_day,
    cast(coalesce(date_diff('day', date '1970-01-01', cast(last_seen_at as date)), 0) as integer) as last_day
from numbered`

	// spreadBefore counts the values of the accounts to merge, as they were before.
	spreadBefore = `select kind, accounts, count(*)
from (
    select kind, value_hash, count(*) as accounts
    from identity_work.past_identifiers
    inner join identity_work.bounds using (kind)
    where trust > 0 and status in ('used', 'shared') and value_hash not in (select value_hash from identity_work.closed)
    group by kind, value_hash
    union all
    select kind, value_hash, accounts from identity_work.closed
)
group by kind, accounts`

	sameIDs = `select min(customer_id)
from {identity.account_customers}
anti join identity_work.replaced using (channel, account_id)
semi join (
    select ids.id as customer_id
    from identity_work.accounts
    inner join identity_work.members using (account)
    inner join identity_work.ids on members.root = ids.account
    where not is_guest
) as merged using (customer_id)`

	crowdsAgain = crowdsQuery + `
union all
select kind, value_hash, accounts, channel, account_id, first_seen_at
from identity_work.past_crowds
where not is_opened and value_hash not in (select value_hash from identity_work.closed)`

	// overridesAgain says of decisions on accounts that are not merged again what it said before. Which of their accounts are known has not changed.
	overridesAgain = `with named as (
    select channel, account_id from identity_work.decisions
    union
    select other_channel, other_account_id from identity_work.decisions
),
known as (
    select channel, account_id from identity_work.accounts where not is_guest
    union
    select channel, account_id
    from {identity.account_customers}
    semi join named using (channel, account_id)
    anti join identity_work.replaced using (channel, account_id)
),
decided as (
    select decisions.*, followed.refused, one.channel is not null as is_known, other_one.channel is not null as is_other_known, was.reason as was_refused
    from identity_work.decisions
    left join identity_work.followed using (number)
    left join known as one on decisions.channel = one.channel and decisions.account_id = one.account_id
    left join known as other_one on decisions.other_channel = other_one.channel and decisions.other_account_id = other_one.account_id
    left join (select distinct action, channel, account_id, other_channel, other_account_id, decided_by, decided_on, why, reason from {identity.overrides} where outcome = 'refused') as was
        on (decisions.action, decisions.channel, decisions.account_id, decisions.other_channel, decisions.other_account_id, decisions.decided_by, decisions.decided_on, decisions.why)
        is not distinct from (was.action, was.channel, was.account_id, was.other_channel, was.other_account_id, was.decided_by, was.decided_on, was.why)
)
select action, channel, account_id, other_channel, other_account_id, decided_by, decided_on, why,
    case when not is_known or not is_other_known then 'unknown_account' when reason is not null then 'refused' else 'followed' end as outcome,
    case when not is_known then ` + unknownAccount + ` when not is_other_known then ` + unknownOther + ` else reason end as reason
from (select *, case when account is null or other is null then was_refused else nullif(refused, '') end as reason from decided)`
)
