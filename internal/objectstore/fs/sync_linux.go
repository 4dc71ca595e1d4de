package fs

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Sync makes the whole file system of the store durable, in one call: a few hundred fsyncs, one per file and folder, take seconds.
func (f *Folder) Sync(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	root, err := os.Open(f.root)
	if err != nil {
		return err
	}
	if err := unix.Syncfs(int(root.Fd())); err != nil {
		return errors.Join(fmt.Errorf("sync the file system of %s: %w", f.root, err), root.Close())
	}
	return root.Close()
}
