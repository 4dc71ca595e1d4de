-- The records of people.csv as accounts, and the days that come after: of 1,000 accounts {small} and {large} come with the day, and as many that were there are
-- exported again at another address.
create table told as
select
    ['shop', 'pos', 'app'][(1 + hash(i, 10) % 3)::bigint] as channel, 'A' || i as account_id, hash(i, 9) % 1000 as lot, *
from (
    select row_number() over () as i, 姓名 as name, 手机号 as phone, 邮箱 as email, 生日 as birthday, 性别 as gender, 省 as province, 市 as city, 地址 as address
    from read_csv('{dir}/people.csv', all_varchar = true)
);
create macro arrived(lots_from, lots_to, day, file) as table
select
    channel, account_id, name, phone, email, try_cast(birthday as date) as birthday, gender, province, city, address,
    null::varchar as given_name, null::varchar as family_name, null::varchar as district, null::varchar as postcode, null::varchar as member_no,
    day as exported_at, file as source_file, row_number() over () as source_row
from told
where lot >= lots_from and lot < lots_to;
create macro moved(lots_from, lots_to, day, file) as table
select
    channel, account_id, name, phone, email, try_cast(birthday as date), gender, province, city, '新华路' || lot || '号',
    null, null, null, null, null, day, file, -row_number() over ()
from told
where lot >= 500 + lots_from and lot < 500 + lots_to;
copy (from arrived({small} + {large}, 1000, timestamp '2026-10-30', 'before.csv')) to '{dir}/before.parquet' (format parquet, compression zstd);
copy (from arrived(0, {small}, timestamp '2026-11-02', 'small.csv') union all from moved(0, {small}, timestamp '2026-11-02', 'small.csv'))
to '{dir}/small.parquet' (format parquet, compression zstd);
copy (from arrived({small}, {small} + {large}, timestamp '2026-11-02', 'large.csv') union all from moved({small}, {small} + {large}, timestamp '2026-11-02', 'large.csv'))
to '{dir}/large.parquet' (format parquet, compression zstd);
