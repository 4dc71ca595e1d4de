package identity

import (
	"fmt"
	"strings"
)

// Mention is how a dataset names accounts, as SQL expressions over its rows.
type Mention struct{ Table, Channel, Account, SeenAt string }

// Mentions are all ways in which a dataset names an account: each is a trace of it.
func Mentions() []Mention {
	return []Mention{
		{"dataset.accounts", "channel", "account_id", "coalesce(registered_at, exported_at)"},
		{"dataset.orders", "channel", "account_id", "coalesce(ordered_at, paid_at, exported_at)"},
		{"dataset.refunds", "channel", "account_id", "coalesce(refunded_at, exported_at)"},
		{"dataset.point_transactions", "channel", "account_id", "coalesce(occurred_at, exported_at)"},
		{"dataset.point_balances", "channel", "account_id", "exported_at"},
		{"dataset.interactions", "channel", "account_id", "coalesce(occurred_at, exported_at)"},
		{"dataset.interactions", "channel", "referrer_account_id", "coalesce(occurred_at, exported_at)"},
		{"dataset.coupons", "channel", "account_id", "coalesce(issued_at, exported_at)"},
		{"dataset.messages", "coalesce(account_channel, channel)", "account_id", "coalesce(sent_at, exported_at)"},
		{"dataset.community_members", "channel", "account_id", "coalesce(joined_at, exported_at)"},
	}
}

// accountsQuery numbers accounts by seniority, so that the lowest number of a customer is its oldest account: all of them, or those alone that a table
// names in the columns channel and account_id.
func accountsQuery(among string) string {
	restricted := ""
	if among != "" {
		restricted = " semi join " + among + " using (channel, account_id)"
	}
	var mentions []string
	for _, m := range Mentions() {
		landing := "null::bigint"
		if m.Table == "dataset.accounts" {
			landing = landingNumber("exported_at", "source_file")
		}
		mentions = append(mentions, fmt.Sprintf("    from (select %s as channel, %s as account_id, %s as seen_at, %s as landing from %s)%s", m.Channel, m.Account, m.SeenAt, landing, m.Table, restricted))
	}
	return `create table identity_work.accounts as
with mentions as (
` + strings.Join(mentions, "\n    union all\n") + `
),
accounts as (
    select channel, account_id, min(seen_at) as first_seen_at, min(landing) as landing
    from mentions
    where channel is not null and account_id is not null
    group by channel, account_id
)
select
    cast(row_number() over (order by first_seen_at, channel, account_id) - 1 as uinteger) as account,
    cast(dense_rank() over (order by channel) - 1 as usmallint) as channel_no,
    channel,
    account_id,
    first_seen_at,
    ` + runName("landing") + ` as first_run,
    false as is_guest
from accounts`
}

// landingNumber is the landing of an export's row as a number: the day of the export, then the beginning of the bytes' hash, which is a part of the name of the landed file. It is
// what an export itself says, and no time of a run: so it is the same in whatever order files come. Numbers are compared in a tenth of the time of texts.
func landingNumber(exportedAt, sourceFile string) string {
	return "cast(date_diff('day', date '1970-01-01', cast(" + exportedAt + " as date)) as bigint) * 281474976710656 + coalesce(try_cast('0x' || substr(split_part(" + sourceFile + ", '/', 3), 1, 12) as bigint), 0)"
}

// runName is the name of a landing, such as 20260601-0f3c5a9e11d2.
func runName(number string) string {
	return "strftime(date '1970-01-01' + cast((" + number + ") >> 48 as integer), '%Y%m%d') || '-' || format('{:012x}', (" + number + ") & 281474976710655)"
}
