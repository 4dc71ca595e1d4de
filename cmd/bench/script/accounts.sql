-- {edges} identifiers on accounts, in chains as a loyalty programme has them: every account shares a phone or an e-mail with the next one of its person, and
-- one in five shows the person's member number. A chain has 2.8 accounts on average, a few have dozens. Accounts are numbered by seniority, which
-- has nothing to do with their place in the chain; identifiers are keyed hashes, so they come in no order. Every figure is a hash of the account's number.
create table chained as
select i, row_number() over (order by hash(i, 7)) - 1 as account, sum(starts::integer) over (order by i rows unbounded preceding) as chain, starts
from (select i, hash(i, 1) % 1000 < if(i // 1000 % 50 = 0, 180, 360) as starts from range(0, {accounts}) as t(i));
create table mentions as
select i, account, if(hash(i, 2) % 4 = 0, 2, 1) as kind_no, hash(i, 3) as value from chained
union all
select i, account, if(not starts and hash(i - 1, 2) % 4 = 0, 2, 1), if(starts, hash(i, 4), hash(i - 1, 3)) from chained
union all
select i, account, 0, hash(chain, 5) from chained where hash(i, 6) % 5 = 0;
copy (
    select account::uinteger as account, kind_no::utinyint as kind_no, value | 9223372036854775808 as value_key, (19000 + hash(i, 8) % 1000)::integer as first_day
    from mentions
    order by account, kind_no, value
) to '{dir}/evidence.parquet' (format parquet, compression zstd);
