-- The closed form of first in, first out with expiry. Points are numbered as they are earned, per member. With R points redeemed so far and X points in
-- lots whose last day has passed, the points up to number R + max(0, running max of (X - R)) are gone. It holds as lots expire in the order of issue.
copy (
    with movements as (
        select account_id, txn_id, occurred_at, kind, points from dataset.point_transactions where occurred_at < getvariable('as_of') + interval 1 day
    ), events as (
        select account_id, txn_id, occurred_at as moment, if(kind = 'earn', 1, 2) as turn, occurred_at as issued_at,
            if(kind = 'earn', points, 0) as earned, if(kind = 'redeem', points, 0) as redeemed, 0 as passed
        from movements
        union all
        select account_id, txn_id, date_trunc('day', occurred_at) + interval 366 days, 0, occurred_at, 0, 0, points
        from movements
        where kind = 'earn' and date_trunc('day', occurred_at) + interval 366 days <= getvariable('as_of')
    ), running as (
        select account_id, txn_id, turn, moment, issued_at, earned, passed,
            sum(earned) over sofar as all_earned, sum(redeemed) over sofar as all_redeemed, sum(passed) over sofar as all_passed
        from events
        window sofar as (partition by account_id order by moment, turn, issued_at, txn_id rows unbounded preceding)
    ), pointer as (
        select *, all_redeemed + greatest(0, max(all_passed - all_redeemed) over sofar) as gone
        from running
        window sofar as (partition by account_id order by moment, turn, issued_at, txn_id rows unbounded preceding)
    ), steps as (
        select *, gone - lag(gone, 1, 0) over (partition by account_id order by moment, turn, issued_at, txn_id) as moved from pointer
    ), lots as (
        select account_id, txn_id, max(earned) as issued, max(all_earned) filter (where turn = 1) as upto,
            coalesce(sum(moved) filter (where turn = 0), 0) as expired
        from steps
        where turn < 2
        group by account_id, txn_id
    ), ends as (
        select account_id, max(gone) as gone from pointer group by account_id
    )
    select account_id, txn_id as lot_id, issued::bigint as points_issued, expired::bigint as points_expired,
        (upto - least(upto, greatest(ends.gone, upto - issued)))::bigint as points_remaining
    from lots inner join ends using (account_id)
) to '{dir}/sql-lots.parquet' (format parquet, compression zstd);
