-- The product's merge over the evidence.
create schema identity_work;
create view identity_work.evidence as from read_parquet('{dir}/evidence.parquet');
--: step identity-graph
copy (select account, root as customer from identity_work.members) to '{dir}/graph.parquet' (format parquet, compression zstd);
