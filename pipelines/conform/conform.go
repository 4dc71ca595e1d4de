// Package conform reads landed export files by their feeds' contracts: typed rows in files/<feed>/, refused rows in rejects/<feed>/,
// and for every file an accounting, written last, that makes its rows visible.
//
// DuckDB does the typing, in one COPY per file. What it reads are batches of cells from package reader, which decodes the export, leaves
// out what is no row, and gives each record its line number.
package conform

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/erasure"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/warehouse"
)

// Options of a run.
type Options struct {
	// Scratch is a folder of the run's own that the session may read and write.
	Scratch string
	// Zone is the brand's: timestamps become wall clock in it.
	Zone *time.Location
	// Threads is how many small files are read at once, and should be the session's number of threads; 0: as many as Go uses. Large files are
	// read one at a time, since each of them keeps every thread busy.
	Threads int
	// Progress, if set, is called after each file that this run has read; calls do not overlap.
	Progress func(FileResult)
	// Erased are the persons whose cells are blanked.
	Erased *erasure.Set
	// Ahead, if set, has read some of the files while they landed.
	Ahead *Ahead
}

// A Report lists every landed file of every feed with the result for the contract as it is now, by feed and content.
type Report struct {
	Files []FileResult
}

// New counts the files that this run has read.
func (r Report) New() int {
	return len(slices.DeleteFunc(slices.Clone(r.Files), func(file FileResult) bool { return !file.New }))
}

// Quarantined lists the files of which no row is used.
func (r Report) Quarantined() []FileResult {
	return slices.DeleteFunc(slices.Clone(r.Files), func(file FileResult) bool { return file.Quarantine == "" })
}

// Run conforms every landed file that has no result for its feed's contract yet. A file that cannot be read is quarantined in the report
// and harms no other. The error is about the store, the session or a contract's expressions; the report then holds what was done.
func Run(ctx context.Context, bucket *objectstore.Bucket, session *warehouse.Session, registry *contract.Registry, options Options) (Report, error) {
	if options.Threads == 0 {
		options.Threads = runtime.GOMAXPROCS(0)
	}
	run := &run{bucket: bucket, session: session, options: options, slots: semaphore.NewWeighted(int64(options.Threads))}
	var problems []error
	for _, name := range registry.Names() {
		problems = append(problems, run.feed(ctx, registry, name))
	}
	run.wait.Wait()
	problems = append(append(problems, run.problems...), run.merge(ctx, registry))
	slices.SortFunc(run.report.Files, func(a, b FileResult) int {
		return strings.Compare(a.Feed+"/"+a.SHA256, b.Feed+"/"+b.SHA256)
	})
	return run.report, errors.Join(problems...)
}

type run struct {
	bucket  *objectstore.Bucket
	session *warehouse.Session
	options Options
	slots   *semaphore.Weighted
	wait    sync.WaitGroup
	buffers reader.Buffers

	lock     sync.Mutex // for what follows, and for calling Progress
	report   Report
	problems []error
}

// feed starts the files of one feed that are to be read, and takes the results of the others.
func (r *run) feed(ctx context.Context, registry *contract.Registry, name string) error {
	landed, err := landing.List(ctx, r.bucket, name)
	if err != nil || len(landed) == 0 {
		return err
	}
	c, _ := registry.Feed(name)
	prints := fingerprints{read: c.ReadFingerprint(r.options.Zone.String()), expressions: registry.ExpressionsFingerprint(c)}
	done, err := accounted(ctx, r.bucket, c.Feed, landed, prints.read, r.options.Zone)
	if err != nil {
		return err
	}
	checked := false
	var open []string
	for _, sha256 := range landed {
		result, there := done[sha256]
		if !there {
			open = append(open, sha256)
			continue
		}
		checked = checked || result.Expressions == prints.expressions
		r.finished(result, nil)
	}
	// Also where no file is new: what the feed gives may have been rewritten, for which no file is read again.
	if !checked {
		if err := registry.Check(ctx, c, r.session); err != nil {
			return err
		}
	}
	if len(open) == 0 {
		return nil
	}
	files, err := manifests(ctx, r.bucket, c.Feed, open)
	if err != nil {
		return err
	}
	return r.start(ctx, c, prints, files)
}

// largeFile is the size, in bytes as stored, from which a file is read alone.
const largeFile = 32 << 20

// fingerprints of a contract, the second of which tells whether its expressions were checked as they stand.
type fingerprints struct{ read, expressions string }

// start begins to read files: many small ones together, the others each on their own.
func (r *run) start(ctx context.Context, c *contract.Contract, prints fingerprints, files []landing.Manifest) error {
	bundles, single := r.group(c, files)
	for _, members := range bundles {
		if err := r.begin(ctx, 1, func() { r.finishedAll(r.bundle(ctx, c, prints, members)) }); err != nil {
			return err
		}
	}
	for _, manifest := range single {
		weight := int64(1)
		if manifest.Size >= largeFile {
			weight = int64(r.options.Threads)
		}
		if err := r.begin(ctx, weight, func() { r.finished(r.file(ctx, c, prints, manifest)) }); err != nil {
			return err
		}
	}
	return nil
}

// begin does work beside other work, as soon as so many threads are free.
func (r *run) begin(ctx context.Context, weight int64, work func()) error {
	if err := r.slots.Acquire(ctx, weight); err != nil {
		return err
	}
	r.wait.Go(func() {
		defer r.slots.Release(weight)
		work()
	})
	return nil
}

func (r *run) finishedAll(results []FileResult, err error) {
	for _, result := range results {
		r.finished(result, nil)
	}
	if err != nil {
		r.finished(FileResult{}, err)
	}
}

func (r *run) finished(result FileResult, err error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if err != nil {
		r.problems = append(r.problems, err)
		return
	}
	r.report.Files = append(r.report.Files, result)
	if result.New && r.options.Progress != nil {
		r.options.Progress(result)
	}
}
