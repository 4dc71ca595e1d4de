// Package bucket is a prefix of a bucket as an origin of export files: another bucket than the store's, into which a partner or another
// system of the brand writes.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"countinghouse/internal/objectstore"
	"countinghouse/internal/origin"
)

// patience is how long nothing may come.
const patience = 2 * time.Minute

// Bucket is an origin.
type Bucket struct {
	objects *objectstore.Bucket
}

// New is the origin of all objects of a bucket that was opened at a prefix.
func New(objects *objectstore.Bucket) *Bucket { return &Bucket{objects: objects} }

// List gives the objects below the prefix, but for hidden ones. An object is whole when it is there; its version is size and time, to the
// second, so the youngest ones are not taken for steady: they may change within their second.
func (b *Bucket) List(ctx context.Context) ([]origin.Entry, error) {
	var entries []origin.Entry
	for object, err := range b.objects.List(ctx, "") {
		switch {
		case err != nil:
			return nil, failure(ctx, err)
		case origin.PassedOver(path.Base(object.Key)):
			continue
		case len(entries) == origin.MaxEntries:
			return nil, origin.ErrTooMany
		}
		entries = append(entries, entryOf(object))
	}
	return entries, nil
}

func entryOf(object objectstore.Attributes) origin.Entry {
	return origin.Entry{
		Path: object.Key, Name: path.Base(object.Key), Size: object.Size, ModTime: object.ModTime,
		Version: origin.VersionOf(object.Size, object.ModTime),
	}
}

// Fetch downloads an object; the client goes on by itself where a connection broke, and compares checksums.
func (b *Bucket) Fetch(ctx context.Context, entry origin.Entry, _ string, part *origin.Part) (origin.Entry, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r, attributes, err := b.objects.Open(ctx, entry.Path)
	if err != nil {
		return entry, failure(ctx, err)
	}
	defer func() { _ = r.Close() }()
	if _, err := part.Resume(""); err != nil {
		return entry, err
	}
	if err := origin.Copy(ctx, part, r, patience, stop); err != nil {
		return entry, err
	}
	if _, size := part.Held(); size != attributes.Size {
		return entry, origin.Trouble{Err: fmt.Errorf("%d of %d bytes came", size, attributes.Size)}
	}
	if entryOf(attributes).Version != entry.Version {
		return entry, origin.ErrChanging
	}
	return entry, nil
}

func failure(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, objectstore.ErrNotFound):
		return origin.ErrChanging // it was listed a moment ago
	}
	return origin.Trouble{Err: err}
}
