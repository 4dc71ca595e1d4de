package identity

// final is a table as a query over what was given back to the session; some says that it is of the accounts of identity_work.replaced alone.
type final struct {
	table, query string
	some         bool
}

// The tables that are kept for the next merge.
const (
	componentsTable = "identity.kept_components"
	crowdsTable     = "identity.kept_crowds"
	spreadTable     = "identity.kept_spread"
)

// finalQueries are all tables; of overrides and crowds the queries depend on whether all accounts were merged or some.
func finalQueries(some bool, overrides, crowds string) []final {
	return []final{
		{"identity.account_customers", accountCustomersQuery, some},
		{"identity.customer_aliases", customerAliasesQuery, some},
		{"identity.merges", mergesQuery, some},
		{"identity.customer_id_history", historyQuery(), some},
		{"identity.identifiers", identifiersQuery, some},
		{"identity.overrides", overrides, false},
		{componentsTable, componentsQuery, some},
		{crowdsTable, crowds, false},
		{spreadTable, "from identity_work.spread", false},
	}
}

const (
	membersFrom = `
from identity_work.accounts
inner join identity_work.members using (account)
inner join identity_work.ids on members.root = ids.account
inner join identity_work.kinds using (kind_no)
where not is_guest`

	accountCustomersQuery = "select channel, account_id, ids.id as customer_id, first_seen_at, kind as joined_by, first_run" + membersFrom

	customerAliasesQuery = `select own.id as alias_id, ids.id as customer_id, first_seen_at as since, kind as joined_by, channel, account_id
from identity_work.accounts
inner join identity_work.members using (account)
inner join identity_work.ids on members.root = ids.account
inner join identity_work.ids as own on accounts.account = own.account
inner join identity_work.kinds using (kind_no)
where accounts.account <> members.root`

	mergesQuery = `select ids.id as customer_id, accounts.channel, accounts.account_id, others.channel as other_channel,
    others.account_id as other_account_id, kinds.kind, hashes.value_hash, links.outcome, nullif(links.reason, '') as reason,
    case when kinds.kind = 'similar' then links.score end as score, evidence.source_file, evidence.source_row
from identity_work.links
inner join identity_work.kinds using (kind_no)
inner join identity_work.members on links.account = members.account
inner join identity_work.ids on members.root = ids.account
inner join identity_work.accounts on links.account = accounts.account
inner join identity_work.accounts as others on links.other = others.account
left join identity_work.hashes using (value_no)
left join identity_work.evidence on links.number = evidence.number
where not accounts.is_guest`

	identifiersQuery = `select hashes.kind, hashes.value_hash, accounts.channel, accounts.account_id, evidence.first_seen_at,
    evidence.last_seen_at, case when judged.shared then 'shared' else hashes.status end as status, evidence.source_file, evidence.source_row
from identity_work.judged
inner join identity_work.hashes using (value_no)
inner join identity_work.evidence using (number)
inner join identity_work.accounts on evidence.account = accounts.account
where not accounts.is_guest`

	overridesQuery = `select action, channel, account_id, other_channel, other_account_id, decided_by, decided_on, why,
    case when account is null or other is null then 'unknown_account' when refused <> '' then 'refused' else 'followed' end as outcome,
    case when account is null then ` + unknownAccount + ` when other is null then ` + unknownOther + ` else nullif(refused, '') end as reason
from identity_work.decisions
left join identity_work.followed using (number)`

	unknownAccount = `'no export names ' || channel || ':' || account_id`
	unknownOther   = `'no export names ' || other_channel || ':' || other_account_id`

	componentsQuery = `select channel, account_id, component
from identity_work.accounts
inner join identity_work.components using (account)
where not is_guest`

	crowdsQuery = `select hashes.kind, hashes.value_hash, crowds.accounts, accounts.channel, accounts.account_id, accounts.first_seen_at
from identity_work.crowds
inner join identity_work.hashes using (value_no)
inner join identity_work.accounts using (account)`
)

// historyQuery names the run that brought an account to its customer by the landing of the evidence: of a value the line that made the link known, of accounts that are alike what
// shows the later of them, and of what is its own what first shows the account. A decision of a person came with no landing.
func historyQuery() string {
	return `select accounts.channel, accounts.account_id, ids.id as customer_id,
    date '1970-01-01' + cast(from_day as integer) as valid_from,
    case when until_day < 2147483647 then date '1970-01-01' + cast(until_day as integer) end as valid_to,
    coalesce(kinds.kind, 'own') as cause,
    case
        when kinds.kind is null then accounts.first_run
        when kinds.kind = '` + similarKind + `' then greatest(one.first_run, other.first_run)
        when evidence.number is not null then ` + runName(landingNumber("evidence.first_seen_at", "evidence.source_file")) + `
    end as run,
    evidence.source_file, evidence.source_row
from identity_work.stays
inner join identity_work.accounts using (account)
inner join identity_work.ids on stays.root = ids.account
left join identity_work.links using (link)
left join identity_work.kinds on links.kind_no = kinds.kind_no
left join identity_work.accounts as one on links.account = one.account
left join identity_work.accounts as other on links.other = other.account
left join identity_work.evidence on links.number = evidence.number
where not accounts.is_guest`
}
