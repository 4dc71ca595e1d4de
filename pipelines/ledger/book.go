package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// Booking says what Book books.
type Booking struct {
	Movements string // the query: InputSQL, InputOfSQL, or InputMoreSQL
	// Kept is a query: rows of KeptTable with their place (KeptOfSQL), of accounts of which Movements has only what is new. Empty: none.
	Kept    string
	AsOf    Day
	Scratch string // a folder in which movements lie meanwhile for which there is no room in memory; it is left there
	Held    int64  // how many bytes of movements are held in memory; 0: MostHeld
	// Open opens a table, of Tables or KeptTable, for writing; where it gives nil, its rows are not made.
	Open func(Table) *warehouse.BatchWriter
}

// Book runs the ledger in a session: it reads the movements, books them account by account on all cores, and writes the tables.
func Book(ctx context.Context, session *warehouse.Session, booking Booking) error {
	var programme []Programme
	err := session.ReadArrow(ctx, ProgrammeSQL, func(reader array.RecordReader) (err error) {
		programme, err = ReadProgramme(reader)
		return err
	})
	if err != nil {
		return err
	}
	pools, err := findPools(ctx, session)
	if err != nil {
		return err
	}
	sink := open{}
	var tables []Table
	for _, table := range append(Tables(), Kept()) {
		if writer := booking.Open(table); writer != nil {
			sink[table.Name], tables = writer, append(tables, table)
		}
	}
	staff, err := newOffice(clerks(), programme, pools, booking.AsOf, sink, tables)
	if err == nil {
		err = booking.book(ctx, session, staff)
	}
	return errors.Join(err, sink.close())
}

func (b Booking) book(ctx context.Context, session *warehouse.Session, staff office) error {
	held := cmp.Or(b.Held, MostHeld)
	together, err := findCircles(ctx, session, len(staff), held, b.Scratch)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	all, aside := newPortion(len(staff), held, b.Scratch, together), &portion{gathered: together.aside}
	err = all.gather(ctx, session, b.Movements, movementColumns(), (*gathering).addMovements)
	if err == nil && b.Kept != "" {
		err = all.gather(ctx, session, b.Kept, keptColumns(), (*gathering).addKept)
	}
	if err == nil {
		err = staff.book(ctx, all)
	}
	if err == nil {
		err = staff.book(ctx, aside)
	}
	if err = errors.Join(err, all.remove(), aside.remove()); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return staff.finish()
}

// open are the tables that are being written.
type open map[string]*warehouse.BatchWriter

// Write implements Sink.
func (o open) Write(table string, batch arrow.RecordBatch) error { return o[table].Write(batch) }

func (o open) close() error {
	var problems []error
	for _, writer := range o {
		_, err := writer.Close()
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
