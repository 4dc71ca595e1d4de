-- Connected components as Splink finds them, over nodes that are accounts and identifiers. An identifier is a greater number than any account, so that
-- the least node of a cluster is its oldest account.
create table neighbours as
with edges as (select distinct account::ubigint as account, value_key from read_parquet('{dir}/evidence.parquet'))
select account as node, value_key as neighbour from edges union all select value_key, account from edges;
create table finished (node ubigint, representative ubigint);
create table representatives as
select node, least(node, min(neighbour)) as representative, true as changed from neighbours group by node;
--: step components
copy (select node::uinteger as account, representative::uinteger as customer from finished where node < 4294967296)
to '{dir}/components.parquet' (format parquet, compression zstd);
