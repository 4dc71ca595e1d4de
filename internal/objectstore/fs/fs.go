// Package fs keeps objects as files in a folder: the key is the path.
//
// A write goes to a staging file, is synced, and gets its name in one step (link or rename); then the folder is synced. So a
// crash at any moment leaves the old object or the new one. Link, unlike rename, fails if the name is taken: that is what
// makes objects write-once without a lock. Compare-and-set and Delete exclude each other, over all processes of the machine,
// by a lock on a file under the root.
//
// Files are 0640 and folders 0750, since objects may hold personal data: the group may read, others may not.
package fs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"countinghouse/internal/objectstore"
)

const (
	fileMode   = 0o640
	folderMode = 0o750
)

// Folder is an objectstore.Folder.
type Folder struct {
	root  string
	sweep func() error // once, before the first file is staged
}

// New is the store in the folder root, which is made when the first object is written. It must be on a file system with hard
// links and flock.
func New(root string) (*Folder, error) {
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("store in %s: %w", root, err)
	}
	f := &Folder{root: absolute}
	f.sweep = sync.OnceValue(f.sweepStaging)
	return f, nil
}

// Root is the absolute path of the folder.
func (f *Folder) Root() string { return f.root }

func (f *Folder) path(key string) string { return filepath.Join(f.root, filepath.FromSlash(key)) }

// Stat gives size and time of an object.
func (f *Folder) Stat(ctx context.Context, key string) (objectstore.Attributes, error) {
	if err := ctx.Err(); err != nil {
		return objectstore.Attributes{}, err
	}
	info, err := os.Stat(f.path(key))
	if err != nil {
		return objectstore.Attributes{}, known(err)
	}
	return attributes(key, info)
}

// Read gives bytes and generation of an object.
func (f *Folder) Read(ctx context.Context, key string) ([]byte, objectstore.Attributes, error) {
	r, a, err := f.Open(ctx, key)
	if err != nil {
		return nil, objectstore.Attributes{}, err
	}
	defer func() { _ = r.Close() }()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, objectstore.Attributes{}, err
	}
	a.Generation = generation(data)
	return data, a, nil
}

// Open streams an object. Its file may be replaced meanwhile: the stream stays with the version it began with.
func (f *Folder) Open(ctx context.Context, key string) (io.ReadCloser, objectstore.Attributes, error) {
	if err := ctx.Err(); err != nil {
		return nil, objectstore.Attributes{}, err
	}
	file, err := os.Open(f.path(key))
	if err != nil {
		return nil, objectstore.Attributes{}, known(err)
	}
	a, err := statOpen(key, file)
	if err != nil {
		return nil, objectstore.Attributes{}, errors.Join(err, file.Close())
	}
	return file, a, nil
}

func statOpen(key string, file *os.File) (objectstore.Attributes, error) {
	info, err := file.Stat()
	if err != nil {
		return objectstore.Attributes{}, err
	}
	return attributes(key, info)
}

// attributes of a regular file; a folder is no object.
func attributes(key string, info iofs.FileInfo) (objectstore.Attributes, error) {
	if !info.Mode().IsRegular() {
		return objectstore.Attributes{}, objectstore.ErrNotFound
	}
	return objectstore.Attributes{Key: key, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// known turns the errors of a missing name into the store's own. A name below a file (ENOTDIR) is missing too.
func known(err error) error {
	if errors.Is(err, iofs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return objectstore.ErrNotFound
	}
	return err
}

// generation is taken from the bytes: 63 bits of their SHA-256, never 0. A counter would need a second place (a file beside
// it, an extended attribute) that can't be written in one step with the object, and file times are too coarse. The price: bytes
// that come back have the generation they had, so a writer may take A for unchanged when it went A, B, A. It is then in
// state A all the same; and the objects that are set carry a version, a holder or a time, so that states do not come back.
func generation(data []byte) int64 {
	sum := sha256.Sum256(data)
	return max(1, int64(binary.BigEndian.Uint64(sum[:8])>>1)) //nolint:gosec // 63 bits fit
}
