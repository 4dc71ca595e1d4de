package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"golang.org/x/sync/errgroup"
)

// Booking says what Book books.
type Booking struct {
	Movements string // the query: InputSQL, InputOfSQL, or InputMoreSQL
	Rows      int64  // how many movements these are, roughly
	// Kept is a query: rows of KeptTable with their place (KeptOfSQL), of accounts of which Movements has only what is new. Empty: none.
	Kept    string
	AsOf    Day
	Scratch string // a folder that the parts of many movements may lie in meanwhile; it is left there
	// Open opens a table, of Tables or KeptTable, for writing; where it gives nil, its rows are not made.
	Open func(Table) *warehouse.BatchWriter
}

// atOnce is how many movements are held at once: DuckDB's client holds a query's result as a whole. More of them are parted by account first, in files,
// and then one part is read while another is booked.
const (
	atOnce  = 4_000_000
	perPart = 2_000_000
)

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
	together, err := findCircles(ctx, session, len(staff))
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if b.Rows <= atOnce {
		err = b.inOne(ctx, session, staff, together)
	} else {
		err = b.inParts(ctx, session, staff, together)
	}
	if err == nil {
		err = staff.book(ctx, &portion{gathered: together.aside})
	}
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return staff.finish()
}

func (b Booking) inOne(ctx context.Context, session *warehouse.Session, staff office, together *circles) error {
	all := newPortion(len(staff), b.Rows, together)
	if err := all.fill(ctx, session, b.Movements, (*gathering).addBatch); err != nil {
		return err
	}
	if b.Kept != "" {
		if err := all.fill(ctx, session, b.Kept, (*gathering).addKept); err != nil {
			return err
		}
	}
	return staff.book(ctx, all)
}

func (p *portion) fill(ctx context.Context, session *warehouse.Session, query string, add func(*gathering, arrow.RecordBatch) error) error {
	return session.ReadArrow(ctx, query, func(reader array.RecordReader) error { return p.gather(ctx, reader, add) })
}

// inParts books the accounts part by part: one is read while the one before it is booked.
func (b Booking) inParts(ctx context.Context, session *warehouse.Session, staff office, together *circles) error {
	parts := b.Rows/perPart + 1
	split := fmt.Sprintf("copy (select *, place %% %d as part from (\n%s\n)) to %s %s", parts, b.Movements, warehouse.Quote(b.Scratch), warehouse.PassingParts("part"))
	if _, err := session.Exec(ctx, split); err != nil {
		return fmt.Errorf("part movements: %w", err)
	}
	empty, full := make(chan *portion, 2), make(chan *portion)
	empty <- newPortion(len(staff), b.Rows/parts, together)
	empty <- newPortion(len(staff), b.Rows/parts, together)
	working, ctx := errgroup.WithContext(ctx)
	working.Go(func() error {
		defer close(full)
		for part := range parts {
			if err := b.part(ctx, session, part, parts, empty, full); err != nil {
				return err
			}
		}
		return nil
	})
	working.Go(func() error {
		for one := range full {
			if err := staff.book(ctx, one); err != nil {
				return err
			}
			one.empty()
			empty <- one
		}
		return nil
	})
	return working.Wait()
}

// part reads one part and hands it on.
func (b Booking) part(ctx context.Context, session *warehouse.Session, part, parts int64, empty <-chan *portion, full chan<- *portion) error {
	var one *portion
	select {
	case one = <-empty:
	case <-ctx.Done():
		return ctx.Err()
	}
	folder := filepath.Join(b.Scratch, fmt.Sprintf("part=%d", part))
	if _, err := os.Stat(folder); err == nil { // else it has no movements
		query := "from read_parquet(" + warehouse.Quote(filepath.Join(folder, "*.parquet")) + ", hive_partitioning = false)"
		if err := one.fill(ctx, session, query, (*gathering).addBatch); err != nil {
			return err
		}
	}
	if b.Kept != "" {
		kept := fmt.Sprintf("from (\n%s\n) where place %% %d = %d", b.Kept, parts, part)
		if err := one.fill(ctx, session, kept, (*gathering).addKept); err != nil {
			return err
		}
	}
	select {
	case full <- one:
		return os.RemoveAll(folder)
	case <-ctx.Done():
		return ctx.Err()
	}
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
