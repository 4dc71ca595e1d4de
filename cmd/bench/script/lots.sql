-- The closed form of first in, first out with expiry. Points are numbered as they are earned, per member. With R points redeemed so far and X points in
-- lots whose last day has passed, the points up to number R + max(0, running max of (X - R)) are gone. It holds as lots expire in the order of issue.
copy (
    with movements as (
        select account_id, txn_id, occurred_at, kind, points, order_id, source_file, source_row from dataset.point_transactions
        where occurred_at < getvariable('as_of') + interval 1 day
    ), events as (
        select account_id, txn_id, occurred_at as moment, if(kind = 'earn', 1, 2) as turn, occurred_at as issued_at,
            if(kind = 'earn', points, 0) as earned, if(kind = 'redeem', points, 0) as redeemed, 0 as passed, order_id, source_file, source_row
        from movements
        union all
        select account_id, txn_id, date_trunc('day', occurred_at) + interval 366 days, 0, occurred_at, 0, 0, points, null, null, null
        from movements
        where kind = 'earn' and date_trunc('day', occurred_at) + interval 366 days <= getvariable('as_of')
    ), running as (
        select *, sum(earned) over sofar as all_earned, sum(redeemed) over sofar as all_redeemed, sum(passed) over sofar as all_passed
        from events
        window sofar as (partition by account_id order by moment, turn, issued_at, txn_id rows unbounded preceding)
    ), pointer as (
        select *, all_redeemed + greatest(0, max(all_passed - all_redeemed) over sofar) as gone
        from running
        window sofar as (partition by account_id order by moment, turn, issued_at, txn_id rows unbounded preceding)
    ), steps as (
        select *, gone - lag(gone, 1, 0) over (partition by account_id order by moment, turn, issued_at, txn_id) as moved from pointer
    ), ends as (
        select account_id, max(gone) as gone from pointer group by account_id
    ), lots as (
        select earning.account_id, earning.txn_id, earning.issued_at, earning.earned as issued, earning.all_earned as upto,
            coalesce(expiry.moved, 0) as expired, earning.order_id, earning.source_file, earning.source_row
        from steps as earning
        left join (select account_id, txn_id, moved from steps where turn = 0 and moved > 0) as expiry using (account_id, txn_id)
        where earning.turn = 1
    )
    select 'shop' as channel, account_id, txn_id as lot_id, issued_at, issued_at::date as issued_on, issued_at::date + 365 as expires_on,
        issued::bigint as points_issued, (issued - expired - remaining)::bigint as points_redeemed, expired::bigint as points_expired, 0::bigint as points_clawed_back,
        0::bigint as points_adjusted, remaining::bigint as points_remaining, order_id, source_file, source_row, 'points' as currency,
        0::bigint as points_opening, 0::bigint as points_transferred, 0::bigint as points_reinstated, null::date as extended_from, null::varchar as origin_account_id,
        null::varchar as origin_lot_id
    from (select *, upto - least(upto, greatest(ends.gone, upto - issued)) as remaining from lots inner join ends using (account_id))
) to '{dir}/sql-lots.parquet' (format parquet, compression zstd);
