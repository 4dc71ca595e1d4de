// Package objectstore is the one place where Countinghouse keeps things: a bucket of objects under slash-separated keys,
// in a folder, in Google Cloud Storage or in memory.
//
// Objects are immutable: written once, whole or not at all. Two kinds are not: small ones that change by
// compare-and-set (environments, leases), and the published copies, which are replaced whole. A reader never sees part
// of a write, whatever dies when.
package objectstore

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Attributes describe an object.
type Attributes struct {
	Key  string
	Size int64 // bytes
	// Generation identifies what CompareAndSet compares: never 0 for an object that is there, and different when its
	// bytes are different. Only Read and CompareAndSet state it; elsewhere it is 0, because a folder would have to read
	// the whole object to know.
	Generation int64
	ModTime    time.Time // when the bytes were written
}

var (
	// ErrNotFound says that there is no such object. Nothing was changed.
	ErrNotFound = errors.New("there is no such object")
	// ErrPrecondition says that the object is not in the state that the caller expected. It was left as it was.
	ErrPrecondition = errors.New("the object is not as expected, and was left as it was")
)

// Driver is what a storage system must be able to do. Keys have been checked. Errors are, or wrap, ErrNotFound and
// ErrPrecondition where these apply; Bucket adds the key. objectstoretest.Run is the suite that a Driver must pass.
type Driver interface {
	// Stat gives the attributes of an object, its generation perhaps left out.
	Stat(ctx context.Context, key string) (Attributes, error)
	// Read gives the bytes of one version of the object, and that version's generation.
	Read(ctx context.Context, key string) ([]byte, Attributes, error)
	// Open streams one version of the object. A stream that ends early ends with an error, not with io.EOF.
	Open(ctx context.Context, key string) (io.ReadCloser, Attributes, error)
	// CreateFile makes an object of the local file at path, durably, or fails with ErrPrecondition if there is one
	// already. The file may become the object itself, so it is for the caller to remove, and not to be written to.
	CreateFile(ctx context.Context, key, path string) (Attributes, error)
	// CompareAndSet writes data if the object's generation is expected (0: there is none), else ErrPrecondition.
	CompareAndSet(ctx context.Context, key string, data []byte, expected int64) (Attributes, error)
	// ReplaceFile makes the object a copy of the local file at path, whatever was there before.
	ReplaceFile(ctx context.Context, key, path string) error
	// List gives the objects whose key begins with prefix, in byte order of the keys.
	List(ctx context.Context, prefix string) iter.Seq2[Attributes, error]
	// Delete removes the object; it is not an error if there is none.
	Delete(ctx context.Context, key string) error
}

// Folder is a Driver that keeps its objects as files: Root joined with the key is the object.
type Folder interface {
	Driver
	// Root is the absolute path of the folder.
	Root() string
	// Stage copies r into a new file that is no object yet, on the same file system.
	Stage(ctx context.Context, r io.Reader) (Staged, error)
}

// Staged is a file on its way to becoming an object. Staged files of processes that died are swept by later ones.
type Staged struct {
	Path string
	Size int64  // bytes
	Drop func() // removes what is left of it; must be called
}
