package ledger

import (
	"fmt"
	"strings"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// InputSQL selects the movements that Run reads. It needs the variable as_of (DATE). A row without a time is selected too, so that it is listed as an
// exception. A transfer is answered by the movement of the other account that has its points with the other sign; of several, the first answers the
// first.
//
// The rows of an account have one place, and come in any order: Run puts them in order, several times cheaper than a query does.
const InputSQL = inputMovements + inputTransfers + inputAnswers + inputEverything

// InputOfSQL is InputSQL for the accounts alone that a table has in the columns channel and account_id.
func InputOfSQL(accounts string) string {
	return inputMovements + " and " + isIn("transactions", "account_id", accounts) +
		inputTransfers + " and (" + isIn("transactions", "account_id", accounts) + " or " + isIn("transactions", "counter_account_id", accounts) + ")" +
		inputAnswers + "    where " + isIn("one", "account_id", accounts) + inputEverything
}

// InputMoreSQL selects what has come to accounts whose other movements are kept (KeptOfSQL): rows of new files, and rows that lay beyond the as-of day and
// no longer do. It holds where no row of an old file has gone (AddedSQL), and for accounts without transfers.
func InputMoreSQL(past Past, accounts string) string {
	var late string
	if past.Fresh != "" {
		late = "    select * from (" + past.Fresh + ") where occurred_at is null or occurred_at < cast(" + past.AsOf + " as date) + interval 1 day\n    union all by name\n"
	}
	return strings.NewReplacer("{late}", late, "{as_of}", past.AsOf, "{wanted}", isIn("transactions", "account_id", accounts)).Replace(inputMore)
}

// KeptOfSQL selects what is kept of the accounts that a table has.
func KeptOfSQL(past Past, accounts string) string {
	return "select hash(channel, account_id) as place, channel, account_id, movements from (" + past.Kept + ") as transactions where " +
		isIn("transactions", "account_id", accounts)
}

// isIn is the condition that a row's channel and account are in a table. A missing one is like any other.
func isIn(row, account, accounts string) string {
	return fmt.Sprintf("exists (select 1 from %[3]s as wanted where wanted.channel is not distinct from %[1]s.channel and wanted.account_id is not distinct from %[1]s.%[2]s)",
		row, account, accounts)
}

const (
	inputMovements = `with movements as (
    select
        channel, account_id, coalesce(currency, 'points') as currency, txn_id, occurred_at, kind, points, order_id, expires_on, reason,
        counter_account_id, cast(null as varchar) as counter_txn_id, source_file, source_row,
    from dataset.point_transactions as transactions
    where kind is distinct from 'transfer' and (occurred_at is null or occurred_at < getvariable('as_of') + interval 1 day)`

	inputTransfers = `
), transfers as (
    select
        channel, account_id, coalesce(currency, 'points') as currency, txn_id, occurred_at, kind, points, order_id, expires_on, reason,
        counter_account_id, source_file, source_row,
        row_number() over (
            partition by channel, account_id, counter_account_id, coalesce(currency, 'points'), points
            order by occurred_at, txn_id, source_file, source_row
        ) as nth,
    from dataset.point_transactions as transactions
    where kind = 'transfer' and (occurred_at is null or occurred_at < getvariable('as_of') + interval 1 day)`

	inputAnswers = `
), answered as (
    select
        one.channel, one.account_id, one.currency, one.txn_id, one.occurred_at, one.kind, one.points, one.order_id, one.expires_on, one.reason,
        one.counter_account_id, other.txn_id as counter_txn_id, one.source_file, one.source_row,
    from transfers as one
    left join transfers as other
        on one.channel = other.channel
        and one.account_id = other.counter_account_id
        and one.counter_account_id = other.account_id
        and one.currency = other.currency
        and one.points = -other.points
        and one.nth = other.nth
`

	inputEverything = `
), everything as (
    select * from movements
    union all by name
    select * from answered
)
select
    hash(channel, account_id) as place,
    channel,
    account_id,
    currency,
    txn_id,
    occurred_at,
    kind,
    points,
    order_id,
    expires_on,
    reason,
    counter_account_id,
    counter_txn_id,
    source_file,
    source_row,
from everything`
)

const inputMore = `select
    hash(channel, account_id) as place,
    channel,
    account_id,
    coalesce(currency, 'points') as currency,
    txn_id,
    occurred_at,
    kind,
    points,
    order_id,
    expires_on,
    reason,
    counter_account_id,
    cast(null as varchar) as counter_txn_id,
    source_file,
    source_row,
from (
{late}    select * from dataset.point_transactions
    where occurred_at >= cast({as_of} as date) + interval 1 day and occurred_at < getvariable('as_of') + interval 1 day
) as transactions
where {wanted}`

// ProgrammeSQL selects the rules that ReadProgramme reads.
const ProgrammeSQL = `select valid_from, validity, validity_days, currency, grace_days, pending_days, burn_order, negative_balance, recredit_to, transfer_expiry
from seed.points_programme
order by valid_from`

// columns finds a batch's columns by name and type.
type columns struct {
	batch arrow.RecordBatch
	err   error
}

func column[T arrow.Array](c *columns, name string) T {
	var wanted T
	indices := c.batch.Schema().FieldIndices(name)
	if len(indices) != 1 {
		c.err = fmt.Errorf("column %q: found %d times", name, len(indices))
		return wanted
	}
	found, ok := c.batch.Column(indices[0]).(T)
	if !ok {
		c.err = fmt.Errorf("column %q: type %v is not supported", name, c.batch.Column(indices[0]).DataType())
	}
	return found
}

// movementColumns are those of InputSQL.
func movementColumns() []warehouse.Column {
	return []warehouse.Column{
		{Name: "place", Type: "UBIGINT"},
		{Name: "channel", Type: "VARCHAR"},
		{Name: "account_id", Type: "VARCHAR"},
		{Name: "currency", Type: "VARCHAR"},
		{Name: "txn_id", Type: "VARCHAR"},
		{Name: "occurred_at", Type: "TIMESTAMP"},
		{Name: "kind", Type: "VARCHAR"},
		{Name: "points", Type: "BIGINT"},
		{Name: "order_id", Type: "VARCHAR"},
		{Name: "expires_on", Type: "DATE"},
		{Name: "reason", Type: "VARCHAR"},
		{Name: "counter_account_id", Type: "VARCHAR"},
		{Name: "counter_txn_id", Type: "VARCHAR"},
		{Name: "source_file", Type: "VARCHAR"},
		{Name: "source_row", Type: "BIGINT"},
	}
}

// movementRows reads movements from rows of movementColumns. Texts it gives belong to the rows.
type movementRows struct {
	place                                                                       warehouse.Values[uint64]
	channel, account, currency, txn, kind, order, reason, file, counter, answer warehouse.Texts
	at, points, row                                                             warehouse.Values[int64]
	expires                                                                     warehouse.Values[int32]
}

func movementRowsOf(rows *warehouse.Chunk) *movementRows {
	return &movementRows{
		place: rows.Ubigints(0), channel: rows.Texts(1), account: rows.Texts(2), currency: rows.Texts(3), txn: rows.Texts(4), at: rows.Bigints(5), kind: rows.Texts(6),
		points: rows.Bigints(7), order: rows.Texts(8), expires: rows.Dates(9), reason: rows.Texts(10), counter: rows.Texts(11), answer: rows.Texts(12),
		file: rows.Texts(13), row: rows.Bigints(14),
	}
}

// addMovements adds the movements of InputSQL.
func (g *gathering) addMovements(rows *warehouse.Chunk) error {
	from := movementRowsOf(rows)
	var m Movement
	for i := range rows.Rows {
		from.movement(i, &m)
		if err := g.add(from.place.At(i), from.owner(i), &m); err != nil {
			return err
		}
	}
	return nil
}

// movement reads row i into m.
func (r *movementRows) movement(i int, m *Movement) {
	*m = Movement{
		TxnID: r.txn.At(i), OccurredAt: Instant(r.at.At(i)), Points: r.points.At(i), ExpiresOn: Day(r.expires.At(i)),
		KindName: r.kind.At(i), OrderID: r.order.At(i), Reason: r.reason.At(i),
		SourceFile: r.file.At(i), SourceRow: r.row.At(i), CounterAccount: r.counter.At(i), CounterTxn: r.answer.At(i),
	}
	m.Kind = ParseKind(m.KindName)
	if r.at.IsNull(i) {
		m.Lacks, m.OccurredAt = m.Lacks|LacksTime, 0
	}
	if r.points.IsNull(i) {
		m.Lacks, m.Points = m.Lacks|LacksPoints, 0
	}
	if r.expires.IsNull(i) {
		m.Lacks |= LacksExpiry
	}
}

// owner reads whose row i is.
func (r *movementRows) owner(i int) owner {
	return owner{channel: r.channel.At(i), account: r.account.At(i), currency: r.currency.At(i)}
}

func text(values *array.String, i int) string {
	if values.IsNull(i) {
		return ""
	}
	return values.Value(i)
}
