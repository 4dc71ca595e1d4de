// Package land brings export files into the store, byte for byte: landing/<feed>/<sha256>/<name> and a manifest beside it. Which feed takes a
// file is told by its header and its name; a file that no feed takes, or more than one equally well, is kept under landing/unrecognised with
// the reason. A zip archive is taken apart: each of its members lands as a file of its own, named archive.zip!member.
//
// The same bytes land once, whatever the file is called. A file is landed when its manifest is there. Many files are made durable together:
// their bytes with one sync, then their names, then their manifests, so that a manifest never names bytes that a power cut could take.
package land

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
	// Zone is that of export times in file names, and of the times in zip archives, that name none.
	Zone *time.Location
	// Scratch is a folder for files on their way, best on the store's file system, where they are then moved and not copied.
	Scratch string
	// MaxSize refuses larger files, in bytes; 0: DefaultMaxSize.
	MaxSize int64
	// Begin, if set, is offered each new file that a feed takes, before it is copied and hashed: its manifest has no key and no hash yet. What it
	// gives, unless nil, is called with the whole manifest when the file has landed, and not at all if it does not land. It is called from
	// several goroutines.
	Begin func(manifest landing.Manifest, open func() (fs.File, error)) (landed func(landing.Manifest))
}

// Landed is what became of one file.
type Landed struct {
	Path     string // of a member of an archive: the archive's path, "!" and the member's
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
	l := newLander(bucket, registry, options)
	var problems []error
	for _, path := range paths {
		problems = append(problems, l.path(ctx, path))
	}
	problems = append(problems, l.flush(ctx), l.close())
	return l.landed, errors.Join(problems...)
}

// errUnreadable marks what is wrong with a file, or with reaching it, and not with the store.
var errUnreadable = errors.New("unreadable")

type unreadableError struct{ error }

func (unreadableError) Is(target error) bool { return target == errUnreadable }

func (e unreadableError) Unwrap() error { return e.error }

func unreadable(path string, err error) error {
	return unreadableError{fmt.Errorf("land %s: %w", path, err)}
}

// Unreadable lists what was wrong with files, one line for each, "path: reason"; ok says that nothing else went wrong. err is what Land gave.
func Unreadable(err error) (lines []string, ok bool) {
	joined, several := err.(interface{ Unwrap() []error }) //nolint:errorlint // the parts are looked at one by one
	if !several {
		return []string{strings.TrimPrefix(err.Error(), "land ")}, errors.Is(err, errUnreadable)
	}
	for _, part := range joined.Unwrap() {
		more, ok := Unreadable(part)
		if lines = append(lines, more...); !ok {
			return lines, false
		}
	}
	return lines, true
}

type lander struct {
	bucket   *objectstore.Bucket
	registry *contract.Registry
	options  Options
	landed   []Landed
	waiting  []source // to be landed together, in this order
	weight   int64    // bytes of them
	closers  []func() error
	there    *present // what has landed; nil before it is listed
}

func newLander(bucket *objectstore.Bucket, registry *contract.Registry, options Options) *lander {
	if options.MaxSize == 0 {
		options.MaxSize = DefaultMaxSize
	}
	if options.Zone == nil {
		options.Zone = time.UTC
	}
	return &lander{bucket: bucket, registry: registry, options: options}
}

// close closes the folders and archives whose files were landed.
func (l *lander) close() error {
	var problems []error
	for _, each := range l.closers {
		problems = append(problems, each())
	}
	l.closers = nil
	return errors.Join(problems...)
}
