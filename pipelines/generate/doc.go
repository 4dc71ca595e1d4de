// Package generate makes up a brand: people with accounts in several channels, what they buy, give back, read, earn and
// redeem over 24 months, written as the files that the channels really export, with the truth beside them.
//
// Everything about person i is a pure function of (seed, i): people are written one after the other and forgotten, so the
// memory needed does not grow with the number of members, and the same options give the same bytes (on one processor
// architecture: the skewed distributions use floating point).
//
// Layout of a generated folder:
//
//	exports/  what a brand would hand over: CSV (UTF-8, with and without BOM, GB18030), xlsx and JSON
//	truth/    what only the generator knows: people.csv (which accounts are one person), lots.csv,
//	          contents.csv (what type each title is), summary.json. Never to be landed.
//
// Lives are simulated a year beyond the as-of day, so that the share of points that is redeemed in the end is known; nothing
// after the as-of day is exported. Orders and points are seen as the channels show them on the morning after it; one month
// before is exported a second time as it stood then, so that an older export with older states is part of every set.
package generate
