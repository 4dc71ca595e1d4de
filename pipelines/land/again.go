package land

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/landing"
	"countinghouse/internal/objectstore"
)

// Again looks once more at the files that no feed took: there may be a contract for them now. One that a feed takes moves there, as it was
// received; nothing has to be brought again.
func Again(ctx context.Context, bucket *objectstore.Bucket, registry *contract.Registry, options Options) ([]Landed, error) {
	aside, err := landing.List(ctx, bucket, landing.Unrecognised)
	if err != nil {
		return nil, fmt.Errorf("land again: %w", err)
	}
	l := newLander(bucket, registry, options)
	var problems []error
	for _, sha256 := range aside {
		problems = append(problems, l.again(ctx, sha256))
	}
	problems = append(problems, l.flush(ctx))
	return l.landed, errors.Join(problems...)
}

func (l *lander) again(ctx context.Context, sha256 string) error {
	manifest, err := landing.Read(ctx, l.bucket, landing.Unrecognised, sha256)
	if err != nil {
		return err
	}
	local, err := l.bucket.LocalPath(ctx, manifest.Key)
	if err != nil {
		return err
	}
	return l.file(ctx, source{path: manifest.Name, name: manifest.Name, archive: manifest.Archive, received: manifest.ReceivedAt, open: func() (fs.File, error) {
		file, err := os.Open(local)
		return storedFile{file, manifest.ModTime}, err
	}})
}

// A storedFile is a landed file with the time that it came with.
type storedFile struct {
	*os.File
	modified time.Time
}

// Stat gives the time of the file as it was brought.
func (f storedFile) Stat() (fs.FileInfo, error) {
	info, err := f.File.Stat()
	return storedInfo{info, f.modified}, err
}

type storedInfo struct {
	fs.FileInfo
	modified time.Time
}

func (i storedInfo) ModTime() time.Time { return i.modified }

// release removes what was kept aside of files that a feed takes now, the manifest first: without it, the bytes are nobody's.
func (l *lander) release(ctx context.Context, file *prepared) error {
	if file.manifest.Feed == landing.Unrecognised || !l.there.feeds[file.manifest.SHA256][landing.Unrecognised] {
		return nil
	}
	aside, err := landing.Read(ctx, l.bucket, landing.Unrecognised, file.manifest.SHA256)
	if errors.Is(err, objectstore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	delete(l.there.feeds[file.manifest.SHA256], landing.Unrecognised)
	if err := l.bucket.Delete(ctx, landing.ManifestKey(landing.Unrecognised, aside.SHA256)); err != nil {
		return err
	}
	return l.bucket.Delete(ctx, aside.Key)
}
