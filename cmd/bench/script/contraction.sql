-- The fastest way that we know in SQL, which no library takes: identifiers are left out, since the accounts of one are a star around its oldest one, and
-- the graph shrinks from round to round, as every cluster becomes one node.
create table edges as
with evidence as (select account, value_key from read_parquet('{dir}/evidence.parquet')),
leaders as (select value_key, min(account) as leader from evidence group by value_key having count(*) > 1)
select distinct account as node, leader as neighbour from evidence inner join leaders using (value_key) where account > leader;
create table moved (node uinteger, representative uinteger);
--: step contraction
copy (
    select account, coalesce(representative, account) as customer
    from (select distinct account from read_parquet('{dir}/evidence.parquet')) left join moved on node = account
) to '{dir}/contraction.parquet' (format parquet, compression zstd);
