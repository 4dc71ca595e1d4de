package land

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"countinghouse/internal/contract/landing"
	"countinghouse/internal/contract/reader"
	"countinghouse/internal/contract/recognise"
	"countinghouse/internal/erasure"

	"golang.org/x/sync/errgroup"
)

// A prepared file has been read: it waits in scratch for its name in the store, or is there already.
type prepared struct {
	source   source
	manifest landing.Manifest
	staged   string // path of its bytes in scratch; empty where they are in the store already
	already  bool
	tell     func(landing.Manifest) // to be called when it has landed; may be nil
	err      error
}

// flush lands the files that wait.
func (l *lander) flush(ctx context.Context) error {
	files := make([]prepared, len(l.waiting))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	if len(files) > 0 {
		if err := l.list(ctx); err != nil {
			return fmt.Errorf("land: %w", err)
		}
	}
	for i, from := range l.waiting {
		group.Go(func() error {
			files[i] = l.prepare(ctx, from)
			return nil
		})
	}
	_ = group.Wait() // problems are with the files
	l.waiting, l.weight = nil, 0
	defer func() {
		for _, file := range files {
			if file.staged != "" {
				_ = os.Remove(file.staged)
			}
		}
	}()
	return l.store(ctx, files)
}

func (l *lander) prepare(ctx context.Context, from source) prepared {
	file := prepared{source: from}
	file.err = l.read(ctx, &file)
	damage := (*reader.Problem)(nil)
	if from.whole == nil || !errors.As(file.err, &damage) {
		return file
	}
	// A member that cannot be unpacked has no bytes to keep: the archive is kept aside in its place. Its other members land as ever.
	kept := prepared{source: *from.whole, staged: file.staged}
	kept.source.refused = from.base() + ": " + damage.Error()
	if file.staged != "" {
		if err := os.Remove(file.staged); err != nil {
			kept.err = err
			return kept
		}
	}
	kept.staged = ""
	kept.err = l.read(ctx, &kept)
	return kept
}

func (l *lander) read(ctx context.Context, file *prepared) error {
	open := file.source.open
	info, err := stat(open)
	if err != nil {
		return err
	}
	first, already, err := l.before(ctx, info.Size(), open)
	if err != nil || already {
		file.manifest, file.already = first, already
		return err
	}
	told := recognise.Result{Feed: landing.Unrecognised, Reason: file.source.refused}
	if told.Reason == "" {
		told, err = l.recognise(ctx, file.source.base(), info.Size(), open)
	}
	if err != nil {
		return err
	}
	file.manifest = landing.Manifest{
		Feed: told.Feed, Name: file.source.name, Archive: file.source.archive, ReceivedAt: l.options.Now, ModTime: info.ModTime(),
		Reason: told.Reason, Why: told.Why, Also: told.Also, Size: info.Size(),
	}
	if !file.source.received.IsZero() {
		file.manifest.ReceivedAt = file.source.received
	}
	if file.manifest.ExportedAt, err = l.exportedAt(told.Feed, file.source.name); err != nil {
		file.manifest.ExportedAt = nil // conform quarantines the file with the reason
	}
	if l.options.Begin != nil && told.Feed != landing.Unrecognised {
		file.tell = l.options.Begin(file.manifest, open)
	}
	return l.stage(ctx, file)
}

// stage copies the file to scratch, hashing in the same pass since its key holds the hash.
func (l *lander) stage(ctx context.Context, file *prepared) error {
	staged, err := os.CreateTemp(l.options.Scratch, "landing-*")
	if err != nil {
		return err
	}
	file.staged = staged.Name()
	file.manifest.SHA256, file.manifest.Size, err = copyHashed(ctx, staged, file.source.open)
	if err = errors.Join(err, staged.Close()); err != nil {
		return err
	}
	file.manifest.MetadataAt = metadataTime(file.staged)
	file.manifest.Key = landing.FileKey(file.manifest.Feed, file.manifest.SHA256, file.manifest.Name)
	return unchanged(file.manifest, file.source.open)
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

func (l *lander) exportedAt(feed, name string) (*time.Time, error) {
	c, ok := l.registry.Feed(feed)
	if !ok {
		return nil, nil
	}
	if rule := c.Files.ExportedAt; rule != nil {
		if when, err := rule.FromName(name, l.options.Zone); when != nil || err != nil {
			return when, err
		}
	}
	return c.TimeInOwnName(name, l.options.Zone), nil
}

// present is what has landed: the feeds by content, and the sizes.
type present struct {
	feeds map[string]map[string]bool // by SHA-256
	sizes map[int64]bool
	// rewritten are the exports that an erasure replaced, by the SHA-256 that they came with.
	rewritten map[string]erasure.Rewritten
}

func (p *present) add(feed, sha256 string) {
	if p.feeds[sha256] == nil {
		p.feeds[sha256] = map[string]bool{}
	}
	p.feeds[sha256][feed] = true
}

// list finds, once for all files, what has landed. What another process lands meanwhile is met when the manifest is written.
func (l *lander) list(ctx context.Context) error {
	if l.there != nil {
		return nil
	}
	l.there = &present{feeds: map[string]map[string]bool{}, sizes: map[int64]bool{}, rewritten: map[string]erasure.Rewritten{}}
	replaced, err := erasure.Replaced(ctx, l.bucket)
	if err != nil {
		return err
	}
	for _, file := range replaced {
		l.there.rewritten[file.Replaces], l.there.sizes[file.Size] = file, true
	}
	for object, err := range l.bucket.List(ctx, "landing/") {
		if err != nil {
			return err
		}
		parts := strings.Split(object.Key, "/")
		if len(parts) < 4 {
			continue
		}
		if object.Key == landing.ManifestKey(parts[1], parts[2]) {
			l.there.add(parts[1], parts[2])
		} else {
			l.there.sizes[object.Size] = true
		}
	}
	return nil
}

// before finds an earlier landing of the same bytes, under whatever name, in a feed that may take the file. It is hashed here only if a
// landed file has its size. What no feed took is looked at anew: there may be a contract for it now.
func (l *lander) before(ctx context.Context, size int64, open opener) (landing.Manifest, bool, error) {
	if !l.there.sizes[size] {
		return landing.Manifest{}, false, nil
	}
	hash, err := hashOf(ctx, open)
	if err != nil {
		return landing.Manifest{}, false, err
	}
	for {
		rewritten, found := l.there.rewritten[hash]
		if !found {
			break
		}
		if rewritten.SHA256 == "" {
			return landing.Manifest{Feed: landing.Unrecognised, SHA256: hash, Size: size, Reason: "an erasure removed this export: " + rewritten.How}, true, nil
		}
		hash = rewritten.SHA256
	}
	for _, feed := range slices.Sorted(maps.Keys(l.there.feeds[hash])) {
		if feed == landing.Unrecognised || l.options.Feed != "" && l.options.Feed != feed {
			continue
		}
		first, err := landing.Read(ctx, l.bucket, feed, hash)
		return first, err == nil, err
	}
	return landing.Manifest{}, false, nil
}

func hashOf(ctx context.Context, open opener) (string, error) {
	hash, _, err := copyHashed(ctx, nil, open)
	return hash, err
}
