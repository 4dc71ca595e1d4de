package fs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"syscall"

	"countinghouse/internal/objectstore"
)

// Stage writes r into a file of the staging folder. While its owner lives, the file is locked; so a staged file that is
// not locked was left by a process that died.
func (f *Folder) Stage(ctx context.Context, r io.Reader) (objectstore.Staged, error) {
	file, err := f.newStagingFile()
	if err != nil {
		return objectstore.Staged{}, fmt.Errorf("stage: %w", err)
	}
	drop := func() {
		// The name is gone already if the file became an object. What can't be removed now is swept later.
		_ = os.Remove(file.Name())
		_ = file.Close()
	}
	size, err := io.Copy(file, contextReader{ctx, r})
	if err != nil {
		drop()
		return objectstore.Staged{}, fmt.Errorf("stage: %w", err)
	}
	return objectstore.Staged{Path: file.Name(), Size: size, Drop: drop}, nil
}

func (f *Folder) stageBytes(ctx context.Context, data []byte) (objectstore.Staged, error) {
	return f.Stage(ctx, bytes.NewReader(data))
}

func (f *Folder) stageFile(ctx context.Context, path string) (objectstore.Staged, error) {
	source, err := os.Open(path)
	if err != nil {
		return objectstore.Staged{}, err
	}
	defer func() { _ = source.Close() }()
	return f.Stage(ctx, source)
}

// newStagingFile is an empty, locked file in the staging folder, swept before.
func (f *Folder) newStagingFile() (*os.File, error) {
	staging := filepath.Join(f.root, objectstore.StagingFolder)
	if err := makeFolder(staging); err != nil {
		return nil, err
	}
	if err := f.sweep(); err != nil {
		return nil, err
	}
	for {
		file, err := os.CreateTemp(staging, "*")
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil && present(file) {
			return file, nil
		}
		// Another process's sweep came between the two steps: it has removed the file, or is about to.
		if err := file.Close(); err != nil {
			return nil, err
		}
	}
}

// present says whether file still has its name.
func present(file *os.File) bool {
	open, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(file.Name())
	return err == nil && os.SameFile(open, named)
}

// sweepStaging removes what processes that died have left in the staging folder: it may hold personal data.
func (f *Folder) sweepStaging() error {
	staging := filepath.Join(f.root, objectstore.StagingFolder)
	entries, err := os.ReadDir(staging)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, entry := range entries {
		if err := sweepFile(filepath.Join(staging, entry.Name())); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return nil
}

func sweepFile(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil // its owner lives
	}
	return os.RemoveAll(path)
}

// contextReader stops when its context ends.
type contextReader struct {
	ctx context.Context //nolint:containedctx // io.Reader has no place for it
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
