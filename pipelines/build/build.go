// Package build makes tables: it resolves models, seeds, datasets and Go steps into one graph, gives each table the fingerprint of
// what makes it, and makes those that the store does not have yet. What it leaves is a candidate: the set of tables that check
// audits and publish makes current. Published tables are never touched.
package build

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"countinghouse/internal/model"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/snapshot"
	"countinghouse/internal/warehouse"
)

// Event tells how a build goes on.
type Event struct {
	Table   string  `json:"table"`
	Reused  bool    `json:"reused"`
	Rows    int64   `json:"rows"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"` // of wall time
	// CPUSeconds is the process's time, shared evenly among the tables that were made at once.
	CPUSeconds float64 `json:"cpu_seconds"`
	warehouse.Cost
	// Months, of a table made by the month, are those made now.
	Months []string `json:"months,omitempty"`
	Done   int      `json:"done"`
	Total  int      `json:"total"`
}

// Options are what a build works on.
type Options struct {
	Bucket *objectstore.Bucket
	// Session has every parameter as a variable, may read and write below the bucket's root and Scratch, and measures at least Workers
	// statements at once.
	Session *warehouse.Session
	Scratch string
	// Current are tables known to be stored: the environment's. They are taken without a look at the store.
	Current map[string]snapshot.Table
	Workers int
	Random  io.Reader // names the files of this attempt
	// Notify, if set, is called after each table, from one goroutine at a time.
	Notify func(Event)
	Now    func() time.Time
	CPU    func() float64 // seconds of processor time that the process has used
	// KeepGoing makes all that does not read a table that could not be made; otherwise nothing is begun after the first failure.
	KeepGoing bool
	// Only, if set, names the tables to make, with those that they read. The others are left alone, and missing in the result.
	Only map[string]bool
	// Months, if set, is a backfill: of tables by the month the parts of these months are made and no whole table, unless another one of those to
	// make reads it.
	Months *MonthRange
}

// Run makes every table of the graph that is not stored and gives the whole set. The error names each failure.
func Run(ctx context.Context, graph *Graph, options Options) (map[string]snapshot.Table, error) {
	run := &execution{Options: options, graph: graph, tables: map[string]snapshot.Table{}, fresh: map[string]snapshot.Manifest{}, shares: shares{cpu: options.CPU, used: map[*node]float64{}}, attached: map[string]bool{}}
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
	graph  *Graph
	shares shares
	total  int            // nodes to make or reuse
	partly map[*node]bool // nodes of which a backfill makes some months

	mutex    sync.Mutex
	tables   map[string]snapshot.Table
	fresh    map[string]snapshot.Manifest // of the tables made now, stored or about to be
	attached map[string]bool
	done     int
	stopped  bool         // after a failure
	catalogs atomic.Int64 // names those in which months are made

	describing sync.Mutex // held while manifests are written
	// undescribed are tables, and parts of them, whose rows are in the store and whose manifests are not; guarded by mutex.
	undescribed []snapshot.Manifest
	described   time.Time
}

// reuse finds what is stored already and gives the nodes that are left to make.
func (e *execution) reuse(ctx context.Context) ([]*node, error) {
	var pending []*node
	wanted := e.graph.nodes
	if e.Only != nil {
		wanted = e.graph.above(e.Only)
	}
	e.total, e.partly = len(wanted), e.backfilled(wanted)
	missing := map[string]bool{} // tables
	for _, n := range wanted {   // readers come after what they read
		stored, err := e.stored(ctx, n)
		if err != nil {
			return nil, err
		}
		// A view cannot be read without what it reads: a killed build may have described it before that. To make it again costs nothing.
		gone := stored == nil || n.kind == model.KindView && slices.ContainsFunc(n.inputs, func(input string) bool { return missing[input] })
		for _, table := range n.tables {
			missing[table] = gone
		}
		if gone || e.partly[n] {
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

// backfilled are the nodes by the month that no other node reads, if this is a backfill.
func (e *execution) backfilled(wanted []*node) map[*node]bool {
	partly := map[*node]bool{}
	for _, n := range wanted { // readers come after what they read
		partly[n] = e.Months != nil && n.kind == model.KindByMonth
		for _, input := range n.inputs {
			partly[e.graph.makers[input]] = false
		}
	}
	return partly
}

// stored gives a node's tables if all of them are there, nil otherwise.
func (e *execution) stored(ctx context.Context, n *node) (map[string]snapshot.Table, error) {
	return stored(ctx, e.Bucket, n, e.Current)
}

func stored(ctx context.Context, bucket *objectstore.Bucket, n *node, current map[string]snapshot.Table) (map[string]snapshot.Table, error) {
	found := map[string]snapshot.Table{}
	for _, table := range n.tables {
		if was, ok := current[table]; ok && was.Fingerprint == n.fingerprint {
			found[table] = was
			continue
		}
		manifest, err := snapshot.ReadManifest(ctx, bucket, table, n.fingerprint)
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
	if manifest, made := e.fresh[table]; made {
		return snapshot.AttachManifest(ctx, e.Session, e.Bucket, manifest)
	}
	return snapshot.Attach(ctx, e.Session, e.Bucket, table, e.tables[table])
}

// makeAll runs the pending nodes, each as soon as its inputs are there, at most Workers at once.
func (e *execution) makeAll(ctx context.Context, pending []*node) error {
	finished := map[*node]chan struct{}{}
	missing := map[*node]bool{} // pending nodes that were not made
	for _, n := range pending {
		finished[n] = make(chan struct{})
		missing[n] = true
	}
	slots := newSlots(e.Workers)
	problems := make([]error, len(pending))
	var group sync.WaitGroup
	for i, n := range pending {
		group.Go(func() {
			defer close(finished[n])
			ready := e.awaitInputs(n, finished, missing)
			if !ready {
				return
			}
			problems[i] = slots.use(1, func() error { return e.begin(ctx, n, missing, false) })
			if isOutOfMemory(problems[i]) { // others may have had it: once more, alone
				problems[i] = slots.use(e.Workers, func() error { return e.begin(ctx, n, missing, true) })
			}
		})
	}
	group.Wait()
	return errors.Join(append(problems, ctx.Err())...)
}

// awaitInputs waits for what a node reads and says whether all of it is there.
func (e *execution) awaitInputs(n *node, finished map[*node]chan struct{}, missing map[*node]bool) bool {
	for _, input := range n.inputs {
		maker := e.graph.makers[input]
		if ready, isPending := finished[maker]; isPending {
			<-ready
		}
		e.mutex.Lock()
		broken := missing[maker]
		e.mutex.Unlock()
		if broken {
			return false
		}
	}
	return true
}

// begin makes a node, unless nothing is to be begun any more. A failure stops what is not begun before the slot of this node is free for another,
// unless the node is to be tried again alone.
func (e *execution) begin(ctx context.Context, n *node, missing map[*node]bool, alone bool) error {
	e.mutex.Lock()
	stopped := e.stopped || ctx.Err() != nil
	e.mutex.Unlock()
	if stopped {
		return nil
	}
	if err := e.makeNode(ctx, n); err != nil {
		if alone || !isOutOfMemory(err) {
			e.stop()
		}
		return err
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	delete(missing, n)
	return nil
}

func (e *execution) stop() {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.stopped = e.stopped || !e.KeepGoing
}

func (e *execution) notify(n *node, event Event) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.done++
	if e.Notify != nil {
		event.Table, event.Done, event.Total = n.name, e.done, e.total
		e.Notify(event)
	}
}
