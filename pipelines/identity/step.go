package identity

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Writer takes a finished table as a query over the session.
type Writer func(table, query string) error

// Run merges the accounts of the session's datasets and writes every one of Tables. DuckDB numbers the accounts and finds file and
// line again; Go sees numbers, hashes and one pass of text.
func Run(ctx context.Context, session *warehouse.Session, config Config, write Writer) (err error) {
	work := &work{session: session, config: config, hasher: newHasher(config.Key), values: config.valueHasher()}
	defer func() {
		_, dropErr := session.Exec(context.WithoutCancel(ctx), "drop schema if exists identity_work cascade")
		err = errors.Join(err, dropErr)
	}()
	if err := work.prepare(ctx); err != nil {
		return fmt.Errorf("number the accounts: %w", err)
	}
	if err := work.readRules(ctx); err != nil {
		return fmt.Errorf("read identity_rules: %w", err)
	}
	if err := work.readAccounts(ctx); err != nil {
		return fmt.Errorf("read accounts: %w", err)
	}
	if err := work.readEvidence(ctx); err != nil {
		return fmt.Errorf("read identifiers: %w", err)
	}
	if err := work.writeBack(ctx, Merge(len(work.ids), work.rules, work.evidence)); err != nil {
		return fmt.Errorf("write back: %w", err)
	}
	for table, query := range finalQueries() {
		if err := write(table, query); err != nil {
			return fmt.Errorf("write %s: %w", table, err)
		}
	}
	return nil
}

type work struct {
	session  *warehouse.Session
	config   Config
	hasher   *hasher // of customer ids
	values   *hasher // of identifiers
	rules    []Rule
	scoped   []bool // by rule: the value counts within its channel only
	kinds    map[string]uint8
	junk     map[string]bool  // kind, 0x1f, normalised value
	ids      []string         // by account number
	channels map[int64]string // by channel number
	evidence []Evidence
}

