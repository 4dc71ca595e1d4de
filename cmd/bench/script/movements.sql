-- Movements of {members} members in one channel over three years, in the order of time, as exports have them: two earnings to a redemption. Some redeem
-- more than they have. Every figure is a hash of the movement's number.
copy (
    select
        'shop' as channel,
        'M' || lpad((hash(i, 1) % {members})::varchar, 9, '0') as account_id,
        'T' || lpad(i::varchar, 11, '0') as txn_id,
        timestamp '2023-11-01 00:00:00' + to_seconds((i * (1096 * 86400 / {movements}::double))::bigint) as occurred_at,
        if(hash(i, 2) % 3 = 0, 'redeem', 'earn') as kind,
        if(hash(i, 2) % 3 = 0, 1 + hash(i, 3) % 300, 1 + hash(i, 3) % 400)::bigint as points,
        'O' || lpad((hash(i, 4) % 1000000000)::varchar, 10, '0') as order_id,
        null::date as expires_on,
        null::varchar as reason,
        null::varchar as currency,
        null::varchar as counter_account_id,
        'points_' || strftime(timestamp '2023-11-01' + to_days((i * 1096 // {movements})::integer), '%Y%m') || '.csv' as source_file,
        i as source_row,
    from range(0, {movements}) as t(i)
) to '{dir}/movements.parquet' (format parquet, compression zstd);
copy (
    select date '2020-01-01' as valid_from, 'rolling' as validity, 365::bigint as validity_days, 'points' as currency, 0::bigint as grace_days,
        0::bigint as pending_days, 'first_expiring' as burn_order, 'arrears' as negative_balance, 'same_lot' as recredit_to, 'keep' as transfer_expiry
) to '{dir}/programme.parquet' (format parquet);
copy (
    select null::varchar as channel, null::varchar as account_id, null::varchar as pool, null::date as joined_on, null::date as left_on where false
) to '{dir}/pools.parquet' (format parquet);
