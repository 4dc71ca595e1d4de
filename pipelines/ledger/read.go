package ledger

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// InputSQL selects the movements that Run reads, in ledger order. It needs the variable as_of (DATE). A row without a time is selected
// too, so that it is listed as an exception. A transfer is answered by the movement of the other account that has its points with the other sign;
// of several, the first answers the first.
const InputSQL = `with movements as (
    select
        channel, account_id, coalesce(currency, 'points') as currency, txn_id, occurred_at, kind, points, order_id, expires_on, reason,
        counter_account_id, source_file, source_row,
    from dataset.point_transactions
    where occurred_at is null or occurred_at < getvariable('as_of') + interval 1 day
), transfers as (
    select
        *,
        row_number() over (
            partition by channel, account_id, counter_account_id, currency, points
            order by occurred_at, txn_id, source_file, source_row
        ) as nth,
    from movements
    where kind = 'transfer'
), answered as (
    select
        one.channel, one.account_id, one.currency, one.txn_id, one.occurred_at, one.kind, one.points, one.order_id, one.expires_on, one.reason,
        one.counter_account_id, one.source_file, one.source_row, other.txn_id as counter_txn_id,
    from transfers as one
    left join transfers as other
        on one.channel = other.channel
        and one.account_id = other.counter_account_id
        and one.counter_account_id = other.account_id
        and one.currency = other.currency
        and one.points = -other.points
        and one.nth = other.nth
), everything as (
    select *, cast(null as varchar) as counter_txn_id from movements where kind is distinct from 'transfer'
    union all by name
    select * from answered
)
select
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
from everything
order by
    channel nulls first,
    account_id nulls first,
    currency,
    occurred_at nulls first,
    case kind
        when 'expire' then 0
        when 'opening' then 1
        when 'extend' then 2
        when 'reinstate' then 3
        when 'earn' then 4
        when 'claw_back' then 5
        when 'transfer' then 6
        when 'redeem' then 7
        when 'recredit' then 8
        when 'adjust' then 9
        else 10
    end,
    txn_id nulls first,
    source_file,
    source_row`

// ProgrammeSQL selects the rules that ReadProgramme reads.
const ProgrammeSQL = `select valid_from, validity, validity_days, currency, grace_days, pending_days, burn_order, negative_balance, recredit_to
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

// movementBatch reads movements from a batch of InputSQL's columns. Texts it gives belong to the batch.
type movementBatch struct {
	channel, account, currency, txn, kind, order, reason, file, counter, answer *array.String

	at          *array.Timestamp
	points, row *array.Int64
	expires     *array.Date32
}

func newMovementBatch(batch arrow.RecordBatch) (*movementBatch, error) {
	c := &columns{batch: batch}
	b := &movementBatch{
		channel: column[*array.String](c, "channel"), account: column[*array.String](c, "account_id"),
		txn: column[*array.String](c, "txn_id"), kind: column[*array.String](c, "kind"),
		order: column[*array.String](c, "order_id"), reason: column[*array.String](c, "reason"),
		file: column[*array.String](c, "source_file"), at: column[*array.Timestamp](c, "occurred_at"),
		points: column[*array.Int64](c, "points"), row: column[*array.Int64](c, "source_row"),
		expires: column[*array.Date32](c, "expires_on"), currency: column[*array.String](c, "currency"),
		counter: column[*array.String](c, "counter_account_id"), answer: column[*array.String](c, "counter_txn_id"),
	}
	if c.err == nil {
		c.err = checkUnit(b.at)
	}
	return b, c.err
}

// checkUnit refuses what is not DuckDB's TIMESTAMP: microseconds of a wall clock.
func checkUnit(at *array.Timestamp) error {
	kind, ok := at.DataType().(*arrow.TimestampType)
	if !ok || kind.Unit != arrow.Microsecond || kind.TimeZone != "" {
		return fmt.Errorf(`column "occurred_at": type %v is not a wall clock in microseconds`, at.DataType())
	}
	return nil
}

// movement reads row i into m.
func (b *movementBatch) movement(i int, m *Movement) {
	*m = Movement{
		TxnID: text(b.txn, i), OccurredAt: Instant(b.at.Value(i)), Points: b.points.Value(i), ExpiresOn: Day(b.expires.Value(i)),
		KindName: text(b.kind, i), OrderID: text(b.order, i), Reason: text(b.reason, i),
		SourceFile: text(b.file, i), SourceRow: b.row.Value(i), CounterAccount: text(b.counter, i), CounterTxn: text(b.answer, i),
	}
	m.Kind = ParseKind(m.KindName)
	if b.at.IsNull(i) {
		m.Lacks |= LacksTime
	}
	if b.points.IsNull(i) {
		m.Lacks |= LacksPoints
	}
	if b.expires.IsNull(i) {
		m.Lacks |= LacksExpiry
	}
}

func text(values *array.String, i int) string {
	if values.IsNull(i) {
		return ""
	}
	return values.Value(i)
}
