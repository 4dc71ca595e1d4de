// Package build makes tables: it resolves models, seeds, datasets and Go steps into one graph, gives each table the fingerprint of
// what makes it, and makes those that the store does not have yet. What it leaves is a candidate: the set of tables that check
// audits and publish makes current. Published tables are never touched.
package build

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"golang.org/x/sync/errgroup"
)

// Step is work that SQL does badly, done in Go: in the same graph, under the same fingerprints.
type Step struct {
	Name       string
	Version    int    // raise it when the step's results change
	Definition string // what else decides its results: its SQL, the fingerprint of a key
	Inputs     []string
	Parameters []string
	Tables     map[string][]warehouse.Column
	// Run reads from the session, where every input is a table, and writes each of Tables exactly once.
	Run func(ctx context.Context, session *warehouse.Session, write TableWriter) error
}

// TableWriter writes a step's tables: from Go as Arrow batches, or from the session as a query.
type TableWriter struct {
	session *warehouse.Session
	paths   map[string]string
}

// Batches opens a table for writing from Go.
func (w TableWriter) Batches(ctx context.Context, table string, schema *arrow.Schema) *warehouse.BatchWriter {
	return w.session.WriteParquet(ctx, schema, w.paths[table])
}

// Query writes the result of a query as a table.
func (w TableWriter) Query(ctx context.Context, table, query string) error {
	_, err := w.session.Exec(ctx, copyQuery(query, w.paths[table]))
	return err
}

// Event tells how a build goes on.
type Event struct {
	Table   string  `json:"table"`
	Reused  bool    `json:"reused"`
	Rows    int64   `json:"rows"`
	Seconds float64 `json:"seconds"`
	Done    int     `json:"done"`
	Total   int     `json:"total"`
}

// Options are what a build works on.
type Options struct {
	Bucket *objectstore.Bucket
	// Session has every parameter as a variable, and may read and write below the bucket's root and Scratch.
	Session *warehouse.Session
	Scratch string
	// Current are tables known to be stored: the environment's. They are taken without a look at the store.
	Current map[string]snapshot.Table
	Workers int
	Random  io.Reader // names the files of this attempt
	// Notify, if set, is called after each table, from one goroutine at a time.
	Notify func(Event)
	Now    func() time.Time
}

// Run makes every table of the graph that is not stored and gives the whole set. When a table cannot be made, those that do not
// read it are made all the same, and the error names each failure.
func Run(ctx context.Context, graph *Graph, options Options) (map[string]snapshot.Table, error) {
	run := &execution{Options: options, graph: graph, tables: map[string]snapshot.Table{}, attached: map[string]bool{}}
	pending, err := run.reuse(ctx)
	if err != nil {
		return nil, err
	}
	if len(pending) > 0 {
		if err := run.attachInputs(ctx, pending); err != nil {
			return nil, err
		}
		run.described = options.Now()
		err = run.makeAll(ctx, pending)
		// Also after a failure: what was made need not be made again.
		err = errors.Join(err, run.describeAll(context.WithoutCancel(ctx)))
	}
	return run.tables, err
}

type execution struct {
	Options
	graph *Graph

	mutex    sync.Mutex
	tables   map[string]snapshot.Table
	attached map[string]bool
	done     int
	// undescribed are tables whose rows are in the store and whose manifests are not.
	undescribed []snapshot.Manifest
	described   time.Time
}

// reuse finds what is stored already and gives the nodes that are left to make.
func (e *execution) reuse(ctx context.Context) ([]*node, error) {
	var pending []*node
	for _, n := range e.graph.nodes {
		stored, err := e.stored(ctx, n)
		if err != nil {
			return nil, err
		}
		if stored == nil {
			pending = append(pending, n)
			continue
		}
		for table, what := range stored {
			e.tables[table] = what
		}
		e.notify(n, Event{Reused: true})
	}
	return pending, nil
}

