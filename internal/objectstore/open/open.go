// Package open turns an address into the bucket behind it.
package open

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/objectstore/fs"
	"countinghouse/internal/objectstore/gcs"
	"countinghouse/internal/objectstore/mem"
)

// Bucket opens a store: "file:///path" or a plain path, "gs://bucket/prefix", or "mem://" (a new, empty one). Stores that are not
// folders keep local copies in a folder of their own under cacheDir, which a folder does not use. Whether the store can be
// reached is first seen when it is used.
func Bucket(ctx context.Context, address, cacheDir string) (*objectstore.Bucket, error) {
	bucket, err := bucket(ctx, address, cacheDir)
	if err != nil {
		return nil, fmt.Errorf("open store %q: %w", address, err)
	}
	return bucket, nil
}

func bucket(ctx context.Context, address, cacheDir string) (*objectstore.Bucket, error) {
	scheme, rest, found := strings.Cut(address, "://")
	switch {
	case address == "":
		return nil, errors.New("no address")
	case !found:
		return folder(address)
	case scheme == "file":
		return fileURL(address)
	case scheme != "gs" && scheme != "mem":
		return nil, errors.New("not file:///path, gs://bucket/prefix, mem:// or a path")
	case cacheDir == "":
		return nil, errors.New("it needs a folder for its cache")
	case scheme == "gs":
		return cloud(ctx, rest, cacheDir)
	}
	return memory(rest, cacheDir)
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

func cloud(ctx context.Context, place, cacheDir string) (*objectstore.Bucket, error) {
	place = strings.TrimSuffix(place, "/")
	if err := objectstore.CheckKey(place); err != nil {
		return nil, err
	}
	name, prefix, _ := strings.Cut(place, "/")
	driver, err := gcs.New(ctx, name, prefix, gcs.Options{NewToken: rand.Text})
	if err != nil {
		return nil, err
	}
	cache, err := fs.New(filepath.Join(cacheDir, "gs", filepath.FromSlash(place)))
	if err != nil {
		return nil, err
	}
	return objectstore.NewRemote(driver, cache, "gs://"+place), nil
}

// memory has a new cache each time: the last store's copies are not this one's.
func memory(place, cacheDir string) (*objectstore.Bucket, error) {
	if place != "" {
		return nil, errors.New("a store in memory has no name: mem://")
	}
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
