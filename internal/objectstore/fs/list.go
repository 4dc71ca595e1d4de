package fs

import (
	"context"
	"errors"
	iofs "io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"

	"countinghouse/internal/objectstore"
)

// errStop ends a walk whose caller has seen enough.
var errStop = errors.New("stop")

// List walks the folder that holds all keys of the prefix. What is removed meanwhile may be missing; symbolic links are no
// objects.
func (f *Folder) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Attributes, error] {
	return func(yield func(objectstore.Attributes, error) bool) {
		w := walk{ctx: ctx, folder: f, prefix: prefix, yield: yield}
		start := prefix[:strings.LastIndexByte(prefix, '/')+1]
		if err := w.list(start); err != nil && !errors.Is(err, errStop) {
			yield(objectstore.Attributes{}, err)
		}
	}
}

type walk struct {
	ctx    context.Context //nolint:containedctx // lives as long as one List
	folder *Folder
	prefix string
	yield  func(objectstore.Attributes, error) bool
}

// list gives what is in a folder: its path under the root, empty or with a slash at its end.
func (w walk) list(folder string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	entries, err := os.ReadDir(w.folder.path(folder))
	if err != nil && errors.Is(known(err), objectstore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names(entries) {
		if err := w.entry(folder+name.text, name.entry); err != nil {
			return err
		}
	}
	return nil
}

func (w walk) entry(key string, entry iofs.DirEntry) error {
	switch {
	case reserved(key) || !strings.HasPrefix(key, w.prefix):
		return nil
	case entry.IsDir():
		return w.list(key)
	case entry.Type().IsRegular():
		return w.give(key, entry)
	}
	return nil
}

func (w walk) give(key string, entry iofs.DirEntry) error {
	info, err := entry.Info()
	if errors.Is(err, iofs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !w.yield(objectstore.Attributes{Key: key, Size: info.Size(), ModTime: info.ModTime()}, nil) {
		return errStop
	}
	return nil
}

type name struct {
	text  string
	entry iofs.DirEntry
}

// names puts entries in the order of their keys: a folder counts with its slash, so that "a.csv" comes before "a/b".
func names(entries []iofs.DirEntry) []name {
	all := make([]name, len(entries))
	for i, entry := range entries {
		all[i] = name{entry.Name(), entry}
		if entry.IsDir() {
			all[i].text += "/"
		}
	}
	slices.SortFunc(all, func(a, b name) int { return strings.Compare(a.text, b.text) })
	return all
}

// reserved says whether the last name of the path is the store's own.
func reserved(key string) bool {
	switch path.Base(key) {
	case objectstore.StagingFolder, objectstore.LockFile:
		return true
	}
	return false
}
