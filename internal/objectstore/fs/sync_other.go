//go:build !linux

package fs

import (
	"context"
	"os"
	"path/filepath"
)

// Sync makes every file and folder of the store durable, one by one: syncfs is Linux's.
func (f *Folder) Sync(ctx context.Context) error {
	return filepath.WalkDir(f.root, func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = syncFolder(path) // which opens and syncs what it is given
		}
		return err
	})
}
