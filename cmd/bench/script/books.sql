-- Every table of the ledger by the closed form of lots.sql. A debit takes the numbers between where the end of what is gone stood and where it stands:
-- lots of these numbers paid for it, those that were earned later as arrears.
create temp table steps as
with movements as (
    select account_id, txn_id, occurred_at, kind, points, order_id, source_file, source_row from dataset.point_transactions
    where occurred_at < getvariable('as_of') + interval 1 day
), events as (
    select account_id, txn_id, occurred_at as moment, if(kind = 'earn', 1, 2) as turn, occurred_at as issued_at,
        if(kind = 'earn', points, 0) as earned, if(kind = 'redeem', points, 0) as redeemed, 0 as passed, order_id, source_file, source_row
    from movements
    union all
    select account_id, txn_id, date_trunc('day', occurred_at) + interval 366 days, 0, occurred_at, 0, 0, points, order_id, source_file, source_row
    from movements
    where kind = 'earn' and date_trunc('day', occurred_at) + interval 366 days <= getvariable('as_of')
), running as (
    select *, sum(earned) over sofar as all_earned, sum(redeemed) over sofar as all_redeemed, sum(passed) over sofar as all_passed
    from events
    window sofar as (partition by account_id order by moment, turn, issued_at, txn_id rows unbounded preceding)
), pointer as (
    select *, greatest(0, max(all_passed - all_redeemed) over sofar) as lapsed,
        greatest(0, coalesce(max(all_passed - all_redeemed) over before, 0)) as lapsed_before
    from running
    window sofar as (partition by account_id order by moment, turn, issued_at, txn_id rows unbounded preceding),
        before as (partition by account_id order by moment, turn, issued_at, txn_id rows between unbounded preceding and 1 preceding)
)
select account_id, txn_id, moment, turn, issued_at, earned::bigint as earned, redeemed::bigint as redeemed, all_earned::bigint as all_earned,
    (all_redeemed + lapsed)::bigint as gone, (lapsed - lapsed_before)::bigint as expired, order_id, source_file, source_row,
    count(*) filter (turn > 0 or lapsed > lapsed_before) over (
        partition by account_id order by moment, turn, issued_at, txn_id rows unbounded preceding
    ) as entry_no,
from pointer;

copy (
    select 'shop' as channel, account_id, entry_no, moment as occurred_at, moment::date as occurred_on,
        ['expired', 'issued', 'redeemed'][turn + 1] as kind, earned - redeemed - expired as points, all_earned - gone as balance_after,
        if(turn = 0, null, txn_id) as txn_id, order_id, null::varchar as reason, source_file, source_row, 'points' as currency,
        null::varchar as counter_account_id, null::varchar as counter_txn_id
    from steps
    where turn > 0 or expired > 0
) to '{dir}/sql-books-entries.parquet' (format parquet, compression zstd);

copy (
    with debits as (
        select account_id, entry_no, txn_id, moment, all_earned, gone - redeemed as low, gone as high from steps where turn = 2
    ), lots as (
        select account_id, txn_id as lot_id, moment, all_earned - earned as low, all_earned as high from steps where turn = 1
    )
    select 'shop' as channel, account_id, entry_no, debits.txn_id, lots.lot_id, if(lots.high <= debits.all_earned, 'redeemed', 'arrears') as kind,
        least(lots.high, debits.high) - greatest(lots.low, debits.low) as points,
        greatest(debits.moment, lots.moment)::date as occurred_on, lots.moment::date as issued_on, 'points' as currency
    from debits
    inner join lots using (account_id)
    where lots.low < debits.high and debits.low < lots.high
    union all
    select 'shop', account_id, entry_no, null, txn_id, 'expired', expired, moment::date, issued_at::date, 'points'
    from steps
    where turn = 0 and expired > 0
) to '{dir}/sql-books-consumption.parquet' (format parquet, compression zstd);

create temp table lots as
with ends as (
    select account_id, max(gone) as gone from steps group by account_id
), lapsed as (
    select account_id, txn_id, expired from steps where turn = 0 and expired > 0
)
select lots.account_id, lots.txn_id, lots.moment, lots.earned, coalesce(lapsed.expired, 0) as expired, lots.order_id, lots.source_file, lots.source_row,
    lots.all_earned - least(lots.all_earned, greatest(ends.gone, lots.all_earned - lots.earned)) as remaining
from steps as lots
inner join ends using (account_id)
left join lapsed using (account_id, txn_id)
where lots.turn = 1;

copy (
    select 'shop' as channel, account_id, txn_id as lot_id, moment as issued_at, moment::date as issued_on, moment::date + 365 as expires_on,
        earned as points_issued, earned - expired - remaining as points_redeemed, expired as points_expired, 0::bigint as points_clawed_back,
        0::bigint as points_adjusted, remaining as points_remaining, order_id, source_file, source_row, 'points' as currency,
        0::bigint as points_opening, 0::bigint as points_transferred, 0::bigint as points_reinstated, null::date as extended_from, null::varchar as origin_account_id, null::varchar as origin_lot_id
    from lots
) to '{dir}/sql-books-lots.parquet' (format parquet, compression zstd);

copy (
    with held as (
        select account_id, sum(remaining)::bigint as remaining from lots group by account_id
    ), ends as (
        select account_id, max(gone) as gone, max(all_earned) as earned from steps group by account_id
    )
    select 'shop' as channel, account_id, coalesce(remaining, 0) as lots_remaining, greatest(0, gone - earned) as arrears, earned - gone as balance, 'points' as currency
    from ends
    left join held using (account_id)
) to '{dir}/sql-books-balances.parquet' (format parquet, compression zstd);

copy (
    select 'shop' as channel, account_id, txn_id, moment as occurred_at, 'redeem' as kind, redeemed as points, 'redeemed_more_than_balance' as code,
        least(redeemed, gone - all_earned) || ' of ' || redeemed || ' points are beyond the balance and become arrears' as detail,
        source_file, source_row, 'points' as currency
    from steps
    where turn = 2 and gone > all_earned
) to '{dir}/sql-books-exceptions.parquet' (format parquet, compression zstd);
