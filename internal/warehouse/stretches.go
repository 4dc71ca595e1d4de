//go:build duckdb_arrow

package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// stretchRows are read at once: some of DuckDB's groups of rows, so that every core has one to read.
const stretchRows = 4 * 122_880

// ReadInOrder hands the rows of a Parquet file to read, in the order in which they stand there. Unlike a query's result, which DuckDB makes whole before
// the first row is seen, it takes the same memory however long the file is; and while a stretch is worked on the next one is read.
func (s *Session) ReadInOrder(ctx context.Context, path string, read func(array.RecordReader) error) error {
	relation := "read_parquet(" + Quote(path) + ", file_row_number = true)"
	var rows int64
	if err := s.QueryRow(ctx, "select num_rows from parquet_file_metadata("+Quote(path)+")").Scan(&rows); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan stretch, 1)
	go func() {
		defer close(ready)
		for from := int64(0); from < max(1, rows) && ctx.Err() == nil; from += stretchRows {
			one := s.readStretch(ctx, relation, from)
			if one.err == nil {
				one.err = one.inOrder(from, min(rows-from, stretchRows))
			}
			ready <- one
			if one.err != nil {
				return
			}
		}
	}()
	reader := &stretches{ready: ready}
	defer func() {
		cancel()
		reader.Release()
		for left := range ready {
			left.release()
		}
	}()
	reader.take()
	if reader.err != nil {
		return reader.err
	}
	return errors.Join(read(reader), reader.err)
}

// stretch is the batches of some rows, each with the number of its first row.
type stretch struct {
	schema  *arrow.Schema
	batches []numbered
	err     error
}

type numbered struct {
	first int64
	arrow.RecordBatch
}

func (s stretch) release() {
	for _, batch := range s.batches {
		batch.Release()
	}
}

// readStretch reads rows, in batches that each are in order; the batches come as the threads have them ready.
func (s *Session) readStretch(ctx context.Context, relation string, from int64) (read stretch) {
	query := fmt.Sprintf("select * from %s where file_row_number >= %d and file_row_number < %d", relation, from, from+stretchRows)
	err := s.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		read.schema = reader.Schema()
		for reader.Next() {
			batch := reader.RecordBatch()
			if batch.NumRows() > 0 {
				batch.Retain()
				read.batches = append(read.batches, numbered{numbersOf(batch)[0], batch})
			}
		}
		return reader.Err()
	})
	read.err = err
	return read
}

// numbersOf are a batch's numbers of rows: the last column, which read_parquet adds.
func numbersOf(batch arrow.RecordBatch) []int64 {
	return batch.Column(int(batch.NumCols()) - 1).(*array.Int64).Int64Values()
}

// inOrder puts the batches in order, and proves that every row is there, once.
func (s *stretch) inOrder(from, rows int64) error {
	slices.SortFunc(s.batches, func(a, b numbered) int { return cmp.Compare(a.first, b.first) })
	next := from
	for _, batch := range s.batches {
		for _, number := range numbersOf(batch) {
			if number != next {
				return fmt.Errorf("read in order: row %d comes where row %d should", number, next)
			}
			next++
		}
	}
	if next != from+rows {
		return fmt.Errorf("read in order: %d rows from row %d on, want %d", next-from, from, rows)
	}
	return nil
}

// stretches is a RecordReader over stretches that are read ahead.
type stretches struct {
	ready   <-chan stretch
	current stretch
	next    int // batch of the current stretch
	err     error
}

// take waits for the next stretch.
func (r *stretches) take() bool {
	r.current.release()
	one, more := <-r.ready
	if !more {
		r.current = stretch{schema: r.current.schema}
		return false
	}
	r.current, r.next, r.err = one, 0, one.err
	return r.err == nil
}

func (r *stretches) Retain() {}

func (r *stretches) Release() {
	r.current.release()
	r.current = stretch{schema: r.current.schema}
}

func (r *stretches) Schema() *arrow.Schema { return r.current.schema }

func (r *stretches) Next() bool {
	for r.next >= len(r.current.batches) {
		if !r.take() {
			return false
		}
	}
	r.next++
	return true
}

func (r *stretches) RecordBatch() arrow.RecordBatch { return r.current.batches[r.next-1].RecordBatch }

func (r *stretches) Record() arrow.RecordBatch { return r.RecordBatch() }

func (r *stretches) Err() error { return r.err }
