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

// How many rows of a table are gathered before they are written. What is kept has a thousand bytes a row.
const (
	batchRows = 65_536
	keptRows  = 4096
)

// writer turns postings into batches. Tables that it does not make are nil.
type writer struct {
	sink                                             Sink
	entries, lots, consumption, balances, exceptions *rows
	kept                                             *keeper
}

// newWriter makes some of Tables, and KeptTable if it is one of them.
func newWriter(sink Sink, tables []Table) *writer {
	made := make(map[string]*rows)
	for _, table := range tables {
		made[table.Name] = newRows(table, batchRows)
	}
	w := &writer{
		sink: sink, entries: made[EntriesTable], lots: made[LotsTable], consumption: made[ConsumptionTable],
		balances: made[BalancesTable], exceptions: made[ExceptionsTable],
	}
	if made[KeptTable] != nil {
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
	if w.kept != nil {
		w.kept.tally(p)
	}
	return w.flush(false)
}

// flush writes the tables that have gathered a batch or, at the end, any rows.
func (w *writer) flush(end bool) error {
	all := []*rows{w.entries, w.lots, w.consumption, w.balances, w.exceptions}
	if w.kept != nil {
		all = append(all, w.kept.rows)
	}
	for _, r := range all {
		if r == nil || r.count == 0 || r.count < r.batch && !end {
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
	batch   int // so many are written at once
	column  int // the next one to fill
}

func newRows(table Table, batch int) *rows {
	r := &rows{table: table.Name, schema: table.Schema(), batch: batch}
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
	r.next().(*recurring).repeat(p.Channel, n, false)
	r.next().(*recurring).repeat(p.AccountID, n, true)
}

// currency fills the next column.
func (r *rows) currency(p *Postings, n int) {
	r.next().(*recurring).repeat(p.Currency, n, false)
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