// prepare numbers accounts by seniority, so that the lowest number of a customer is its oldest account.
func (w *work) prepare(ctx context.Context) error {
	for _, statement := range []string{
		"drop schema if exists identity_work cascade",
		"create schema identity_work",
		accountsQuery,
		evidenceQuery(w.config.Kinds),
	} {
		if _, err := w.session.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

const accountsQuery = `create table identity_work.accounts as
with mentions as (
    select channel, account_id, coalesce(registered_at, exported_at) as seen_at from dataset.accounts
    union all select channel, account_id, coalesce(ordered_at, paid_at, exported_at) from dataset.orders
    union all select channel, account_id, coalesce(refunded_at, exported_at) from dataset.refunds
    union all select channel, account_id, coalesce(occurred_at, exported_at) from dataset.point_transactions
    union all select channel, account_id, exported_at from dataset.point_balances
    union all select channel, account_id, coalesce(occurred_at, exported_at) from dataset.interactions
    union all select channel, referrer_account_id, coalesce(occurred_at, exported_at) from dataset.interactions
    union all select channel, account_id, coalesce(issued_at, exported_at) from dataset.coupons
    union all select coalesce(account_channel, channel), account_id, coalesce(sent_at, exported_at) from dataset.messages
    union all select channel, account_id, coalesce(joined_at, exported_at) from dataset.community_members
),
accounts as (
    select channel, account_id, min(seen_at) as first_seen_at
    from mentions
    where channel is not null and account_id is not null
    group by channel, account_id
)
select
    row_number() over (order by first_seen_at, channel, account_id) - 1 as account,
    dense_rank() over (order by channel) - 1 as channel_no,
    channel,
    account_id,
    first_seen_at
from accounts`

// evidenceQuery gives every value seen on every account once, with one line of a file where it stands. Accounts and kinds are numbers by
// then, since grouping by text costs several times as much.
func evidenceQuery(kinds []string) string {
	parts := make([]string, len(kinds))
	for i, kind := range kinds {
		name := warehouse.QuoteName(kind)
		parts[i] = fmt.Sprintf("select account, channel_no, %d as kind_no, cast(%s as varchar) as value, exported_at, place from mentions where %s is not null", i, name, name)
	}
	return `create table identity_work.evidence as
with mentions as materialized (
    select
        accounts.account, accounts.channel_no, given.exported_at, given.source_file || chr(31) || given.source_row as place,
        given.` + strings.Join(kinds, ", given.") + `
    from dataset.accounts as given
    inner join identity_work.accounts as accounts using (channel, account_id)
),
single_values as (
    ` + strings.Join(parts, "\n    union all ") + `
),
distinct_values as (
    select
        account, kind_no, value,
        min(channel_no) as channel_no,
        min(exported_at) as first_seen_at,
        max(exported_at) as last_seen_at,
        min(place) as place
    from single_values
    where value <> ''
    group by account, kind_no, value
)
select
    row_number() over (order by account, kind_no, value) - 1 as number,
    account, channel_no, kind_no, value, first_seen_at, last_seen_at,
    split_part(place, chr(31), 1) as source_file,
    split_part(place, chr(31), 2)::bigint as source_row
from distinct_values`
}

func (w *work) readRules(ctx context.Context) error {
	rows, err := w.session.Query(ctx, `select kind, trust, scope = 'channel', coalesce(values_per_customer, 0), coalesce(accounts_per_value, 0),
		coalesce(accounts_per_channel, 0) from seed.identity_rules order by trust, kind`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	w.kinds = map[string]uint8{}
	for rows.Next() {
		var rule Rule
		var scoped bool
		if err := rows.Scan(&rule.Kind, &rule.Trust, &scoped, &rule.ValuesPerCustomer, &rule.AccountsPerValue, &rule.AccountsPerChannel); err != nil {
			return err
		}
		w.kinds[rule.Kind] = uint8(len(w.rules))
		w.rules, w.scoped = append(w.rules, rule), append(w.scoped, scoped)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, kind := range w.config.Kinds {
		if _, found := w.kinds[kind]; !found {
			return fmt.Errorf("no rule for the identifier kind %q: add a line to seeds/identity_rules.csv", kind)
		}
	}
	return w.readJunk(ctx)
}

func (w *work) readJunk(ctx context.Context) error {
	rows, err := w.session.Query(ctx, "select kind, value from seed.identity_junk")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	w.junk = map[string]bool{}
	for rows.Next() {
		var kind, value string
		if err := rows.Scan(&kind, &value); err != nil {
			return err
		}
		normal, _ := Normalise(kind, value, w.config.Region)
		w.junk[kind+"\x1f"+normal] = true
	}
	return rows.Err()
}

func (w *work) readAccounts(ctx context.Context) error {
	w.channels = map[int64]string{}
	const query = "select channel, account_id, channel_no from identity_work.accounts order by account"
	return w.session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			batch := reader.RecordBatch()
			channels, accounts, numbers := batch.Column(0).(*array.String), batch.Column(1).(*array.String), batch.Column(2).(*array.Int64)
			for row := range int(batch.NumRows()) {
				w.ids = append(w.ids, w.hasher.accountID(channels.Value(row), accounts.Value(row)))
				if _, known := w.channels[numbers.Value(row)]; !known {
					w.channels[numbers.Value(row)] = strings.Clone(channels.Value(row)) // the batch's memory is lent
				}
			}
		}
		return nil
	})
}

func (w *work) readEvidence(ctx context.Context) error {
	const query = "select account, channel_no, kind_no, value, number from identity_work.evidence order by number"
	return w.session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			w.addBatch(reader.RecordBatch())
		}
		return nil
	})
}

func (w *work) addBatch(batch arrow.RecordBatch) {
	accounts, channels := batch.Column(0).(*array.Int64), batch.Column(1).(*array.Int64)
	kinds, values, numbers := batch.Column(2).(*array.Int32), batch.Column(3).(*array.String), batch.Column(4).(*array.Int64)
	for row := range int(batch.NumRows()) {
		kind := w.config.Kinds[kinds.Value(row)]
		normal, status := Normalise(kind, values.Value(row), w.config.Region)
		if w.junk[kind+"\x1f"+normal] {
			status = Junk
		}
		rule, scope := w.kinds[kind], ""
		if w.scoped[rule] {
			scope = w.channels[channels.Value(row)]
		}
		w.evidence = append(w.evidence, Evidence{
			Account: uint32(accounts.Value(row)), Channel: uint16(channels.Value(row)), Kind: rule, Status: status,
			Value: w.values.sum(kind, scope, normal), Number: numbers.Value(row),
		})
	}
}

