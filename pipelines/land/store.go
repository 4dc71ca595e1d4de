package land

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/contract/landing"
	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"
)

func (l *lander) land(ctx context.Context, path string, open opener) (Landed, error) {
	info, err := stat(open)
	if err != nil {
		return Landed{}, err
	}
	if info.Size() > l.options.MaxSize {
		return Landed{}, fmt.Errorf("%d bytes are more than the %d allowed", info.Size(), l.options.MaxSize)
	}
	if first, there, err := l.before(ctx, info.Size(), open); err != nil || there {
		return Landed{Path: path, Manifest: first, Already: true}, err
	}
	name := filepath.Base(path)
	feed, reason, err := l.recognise(ctx, name, info.Size(), open)
	if err != nil {
		return Landed{}, err
	}
	manifest := landing.Manifest{Feed: feed, Name: name, ReceivedAt: l.options.Now, ModTime: info.ModTime(), Reason: reason}
	if manifest.ExportedAt, err = l.exportedAt(feed, name); err != nil {
		manifest.ExportedAt = nil // conform quarantines the file with the reason
	}
	return l.store(ctx, path, manifest, open)
}

func stat(open opener) (fs.FileInfo, error) {
	file, err := open()
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	return info, errors.Join(err, file.Close())
}

func (l *lander) exportedAt(feed, name string) (*time.Time, error) {
	c, ok := l.registry.Feed(feed)
	if !ok || c.Files.ExportedAt == nil || c.Files.ExportedAt.FileName == "" {
		return nil, nil
	}
	return c.Files.ExportedAt.FromName(name, l.options.Zone)
}

// before finds an earlier landing of the same bytes, under whatever name, in a feed that may take the file. It is hashed here only if a
// landed file has its size. What no feed took is looked at anew: there may be a contract for it now.
func (l *lander) before(ctx context.Context, size int64, open opener) (landing.Manifest, bool, error) {
	if err := l.listSizes(ctx); err != nil || len(l.sizes[size]) == 0 {
		return landing.Manifest{}, false, err
	}
	hash, _, err := copyHashed(ctx, io.Discard, open)
	if err != nil {
		return landing.Manifest{}, false, err
	}
	for _, feed := range slices.Sorted(maps.Keys(l.sizes[size])) {
		if feed == landing.Unrecognised || l.options.Feed != "" && l.options.Feed != feed {
			continue
		}
		if first, there, err := l.earlier(ctx, feed, hash); err != nil || there {
			return first, there, err
		}
	}
	return landing.Manifest{}, false, nil
}

// listSizes finds, once for all files, which sizes have landed in which feed.
func (l *lander) listSizes(ctx context.Context) error {
	if l.sizes != nil {
		return nil
	}
	l.sizes = map[int64]map[string]bool{}
	for object, err := range l.bucket.List(ctx, "landing/") {
		if err != nil {
			return err
		}
		if parts := strings.Split(object.Key, "/"); len(parts) > 2 {
			l.noteSize(parts[1], object.Size)
		}
	}
	return nil
}

func (l *lander) noteSize(feed string, size int64) {
	if l.sizes[size] == nil {
		l.sizes[size] = map[string]bool{}
	}
	l.sizes[size][feed] = true
}

func (l *lander) earlier(ctx context.Context, feed, hash string) (landing.Manifest, bool, error) {
	manifest, err := landing.Read(ctx, l.bucket, feed, hash)
	if errors.Is(err, objectstore.ErrNotFound) {
		return landing.Manifest{}, false, nil
	}
	return manifest, err == nil, err
}

// store copies the file to scratch, hashing in the same pass since its key holds the hash, and moves it into the store.
func (l *lander) store(ctx context.Context, path string, manifest landing.Manifest, open opener) (landed Landed, err error) {
	staged, err := os.CreateTemp(l.options.Scratch, "landing-*")
	if err != nil {
		return Landed{}, err
	}
	defer func() { _ = os.Remove(staged.Name()) }()
	manifest.SHA256, manifest.Size, err = copyHashed(ctx, staged, open)
	if err = errors.Join(err, staged.Close()); err != nil {
		return Landed{}, err
	}
	if err := unchanged(manifest, open); err != nil {
		return Landed{}, err
	}
	if first, there, err := l.earlier(ctx, manifest.Feed, manifest.SHA256); err != nil || there {
		return Landed{Path: path, Manifest: first, Already: true}, err
	}
	manifest.Key = landing.FileKey(manifest.Feed, manifest.SHA256, manifest.Name)
	if _, err := l.bucket.CreateFile(ctx, manifest.Key, staged.Name()); err != nil {
		return Landed{}, err
	}
	crash.Point(crash.LandStored)
	if err := landing.Write(ctx, l.bucket, manifest); err != nil {
		return Landed{}, err
	}
	l.noteSize(manifest.Feed, manifest.Size)
	return Landed{Path: path, Manifest: manifest}, nil
}

// ErrChanging says that a file was written to while it was read. Nothing of it has landed.
var ErrChanging = errors.New("it was written to while it was read: land it again when it is whole")

// unchanged refuses a file that somebody still writes: the part that was read may look like a whole export.
func unchanged(read landing.Manifest, open opener) error {
	info, err := stat(open)
	if err == nil && (info.Size() != read.Size || !info.ModTime().Equal(read.ModTime)) {
		err = ErrChanging
	}
	return err
}

func copyHashed(ctx context.Context, to io.Writer, open opener) (hash string, size int64, err error) {
	file, err := open()
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	buffer := make([]byte, 1<<20)
	for {
		n, err := file.Read(buffer)
		if n > 0 {
			sum.Write(buffer[:n])
			if _, err := to.Write(buffer[:n]); err != nil {
				return "", 0, err
			}
			size += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(sum.Sum(nil)), size, nil
		case err != nil:
			return "", 0, err
		case ctx.Err() != nil:
			return "", 0, ctx.Err()
		}
	}
}
