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
	AsOf        Day
	ScratchFile string // where the sorted movements lie meanwhile; it is left there
	// Open opens a table for writing; where it gives nil, its rows are not kept.
	Open func(Table) *warehouse.BatchWriter
}

// Book runs the ledger in a session: it sorts the movements into a file, books them from there and writes the tables. Sorting is left to DuckDB, which
// does it on all cores and spills; the kernel then has them in a stream that takes little memory.
func Book(ctx context.Context, session *warehouse.Session, booking Booking) error {
	var programme []Programme
	err := session.ReadArrow(ctx, ProgrammeSQL, func(reader array.RecordReader) (err error) {
		programme, err = ReadProgramme(reader)
		return err
	})
	if err != nil {
		return err
	}
	if _, err := session.Exec(ctx, "copy (\n"+booking.Movements+"\n) to "+warehouse.Quote(booking.ScratchFile)+" "+warehouse.PassingParquet); err != nil {
		return fmt.Errorf("sort movements: %w", err)
	}
	tables := open{}
	for _, table := range Tables() {
		if writer := booking.Open(table); writer != nil {
			tables[table.Name] = writer
		}
	}
	err = session.ReadInOrder(ctx, booking.ScratchFile, func(reader array.RecordReader) error {
		return Run(ctx, reader, programme, booking.AsOf, tables)
	})
	return errors.Join(err, tables.close())
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
