/* ---
about: >-
  The balance from which members begin to redeem (积分临界点), found from what accounts did next while they held a balance: earn or redeem. The threshold parts balances in two so that two
  redemption rates explain the movements of the window best (maximum likelihood of a change point). A row for each currency of points; it says so if there is none to be found.
zh: 积分临界点
owner: finance
tags: [points, finance]
grain: [as_of, currency]
columns:
  as_of: {zh: 截止日, about: The day the row is for}
  currency: {zh: 积分种类, about: "Which points; points where a brand has one kind"}
  finding: {zh: 结论, accepted: [found, too_little_data, no_step, falls_with_balance], about: "found; too_little_data: fewer redemptions than activation_min_redemptions; no_step: the likelihood ratio is no larger than chance; falls_with_balance: more is redeemed below than above"}
  trials: {zh: 观察数, about: "Times that an account held points and next earned or redeemed, in the window"}
  redemptions: {zh: 兑换数, about: Those of them in which it redeemed next}
  threshold: {zh: 临界点, unit: points, about: The balance from which members redeem; empty unless found}
  threshold_low: {zh: 临界点下限, unit: points, about: "Lowest balance that is not ruled out at 95 %: likelihood ratio up to 7.35 (Hansen 2000)"}
  threshold_high: {zh: 临界点上限, unit: points, about: Highest balance that is not ruled out}
  rate_below: {zh: 门槛下兑换率, about: Redemptions over trials below the best cut}
  rate_above: {zh: 门槛上兑换率, about: Redemptions over trials from it on}
  likelihood_ratio: {zh: 似然比, about: "Twice the gain in log-likelihood over one rate for all; above 9.71 a step is significant at 5 % with 5 % of trials kept at each end (Andrews 2003, table 1)"}
audits:
  is_in_its_range: threshold not between threshold_low and threshold_high
  says_what_it_found: "(finding = 'found') <> (threshold is not null)"
  there_is_one: >-
    select currency from core.point_rules where currency not in (select currency from mart.point_activation_threshold)
--- */
with
entries as (select * from ledger.entries),
currencies as (select distinct currency from core.point_rules),

followed as (
    select
        coalesce(currency, 'points') as currency,
        balance_after as balance,
        occurred_on,
        lead(kind) over (partition by channel, account_id, currency order by entry_no) as next_kind,
    from entries
),

balances as (
    select currency, balance, count(*) as trials, count(*) filter (where next_kind = 'redeemed') as redemptions
    from followed
    where balance > 0
        and next_kind in ('issued', 'redeemed')
        and occurred_on > cast(getvariable('as_of') as date) - cast(getvariable('window_days') as integer)
    group by currency, balance
),

cuts as (
    select
        currency,
        balance,
        coalesce(sum(trials) over lower, 0) as trials_below,
        coalesce(sum(redemptions) over lower, 0) as redemptions_below,
        sum(trials) over everything as trials_all,
        sum(redemptions) over everything as redemptions_all,
    from balances
    window everything as (partition by currency),
        lower as (partition by currency order by balance rows between unbounded preceding and 1 preceding)
),

sides as (
    -- one row for each cut and side, and one for both sides together
    select currency, balance, 'below' as side, trials_below as n, redemptions_below as k
    from cuts
    where trials_below between 0.05 * trials_all and 0.95 * trials_all
    union all
    select currency, balance, 'above' as side, trials_all - trials_below as n, redemptions_all - redemptions_below as k
    from cuts
    where trials_below between 0.05 * trials_all and 0.95 * trials_all
    union all
    select currency, balance, 'both' as side, trials_all as n, redemptions_all as k
    from cuts
    where trials_below between 0.05 * trials_all and 0.95 * trials_all
),

likelihoods as (
    -- rounded, so that the order of additions cannot show
    select
        currency,
        balance,
        0 + 2 * round(sum(case when side = 'both' then -1 else 1 end * (
            case when k > 0 then k * ln(k / cast(n as double)) else 0 end
            + case when n > k then (n - k) * ln((n - k) / cast(n as double)) else 0 end
        )), 8) as ratio,
        max(case when side = 'below' then k / nullif(n, 0) end) as rate_below,
        max(case when side = 'above' then k / nullif(n, 0) end) as rate_above,
    from sides
    group by currency, balance
),

best as (
    select
        peaks.*,
        min(likelihoods.balance) as low,
        max(likelihoods.balance) as high,
    from (
        select
            currency,
            min_by(balance, row(-ratio, balance)) as balance,
            max(ratio) as ratio,
            min_by(rate_below, row(-ratio, balance)) as rate_below,
            min_by(rate_above, row(-ratio, balance)) as rate_above,
        from likelihoods
        group by currency
    ) as peaks
    inner join likelihoods on peaks.currency = likelihoods.currency and likelihoods.ratio >= peaks.ratio - 7.35
    group by peaks.currency, peaks.balance, peaks.ratio, peaks.rate_below, peaks.rate_above
),

final as (
    select
        cast(getvariable('as_of') as date) as as_of,
        totals.currency,
        case
            when totals.redemptions < getvariable('activation_min_redemptions') or best.balance is null then 'too_little_data'
            when best.ratio <= 9.71 then 'no_step'
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
    from (
        select currencies.currency, coalesce(sum(balances.trials), 0) as trials, coalesce(sum(balances.redemptions), 0) as redemptions
        from currencies
        left join balances on currencies.currency = balances.currency
        group by currencies.currency
    ) as totals
    left join best on totals.currency = best.currency
)

select * from final
