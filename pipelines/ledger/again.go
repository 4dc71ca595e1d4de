package ledger

import "strings"

// Past is what is known of the last time that the ledger was made, by the same rules.
type Past struct {
	AsOf string // its as-of day, as an SQL literal
	// Movements, Fresh and Changed are queries: the rows that dataset.point_transactions had, those of the files that have come to it, and the accounts
	// (channel, account_id) of rows by which the two differ. They are empty if it is what it was.
	Movements, Fresh, Changed string
	// The tables as they were made, as queries.
	Lots, Balances, Kept string
}

// AddedSQL selects whether rows have only been added: no row of an old file has gone, none of a new one gave way to an old one. (That there are as many
// rows says so: a new file's rows take the place of others, one by one, and make none appear.)
func AddedSQL(past Past) string {
	if past.Fresh == "" {
		return "select true"
	}
	return "select (select count(*) from dataset.point_transactions) = (select count(*) from (" + past.Movements + ")) + (select count(*) from (" + past.Fresh + "))"
}

// ChangedSQL selects the accounts (channel, account_id) whose ledger may differ from what it was; that of all others is the same, entry by entry. Of those
// that have a transfer (has_transfers) which movement answers which is to be found again, and whose lots have gone where. It needs the variable as_of, which must not be before Past.AsOf,
// and what AddedSQL says. These are the accounts
//   - with a row in a new file, or with a row that an old file has no more, since one of a new file took its place;
//   - with a movement that lay beyond the as-of day, and no longer does;
//   - with points whose last valid day has passed since;
//   - with arrears beside points that cannot be used yet, which pay them when they can;
//   - in one circle with one of these: which movement answers which is counted for both sides of a transfer, and lots go from one account to the next.
func ChangedSQL(past Past, added bool) string {
	text, transfers := changedDue, changedTransfers
	switch {
	case past.Fresh == "":
	case added:
		text += changedFresh
	default:
		text += changedRows
		transfers += changedTransfersBefore
	}
	text += "), " + transfers + changedCircles
	return strings.NewReplacer("{as_of}", past.AsOf, "{lots}", past.Lots, "{balances}", past.Balances, "{was}", past.Movements, "{fresh}", past.Fresh,
		"{changed}", past.Changed).Replace(text)
}

// GivenUpSQL selects how many rows the accounts have that a table has: in each of Tables, in their order, and in KeptTable.
func GivenUpSQL(past Past, accounts string) string {
	var columns []string
	for _, table := range Tables() {
		columns = append(columns, "coalesce(sum("+countColumn(table.Name)+"), 0)::bigint")
	}
	return "select " + strings.Join(columns, ", ") + ", count(*) from (" + past.Kept + ") as kept where " + isIn("kept", "account_id", accounts)
}

const (
	changedDue = `with recursive concerned as (
    select channel, account_id
    from dataset.point_transactions
    where occurred_at >= cast({as_of} as date) + interval 1 day and occurred_at < getvariable('as_of') + interval 1 day
    union
    select channel, account_id from ({lots}) where points_remaining > 0 and expires_on < getvariable('as_of')
    union
    select channel, account_id from ({balances}) where arrears > 0 and lots_remaining > 0
`

	changedFresh = `    union
    select channel, account_id from ({fresh})
`

	changedRows = `    union
    select channel, account_id from ({changed})
`

	changedTransfers = `transfers as (
    select channel, account_id, counter_account_id from dataset.point_transactions where kind = 'transfer'
`

	changedTransfersBefore = `    union all
    select channel, account_id, counter_account_id from ({was}) where kind = 'transfer'
`

	changedCircles = `), links as (
    select channel, account_id, counter_account_id as other from transfers
    union
    select channel, counter_account_id, account_id from transfers
    union
    select one.channel, one.account_id, other.account_id
    from seed.point_pools as one inner join seed.point_pools as other on one.channel = other.channel and one.pool = other.pool
), circles as (
    select links.channel, links.account_id from links inner join concerned on links.channel = concerned.channel and links.account_id = concerned.account_id
    union
    select links.channel, links.other from circles inner join links on circles.channel = links.channel and circles.account_id = links.account_id
    where links.other is not null
)
select changed.channel, changed.account_id, coalesce(transferring.is_there, false) as has_transfers
from (
    select channel, account_id from concerned
    union
    select channel, account_id from circles
) as changed
left join (select distinct channel, account_id, true as is_there from transfers) as transferring
    on changed.channel is not distinct from transferring.channel and changed.account_id is not distinct from transferring.account_id`
)
