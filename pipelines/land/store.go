package land

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"countinghouse/internal/contract/landing"
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
	name := filepath.Base(path)
	feed, reason, err := l.recognise(ctx, name, info.Size(), open)
	if err != nil {
		return Landed{}, err
	}
	manifest := landing.Manifest{Feed: feed, Name: name, ReceivedAt: l.options.Now, ModTime: info.ModTime(), Reason: reason}
	if manifest.ExportedAt, err = l.exportedAt(feed, name); err != nil {
		manifest.ExportedAt = nil // conform quarantines the file with the reason
	}
	if first, there, err := l.before(ctx, feed, info.Size(), open); err != nil || there {
		return Landed{Path: path, Manifest: first, Already: true}, err
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

// before finds an earlier landing of the same bytes. A file is hashed here only if the feed has one of its size.
func (l *lander) before(ctx context.Context, feed string, size int64, open opener) (landing.Manifest, bool, error) {
	sizes, err := l.sizesOf(ctx, feed)
	if err != nil || !sizes[size] {
		return landing.Manifest{}, false, err
	}
	hash, _, err := copyHashed(ctx, io.Discard, open)
	if err != nil {
		return landing.Manifest{}, false, err
	}
	return l.earlier(ctx, feed, hash)
}

// sizesOf gives the sizes of what a feed has, listed once per landing.
func (l *lander) sizesOf(ctx context.Context, feed string) (map[int64]bool, error) {
	if sizes, listed := l.sizes[feed]; listed {
		return sizes, nil
	}
	sizes := map[int64]bool{}
	for object, err := range l.bucket.List(ctx, path.Join("landing", feed)+"/") {
		if err != nil {
			return nil, err
		}
		sizes[object.Size] = true
	}
	l.sizes[feed] = sizes
	return sizes, nil
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
	if first, there, err := l.earlier(ctx, manifest.Feed, manifest.SHA256); err != nil || there {
		return Landed{Path: path, Manifest: first, Already: true}, err
	}
	manifest.Key = landing.FileKey(manifest.Feed, manifest.SHA256, manifest.Name)
	if _, err := l.bucket.CreateFile(ctx, manifest.Key, staged.Name()); err != nil {
		return Landed{}, err
	}
	if err := landing.Write(ctx, l.bucket, manifest); err != nil {
		return Landed{}, err
	}
	l.sizes[manifest.Feed][manifest.Size] = true
	return Landed{Path: path, Manifest: manifest}, nil
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
