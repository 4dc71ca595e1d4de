-- The marts of countinghouse as one script of bare DuckDB: everything in memory, each export read once, no fingerprints, digests, audits or
-- manifests, nothing that no mart reads. {store} is a store of countinghouse, of which it takes what conform made of the exports; {seeds} are
-- the seeds; {out} is where the marts go. as_of is set by whoever runs it, on every connection.
--
-- A line `--: core x` is replaced by the product's own model of that table; `--: empty x` by a dataset without rows; `--: mart x` by the statements that write a mart. At
-- `--: step x` the product's own Go code for identity, ledger or estimate reads from the session and makes its tables there.
set variable activation_close_share = 0.7;
set variable activation_min_redemptions = 50;
set variable allocation_basis = 'sale';
set variable attribution_days = 30;
set variable attribution_half_life_days = 7;
set variable churn_drop_share = 0.5;
set variable goods_price = 'paid';
set variable history_months = 24;
set variable identity_model = 'on';
set variable identity_model_bits = 4.0;
set variable near_expiry_days = 30;
set variable reconciliation_timing_days = 3;
set variable reconciliation_tolerance_points = 0;
set variable redemption_method = 'additive';
set variable redemption_rate_cap = 0.98;
set variable redemption_rate_floor = 0.05;
set variable rhythm_prior_gaps = 2;
set variable rollforward_days = 62;
set variable sales_tax_rate = 0;
set variable segment_months = 12;
set variable segment_rate_error = 0.03;
set variable tier_downgrade = 'at_once';
set variable window_days = 365;

create schema seed;
create schema identity;
create schema ledger;
create schema estimate;
create schema feed;
create schema dataset;
create schema core;
create schema mart;
attach '{out}/marts.duckdb' as published;

create table seed.pyramid_layers as from read_parquet('{seeds}/pyramid_layers/*/*.parquet');
create table seed.member_tiers as from read_parquet('{seeds}/member_tiers/*/*.parquet');
create table seed.churn_tiers as from read_parquet('{seeds}/churn_tiers/*/*.parquet');
create table seed.point_accounts as from read_parquet('{seeds}/point_accounts/*/*.parquet');
create table seed.point_earning_rates as from read_parquet('{seeds}/point_earning_rates/*/*.parquet');
create table seed.point_estimate_exclusions as from read_parquet('{seeds}/point_estimate_exclusions/*/*.parquet');
create table seed.point_pools as from read_parquet('{seeds}/point_pools/*/*.parquet');
create table seed.points_programme as from read_parquet('{seeds}/points_programme/*/*.parquet');
create table seed.identity_rules as from read_parquet('{seeds}/identity_rules/*/*.parquet');
create table seed.identity_junk as from read_parquet('{seeds}/identity_junk/*/*.parquet');
create table seed.identity_labels as from read_parquet('{seeds}/identity_labels/*/*.parquet');
create table seed.identity_overrides as from read_parquet('{seeds}/identity_overrides/*/*.parquet');
create table seed.identity_survivorship as from read_parquet('{seeds}/identity_survivorship/*/*.parquet');

-- All exports, numbered from the oldest to the newest; place is greatest for the first line of the newest export.
create table feed.exports as
select
    row_number() over (order by exported_at, feed, source_file) as no,
    feed,
    source_file,
    exported_at,
    '{store}/' || parquet as path,
from (
    select feed, source_file, parquet, cast(regexp_replace(exported_at, '(Z|[+-]\d\d:\d\d)$', '') as timestamp) as exported_at
    from read_json('{store}/files/*/*.json', columns = {
        'feed': 'VARCHAR', 'source_file': 'VARCHAR', 'exported_at': 'VARCHAR', 'parquet': 'VARCHAR'})
);

create macro place(no, source_row) as no * 1099511627776 - source_row;