// writeBack gives the session what Go decided, as numbers that the final queries join with the texts.
func (w *work) writeBack(ctx context.Context, result Result) error {
	if err := w.checkIDs(result); err != nil {
		return err
	}
	if err := w.load(ctx, "members", memberSchema(), len(result.Root), func(builder *array.RecordBuilder, i int) {
		builder.Field(0).(*array.Int64Builder).Append(int64(i))
		builder.Field(1).(*array.StringBuilder).Append(w.ids[i])
		builder.Field(2).(*array.StringBuilder).Append(w.ids[result.Root[i]])
		builder.Field(3).(*array.StringBuilder).Append(w.joinedBy(result.JoinedBy[i]))
	}); err != nil {
		return err
	}
	if err := w.load(ctx, "links", linkSchema(), len(result.Links), func(builder *array.RecordBuilder, i int) {
		link := result.Links[i]
		builder.Field(0).(*array.Int64Builder).Append(int64(link.Account))
		builder.Field(1).(*array.Int64Builder).Append(int64(link.Other))
		builder.Field(2).(*array.Int64Builder).Append(link.Evidence)
		builder.Field(3).(*array.StringBuilder).Append(w.rules[link.Kind].Kind)
		builder.Field(4).(*array.StringBuilder).Append(hex.EncodeToString(link.Value[:]))
		builder.Field(5).(*array.StringBuilder).Append(link.Outcome.String())
		builder.Field(6).(*array.StringBuilder).Append(link.Reason)
	}); err != nil {
		return err
	}
	shared := map[int64]bool{}
	for _, number := range result.Shared {
		shared[number] = true
	}
	return w.load(ctx, "judged", judgedSchema(), len(w.evidence), func(builder *array.RecordBuilder, i int) {
		evidence := w.evidence[i]
		if shared[evidence.Number] {
			evidence.Status = Shared
		}
		builder.Field(0).(*array.Int64Builder).Append(evidence.Number)
		builder.Field(1).(*array.StringBuilder).Append(hex.EncodeToString(evidence.Value[:]))
		builder.Field(2).(*array.StringBuilder).Append(evidence.Status.String())
		builder.Field(3).(*array.StringBuilder).Append(w.rules[evidence.Kind].Kind)
	})
}

func (w *work) joinedBy(kind int16) string {
	if kind < 0 {
		return "own"
	}
	return w.rules[kind].Kind
}

// checkIDs refuses to give two customers one id: 60 bits leave a small chance, and that must not pass in silence.
func (w *work) checkIDs(result Result) error {
	owner := make(map[string]int, len(w.ids)/2)
	for account, root := range result.Root {
		if int(root) != account {
			continue
		}
		if other, taken := owner[w.ids[account]]; taken {
			return fmt.Errorf("accounts %d and %d would give the same customer id %s: change the hashing key", other, account, w.ids[account])
		}
		owner[w.ids[account]] = account
	}
	return nil
}

const batchRows = 65_536

// load streams rows from Go into a table of the session.
func (w *work) load(ctx context.Context, table string, schema *arrow.Schema, rows int, appendRow func(*array.RecordBuilder, int)) error {
	loader := w.session.LoadTable(ctx, schema, "identity_work."+table)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for start := 0; start < rows; start += batchRows {
		for i := start; i < min(rows, start+batchRows); i++ {
			appendRow(builder, i)
		}
		batch := builder.NewRecordBatch()
		err := loader.Write(batch)
		batch.Release()
		if err != nil {
			break // Close tells why
		}
	}
	_, err := loader.Close()
	return err
}

func memberSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{integer("account"), text("own_id"), text("customer_id"), text("joined_by")}, nil)
}

func linkSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{
		integer("account"), integer("other"), integer("number"), text("kind"), text("value_hash"),
		text("outcome"), text("reason"),
	}, nil)
}

func judgedSchema() *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{integer("number"), text("value_hash"), text("status"), text("kind")}, nil)
}

func integer(name string) arrow.Field {
	return arrow.Field{Name: name, Type: arrow.PrimitiveTypes.Int64}
}

func text(name string) arrow.Field { return arrow.Field{Name: name, Type: arrow.BinaryTypes.String} }

func finalQueries() map[string]string {
	return map[string]string{
		"identity.account_customers": `select channel, account_id, customer_id, first_seen_at, joined_by
from identity_work.accounts inner join identity_work.members using (account)`,
		"identity.customer_aliases": `select own_id as alias_id, customer_id, first_seen_at as since, joined_by
from identity_work.accounts inner join identity_work.members using (account)
where own_id <> customer_id`,
		"identity.merges": `select members.customer_id, accounts.channel, accounts.account_id, others.channel as other_channel,
    others.account_id as other_account_id, links.kind, links.value_hash, links.outcome, nullif(links.reason, '') as reason,
    evidence.source_file, evidence.source_row
from identity_work.links
inner join identity_work.members using (account)
inner join identity_work.accounts on links.account = accounts.account
inner join identity_work.accounts as others on links.other = others.account
inner join identity_work.evidence on links.number = evidence.number`,
		"identity.identifiers": `select judged.kind, judged.value_hash, accounts.channel, accounts.account_id, evidence.first_seen_at,
    evidence.last_seen_at, judged.status, evidence.source_file, evidence.source_row
from identity_work.judged
inner join identity_work.evidence using (number)
inner join identity_work.accounts on evidence.account = accounts.account`,
	}
}
