package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Bucket is a store of objects. It is safe for use by several goroutines, and by several processes at once.
type Bucket struct {
	driver Driver
	folder Folder // where objects are local files: the store itself, or the cache of one that is elsewhere
	remote bool   // folder is a cache
	url    string
}

// NewLocal is the bucket whose objects are the files of folder.
func NewLocal(folder Folder, url string) *Bucket {
	return &Bucket{driver: folder, folder: folder, url: url}
}

// NewRemote is the bucket of driver, with local copies of immutable objects kept in cache, which no other store may use.
func NewRemote(driver Driver, cache Folder, url string) *Bucket {
	return &Bucket{driver: driver, folder: cache, remote: true, url: url}
}

// URL is the address of the bucket, in the form that open.Bucket takes.
func (b *Bucket) URL() string { return b.url }

// Root is the absolute path of the folder that LocalPath's results are under: the store's own folder, or the cache of a
// store that is elsewhere.
func (b *Bucket) Root() string { return b.folder.Root() }

// Read gives the bytes of a small object, and its generation for CompareAndSet. ErrNotFound if there is none.
func (b *Bucket) Read(ctx context.Context, key string) ([]byte, Attributes, error) {
	if err := CheckKey(key); err != nil {
		return nil, Attributes{}, b.failed("read", key, err)
	}
	data, attributes, err := b.driver.Read(ctx, key)
	return data, attributes, b.failed("read", key, err)
}

// Open streams an object, which the caller closes. ErrNotFound if there is none.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, Attributes, error) {
	if err := CheckKey(key); err != nil {
		return nil, Attributes{}, b.failed("open", key, err)
	}
	r, attributes, err := b.driver.Open(ctx, key)
	return r, withoutGeneration(attributes), b.failed("open", key, err)
}

// Create writes an immutable object from r. If the key is taken by an object of the same size, that one stays and it is no
// error, since keys name contents; if its size is another, ErrPrecondition, and that one stays too.
func (b *Bucket) Create(ctx context.Context, key string, r io.Reader) (Attributes, error) {
	if err := CheckKey(key); err != nil {
		return Attributes{}, b.failed("create", key, err)
	}
	staged, err := b.folder.Stage(ctx, r)
	if err != nil {
		return Attributes{}, b.failed("create", key, err)
	}
	defer staged.Drop()
	attributes, err := b.createFile(ctx, key, staged.Path, b.driver.CreateFile)
	return attributes, b.failed("create", key, err)
}

// CreateFile is Create from a local file, which it takes: after success localPath is gone, moved into the store without
// a copy where that can be done.
func (b *Bucket) CreateFile(ctx context.Context, key, localPath string) (Attributes, error) {
	if err := CheckKey(key); err != nil {
		return Attributes{}, b.failed("create", key, err)
	}
	attributes, err := b.createFile(ctx, key, localPath, b.driver.CreateFile)
	return attributes, b.failed("create", key, err)
}

// laterDriver is a Driver that can make objects durable together, which is quicker than one by one.
type laterDriver interface {
	CreateFileLater(ctx context.Context, key, path string) (Attributes, error)
	Sync(ctx context.Context) error
}

// CreateFileLater is CreateFile, but a loss of power before Sync may lose or cut the object. It is for objects that nobody looks for
// until another one, written after Sync, says that they are there.
func (b *Bucket) CreateFileLater(ctx context.Context, key, localPath string) (Attributes, error) {
	driver, can := b.driver.(laterDriver)
	if !can {
		return b.CreateFile(ctx, key, localPath)
	}
	if err := CheckKey(key); err != nil {
		return Attributes{}, b.failed("create", key, err)
	}
	attributes, err := b.createFile(ctx, key, localPath, driver.CreateFileLater)
	return attributes, b.failed("create", key, err)
}

// Sync makes everything durable that was created later.
func (b *Bucket) Sync(ctx context.Context) error {
	if driver, can := b.driver.(laterDriver); can {
		return b.failed("sync", "", driver.Sync(ctx))
	}
	return nil
}

type createFile func(ctx context.Context, key, path string) (Attributes, error)

func (b *Bucket) createFile(ctx context.Context, key, path string, create createFile) (Attributes, error) {
	size, err := b.checkSource(path)
	if err != nil {
		return Attributes{}, err
	}
	attributes, err := create(ctx, key, path)
	if errors.Is(err, ErrPrecondition) {
		attributes, err = b.sameSize(ctx, key, size)
	}
	if err != nil {
		return Attributes{}, err
	}
	if b.remote {
		// What was just made is read next: the file becomes the cached copy. A cache is only a cache, so what goes wrong
		// here will show, if it matters, when LocalPath needs it.
		_, _ = b.folder.CreateFile(ctx, key, path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Attributes{}, fmt.Errorf("the object was written, but its source stays: %w", err)
	}
	return withoutGeneration(attributes), nil
}

// checkSource gives the size of a file that may become an object. Not so a link, which may change later, nor a file that is
// an object, or a cached one, already: it would be gone.
func (b *Bucket) checkSource(path string) (int64, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is not a regular file", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return 0, err
	}
	inside, err := filepath.Rel(b.folder.Root(), absolute)
	if err == nil && filepath.IsLocal(inside) && CheckKey(filepath.ToSlash(inside)) == nil {
		return 0, fmt.Errorf("%s is itself an object of the store", path)
	}
	return info.Size(), nil
}

