// Package ledger turns movements of points into an exact ledger: entries, lots, the lots that each debit consumed, balances and
// exceptions. Points are int64; nothing is created or lost, and a movement that is not booked is listed as an exception.
//
// An account's movements come in ledger order: by time; at equal times exported expiries, openings, extensions, reinstatements,
// earnings, claw-backs, transfers, redemptions, re-credits, adjustments; then by transaction id. The rules, each with a case in testdata:
//
//   - Day: before the first movement of a day, every lot whose last valid day has passed expires, in an entry at the start of the day after
//     that last day. After the last movement, lots expire up to and including the as-of day.
//   - Lot: an earning is a lot. Its last valid day is the exported one or, where there is none, that of the programme in force on its day:
//     "rolling" is the day of issue plus the validity in days, "calendar_year" the 31 December of the year of issue. Before the first programme
//     that one is applied, without any programme a lot never expires (no_programme_in_force). A lot whose last valid day is before its own
//     day expires at once (earned_after_expiry).
//     "activity" is the validity in days after the account's last earning or redemption, which moves the day of all such lots. Grace days make
//     computed days later. Pending days after its issue a lot can be used; on that day it pays arrears. The claw-back of its order reaches it before.
//   - Policies are those of the rule of the movement's day and currency.
//   - Burn order: debits consume the lot that expires first, then the oldest, then the lowest lot id. A lot without expiry is last.
//     By the policy oldest_first: the oldest, then the lowest lot id. Expiries keep the first order.
//   - Redeem: by the policy refuse, one that exceeds what is usable is refused (redemption_refused). Else what exceeds the lots becomes arrears (redeemed_more_than_balance); the balance is then negative. Arrears are a queue: the
//     next lot, or points given back to a lot, pay the oldest first, under the kind of the debit that is paid: a lot that pays for a
//     redemption has redeemed points, one that pays for a claw-back clawed-back points. So lots and entries agree by kind.
//   - Claw-back: takes from the lots earned by the same order, then in burn order; the rest becomes arrears (clawed_back_spent_points).
//   - Re-credit: undoes redemptions of the same order, what they took last first: unpaid arrears are forgiven, lots get their points back
//     with their old expiry. Points given back to a lot that has expired expire at once (recredited_after_expiry). What no redemption
//     accounts for is a new lot (recredit_without_redemption), with redeemed points below zero, as a lot's redeemed points are net of re-credits.
//     By the policy new_lot all points that come back, but for forgiven arrears, are a new lot.
//   - Transfer: each account books its own side, signed: what comes in is a lot (transferred points), what goes out is a debit in burn order
//     (transferred_more_than_balance when it makes arrears). The movement of the other account with the same points and the other sign answers it;
//     without one it is booked and listed (transfer_without_counterpart), so that the programme's transfers sum to those listed, else to zero.
//   - Opening: a lot with opening and no issued points. Reinstate: a lot with reinstated points; what has expired stays expired
//     (reinstated_more_than_expired). Extend: lots with points, of the movement's order or all, get its expires_on as last valid day where that is
//     later, in an entry of no points (extended_nothing, missing_expiry).
//   - Currency: points of different currencies are ledgers of their own; an account's entries are numbered through all of them.
//   - Adjust: above zero a lot with adjusted and no issued points; below zero a debit (adjusted_more_than_balance when it makes arrears).
//   - Expire: expiry is computed; an exported expiry confirms points that have been expired before. What it has beyond that expires lots in
//     burn order: without remark those whose last valid day is the same day (channels write 23:59:59), with expired_more_than_computed the
//     others. Points beyond the balance are not booked, and the exception says how many.
//   - Refused, each with an exception: a transaction id again in an account (duplicate_transaction if it says the same, else
//     conflicting_transaction; the first in ledger order counts), kinds that are not known (unknown_kind), zero_points, negative_points but for
//     adjust and transfer, what lacks an account, id, time or points (missing_account, …), and more than 10^12 points at once, or an account's
//     turnover beyond int64 (points_out_of_range).
//
// When an account is closed the kernel proves, per lot, issued + opening + adjusted + transferred + reinstated - redeemed - clawed back - expired = remaining >= 0; per account, lots -
// arrears = balance = sum of entries, and by kind the same from lots and entries; arrears only where no lot has points left.
package ledger
