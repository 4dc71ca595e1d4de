// Package folder is a watched folder as an origin of export files: one of this machine, or a share that is mounted. It is opened as a
// root, so that links cannot lead out of it.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"countinghouse/internal/origin"
)

// Folder is an origin. Close it.
type Folder struct {
	root  *os.Root
	moved string // where Move puts files, within the folder; nothing below it is listed
}

// Open opens a folder. moved names the folder within it that Move moves to; empty: none.
func Open(dir, moved string) (*Folder, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, origin.Misconfigured{Err: fmt.Errorf("there is no folder %s", dir)}
	}
	if err != nil {
		return nil, err
	}
	return &Folder{root: root, moved: moved}, nil
}

// Close gives the folder back.
func (f *Folder) Close() error { return f.root.Close() }

// List gives the files of the folder and those below it. Hidden ones, and those that are half a file by their name, are left out. A link
// is listed as the file that it leads to; one that leads nowhere, or out of the folder, is an entry that cannot be fetched.
func (f *Folder) List(ctx context.Context) ([]origin.Entry, error) {
	var entries []origin.Entry
	err := fs.WalkDir(f.root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist):
			return nil // it went while we looked
		case err != nil:
			return err
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || name == f.moved):
			return fs.SkipDir
		case entry.IsDir() || origin.PassedOver(entry.Name()):
			return nil
		case len(entries) == origin.MaxEntries:
			return origin.ErrTooMany
		}
		entries = append(entries, f.entry(name))
		return nil
	})
	return entries, err
}

// entry describes a file. What cannot be looked at has no version: Fetch says why.
func (f *Folder) entry(name string) origin.Entry {
	entry := origin.Entry{Path: name, Name: path.Base(name), Size: -1}
	if info, err := f.root.Stat(name); err == nil {
		entry.Size, entry.ModTime = info.Size(), info.ModTime()
		entry.Version = origin.VersionOf(info.Size(), info.ModTime())
	}
	return entry
}

// Fetch copies a file. ErrChanging if somebody writes to it.
func (f *Folder) Fetch(ctx context.Context, entry origin.Entry, _ string, part *origin.Part) (origin.Entry, error) {
	file, err := f.open(entry.Path)
	if err != nil {
		return entry, err
	}
	defer func() { _ = file.Close() }()
	if _, err := part.Resume(""); err != nil {
		return entry, err
	}
	if _, err := io.Copy(part, contextReader{ctx, file}); err != nil {
		return entry, err
	}
	info, err := file.Stat()
	_, size := part.Held()
	if err == nil && (origin.VersionOf(info.Size(), info.ModTime()) != entry.Version || info.Size() != size) {
		err = origin.ErrChanging
	}
	return entry, err
}

// open opens a regular file. It is asked what it is before: to open a named pipe is to wait for its writer.
func (f *Folder) open(name string) (*os.File, error) {
	info, err := f.root.Stat(name)
	if link, linkErr := f.root.Lstat(name); err != nil && linkErr == nil && link.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("a link that escapes from the folder, or leads nowhere: put the file itself there, or leave the link out by exclude (%w)", err)
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	return f.root.Open(name)
}

// Remove removes a file that was fetched, if it is still what it was then.
func (f *Folder) Remove(_ context.Context, entry origin.Entry) error {
	if f.entry(entry.Path).Version != entry.Version {
		return nil // a new file under the same name: the next round takes it
	}
	return f.root.Remove(entry.Path)
}

// Move moves a file that was fetched, if it is still what it was then, to the folder that Open was told. A file of that name that is there
// already stays: the new one gets a number.
func (f *Folder) Move(ctx context.Context, entry origin.Entry) error {
	if err := f.root.MkdirAll(f.moved, 0o750); err != nil {
		return err
	}
	stem, ending := strings.TrimSuffix(entry.Name, path.Ext(entry.Name)), path.Ext(entry.Name)
	for n, target := 1, path.Join(f.moved, entry.Name); ; target = path.Join(f.moved, fmt.Sprintf("%s-%d%s", stem, n, ending)) {
		if f.entry(entry.Path).Version != entry.Version {
			return nil
		}
		err := f.root.Link(entry.Path, target)
		if err == nil {
			return f.root.Remove(entry.Path)
		}
		if !errors.Is(err, fs.ErrExist) || ctx.Err() != nil {
			return err
		}
		n++
	}
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	io.Reader
}

func (r contextReader) Read(buffer []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(buffer)
}
