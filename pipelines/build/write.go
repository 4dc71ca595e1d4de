package build

import (
	"context"
	"fmt"
	"sync"

	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
)

// TableWriter writes a step's tables: from Go as Arrow batches, or from the session as a query; whole, or in parts. A table has its parts in the order
// of the calls. A reader sees one table.
type TableWriter struct{ desk *desk }

// desk is where a step's tables lie until they are stored.
type desk struct {
	session *warehouse.Session
	scratch string // what the names of files begin with

	mutex   sync.Mutex
	files   int
	written map[string][]*piece
	left    map[string]int64
}

// piece is a table or a part of one: a scratch file, or what is stored already.
type piece struct {
	path     string
	whole    bool
	stored   *snapshot.Part
	replaces *Keys
}

// Keys are values of some columns of the step's tables, by which a part replaces rows of the parts before it.
type Keys struct {
	columns []string
	path    string
	stored  *snapshot.Keys // once it is
}

func (d *desk) path() string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.files++
	return fmt.Sprintf("%s-%d.parquet", d.scratch, d.files)
}

func (d *desk) add(table string, added *piece) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.written[table] = append(d.written[table], added)
}

// Batches opens a table for writing from Go.
func (w TableWriter) Batches(ctx context.Context, table string, schema *arrow.Schema) *warehouse.BatchWriter {
	return w.part(table, nil, true).Batches(ctx, schema)
}

// Query writes the result of a query as a table.
func (w TableWriter) Query(ctx context.Context, table, query string) error {
	return w.part(table, nil, true).Query(ctx, query)
}

// TakeOver makes a stored part one of the table, as it is: nothing is written.
func (w TableWriter) TakeOver(part Part) {
	w.desk.add(part.table, &piece{stored: &part.part})
}

// Left says how many rows of the parts of a table that are taken over remain the table's when later parts have replaced others. Where a step does not say
// it, they are counted.
func (w TableWriter) Left(table string, rows int64) {
	w.desk.mutex.Lock()
	defer w.desk.mutex.Unlock()
	w.desk.left[table] = rows
}

// Keys writes values of some columns, as a query gives them, by which parts replace rows. The same can be used for several tables.
func (w TableWriter) Keys(ctx context.Context, columns []string, query string) (*Keys, error) {
	keys := &Keys{columns: columns, path: w.desk.path()}
	_, err := w.desk.session.Exec(ctx, copyQuery(query, keys.path))
	return keys, err
}

// ScratchFile is a path for a file that the step needs only while it runs.
func (w TableWriter) ScratchFile() string { return w.desk.path() }

// Part begins a new part. If it replaces keys, rows that have them in the parts before it are no longer rows of the table.
func (w TableWriter) Part(table string, replaces *Keys) PartWriter {
	return w.part(table, replaces, false)
}

func (w TableWriter) part(table string, replaces *Keys, whole bool) PartWriter {
	added := &piece{path: w.desk.path(), whole: whole, replaces: replaces}
	w.desk.add(table, added)
	return PartWriter{w.desk.session, added.path}
}

// PartWriter writes one part, once.
type PartWriter struct {
	session *warehouse.Session
	path    string
}

// Batches opens the part for writing from Go.
func (w PartWriter) Batches(ctx context.Context, schema *arrow.Schema) *warehouse.BatchWriter {
	return w.session.WriteParquet(ctx, schema, w.path)
}

// Query writes the result of a query as the part.
func (w PartWriter) Query(ctx context.Context, query string) error {
	_, err := w.session.Exec(ctx, copyQuery(query, w.path))
	return err
}
