package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// product is what making a node came to.
type product struct {
	tables []snapshot.Manifest
	months []string // of a table made by the month: those made now
	cost   warehouse.Cost
	// rows and bytes are of the months that a backfill looked at, which are no table.
	rows, bytes int64
}

func (e *execution) makeNode(ctx context.Context, n *node) error {
	start := e.Now()
	e.shares.begin(n)
	made, err := e.make(ctx, n, start)
	cpu := e.shares.end(n)
	if err != nil {
		told := fmt.Errorf("build %s: %w", n.name, n.problem(err))
		if warehouse.IsOutOfMemory(err) {
			return outOfMemory{told}
		}
		return told
	}
	event := Event{Rows: made.rows, Bytes: made.bytes, Seconds: e.Now().Sub(start).Seconds(), CPUSeconds: cpu, Cost: made.cost, Months: made.months}
	for _, manifest := range made.tables {
		event.Rows, event.Bytes = event.Rows+max(0, manifest.Rows), event.Bytes+manifest.Bytes
		manifest.CPUSeconds = cpu
		e.keep(manifest)
		if err := e.attach(ctx, manifest.Name); err != nil {
			return fmt.Errorf("build %s: %w", n.name, err)
		}
	}
	if err := e.describeNowAndThen(ctx); err != nil {
		return err
	}
	e.notify(n, event)
	return nil
}

// outOfMemory marks a failure that may be due to what else was being made.
type outOfMemory struct{ error }

func isOutOfMemory(err error) bool {
	var memory outOfMemory
	return errors.As(err, &memory)
}

func (e *execution) make(ctx context.Context, n *node, start time.Time) (product, error) {
	switch {
	case n.step != nil:
		return e.makeStep(ctx, n, start)
	case n.kind == model.KindView:
		return e.makeView(ctx, n, start)
	case n.kind == model.KindByMonth:
		return e.makeMonths(ctx, n, start)
	}
	return e.makeTable(ctx, n, start)
}

func (e *execution) makeTable(ctx context.Context, n *node, start time.Time) (product, error) {
	path := e.scratchFile(n.name, n.fingerprint)
	_, cost, err := e.Session.Measure(ctx, copyStatement(n, n.exactQuery(), path))
	if err != nil {
		return product{}, err
	}
	if err := e.keepNewest(ctx, n, path); err != nil {
		return product{}, err
	}
	manifest, err := e.storeFile(ctx, e.manifestOf(n, n.name, start, cost), path)
	return product{tables: []snapshot.Manifest{manifest}, cost: cost}, err
}

// makeView stores no rows. It runs the query's binding, so that a view that cannot be read is found here and not by its first reader.
func (e *execution) makeView(ctx context.Context, n *node, start time.Time) (product, error) {
	manifest := e.manifestOf(n, n.name, start, warehouse.Cost{})
	manifest.View, manifest.Rows = n.exactQuery(), snapshot.Uncounted
	local := manifest.View
	if n.dataset != nil {
		query, rows, err := e.distinctRows(ctx, n.dataset)
		if err != nil {
			return product{}, err
		}
		manifest.Rows, manifest.View, manifest.Objects = rows, query(n.dataset.Definition), n.dataset.Objects
		local = query(n.dataset.Query)
	}
	var err error
	if manifest.Columns, err = e.Session.Columns(ctx, "(\n"+local+"\n)"); err != nil {
		return product{}, err
	}
	if n.published {
		manifest.Rows, manifest.Digest, err = Digest(ctx, e.Session, "(\n"+local+"\n)", manifest.Columns)
	}
	return product{tables: []snapshot.Manifest{manifest}}, err
}

func (e *execution) scratchFile(table, fingerprint string) string {
	return filepath.Join(e.Scratch, table+"-"+fingerprint+".parquet")
}

// manifestOf begins the description of one of a node's tables.
func (e *execution) manifestOf(n *node, table string, start time.Time, cost warehouse.Cost) snapshot.Manifest {
	now := e.Now()
	return snapshot.Manifest{
		Name: table, Table: snapshot.Table{Fingerprint: n.fingerprint}, Definition: n.definition, Inputs: e.graph.inputsOf(n),
		Parameters: e.graph.parametersOf(n), Files: n.files(), Shape: n.shape(), SQL: n.sql(), BuiltAt: now.UTC(), Seconds: now.Sub(start).Seconds(), Cost: cost,
	}
}

// storeFile moves a scratch file into the store and completes its manifest. The table does not exist before that is written.
func (e *execution) storeFile(ctx context.Context, manifest snapshot.Manifest, path string) (snapshot.Manifest, error) {
	relation := "read_parquet(" + warehouse.Quote(path) + ")"
	info, err := os.Stat(path)
	if err != nil {
		return manifest, err
	}
	manifest.Bytes = info.Size()
	if manifest.Columns, err = e.Session.Columns(ctx, relation); err != nil {
		return manifest, err
	}
	if snapshot.IsMart(manifest.Name) && !manifest.IsPart() {
		manifest.Rows, manifest.Digest, err = Digest(ctx, e.Session, relation, manifest.Columns)
	} else {
		err = e.Session.QueryRow(ctx, "select num_rows from parquet_file_metadata("+warehouse.Quote(path)+")").Scan(&manifest.Rows)
	}
	if err != nil {
		return manifest, err
	}
	return manifest, e.storeData(ctx, &manifest, path)
}

func copyStatement(n *node, query, path string) string {
	if n.published && len(n.order) > 0 {
		order := make([]string, len(n.order))
		for i, column := range n.order {
			order[i] = warehouse.QuoteName(column)
		}
		return copyTo("select * from (\n"+query+"\n) order by "+join(order), path, warehouse.PublishedParquet)
	}
	return copyQuery(query, path)
}

func copyQuery(query, path string) string { return copyTo(query, path, warehouse.WorkingParquet) }

func copyTo(query, path, settings string) string {
	return "copy (\n" + query + "\n) to " + warehouse.Quote(path) + " " + settings
}

// sql is a model's text, for people.
func (n *node) sql() string {
	if n.model == nil {
		return ""
	}
	return n.query
}
