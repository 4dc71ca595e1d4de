package fs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"countinghouse/internal/objectstore"
)

// CreateFile gives the file at path a second name, that of the object; from another file system it is copied first.
func (f *Folder) CreateFile(ctx context.Context, key, path string) (objectstore.Attributes, error) {
	if err := ctx.Err(); err != nil {
		return objectstore.Attributes{}, err
	}
	err := f.linkFile(key, path)
	if !errors.Is(err, syscall.EXDEV) {
		return f.statAfter(ctx, key, err)
	}
	staged, err := f.stageFile(ctx, path)
	if err != nil {
		return objectstore.Attributes{}, err
	}
	defer staged.Drop()
	return f.statAfter(ctx, key, f.linkFile(key, staged.Path))
}

func (f *Folder) statAfter(ctx context.Context, key string, err error) (objectstore.Attributes, error) {
	if err != nil {
		return objectstore.Attributes{}, err
	}
	return f.Stat(ctx, key)
}

// linkFile names the synced file at path as the object, if the name is free.
func (f *Folder) linkFile(key, path string) error {
	if err := syncFile(path); err != nil {
		return err
	}
	target := f.path(key)
	if err := makeFolder(filepath.Dir(target)); err != nil {
		return err
	}
	if err := os.Link(path, target); errors.Is(err, os.ErrExist) {
		return objectstore.ErrPrecondition
	} else if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(target))
}

// renameFile names the synced file at path as the object, whatever had the name.
func (f *Folder) renameFile(key, path string) error {
	if err := syncFile(path); err != nil {
		return err
	}
	target := f.path(key)
	if err := makeFolder(filepath.Dir(target)); err != nil {
		return err
	}
	if err := os.Rename(path, target); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(target))
}

// ReplaceFile copies the file at path and renames the copy. A hard link would be quicker, but a tool that writes into a
// published copy would then write into the table it was published from.
func (f *Folder) ReplaceFile(ctx context.Context, key, path string) error {
	staged, err := f.stageFile(ctx, path)
	if err != nil {
		return err
	}
	defer staged.Drop()
	return f.locked(ctx, func() error { return f.renameFile(key, staged.Path) })
}

// CompareAndSet reads, compares and renames under the lock.
func (f *Folder) CompareAndSet(ctx context.Context, key string, data []byte, expected int64) (objectstore.Attributes, error) {
	staged, err := f.stageBytes(ctx, data)
	if err != nil {
		return objectstore.Attributes{}, err
	}
	defer staged.Drop()
	var a objectstore.Attributes
	err = f.locked(ctx, func() error {
		a, err = f.set(ctx, key, staged.Path, expected)
		return err
	})
	a.Generation = generation(data)
	return a, err
}

func (f *Folder) set(ctx context.Context, key, path string, expected int64) (objectstore.Attributes, error) {
	if expected == 0 {
		// Link, since CreateFile takes no lock.
		return f.statAfter(ctx, key, f.linkFile(key, path))
	}
	_, current, err := f.Read(ctx, key)
	if errors.Is(err, objectstore.ErrNotFound) {
		return objectstore.Attributes{}, objectstore.ErrPrecondition
	}
	if err != nil {
		return objectstore.Attributes{}, err
	}
	if current.Generation != expected {
		return objectstore.Attributes{}, objectstore.ErrPrecondition
	}
	return f.statAfter(ctx, key, f.renameFile(key, path))
}

// Delete removes the file. Its folders stay.
func (f *Folder) Delete(ctx context.Context, key string) error {
	if _, err := f.Stat(ctx, key); err != nil {
		return ignoreMissing(err)
	}
	return f.locked(ctx, func() error {
		if err := os.Remove(f.path(key)); err != nil {
			return ignoreMissing(known(err))
		}
		return syncFolder(filepath.Dir(f.path(key)))
	})
}

func ignoreMissing(err error) error {
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil
	}
	return err
}

// makeFolder makes a folder and those above it, so that they outlive a crash: each new name is synced in its parent.
func makeFolder(path string) error {
	err := os.Mkdir(path, folderMode)
	switch {
	case err == nil:
		return syncFolder(filepath.Dir(path))
	case errors.Is(err, os.ErrExist):
		return nil // a file of that name is found out by the next step
	case !errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("make folder: %w", err)
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return makeFolder(path)
}

// syncFile makes the bytes of a file durable, and its mode the store's.
func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Chmod(fileMode), file.Sync(), file.Close())
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
