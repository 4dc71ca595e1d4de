package land

import (
	"context"
	"errors"
	"fmt"
	"os"

	"countinghouse/internal/contract/landing"
	"countinghouse/internal/crash"
	"countinghouse/internal/objectstore"

	"golang.org/x/sync/errgroup"
)

// store gives files that were read their names in the store, and notes what became of each, in their order.
func (l *lander) store(ctx context.Context, files []prepared) error {
	fresh := l.fresh(ctx, files)
	create := l.together
	if len(fresh) <= fewFiles {
		create = l.oneByOne
	}
	if err := create(ctx, fresh); err != nil {
		for _, file := range fresh {
			file.err = errors.Join(file.err, err)
		}
	}
	var problems []error
	for i := range files {
		file := &files[i]
		if file.err == nil {
			file.err = l.release(ctx, file)
		}
		if file.err != nil {
			problems = append(problems, fmt.Errorf("land %s: %w", file.source.path, file.err))
			continue
		}
		l.there.add(file.manifest.Feed, file.manifest.SHA256)
		l.there.sizes[file.manifest.Size] = true
		if file.tell != nil && !file.already {
			file.tell(file.manifest)
		}
		l.landed = append(l.landed, Landed{Path: file.source.path, Manifest: file.manifest, Already: file.already})
	}
	return errors.Join(problems...)
}

// fresh leaves the files whose bytes are not in the store yet. Of equal ones the first lands, and the others are there already; but what no
// feed took gives way to the same bytes under a name that one takes.
func (l *lander) fresh(ctx context.Context, files []prepared) []*prepared {
	var fresh []*prepared
	taken := map[string]landing.Manifest{}
	for i := range files {
		file := &files[i]
		if file.err != nil || file.already {
			continue
		}
		sha256 := file.manifest.SHA256
		first, twice := taken[sha256]
		switch {
		case twice && (first.Feed == file.manifest.Feed || first.Feed != landing.Unrecognised):
			file.manifest, file.already = first, true
		case l.there.feeds[sha256][file.manifest.Feed]:
			file.manifest, file.err = landing.Read(ctx, l.bucket, file.manifest.Feed, sha256)
			file.already = true
		default:
			fresh = append(fresh, file)
		}
		taken[sha256] = file.manifest
	}
	return fresh
}

// fewFiles are stored one by one: so many syncs of single files are cheaper than those of the whole file system.
const fewFiles = 3

func (l *lander) oneByOne(ctx context.Context, files []*prepared) error {
	for _, file := range files {
		file.err = l.storeOne(ctx, file)
	}
	return nil
}

func (l *lander) storeOne(ctx context.Context, file *prepared) error {
	if _, err := l.bucket.CreateFile(ctx, file.manifest.Key, file.staged); err != nil {
		return err
	}
	crash.Point(crash.LandStored)
	return landing.Write(ctx, l.bucket, file.manifest)
}

// writers is how many objects are created at once.
const writers = 16

// together stores many files in three steps, with a sync between them: bytes and manifests are in scratch, then the files have their names, then
// the manifests. What is cut off leaves files without manifests, which the next landing names again: since their bytes were durable before
// they had a name, they are whole.
func (l *lander) together(ctx context.Context, files []*prepared) error {
	manifests := make([]string, len(files))
	defer func() {
		for _, name := range manifests {
			_ = os.Remove(name)
		}
	}()
	for i, file := range files {
		name, err := landing.Stage(file.manifest, l.options.Scratch)
		if err != nil {
			return err
		}
		manifests[i] = name
	}
	// The first is created with a sync of its own: a new store has no folder yet that could be synced.
	if _, err := l.bucket.CreateFile(ctx, files[0].manifest.Key, files[0].staged); err != nil {
		return err
	}
	if err := l.bucket.Sync(ctx); err != nil {
		return err
	}
	each(files[1:], func(_ int, file *prepared) error {
		_, err := l.bucket.CreateFileLater(ctx, file.manifest.Key, file.staged)
		return err
	})
	if err := l.bucket.Sync(ctx); err != nil {
		return err
	}
	each(files, func(i int, file *prepared) error {
		crash.Point(crash.LandStored)
		_, err := l.bucket.CreateFileLater(ctx, landing.ManifestKey(file.manifest.Feed, file.manifest.SHA256), manifests[i])
		if errors.Is(err, objectstore.ErrPrecondition) {
			return nil // another process has landed the same bytes just now: its manifest stands
		}
		return err
	})
	return l.bucket.Sync(ctx)
}

// each does one step for all files that had no trouble so far, some at once.
func each(files []*prepared, step func(i int, file *prepared) error) {
	var group errgroup.Group
	group.SetLimit(writers)
	for i, file := range files {
		if file.err == nil {
			group.Go(func() error {
				file.err = step(i, file)
				return nil
			})
		}
	}
	_ = group.Wait() // problems are with the files
}