// sameSize gives the attributes of the object that is there already, if it is as large as the one that was to be written.
func (b *Bucket) sameSize(ctx context.Context, key string, size int64) (Attributes, error) {
	attributes, err := b.driver.Stat(ctx, key)
	if err != nil {
		return Attributes{}, err
	}
	if attributes.Size != size {
		return Attributes{}, fmt.Errorf("it is there already with %d bytes, not %d: %w", attributes.Size, size, ErrPrecondition)
	}
	return attributes, nil
}

// CompareAndSet writes data if the object's generation is still expected, as given by Read; 0 means that there must be no
// object. ErrPrecondition if it is not. The bytes of each state must be new (a version, a holder, a time): a folder takes
// states with equal bytes for the same state. Any other error, say a lost connection, leaves the object either as it was or
// as it was to be; Read tells which.
func (b *Bucket) CompareAndSet(ctx context.Context, key string, data []byte, expected int64) (Attributes, error) {
	if err := CheckKey(key); err != nil {
		return Attributes{}, b.failed("set", key, err)
	}
	if expected < 0 {
		return Attributes{}, b.failed("set", key, fmt.Errorf("a generation cannot be %d", expected))
	}
	attributes, err := b.driver.CompareAndSet(ctx, key, data, expected)
	return attributes, b.failed("set", key, err)
}

// Replace makes the object a copy of the local file, whatever was there: for published copies only. Readers see the old
// bytes or the new.
func (b *Bucket) Replace(ctx context.Context, key, localPath string) error {
	if err := CheckKey(key); err != nil {
		return b.failed("replace", key, err)
	}
	if err := b.driver.ReplaceFile(ctx, key, localPath); err != nil {
		return b.failed("replace", key, err)
	}
	return b.failed("replace", key, b.forget(ctx, key))
}

// List gives the objects whose key begins with prefix (any beginning, not only a folder), in byte order of their keys. It
// stops at the first error, which it gives with empty attributes. What is not an object by CheckKey is left out.
func (b *Bucket) List(ctx context.Context, prefix string) iter.Seq2[Attributes, error] {
	return func(yield func(Attributes, error) bool) {
		if err := checkPrefix(prefix); err != nil {
			yield(Attributes{}, b.failed("list", prefix, err))
			return
		}
		for attributes, err := range b.driver.List(ctx, prefix) {
			if err != nil {
				yield(Attributes{}, b.failed("list", prefix, err))
				return
			}
			if CheckKey(attributes.Key) == nil && !yield(withoutGeneration(attributes), nil) {
				return
			}
		}
	}
}

// Delete removes an object, and its cached copy. It is not an error if there is none.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return b.failed("delete", key, err)
	}
	if err := b.driver.Delete(ctx, key); err != nil {
		return b.failed("delete", key, err)
	}
	return b.failed("delete", key, b.forget(ctx, key))
}

// forget removes the cached copy, if there is a cache.
func (b *Bucket) forget(ctx context.Context, key string) error {
	if !b.remote {
		return nil
	}
	return b.folder.Delete(ctx, key)
}

// LocalPath gives a local file with the bytes of an immutable object, not to be written to. In a folder it is the object
// itself; from elsewhere it is downloaded once, checked, and kept in the cache. ErrNotFound if there is none.
func (b *Bucket) LocalPath(ctx context.Context, key string) (string, error) {
	if err := CheckKey(key); err != nil {
		return "", b.failed("fetch", key, err)
	}
	_, err := b.folder.Stat(ctx, key)
	if b.remote && errors.Is(err, ErrNotFound) {
		err = b.download(ctx, key)
	}
	if err != nil {
		return "", b.failed("fetch", key, err)
	}
	return filepath.Join(b.folder.Root(), filepath.FromSlash(key)), nil
}

// download puts a copy of the object into the cache; another process may do so at the same time.
func (b *Bucket) download(ctx context.Context, key string) error {
	r, attributes, err := b.driver.Open(ctx, key)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	staged, err := b.folder.Stage(ctx, r)
	if err != nil {
		return err
	}
	defer staged.Drop()
	if staged.Size != attributes.Size {
		return fmt.Errorf("%d of %d bytes came: %w", staged.Size, attributes.Size, io.ErrUnexpectedEOF)
	}
	if _, err = b.folder.CreateFile(ctx, key, staged.Path); errors.Is(err, ErrPrecondition) {
		return nil
	}
	return err
}

// failed says what failed, and where.
func (b *Bucket) failed(what, key string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s in %s: %w", what, key, b.url, err)
}

func withoutGeneration(attributes Attributes) Attributes {
	attributes.Generation = 0
	return attributes
}
