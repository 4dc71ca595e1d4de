// Package land brings export files into the store, byte for byte: landing/<feed>/<sha256>/<name> and a manifest beside it. Which feed takes a
// file is told by its name, or else by its header; a file that no feed takes, or more than one, is kept under landing/unrecognised with
// the reason.
//
// The same bytes land once, whatever the file is called. A file is landed when its manifest is there.
package land

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore"
)

// DefaultMaxSize is the largest file that lands unless Options say otherwise, in bytes: 64 GiB.
const DefaultMaxSize = 64 << 30

// Options of a landing.
type Options struct {
	// Feed takes every file, whatever its name and header; empty: each file's own.
	Feed string
	// Now is recorded as the time of receipt.
	Now time.Time
	// Zone is that of export times in file names that name none.
	Zone *time.Location
	// Scratch is a folder for a file on its way, best on the store's file system, where it is then moved and not copied.
	Scratch string
	// MaxSize refuses larger files, in bytes; 0: DefaultMaxSize.
	MaxSize int64
}

// Landed is what became of one file.
type Landed struct {
	Path     string
	Manifest landing.Manifest
	Already  bool // the same bytes were there before; Manifest then is the first landing's
}

// Recognised says that a feed takes the file. Where not, Manifest.Reason says why.
func (l Landed) Recognised() bool { return l.Manifest.Feed != landing.Unrecognised }

// Land lands files and all files below folders, in the order of paths and names. Hidden files and the lock files of office programs
// are passed over. A file that cannot be read harms no other: its error is among those returned, which name the files.
func Land(ctx context.Context, bucket *objectstore.Bucket, registry *contract.Registry, paths []string, options Options) ([]Landed, error) {
	if _, known := registry.Feed(options.Feed); options.Feed != "" && !known {
		return nil, fmt.Errorf("land: there is no feed %q", options.Feed)
	}
	if options.MaxSize == 0 {
		options.MaxSize = DefaultMaxSize
	}
	l := &lander{bucket: bucket, registry: registry, options: options}
	var problems []error
	for _, path := range paths {
		problems = append(problems, l.path(ctx, path))
	}
	return l.landed, errors.Join(problems...)
}

type lander struct {
	bucket   *objectstore.Bucket
	registry *contract.Registry
	options  Options
	landed   []Landed
	sizes    map[int64]map[string]bool // of landed files: the feeds that have one of the size; nil before they are listed
}

// An opener opens one file again and again.
type opener func() (fs.File, error)

func (l *lander) path(ctx context.Context, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("land: %w", err)
	}
	if info.IsDir() {
		return l.folder(ctx, path)
	}
	return l.file(ctx, path, func() (fs.File, error) { return os.Open(path) })
}

// folder goes through a folder. It is opened as a root, so that links cannot lead out of it.
func (l *lander) folder(ctx context.Context, path string) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return fmt.Errorf("land: %w", err)
	}
	defer func() { _ = root.Close() }()
	var problems []error
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			problems = append(problems, fmt.Errorf("land %s: %w", filepath.Join(path, name), err))
			return nil
		case name != "." && passedOver(entry.Name()):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		}
		problems = append(problems, l.file(ctx, filepath.Join(path, name), func() (fs.File, error) { return root.Open(name) }))
		return nil
	})
	return errors.Join(append(problems, err)...)
}

func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$")
}

func (l *lander) file(ctx context.Context, path string, open opener) error {
	landed, err := l.land(ctx, path, open)
	if err != nil {
		return fmt.Errorf("land %s: %w", path, err)
	}
	l.landed = append(l.landed, landed)
	return nil
}
