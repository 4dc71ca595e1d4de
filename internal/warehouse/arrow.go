//go:build duckdb_arrow

package warehouse

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"

	"countinghouse/internal/columnfile"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/duckdb/duckdb-go/v2"
)

// ReadArrow runs a query and hands its result to read as a stream of Arrow batches. A batch is valid until the next one is asked for.
func (s *Session) ReadArrow(ctx context.Context, query string, read func(array.RecordReader) error) error {
	return s.withArrow(ctx, func(connection *duckdb.Arrow, _ driver.ExecerContext) error {
		reader, err := connection.QueryContext(ctx, query)
		if err != nil {
			return err
		}
		defer reader.Release()
		if err := read(reader); err != nil {
			return err
		}
		return reader.Err()
	})
}

// withArrow lends one connection in both its forms: views of Arrow streams are to be used on the connection that made them.
func (s *Session) withArrow(ctx context.Context, use func(*duckdb.Arrow, driver.ExecerContext) error) error {
	connection, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	return connection.Raw(func(raw any) error {
		arrowConnection, err := duckdb.NewArrowFromConn(raw.(driver.Conn))
		if err != nil {
			return err
		}
		return use(arrowConnection, raw.(driver.ExecerContext))
	})
}

// BatchWriter feeds a stream of Arrow batches to a statement while the batches are still being made.
type BatchWriter struct {
	batches chan arrow.RecordBatch
	done    chan error
	failed  chan struct{}
	rows    int64 // when done
}

// ErrEnded says that a batch comes too late: the statement has ended, and Close tells why.
var ErrEnded = errors.New("the writer has ended")

// WriteParquet starts a writer for the file at path. Every batch must have the schema. Close must be called. What columnfile takes is written by it, each
// batch as a row group, and what it doesn't by DuckDB.
func (s *Session) WriteParquet(ctx context.Context, schema *arrow.Schema, path string) *BatchWriter {
	if columnfile.Takes(schema) {
		return startWriter(batchesWaiting, func(batches <-chan arrow.RecordBatch) (int64, error) { return writeFile(schema, path, batches) })
	}
	return s.Stream(ctx, schema, batchesWaiting, func(view string) string {
		return "copy (from " + view + ") to " + Quote(path) + " " + WorkingParquet
	})
}

// LoadTable starts a writer for a new table of the session, named as schema.name. Close must be called.
func (s *Session) LoadTable(ctx context.Context, schema *arrow.Schema, table string) *BatchWriter {
	return s.Stream(ctx, schema, batchesWaiting, func(view string) string {
		return "create table " + table + " as from " + view
	})
}

// rowsOfBatch are handed over at once.
const rowsOfBatch = 65_536

// LoadRows makes a new table of the session, named as schema.name. appendRow is called for each of so many rows in order, and adds one to the builder, or none.
func (s *Session) LoadRows(ctx context.Context, schema *arrow.Schema, table string, rows int, appendRow func(builder *array.RecordBuilder, row int)) error {
	loader := s.LoadTable(ctx, schema, table)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer builder.Release()
	for start := 0; start < rows; start += rowsOfBatch {
		for row := start; row < min(rows, start+rowsOfBatch); row++ {
			appendRow(builder, row)
		}
		if builder.Field(0).Len() == 0 {
			continue
		}
		batch := builder.NewRecordBatch()
		err := loader.Write(batch)
		batch.Release()
		if err != nil {
			break // Close tells why
		}
	}
	_, err := loader.Close()
	return err
}

// batchesWaiting is how many batches of rowsOfBatch may wait for DuckDB.
const batchesWaiting = 2

// Stream starts a statement that reads the batches once, as the view that it is given, and writes rows. Every batch must have the schema, and so many may
// wait: whoever makes them goes on while DuckDB's threads are busy with what they have. Close must be called.
//
// The statement must use every column of the view and put no condition on it that holds for a single row alone: DuckDB leaves both, the
// choice of columns and such conditions, to the stream, which knows neither, so that columns would be exchanged and conditions be lost
// without an error.
func (s *Session) Stream(ctx context.Context, schema *arrow.Schema, waiting int, statement func(view string) string) *BatchWriter {
	return startWriter(waiting, func(batches <-chan arrow.RecordBatch) (int64, error) {
		return s.consume(ctx, &stream{schema: schema, batches: batches}, statement)
	})
}

// startWriter starts what takes the batches and gives the number of rows that it wrote.
func startWriter(waiting int, consume func(<-chan arrow.RecordBatch) (int64, error)) *BatchWriter {
	writer := &BatchWriter{batches: make(chan arrow.RecordBatch, waiting), done: make(chan error, 1), failed: make(chan struct{})}
	go func() {
		var err error
		writer.rows, err = consume(writer.batches)
		close(writer.failed)
		writer.done <- err
	}()
	return writer
}

func writeFile(schema *arrow.Schema, path string, batches <-chan arrow.RecordBatch) (int64, error) {
	file, err := columnfile.Create(path, schema)
	if err != nil {
		return 0, err
	}
	for batch := range batches {
		err := file.Write(batch)
		batch.Release()
		if err != nil {
			_, closeErr := file.Close()
			return 0, errors.Join(err, closeErr)
		}
	}
	return file.Close()
}

// Write hands a batch over. It waits while the writer is behind, so that memory stays bounded.
func (w *BatchWriter) Write(batch arrow.RecordBatch) error {
	batch.Retain()
	select {
	case w.batches <- batch:
		return nil
	case <-w.failed:
		batch.Release()
		return ErrEnded
	}
}

// Close ends the stream, waits for the statement, and gives the number of rows that it wrote. A file is not synced.
func (w *BatchWriter) Close() (int64, error) {
	close(w.batches)
	if err := <-w.done; err != nil {
		return 0, fmt.Errorf("write batches: %w", err)
	}
	return w.rows, nil
}

func (s *Session) consume(ctx context.Context, source *stream, statement func(view string) string) (rows int64, err error) {
	// The view is the database's, not the connection's: each stream needs a name of its own.
	view := fmt.Sprintf("incoming_batches_%d", s.streams.Add(1))
	err = s.withArrow(ctx, func(connection *duckdb.Arrow, execute driver.ExecerContext) error {
		release, err := connection.RegisterView(source, view)
		if err != nil {
			return err
		}
		defer release()
		result, err := execute.ExecContext(ctx, statement(view), nil)
		if err == nil {
			rows, err = result.RowsAffected()
		}
		_, dropErr := execute.ExecContext(context.WithoutCancel(ctx), "drop view "+view, nil)
		return errors.Join(err, dropErr)
	})
	return rows, err
}

// stream is a RecordReader over batches that arrive on a channel.
type stream struct {
	schema     *arrow.Schema
	batches    <-chan arrow.RecordBatch
	current    arrow.RecordBatch
	references atomic.Int64
}

func (r *stream) Retain() { r.references.Add(1) }

// Release drops what is left when the reader's last user is gone, so that a failed copy leaks nothing.
func (r *stream) Release() {
	if r.references.Add(-1) <= 0 && r.current != nil {
		r.current.Release()
		r.current = nil
	}
}

func (r *stream) Schema() *arrow.Schema { return r.schema }

func (r *stream) Next() bool {
	if r.current != nil {
		r.current.Release()
	}
	batch, open := <-r.batches
	r.current = batch
	return open
}

func (r *stream) RecordBatch() arrow.RecordBatch { return r.current }

func (r *stream) Record() arrow.RecordBatch { return r.current }

func (r *stream) Err() error { return nil }
