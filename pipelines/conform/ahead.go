package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/objectstore"
	"countinghouse/internal/warehouse"
)

// Ahead reads large files while they land: their hash keeps one core busy and cannot be parted, and reading leaves much of a core idle. What is
// read waits in scratch for the Run that is given the Ahead. A file that does not land leaves nothing.
type Ahead struct {
	run      *run
	registry *contract.Registry
	ctx      context.Context //nolint:containedctx // of the work that Begin starts
	cancel   context.CancelFunc
	wait     sync.WaitGroup

	lock   sync.Mutex
	begun  int
	busy   bool // one file at a time, as in Run: each keeps every thread busy
	landed map[string]*early
}

// An early file is read before it has landed.
type early struct {
	job      *job
	first    fs.FileInfo   // of the file when it was opened
	ended    chan struct{} // what follows is there when it is closed
	summary  reader.Summary
	accepted int64
	changed  bool // the file was written to while it was read; it may have landed as it was before
	err      error
}

var errChanged = errors.New("the file was written to while it was read")

// watched is the file that is read, looked at once more when that is done: by then it has landed, and its folder may be closed.
type watched struct {
	fs.File
	early *early
}

func (e *early) watch(file fs.File, err error) (io.ReadCloser, error) {
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if e.first == nil {
		e.first = info
	}
	return &watched{file, e}, nil
}

func (w *watched) Close() error {
	info, err := w.Stat()
	if err != nil || info.Size() != w.early.first.Size() || !info.ModTime().Equal(w.early.first.ModTime()) {
		w.early.changed = true
	}
	return w.File.Close()
}

// NewAhead makes an Ahead for a Run with the same bucket, session, registry and options. Close it when that has ended.
func NewAhead(ctx context.Context, bucket *objectstore.Bucket, session *warehouse.Session, registry *contract.Registry, options Options) *Ahead {
	a := &Ahead{run: &run{bucket: bucket, session: session, options: options}, registry: registry, landed: map[string]*early{}}
	a.ctx, a.cancel = context.WithCancel(ctx)
	return a
}

// Begin starts to read a file whose manifest has neither key nor hash yet. It gives what is to be told when the file has landed, or nil if it is
// not read ahead: it is small, or a workbook, whose own time is looked for in the copy, or another one is being read.
func (a *Ahead) Begin(manifest landing.Manifest, open func() (fs.File, error)) func(landing.Manifest) {
	c, known := a.registry.Feed(manifest.Feed)
	if !known || manifest.Size < largeFile || c.Files.Container == contract.XLSX {
		return nil
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	if a.busy {
		return nil
	}
	a.busy = true
	a.begun++
	prints := fingerprints{read: c.ReadFingerprint(a.run.options.Zone.String())}
	e := &early{job: a.run.newJob(c, prints, manifest), ended: make(chan struct{})}
	e.job.scratch = filepath.Join(a.run.options.Scratch, fmt.Sprintf("ahead-%d", a.begun))
	e.job.open = func(context.Context) (io.ReadCloser, error) { return e.watch(open()) }
	a.wait.Go(func() { a.read(e) })
	return func(landed landing.Manifest) {
		a.lock.Lock()
		defer a.lock.Unlock()
		a.landed[landed.Key] = e
	}
}

func (a *Ahead) read(e *early) {
	e.summary, e.accepted, e.err = e.job.accept(a.ctx)
	if e.changed {
		e.err = errChanged
	}
	close(e.ended)
	a.lock.Lock()
	a.busy = false
	a.lock.Unlock()
}

// take gives, once, what is read of a landed file, or nil.
func (a *Ahead) take(manifest landing.Manifest) *early {
	if a == nil {
		return nil
	}
	a.lock.Lock()
	defer a.lock.Unlock()
	e := a.landed[manifest.Key]
	delete(a.landed, manifest.Key)
	return e
}

// Close ends what is still being read and removes what nobody took.
func (a *Ahead) Close() error {
	a.cancel()
	a.wait.Wait()
	a.lock.Lock()
	defer a.lock.Unlock()
	clear(a.landed)
	left, err := filepath.Glob(filepath.Join(a.run.options.Scratch, "ahead-*"))
	for _, name := range left {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// takeOver makes what was read early the job's own, if it has come to an end that holds: rows, or a file that cannot be read. After any other
// trouble, and where the file was written to, what has landed is read as usual.
func (j *job) takeOver(e *early) (taken bool, err error) {
	<-e.ended
	var wrong *reader.Problem
	if e.err != nil && !errors.As(e.err, &wrong) {
		return false, nil
	}
	read := e.job.result
	j.result.HeaderLine, j.result.Header, j.result.Drift = read.HeaderLine, read.Header, read.Drift
	j.result.ExportedAt, j.result.Erased = read.ExportedAt, read.Erased
	if e.err != nil {
		return true, e.err
	}
	return true, os.Rename(e.job.local("parquet"), j.local("parquet"))
}
