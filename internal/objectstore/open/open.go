// Package open turns an address into the bucket behind it.
package open

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/fs"
	"countinghouse/internal/objectstore/mem"
)

// Bucket opens a store: "file:///path" or a plain path, "gs://bucket/prefix", or "mem://" (a new, empty one). Stores that are not
// folders keep local copies in a folder of their own under cacheDir, which a folder does not use.
func Bucket(_ context.Context, address, cacheDir string) (*objectstore.Bucket, error) {
	bucket, err := bucket(address, cacheDir)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", address, err)
	}
	return bucket, nil
}

func bucket(address, cacheDir string) (*objectstore.Bucket, error) {
	scheme, rest, found := strings.Cut(address, "://")
	switch {
	case address == "":
		return nil, errors.New("no address")
	case !found:
		return folder(address)
	case scheme == "file":
		return fileURL(address)
	case scheme == "mem" && rest == "":
		return memory(cacheDir)
	}
	return nil, errors.New("not file:///path, gs://bucket/prefix, mem:// or a path")
}

func fileURL(address string) (*objectstore.Bucket, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if u.Host != "" || !filepath.IsAbs(u.Path) || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("a file address has three slashes and an absolute path: file:///path")
	}
	return folder(u.Path)
}

func folder(path string) (*objectstore.Bucket, error) {
	f, err := fs.New(path)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "file", Path: f.Root()}
	return objectstore.NewLocal(f, u.String()), nil
}

// memory has a new cache each time: the last store's copies are not this one's.
func memory(cacheDir string) (*objectstore.Bucket, error) {
	if err := os.MkdirAll(cacheDir, 0o700); err != nil {
		return nil, fmt.Errorf("cache folder: %w", err)
	}
	dir, err := os.MkdirTemp(cacheDir, "mem-")
	if err != nil {
		return nil, fmt.Errorf("cache folder: %w", err)
	}
	cache, err := fs.New(dir)
	if err != nil {
		return nil, err
	}
	return objectstore.NewRemote(mem.New(), cache, "mem://"), nil
}
