package fs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"countinghouse/internal/objectstore"
)

// CreateFileLater is CreateFile without the waiting: what it makes is durable after Sync.
func (f *Folder) CreateFileLater(ctx context.Context, key, path string) (objectstore.Attributes, error) {
	if err := ctx.Err(); err != nil {
		return objectstore.Attributes{}, err
	}
	target := f.path(key)
	if err := errors.Join(os.Chmod(path, fileMode), os.MkdirAll(filepath.Dir(target), folderMode)); err != nil {
		return objectstore.Attributes{}, err
	}
	err := os.Link(path, target)
	switch {
	case errors.Is(err, os.ErrExist):
		err = objectstore.ErrPrecondition
	case errors.Is(err, syscall.EXDEV):
		return f.CreateFile(ctx, key, path) // it has to be copied, and the copy staged
	}
	return f.statAfter(ctx, key, err)
}
