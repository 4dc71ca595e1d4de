/* ---
about: >-
  The balance from which members begin to redeem (积分临界点), found from what accounts did next while they held a balance: earn or redeem. The threshold parts balances in two so that two
  redemption rates explain the movements of the window best (maximum likelihood of a change point). One row; it says so if there is none to be found.
zh: 积分临界点
owner: finance
tags: [points, finance]
grain: [as_of]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  finding: {zh: 结论, accepted: [found, too_little_data, no_step, falls_with_balance], about: "found; too_little_data: fewer redemptions than activation_min_redemptions; no_step: the likelihood ratio is no larger than chance; falls_with_balance: more is redeemed below than above"}
  trials: {zh: 观察数, about: "Times that an account held points and next earned or redeemed, in the window"}
  redemptions: {zh: 兑换数, about: Those of them in which it redeemed next}
  threshold: {zh: 临界点, unit: points, about: The balance from which members redeem; empty unless found}
  threshold_low: {zh: 临界点下限, unit: points, about: "Lowest balance that is not ruled out at 95 %: likelihood ratio up to 7.35 (Hansen 2000)"}
  threshold_high: {zh: 临界点上限, unit: points, about: Highest balance that is not ruled out}
  rate_below: {zh: 门槛下兑换率, about: Redemptions over trials below the best cut}
  rate_above: {zh: 门槛上兑换率, about: Redemptions over trials from it on}
  likelihood_ratio: {zh: 似然比, about: "Twice the gain in log-likelihood over one rate for all; above 9.84 a step is significant at 5 % with 5 % of trials kept at each end (Andrews 1993)"}
audits:
  is_in_its_range: threshold not between threshold_low and threshold_high
  says_what_it_found: "(finding = 'found') <> (threshold is not null)"
  there_is_one: "select 'no row' as problem where (select count(*) from mart.point_activation_threshold) <> 1"
--- */
with
entries as (select * from ledger.entries),

followed as (
    select
        balance_after as balance,
        occurred_on,
        lead(kind) over (partition by channel, account_id, currency order by entry_no) as next_kind,
    from entries
),

balances as (
    select balance, count(*) as trials, count(*) filter (where next_kind = 'redeemed') as redemptions
    from followed
    where balance > 0
        and next_kind in ('issued', 'redeemed')
        and occurred_on > cast(getvariable('as_of') as date) - cast(getvariable('window_days') as integer)
    group by balance
),

cuts as (
    select
        balance,
        coalesce(sum(trials) over lower, 0) as trials_below,
        coalesce(sum(redemptions) over lower, 0) as redemptions_below,
        sum(trials) over () as trials_all,
        sum(redemptions) over () as redemptions_all,
    from balances
    window lower as (order by balance rows between unbounded preceding and 1 preceding)
),

sides as (
    -- one row for each cut and side, and one for both sides together
    select balance, 'below' as side, trials_below as n, redemptions_below as k
    from cuts
    where trials_below between 0.05 * trials_all and 0.95 * trials_all
    union all
    select balance, 'above' as side, trials_all - trials_below as n, redemptions_all - redemptions_below as k
    from cuts
    where trials_below between 0.05 * trials_all and 0.95 * trials_all
    union all
    select balance, 'both' as side, trials_all as n, redemptions_all as k
    from cuts
    where trials_below between 0.05 * trials_all and 0.95 * trials_all
),

likelihoods as (
    -- rounded, so that the order of additions cannot show
    select
        balance,
        0 + 2 * round(sum(case when side = 'both' then -1 else 1 end * (
            case when k > 0 then k * ln(k / cast(n as double)) else 0 end
            + case when n > k then (n - k) * ln((n - k) / cast(n as double)) else 0 end
        )), 8) as ratio,
        max(case when side = 'below' then k / nullif(n, 0) end) as rate_below,
        max(case when side = 'above' then k / nullif(n, 0) end) as rate_above,
    from sides
    group by balance
),

best as (
    select
        likelihoods.balance,
        likelihoods.ratio,
        likelihoods.rate_below,
        likelihoods.rate_above,
        (select min(balance) from likelihoods as others where others.ratio >= likelihoods.ratio - 7.35) as low,
        (select max(balance) from likelihoods as others where others.ratio >= likelihoods.ratio - 7.35) as high,
    from likelihoods
    where likelihoods.balance = (select min_by(balance, row(-ratio, balance)) from likelihoods)
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        case
            when totals.redemptions < getvariable('activation_min_redemptions') or best.balance is null then 'too_little_data'
            when best.ratio <= 9.84 then 'no_step'
            when best.rate_above <= best.rate_below then 'falls_with_balance'
            else 'found'
        end as finding,
        cast(totals.trials as bigint) as trials,
        cast(totals.redemptions as bigint) as redemptions,
        case when finding = 'found' then best.balance end as threshold,
        case when finding = 'found' then best.low end as threshold_low,
        case when finding = 'found' then best.high end as threshold_high,
        best.rate_below,
        best.rate_above,
        best.ratio as likelihood_ratio,
    from (select coalesce(sum(trials), 0) as trials, coalesce(sum(redemptions), 0) as redemptions from balances) as totals
    left join best on true
)

select * from final
