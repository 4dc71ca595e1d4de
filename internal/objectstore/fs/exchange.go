package fs

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"countinghouse/internal/objectstore"
)

// ReplaceFolder writes the files to a new folder, makes it durable with one call, and puts it in the place of the old one in one step of the file
// system. What dies before that step leaves the old folder, and the new one to be swept.
func (f *Folder) ReplaceFolder(ctx context.Context, folder string, files map[string]string) (err error) {
	staged, lock, err := f.newStagingFolder()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staged), lock.Close()) }()
	for name, path := range files {
		if err := copyFile(ctx, filepath.Join(staged, filepath.FromSlash(name)), path); err != nil {
			return err
		}
	}
	if err := f.Sync(ctx); err != nil {
		return err
	}
	target := f.path(folder)
	if err := makeFolder(filepath.Dir(target)); err != nil {
		return err
	}
	return f.locked(ctx, func() error {
		return errors.Join(exchange(staged, target), syncFolder(filepath.Dir(staged)), syncFolder(filepath.Dir(target)))
	})
}

// newStagingFolder is an empty folder in the staging folder, locked while its owner lives.
func (f *Folder) newStagingFolder() (string, *os.File, error) {
	staging := filepath.Join(f.root, objectstore.StagingFolder)
	if err := makeFolder(staging); err != nil {
		return "", nil, err
	}
	for {
		path, err := os.MkdirTemp(staging, "*")
		if err != nil {
			return "", nil, err
		}
		lock, err := os.Open(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // swept between the two steps
		}
		if err != nil {
			return "", nil, err
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil && present(lock) {
			return path, lock, os.Chmod(path, folderMode)
		}
		if err := lock.Close(); err != nil {
			return "", nil, err
		}
	}
}

func copyFile(ctx context.Context, target, source string) error {
	if err := os.MkdirAll(filepath.Dir(target), folderMode); err != nil {
		return err
	}
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, contextReader{ctx, from})
	return errors.Join(err, to.Close())
}
