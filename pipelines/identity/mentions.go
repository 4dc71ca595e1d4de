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
		mentions = append(mentions, fmt.Sprintf("    from (select %s as channel, %s as account_id, %s as seen_at from %s)%s", m.Channel, m.Account, m.SeenAt, m.Table, restricted))
	}
	return `create table identity_work.accounts as
with mentions as (
` + strings.Join(mentions, "\n    union all\n") + `
),
accounts as (
    select channel, account_id, min(seen_at) as first_seen_at
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
    false as is_guest
from accounts`
}