-- Exports of orders: of each order the rows of its newest export; where a row is an order, its first row there.
create table feed.tmall as
with given as (
    select exports.no, exports.exported_at, 'tmall_orders' as feed, source_row, order_id, buyer, ordered_at, paid_at, status, paid_amount, freight_amount, receiver, phone, address,
        case when status = 'closed' and paid_at is not null and paid_amount > 0 then paid_at end as refunded_at,
        case when status = 'closed' and paid_at is not null and paid_amount > 0 then paid_amount end as refund_amount,
    from read_parquet('{store}/files/tmall_orders/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
)
select * from given semi join (select max(place(no, source_row)) as newest from given group by order_id) on place(no, source_row) = newest;

create table feed.qianniu as
with given as (
    select exports.no, exports.exported_at, 'qianniu_orders' as feed, source_row, order_id, buyer, ordered_at, paid_at, status, paid_amount, freight_amount, receiver, phone, address,
        case when refund_amount > 0 then coalesce(received_at, shipped_at, paid_at) end as refunded_at,
        case when refund_amount > 0 then refund_amount end as refund_amount,
    from read_parquet('{store}/files/qianniu_orders/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
)
select * from given semi join (select max(place(no, source_row)) as newest from given group by order_id) on place(no, source_row) = newest;

create table feed.youzan as
with given as (
    select exports.no, exports.exported_at, source_row, order_id, keyed_hash(buyer_phone) as account, ordered_at, paid_at, completed_at, status, paid_amount, freight_amount, refund_amount, receiver, phone,
        union_id, province, city, district, address,
    from read_parquet('{store}/files/youzan_orders/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
)
select * from given semi join (select max(place(no, source_row)) as newest from given group by order_id) on place(no, source_row) = newest;

create table feed.jd as
with given as (
    select exports.no, exports.exported_at, source_row, order_id, buyer, ordered_at, paid_at, status, paid_amount, freight_amount, receiver, phone, address,
    from read_parquet('{store}/files/jd_orders/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
)
select * from given semi join (select order_id, max(no) as no from given group by order_id) using (order_id, no);

create table feed.douyin as
with given as (
    select exports.no, exports.exported_at, source_row, order_id, sub_order_id, account, ordered_at, paid_at, shipped_at, completed_at, status, paid_amount, freight, refunded,
        receiver, receiver_mask, phone_mask, province, city, district,
    from read_parquet('{store}/files/douyin_orders/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
),
newest as (
    select * from given semi join (select order_id, max(no) as no from given group by order_id) using (order_id, no)
)
select * from newest semi join (select max(place(no, source_row)) as first_row from newest group by no, sub_order_id) on place(no, source_row) = first_row;

create table feed.pos as
with given as (
    select exports.no, exports.exported_at, source_row, receipt_id, sold_at, coalesce(member_no, keyed_hash(buyer_phone)) as account, member_no, buyer_phone, phone, union_id, amount, kind,
        bought_with,
    from read_parquet('{store}/files/pos_receipts/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
)
select * from given semi join (select receipt_id, max(no) as no from given group by receipt_id) using (receipt_id, no);

-- Two feeds give Tmall's orders: the newer export's row counts. Every order has the time when it was made, so identity needs no other.
create table dataset.orders as
with tmall as (
    select * from feed.tmall union all by name select * from feed.qianniu
),
given as (
    select 'tmall' as channel, order_id, buyer as account_id, ordered_at, paid_at, status, case when paid_at is null then 0 else paid_amount end as paid_amount,
        freight_amount,
    from tmall
    left join (select order_id, max(no) as newest from tmall group by order_id having count(*) > 1) as repeated using (order_id)
    where newest is null or newest = no
    union all
    select 'youzan', order_id, account, ordered_at, paid_at, status, paid_amount, freight_amount from feed.youzan
    union all
    select 'jd', order_id, max(buyer), min(ordered_at), min(paid_at), max(status), max(paid_amount), max(freight_amount) from feed.jd group by order_id
    union all
    select 'douyin', order_id, max(account), min(ordered_at), min(paid_at), coalesce(max(status) filter (where status <> 'closed'), 'closed'), sum(paid_amount), sum(freight)
    from feed.douyin group by order_id
    union all
    select 'pos', receipt_id, coalesce(max(member_no), keyed_hash(max(buyer_phone))), min(sold_at), min(sold_at), 'completed', sum(amount), null
    from feed.pos where kind = 'sale' group by receipt_id
)
select *, cast(null as timestamp) as exported_at from given;

create table dataset.refunds as
with tmall as (
    select * from feed.tmall where refund_amount is not null union all by name select * from feed.qianniu where refund_amount is not null
),
given as (
    select 'tmall' as channel, order_id, buyer as account_id, refunded_at, refund_amount as amount,
    from tmall
    left join (select order_id, max(no) as newest from tmall group by order_id having count(*) > 1) as repeated using (order_id)
    where newest is null or newest = no
    union all
    select 'youzan', order_id, account, coalesce(completed_at, paid_at), refund_amount from feed.youzan where refund_amount > 0
    union all
    select 'jd', order_id, max(buyer), min(paid_at), max(paid_amount) from feed.jd where status = 'closed' and paid_amount > 0 group by order_id
    union all
    select 'douyin', order_id, account, coalesce(completed_at, shipped_at, paid_at), paid_amount from feed.douyin where refunded
    union all
    select 'pos', max(bought_with), coalesce(max(member_no), keyed_hash(max(buyer_phone))), min(sold_at), sum(amount) from feed.pos where kind = 'return' group by receipt_id
)
select *, cast(null as timestamp) as exported_at from given;

-- What exports say of accounts. Recency is that of the newest export that says it, then of its line.
create table dataset.accounts as
with member_rows as (
    select exports.no, exports.exported_at, source_row, * exclude (source_row, path),
    from read_parquet('{store}/files/members/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
),
generic_rows as (
    select exports.no, exports.exported_at, source_row, * exclude (source_row, path),
    from read_parquet('{store}/files/generic_accounts/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
),
mentions as (
    select 'tmall' as channel, buyer as account_id, receiver as name, cast(null as varchar) as given_name, cast(null as varchar) as family_name,
        cast(null as varchar) as district, max(address) as address, cast(null as varchar) as postcode, phone, cast(null as varchar) as email, cast(null as varchar) as union_id, cast(null as varchar) as open_id, cast(null as varchar) as ouid, cast(null as varchar) as omid,
        cast(null as varchar) as member_no, cast(null as varchar) as app_id, cast(null as varchar) as shop_id, cast(null as varchar) as brand, cast(null as varchar) as device_id, max(nullif(regexp_extract(address, '^([^ ]+) +[^ ]', 1), '')) as province,
        max(nullif(regexp_extract(address, '^[^ ]+ +([^ ]+) ', 1), '')) as city, cast(null as date) as birthday, cast(null as varchar) as gender,
        cast(null as timestamp) as registered_at, cast(null as boolean) as is_member, cast(null as boolean) as sms_consent, cast(null as boolean) as email_consent,
        cast(null as boolean) as app_consent, max(exported_at) as exported_at, max(no) as no, arg_max(source_row, place(no, source_row)) as source_row,
    from (select * from feed.tmall union all by name select * from feed.qianniu) where buyer is not null group by feed, buyer, receiver, phone
    union all by name
    select 'jd' as channel, buyer as account_id, receiver as name, max(address) as address, phone, max(exported_at) as exported_at, max(no) as no, arg_max(source_row, place(no, source_row)) as source_row,
    from feed.jd where buyer is not null group by buyer, receiver, phone
    union all by name
    select 'douyin' as channel, account as account_id, coalesce(receiver_mask, receiver) as name, coalesce(phone_mask, account) as phone, max(province) as province,
        max(city) as city, max(district) as district, max(exported_at) as exported_at,
        max(no) as no, arg_max(source_row, place(no, source_row)) as source_row,
    from feed.douyin where account is not null group by account, receiver, receiver_mask, phone_mask
    union all by name
    select 'youzan' as channel, account as account_id, receiver as name, phone, union_id, max(province) as province, max(city) as city, max(district) as district,
        max(address) as address, max(exported_at) as exported_at,
        max(no) as no, arg_max(source_row, place(no, source_row)) as source_row,
    from feed.youzan where account is not null group by account, receiver, phone, union_id
    union all by name
    select 'pos' as channel, account as account_id, member_no, phone, union_id, max(exported_at) as exported_at, max(no) as no,
        arg_max(source_row, place(no, source_row)) as source_row,
    from feed.pos where account is not null group by account, member_no, buyer_phone, phone, union_id
    union all by name
    select 'wechat_member' as channel, member_no as account_id, name, phone, email, union_id, open_id, member_no, province, city, district, address, birthday, gender, registered_at,
        true as is_member, sms_consent, email_consent, app_consent, exported_at, no, source_row,
    from member_rows semi join (select max(place(no, source_row)) as newest from member_rows group by member_no, phone) on place(no, source_row) = newest
    union all by name
    select channel, account_id, name, given_name, family_name, phone, email, union_id, open_id, ouid, omid, member_no, app_id, shop_id, brand, device_id, province, city, district, address, postcode,
        birthday, gender, registered_at, is_member, sms_consent, email_consent, app_consent, exported_at, no, source_row,
    from generic_rows semi join (select max(place(no, source_row)) as newest from generic_rows group by channel, account_id, phone) on place(no, source_row) = newest
)
select mentions.*, mentions.no * 1099511627776 + mentions.source_row as recency, exports.feed, exports.source_file
from mentions inner join feed.exports as exports using (no);

create table dataset.point_transactions as
with given as (
    select exports.no, exports.source_file, 'wechat_member' as channel, member_no as account_id, txn_id, occurred_at, kind,
        case when kind = 'adjust' then points else abs(points) end as points, order_id, expires_on, reason,
        null::varchar as currency, null::varchar as counter_account_id, source_row, exports.exported_at,
    from read_parquet('{store}/files/points/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
)
select * from given semi join (select max(place(no, source_row)) as newest from given group by txn_id) on place(no, source_row) = newest;

-- Of the rest, identity reads who is named and when.
create table dataset.point_balances as
with given as (
    select 'wechat_member' as channel, member_no as account_id, as_of, points, null::varchar as currency, 'point_balances' as feed, exports.source_file, source_row, exports.exported_at, exports.no,
    from read_parquet('{store}/files/point_balances/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
)
select * exclude (no) from given semi join (select account_id, as_of, max(no) as no from given group by account_id, as_of) using (account_id, as_of, no);

-- Nothing is closed.
--: empty point_repeats
--: empty closed_allocations
--: empty closed_deferrals
--: empty closed_entries
--: empty closed_estimates
--: empty closed_expectations
--: empty closed_journal
--: empty closed_files
--: empty closed_rollforward

create table dataset.coupons as
select arg_max(channel, place(no, source_row)) as channel, arg_max(account_id, place(no, source_row)) as account_id, arg_max(issued_at, place(no, source_row)) as issued_at,
    max(exports.exported_at) as exported_at,
from read_parquet('{store}/files/generic_coupons/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
group by coupon_id;

create table dataset.messages as
select channel, arg_max(account_channel, place(no, source_row)) as account_channel, arg_max(account_id, place(no, source_row)) as account_id,
    arg_max(sent_at, place(no, source_row)) as sent_at, max(exports.exported_at) as exported_at,
from read_parquet('{store}/files/generic_messages/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
group by channel, message_id;

create table dataset.community_members as
select channel, account_id, arg_max(joined_at, place(no, source_row)) as joined_at, max(exports.exported_at) as exported_at,
from read_parquet('{store}/files/generic_community_members/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
group by community_id, channel, account_id;

create table dataset.interactions as
with given as (
    select exports.no, exports.exported_at, source_row, channel, account_id, occurred_at, kind, content_id, campaign_id, referrer_account_id,
    from read_parquet('{store}/files/generic_interactions/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
)
select * from given
semi join (
    select max(place(no, source_row)) as newest from given group by channel, account_id, occurred_at, kind, content_id, campaign_id
) on place(no, source_row) = newest;

--: step similar
--: step identity {kinds}
--: step ledger

create table core.orders as
select
    given.channel,
    given.order_id,
    given.account_id,
    account_customers.customer_id,
    given.ordered_at,
    given.paid_at,
    cast(given.paid_at as date) as paid_on,
    given.paid_at is not null and not (coalesce(given.status, '') = 'closed' and coalesce(given.paid_amount, 0) = 0) as is_purchase,
    cast(coalesce(given.paid_amount, 0) as decimal(18, 2)) as paid_amount,
    cast(given.freight_amount as decimal(18, 2)) as freight_amount,
    cast(null as decimal(18, 2)) as gross_amount, -- a list price counts only where goods_price says so
    cast(null as varchar) as content_id,
from dataset.orders as given
left join identity.account_customers as account_customers using (channel, account_id);

-- A refund's own account and day go first, else those of its order.
create table core.refunds as
select
    given.channel,
    given.order_id,
    account_customers.customer_id,
    coalesce(cast(given.refunded_at as date), orders.paid_on) as refunded_on,
    coalesce(given.amount, 0) as amount,
from dataset.refunds as given
left join core.orders as orders on given.channel = orders.channel and given.order_id = orders.order_id
left join identity.account_customers as account_customers
    on given.channel = account_customers.channel and coalesce(given.account_id, orders.account_id) = account_customers.account_id;

create table core.customer_days as
select
    customer_id,
    day,
    cast(sum(orders) as bigint) as orders,
    cast(sum(paid) as decimal(18, 2)) as paid_amount,
    cast(sum(refunded) as decimal(18, 2)) as refund_amount,
    cast(sum(paid) - sum(refunded) as decimal(18, 2)) as net_amount,
from (
    select customer_id, paid_on as day, 1 as orders, paid_amount as paid, 0 as refunded from core.orders where is_purchase and customer_id is not null
    union all
    select customer_id, refunded_on, 0, 0, amount from core.refunds where customer_id is not null
)
group by customer_id, day;

create table core.accounts as
with described as (
    select
        channel,
        account_id,
        max(exported_at) as updated_at,
        max_by(is_member, recency) filter (where is_member is not null) as is_member,
        max_by(registered_at, recency) filter (where registered_at is not null) as registered_at,
        count(phone) > 0 as has_phone,
        count(email) > 0 as has_email,
        max_by(sms_consent, recency) filter (where sms_consent is not null) as sms_consent,
        max_by(email_consent, recency) filter (where email_consent is not null) as email_consent,
        max_by(app_consent, recency) filter (where app_consent is not null) as app_consent,
    from dataset.accounts
    group by channel, account_id
)
select
    account_customers.channel,
    account_customers.account_id,
    account_customers.customer_id,
    account_customers.joined_by,
    account_customers.first_seen_at,
    described.updated_at,
    coalesce(described.is_member, false) as is_member,
    described.registered_at,
    coalesce(described.has_phone, false) as has_phone,
    coalesce(described.has_email, false) as has_email,
    described.sms_consent,
    described.email_consent,
    described.app_consent,
from identity.account_customers as account_customers
left join described using (channel, account_id);

--: core account_attributes
--: core customer_attribute_values
--: core customer_attributes
--: core customers
--: core periods
--: core customer_standings
--: core member_tiers

-- Content. Few rows but for the interactions.
create table core.interactions as
select
    md5(
        interactions.channel || chr(31) || coalesce(account_id, '') || chr(31) || coalesce(cast(occurred_at as varchar), '') || chr(31)
        || coalesce(replace(kind, '-', '_'), '') || chr(31) || coalesce(content_id, '') || chr(31) || coalesce(campaign_id, '')
    ) as interaction_id,
    interactions.channel,
    account_id,
    account_customers.customer_id,
    occurred_at,
    cast(occurred_at as date) as occurred_on,
    replace(kind, '-', '_') as kind,
    content_id,
    referrer_account_id,
from dataset.interactions as interactions
left join identity.account_customers as account_customers using (channel, account_id)
where content_id is not null;

create table feed.pieces as
with articles as (
    select exports.no, exports.exported_at, source_row, * exclude (source_row, path),
    from read_parquet('{store}/files/wechat_article_total/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
),
newest_articles as (
    select * from articles semi join (select max(place(no, source_row)) as newest from articles group by msgid, stat_date) on place(no, source_row) = newest
),
notes as (
    select exports.no, exports.exported_at, source_row, * exclude (source_row, path),
    from read_parquet('{store}/files/xiaohongshu_notes/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
),
first_notes as (
    select * from notes semi join (select max(place(no, source_row)) as first_row from notes group by no, title, published_at) on place(no, source_row) = first_row
),
works as (
    select exports.no, exports.exported_at, source_row, * exclude (source_row, path),
    from read_parquet('{store}/files/douyin_works/*.parquet', filename = 'path') inner join feed.exports as exports using (path)
),
first_works as (
    select * from works semi join (select max(place(no, source_row)) as first_row from works group by no, title, published_at) on place(no, source_row) = first_row
)
select 'wechat' as channel, msgid as content_id, cast(ref_date as timestamp) as published_at, title, 'article' as kind, no, stat_date, target_user as impressions, reads,
    read_users, cast(null as bigint) as completions, cast(null as bigint) as likes, cast(null as bigint) as comments, shares, share_users, saves,
    cast(null as bigint) as follows_gained, original_reads as clicks,
from newest_articles
union all by name
select 'xiaohongshu' as channel, content_id, published_at, title, kind, no, cast(exported_at as date) as stat_date, nullif(impressions, 0) as impressions, views as reads, likes, comments,
    shares, saves, follows_gained,
from first_notes
union all by name
select 'douyin' as channel, content_id, published_at, title, kind, no, cast(exported_at as date) as stat_date, plays as reads,
    cast(round(plays * completion_rate) as bigint) as completions, likes, comments, shares, saves, follows_gained, visits as clicks,
from first_works;

create table core.contents as
select
    channel,
    content_id,
    min(published_at) as published_at,
    cast(min(published_at) as date) as published_on,
    case channel when 'wechat' then max(title) else min(title) end as title,
    max(kind) as kind,
    cast(null as varchar) as strategy,
    cast(null as varchar) as topic,
    'brand' as account_role,
    'owned' as media_class,
    cast(null as varchar) as campaign_id,
from feed.pieces
group by channel, content_id;

create table dataset.content_stats as
select channel, content_id, stat_date, 'cumulative' as counting, impressions, reads, read_users, completions, likes, comments, shares, share_users, saves, follows_gained, clicks,
    '' as feed, '' as source_file, 0 as source_row,
from feed.pieces
qualify row_number() over (partition by channel, content_id, stat_date order by no desc) = 1;
--: core content_stats

create table core.campaigns as
select campaign_id, cost from read_parquet('{store}/files/generic_campaigns/*.parquet');

--: core customer_id_history
--: mart identity_quality
--: mart customer_conflicts
--: mart customer_pyramid
--: mart customer_rfm
--: mart churn_tiers
--: mart customer_360
--: mart pyramid_summary
--: mart tier_migration
--: mart point_ledger
--: mart point_pools
--: core point_balances
--: mart point_exceptions
--: mart point_reconciliation
--: core point_rules
--: mart point_expiry_check
--: core point_sales
--: step estimate
--: core point_estimates
--: core point_expectations
--: mart point_redemption_estimate
--: mart point_estimate_backtest
--: mart point_vintages
--: mart point_programme
--: mart point_earning_check
--: mart point_lots
--: mart point_liability
--: core point_periods
--: core point_open_movements
--: mart point_prior_period
--: core point_rollforward_parts
--: core point_open_periods
--: mart point_rollforward
--: mart point_allocations
--: core point_deferral_states
--: mart point_deferred_revenue
--: mart point_contract_liability
--: mart point_journal
--: mart point_activation_threshold
--: mart point_activation
--: mart point_activation_summary
--: mart monthly_customers
--: mart content_cost
--: mart content_touches
--: mart content_attribution
--: mart content_performance
checkpoint published;
detach published;
