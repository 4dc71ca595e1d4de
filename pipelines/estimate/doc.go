// Package estimate is the step that says how many points will be redeemed in the end. It reads the ledger by month of issue and month of movement,
// and estimates at every month end with the data of then, so that what was expected at a past day can be seen, and a past allocation is never
// made anew. Each currency of points is estimated for itself. The rules:
//
//   - Only whole months are evidence. A month of issue says nothing of ages beyond its last valid month, and nothing comes to it after that.
//   - There is an estimate once some month of issue has nothing left; before that, the cap is taken.
//   - The estimate lies between floor and cap, and not below what is redeemed already.
//   - A channel has an estimate of its own where it has enough months of issue and a small enough standard error; else it has the whole's.
//   - Points that went to another account are points of that account's lot, and no longer of a sale: they leave a vintage without being taken back.
//   - A rate set by hand goes before all. A rate that is set (by hand, floor or cap) expects of each month of issue points issued x rate; an
//     estimate expects what has been redeemed and what its pattern says is to come. Neither expects more than is left.
package estimate

// Version is that of the rules: it changes whenever the same ledger gives other estimates.
const Version = 4
