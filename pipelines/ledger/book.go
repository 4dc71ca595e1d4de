package ledger

import (
	"context"
	"errors"
	"fmt"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Booking says what Book books.
type Booking struct {
	Movements   string // the query: InputSQL, or what InputOfSQL gives
	Rows        int64  // how many movements these are, roughly
	AsOf        Day
	ScratchFile string // where the sorted movements may lie meanwhile; it is left there
	// Open opens a table for writing; where it gives nil, its rows are not kept.
	Open func(Table) *warehouse.BatchWriter
}

// atOnce is how many movements are sorted in memory and read from there. DuckDB's client holds a query's result as a whole; more of them go through a
// file, which costs a third more.
const atOnce = 4_000_000

// Book runs the ledger in a session: it has the movements sorted, books them as they come and writes the tables. Sorting is left to DuckDB, which does it
// on all cores and spills.
func Book(ctx context.Context, session *warehouse.Session, booking Booking) error {
	var programme []Programme
	err := session.ReadArrow(ctx, ProgrammeSQL, func(reader array.RecordReader) (err error) {
		programme, err = ReadProgramme(reader)
		return err
	})
	if err != nil {
		return err
	}
	tables := open{}
	for _, table := range Tables() {
		if writer := booking.Open(table); writer != nil {
			tables[table.Name] = writer
		}
	}
	err = booking.read(ctx, session, func(reader array.RecordReader) error {
		return Run(ctx, reader, programme, booking.AsOf, tables)
	})
	return errors.Join(err, tables.close())
}

// read hands on the movements in order.
func (b Booking) read(ctx context.Context, session *warehouse.Session, read func(array.RecordReader) error) error {
	if b.Rows <= atOnce {
		return session.ReadArrow(ctx, b.Movements, read)
	}
	if _, err := session.Exec(ctx, "copy (\n"+b.Movements+"\n) to "+warehouse.Quote(b.ScratchFile)+" "+warehouse.PassingParquet); err != nil {
		return fmt.Errorf("sort movements: %w", err)
	}
	return session.ReadInOrder(ctx, b.ScratchFile, read)
}

// open are the tables that are being written.
type open map[string]*warehouse.BatchWriter

// Write implements Sink.
func (o open) Write(table string, batch arrow.RecordBatch) error {
	if writer, kept := o[table]; kept {
		return writer.Write(batch)
	}
	return nil
}

func (o open) close() error {
	var problems []error
	for _, table := range Tables() {
		if writer, kept := o[table.Name]; kept {
			_, err := writer.Close()
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
