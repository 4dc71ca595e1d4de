package fs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"countinghouse/internal/objectstore"
)

// How often a lock that is held is tried again: it is held for a rename and two syncs, so a few milliseconds.
const (
	firstWait = time.Millisecond
	lastWait  = 50 * time.Millisecond
)

// locked runs do while no other caller of locked, in this process or another, runs: flock belongs to the opened file, which
// each call opens anew, and ends with its process.
func (f *Folder) locked(ctx context.Context, do func() error) error {
	if err := makeFolder(f.root); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(f.root, objectstore.LockFile), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	defer func() { _ = file.Close() }()
	if err := lock(ctx, file); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	return do()
}

// lock waits for the lock, by trying, so that it can be given up when ctx ends.
func lock(ctx context.Context, file *os.File) error {
	for wait := firstWait; ; wait = min(2*wait, lastWait) {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}
