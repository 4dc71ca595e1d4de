-- The accounts of the chains in accounts.sql as exports mention them, one identifier a row, and the days that come after: {share} of 1,000 accounts come with the
-- day, and as many that were there are exported again with a new phone.
create table chained as
select i, sum(starts::integer) over (order by i rows unbounded preceding) as chain, starts
from (select i, hash(i, 1) % 1000 < if(i // 1000 % 50 = 0, 180, 360) as starts from range(0, {accounts}) as t(i));
create table identifiers as
select i, 'phone' as kind, if(hash(i, 2) % 4 = 0, null, i) as of_phone, if(hash(i, 2) % 4 = 0, i, null) as of_email, null as of_member from chained
union all
select i, 'shared', if(starts, -i, if(hash(i - 1, 2) % 4 = 0, null, i - 1)), if(starts, null, if(hash(i - 1, 2) % 4 = 0, i - 1, null)), null from chained
union all
select i, 'member', null, null, chain from chained where hash(i, 6) % 5 = 0;
create table mentions as
select
    ['shop', 'pos', 'app'][(1 + hash(i, 10) % 3)::bigint] as channel, 'A' || i as account_id, hash(i, 9) % 1000 as lot,
    if(of_phone is null, null, '1' || (3000000000 + hash(of_phone, 3) % 7000000000)) as phone,
    if(of_email is null, null, 'u' || hash(of_email, 4) || '@example.com') as email, 'M' || of_member as member_no,
    timestamp '2020-01-01' + to_minutes((hash(i, 8) % 3000000)::bigint) as registered_at
from identifiers;
copy (
    select * exclude (lot), null::varchar as app_id, null::varchar as shop_id, null::varchar as brand, null::varchar as name, null::varchar as family_name,
        timestamp '2026-10-30' as exported_at, 'accounts_before.csv' as source_file, row_number() over () as source_row
    from mentions where lot >= {small} + {large}
) to '{dir}/before.parquet' (format parquet, compression zstd);
create macro arrived(lots_from, lots_to, file) as table
select * exclude (lot), null::varchar as app_id, null::varchar as shop_id, null::varchar as brand, null::varchar as name, null::varchar as family_name,
    timestamp '2026-10-31' as exported_at, file as source_file, row_number() over () as source_row
from (
    select * replace (timestamp '2026-10-31' as registered_at) from mentions where lot >= lots_from and lot < lots_to
    union all
    select * replace ('1' || (3000000000 + hash(account_id, 12) % 7000000000) as phone) from mentions where lot >= 500 + lots_from and lot < 500 + lots_to
);
copy (from arrived(0, {small}, 'accounts_small.csv')) to '{dir}/small.parquet' (format parquet, compression zstd);
copy (from arrived({small}, {small} + {large}, 'accounts_large.csv')) to '{dir}/large.parquet' (format parquet, compression zstd);