// stored gives a node's tables if all of them are there, nil otherwise.
func (e *execution) stored(ctx context.Context, n *node) (map[string]snapshot.Table, error) {
	found := map[string]snapshot.Table{}
	for _, table := range n.tables {
		if current, ok := e.Current[table]; ok && current.Fingerprint == n.fingerprint {
			found[table] = current
			continue
		}
		manifest, err := snapshot.ReadManifest(ctx, e.Bucket, table, n.fingerprint)
		if errors.Is(err, objectstore.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		found[table] = manifest.Table
	}
	return found, nil
}

// attachInputs makes the stored tables that something pending reads readable in the session.
func (e *execution) attachInputs(ctx context.Context, pending []*node) error {
	for _, n := range pending {
		for _, input := range n.inputs {
			if _, stored := e.tables[input]; stored {
				if err := e.attach(ctx, input); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (e *execution) attach(ctx context.Context, table string) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.attached[table] {
		return nil
	}
	e.attached[table] = true
	return snapshot.Attach(ctx, e.Session, e.Bucket, table, e.tables[table])
}

// makeAll runs the pending nodes, each as soon as its inputs are there, at most Workers at once.
func (e *execution) makeAll(ctx context.Context, pending []*node) error {
	finished := map[*node]chan struct{}{}
	failed := map[*node]bool{}
	for _, n := range pending {
		finished[n] = make(chan struct{})
	}
	slots := make(chan struct{}, max(1, e.Workers))
	problems := make([]error, len(pending))
	var group sync.WaitGroup
	for i, n := range pending {
		group.Go(func() {
			defer close(finished[n])
			broken := e.awaitInputs(n, finished, failed)
			if broken == "" && ctx.Err() == nil {
				slots <- struct{}{}
				problems[i] = e.makeNode(ctx, n)
				<-slots
			}
			if broken != "" || problems[i] != nil {
				e.mutex.Lock()
				failed[n] = true
				e.mutex.Unlock()
			}
		})
	}
	group.Wait()
	return errors.Join(append(problems, ctx.Err())...)
}

// awaitInputs waits for what a node reads and names an input that could not be made, if there is one.
func (e *execution) awaitInputs(n *node, finished map[*node]chan struct{}, failed map[*node]bool) string {
	for _, input := range n.inputs {
		maker := e.graph.makers[input]
		if ready, isPending := finished[maker]; isPending {
			<-ready
		}
		e.mutex.Lock()
		broken := failed[maker]
		e.mutex.Unlock()
		if broken {
			return input
		}
	}
	return ""
}

func (e *execution) makeNode(ctx context.Context, n *node) error {
	start := e.Now()
	paths, err := e.produce(ctx, n)
	if err != nil {
		return fmt.Errorf("build %s: %w", n.name, err)
	}
	var rows int64
	seconds := e.Now().Sub(start).Seconds()
	for _, table := range n.tables {
		stored, err := e.store(ctx, n, table, paths[table], seconds)
		if err != nil {
			return fmt.Errorf("build %s: store %s: %w", n.name, table, err)
		}
		rows += stored.Rows
	}
	if err := e.describeNowAndThen(ctx); err != nil {
		return err
	}
	e.notify(n, Event{Rows: rows, Seconds: seconds})
	return nil
}

// describeEvery bounds the work that is lost when a process is killed.
const describeEvery = 5 * time.Second

func (e *execution) describeNowAndThen(ctx context.Context) error {
	e.mutex.Lock()
	due := e.Now().Sub(e.described) > describeEvery
	if due {
		e.described = e.Now()
	}
	e.mutex.Unlock()
	if !due {
		return nil
	}
	return e.describeAll(ctx)
}

// produce writes a node's tables to scratch files.
func (e *execution) produce(ctx context.Context, n *node) (map[string]string, error) {
	paths := map[string]string{}
	for _, table := range n.tables {
		paths[table] = filepath.Join(e.Scratch, table+"-"+n.fingerprint+".parquet")
	}
	if n.step == nil {
		if _, err := e.Session.Exec(ctx, copyStatement(n, paths[n.name])); err != nil {
			return nil, err
		}
		return paths, e.keepNewest(ctx, n, paths[n.name])
	}
	return paths, n.step.Run(ctx, e.Session, TableWriter{session: e.Session, paths: paths})
}

func copyStatement(n *node, path string) string {
	if len(n.order) > 0 { // a mart: it is copied to where other tools read it
		return copyTo("select * from (\n"+n.query+"\n) order by "+join(n.order), path, warehouse.PublishedParquet)
	}
	return copyQuery(n.query, path)
}

func copyQuery(query, path string) string { return copyTo(query, path, warehouse.WorkingParquet) }

func copyTo(query, path, settings string) string {
	return "copy (\n" + query + "\n) to " + warehouse.Quote(path) + " " + settings
}

// store moves a scratch file into the store and describes it: the manifest, written last, is what makes the table exist.
func (e *execution) store(ctx context.Context, n *node, table, path string, seconds float64) (snapshot.Table, error) {
	relation := "read_parquet(" + warehouse.Quote(path) + ")"
	columns, err := e.Session.Columns(ctx, relation)
	if err != nil {
		return snapshot.Table{}, err
	}
	rows, digest, err := Digest(ctx, e.Session, relation, columns)
	if err != nil {
		return snapshot.Table{}, err
	}
	data, err := e.dataName()
	if err != nil {
		return snapshot.Table{}, err
	}
	manifest := snapshot.Manifest{
		Name: table, Columns: columns, Definition: n.definition, Inputs: e.graph.inputsOf(n),
		Table:      snapshot.Table{Fingerprint: n.fingerprint, Data: data, Rows: rows, Digest: digest},
		Parameters: e.graph.parametersOf(n), Files: n.files, Seconds: seconds,
	}
	if _, err := e.Bucket.CreateFileLater(ctx, snapshot.DataKey(table, manifest.Table), path); err != nil {
		return snapshot.Table{}, err
	}
	crash.Point(crash.BuildWritten)
	e.mutex.Lock()
	e.tables[table] = manifest.Table
	e.undescribed = append(e.undescribed, manifest)
	e.mutex.Unlock()
	return manifest.Table, e.attach(ctx, table)
}

// dataName is new for each attempt to make a table.
func (e *execution) dataName() (string, error) {
	var random [8]byte
	if _, err := io.ReadFull(e.Random, random[:]); err != nil {
		return "", err
	}
	return "data-" + hex.EncodeToString(random[:]) + ".parquet", nil
}

// manifestWriters is how many manifests are written at once: a file system syncs several nearly as fast as one.
const manifestWriters = 16

// describeAll makes the tables exist that were written since it was last called: first their rows are made durable, all in one go, then their
// manifests are written.
func (e *execution) describeAll(ctx context.Context) error {
	e.mutex.Lock()
	manifests := e.undescribed
	e.undescribed = nil
	e.mutex.Unlock()
	if len(manifests) == 0 {
		return nil
	}
	if err := e.Bucket.Sync(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(manifestWriters)
	for _, manifest := range manifests {
		group.Go(func() error {
			stored, err := e.describe(ctx, manifest)
			if err != nil {
				return fmt.Errorf("build %s: %w", manifest.Name, err)
			}
			e.mutex.Lock()
			defer e.mutex.Unlock()
			e.tables[manifest.Name] = stored
			return nil
		})
	}
	return group.Wait()
}

// describe writes the manifest. If another process was quicker with the same table, theirs stands: it has the same rows.
func (e *execution) describe(ctx context.Context, manifest snapshot.Manifest) (snapshot.Table, error) {
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return snapshot.Table{}, err
	}
	key := snapshot.ManifestKey(manifest.Name, manifest.Fingerprint)
	_, err = e.Bucket.CompareAndSet(ctx, key, text, 0)
	if errors.Is(err, objectstore.ErrPrecondition) {
		theirs, err := snapshot.ReadManifest(ctx, e.Bucket, manifest.Name, manifest.Fingerprint)
		return theirs.Table, err
	}
	return manifest.Table, err
}

func (e *execution) notify(n *node, event Event) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.done++
	if e.Notify != nil {
		event.Table, event.Done, event.Total = n.name, e.done, len(e.graph.nodes)
		e.Notify(event)
	}
}
