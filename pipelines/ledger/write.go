package ledger

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Sink takes the ledger's tables, batch by batch.
type Sink interface {
	// Write takes the next rows of a table. The batch is the sink's until Write returns; it retains what it keeps.
	Write(table string, batch arrow.RecordBatch) error
}

// batchRows is how many rows of a table are gathered before they are written: DuckDB's default row group.
const batchRows = 122_880

// writer turns postings into batches.
type writer struct {
	sink                                             Sink
	entries, lots, consumption, balances, exceptions *rows
}

func newWriter(sink Sink, memory memory.Allocator) *writer {
	made := make(map[string]*rows)
	for _, table := range Tables() {
		made[table.Name] = &rows{table: table.Name, builder: array.NewRecordBuilder(memory, table.Schema())}
	}
	return &writer{
		sink: sink, entries: made[EntriesTable], lots: made[LotsTable], consumption: made[ConsumptionTable],
		balances: made[BalancesTable], exceptions: made[ExceptionsTable],
	}
}

func (w *writer) all() []*rows {
	return []*rows{w.entries, w.lots, w.consumption, w.balances, w.exceptions}
}

func (w *writer) release() {
	for _, r := range w.all() {
		r.builder.Release()
	}
}

// write adds postings, and hands full batches to the sink.
func (w *writer) write(p *Postings) error {
	w.entries.addEntries(p)
	w.lots.addLots(p)
	w.consumption.addConsumption(p)
	w.balances.addBalances(p)
	w.exceptions.addExceptions(p)
	return w.flush(batchRows)
}

// flush writes the tables that have gathered so many rows.
func (w *writer) flush(least int) error {
	for _, r := range w.all() {
		if r.count < least || r.count == 0 {
			continue
		}
		if err := r.flush(w.sink); err != nil {
			return fmt.Errorf("write %s: %w", r.table, err)
		}
	}
	return nil
}

// rows gathers rows of one table.
type rows struct {
	table   string
	builder *array.RecordBuilder
	count   int
	column  int
}

func (r *rows) flush(sink Sink) error {
	batch := r.builder.NewRecordBatch()
	r.count = 0
	defer batch.Release()
	return sink.Write(r.table, batch)
}

// next is the builder of the next column. A table's columns are filled one after the other, each for all rows of the postings.
func (r *rows) next() array.Builder {
	builder := r.builder.Field(r.column)
	r.column = (r.column + 1) % len(r.builder.Fields())
	return builder
}

func (r *rows) account(p *Postings, n int) {
	r.count += n
	for _, text := range []string{p.Channel, p.AccountID} {
		builder := r.next().(*array.StringBuilder)
		builder.Reserve(n)
		for range n {
			appendText(builder, text)
		}
	}
}

func appendText(builder *array.StringBuilder, text string) {
	if text == "" {
		builder.AppendNull()
		return
	}
	builder.Append(text)
}

func addTexts[T any](r *rows, values []T, text func(*T) string) {
	builder := r.next().(*array.StringBuilder)
	builder.Reserve(len(values))
	for i := range values {
		appendText(builder, text(&values[i]))
	}
}

func addIntegers[T any](r *rows, values []T, integer func(*T) int64) {
	builder := r.next().(*array.Int64Builder)
	builder.Reserve(len(values))
	for i := range values {
		builder.UnsafeAppend(integer(&values[i]))
	}
}

func addInstants[T any](r *rows, values []T, instant func(*T) Instant) {
	builder := r.next().(*array.TimestampBuilder)
	builder.Reserve(len(values))
	for i := range values {
		builder.UnsafeAppend(arrow.Timestamp(instant(&values[i])))
	}
}

func addDays[T any](r *rows, values []T, day func(*T) Day) {
	builder := r.next().(*array.Date32Builder)
	builder.Reserve(len(values))
	for i := range values {
		if d := day(&values[i]); d == NoExpiry {
			builder.UnsafeAppendBoolToBitmap(false)
		} else {
			builder.UnsafeAppend(arrow.Date32(d))
		}
	}
}
