package ledger

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Sink takes the ledger's tables, batch by batch.
type Sink interface {
	// Write takes the next rows of a table. The batch is the sink's until Write returns; it retains what it keeps. Several goroutines call it at once.
	Write(table string, batch arrow.RecordBatch) error
}

// batchRows is how many rows of a table are gathered before they are written.
const batchRows = 65_536

// writer turns postings into batches.
type writer struct {
	sink                                             Sink
	entries, lots, consumption, balances, exceptions *rows
	kept                                             *keeper // nil: nothing is kept
}

func newWriter(sink Sink, keep bool) *writer {
	made := make(map[string]*rows)
	for _, table := range Tables() {
		made[table.Name] = newRows(table)
	}
	w := &writer{
		sink: sink, entries: made[EntriesTable], lots: made[LotsTable], consumption: made[ConsumptionTable],
		balances: made[BalancesTable], exceptions: made[ExceptionsTable],
	}
	if keep {
		w.kept = newKeeper()
	}
	return w
}

// keep adds the movements of a place, as they were booked, to what is kept of them.
func (w *writer) keep(g *group, order []int32) {
	if w.kept != nil {
		w.kept.add(g, order)
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

// flush writes the tables that have gathered at least so many rows.
func (w *writer) flush(least int) error {
	all := []*rows{w.entries, w.lots, w.consumption, w.balances, w.exceptions}
	if w.kept != nil {
		all = append(all, w.kept.rows)
	}
	for _, r := range all {
		if r.count < least {
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
	schema  *arrow.Schema
	columns []gathered
	count   int
	column  int // the next one to fill
}

func newRows(table Table) *rows {
	r := &rows{table: table.Name, schema: table.Schema()}
	for _, column := range table.Columns {
		switch column.Type {
		case Name:
			r.columns = append(r.columns, &recurring{names: newNames()})
		case Text, Bytes:
			r.columns = append(r.columns, &texts{})
		case Date:
			r.columns = append(r.columns, &days{})
		default:
			r.columns = append(r.columns, &integers{})
		}
	}
	return r
}

func (r *rows) flush(sink Sink) error {
	arrays := make([]arrow.Array, len(r.columns))
	for i, column := range r.columns {
		arrays[i] = column.finish(r.schema.Field(i).Type)
		defer arrays[i].Release()
	}
	batch := array.NewRecordBatch(r.schema, arrays, int64(r.count))
	defer batch.Release()
	r.count = 0
	return sink.Write(r.table, batch)
}

// next is the next column. The columns are filled one after the other, each for all rows of the postings.
func (r *rows) next() gathered {
	column := r.columns[r.column]
	r.column = (r.column + 1) % len(r.columns)
	return column
}

// account fills the first two columns.
func (r *rows) account(p *Postings, n int) {
	r.count += n
	channel := r.next().(*recurring)
	for range n {
		channel.add(p.Channel)
	}
	r.next().(*recurring).repeat(p.AccountID, n)
}

// currency fills the next column.
func (r *rows) currency(p *Postings, n int) {
	currency := r.next().(*recurring)
	for range n {
		currency.add(p.Currency)
	}
}

func addNames[T any](r *rows, values []T, name func(*T) string) {
	column := r.next().(*recurring)
	for i := range values {
		column.add(name(&values[i]))
	}
}

func addTexts[T any](r *rows, values []T, text func(*T) string) {
	column := r.next().(*texts)
	for i := range values {
		column.add(text(&values[i]))
	}
}

func addIntegers[T any](r *rows, values []T, integer func(*T) int64) {
	column := r.next().(*integers)
	for i := range values {
		column.add(integer(&values[i]))
	}
}

func addDays[T any](r *rows, values []T, day func(*T) Day) {
	column := r.next().(*days)
	for i := range values {
		column.add(day(&values[i]))
	}
}
