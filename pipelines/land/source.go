package land

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"countinghouse/internal/contract/reader"
)

// An opener opens one file again and again.
type opener func() (fs.File, error)

// A source is one file to be landed: on a disk, or a member of an archive.
type source struct {
	path    string // as people know it
	name    string // for the manifest: the base name, of a member archive.zip!member
	archive bool   // it is a member
	refused string // why it is kept aside without a look at its name and header
	// received is when it was brought, if that was before this landing.
	received time.Time
	open     opener
	whole    *source // of a member: its archive
}

// base is the name that patterns of feeds are held against.
func (s source) base() string {
	if s.archive {
		_, member, _ := strings.Cut(s.name, "!")
		return path.Base(member)
	}
	return s.name
}

func (l *lander) path(ctx context.Context, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("land: %w", err)
	}
	if info.IsDir() {
		return l.folder(ctx, name)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("land %s: %w", name, errIrregular) // to open a pipe would be to wait for its other end
	}
	return l.file(ctx, source{path: name, name: filepath.Base(name), open: func() (fs.File, error) { return os.Open(name) }})
}

// folder goes through a folder. It is opened as a root, so that links cannot lead out of it.
func (l *lander) folder(ctx context.Context, name string) error {
	root, err := os.OpenRoot(name)
	if err != nil {
		return fmt.Errorf("land: %w", err)
	}
	l.closers = append(l.closers, root.Close)
	var problems []error
	err = fs.WalkDir(root.FS(), ".", func(inside string, entry fs.DirEntry, err error) error {
		place := filepath.Join(name, inside)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			problems = append(problems, unreadable(place, err))
			return nil
		case inside != "." && passedOver(entry.Name()):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		case irregular(root, inside, entry):
			problems = append(problems, unreadable(place, errIrregular))
			return nil
		}
		one := source{path: place, name: entry.Name(), open: func() (fs.File, error) { return root.Open(inside) }}
		problems = append(problems, l.file(ctx, one))
		return nil
	})
	return errors.Join(append(problems, err)...)
}

var errIrregular = errors.New("not a regular file")

// irregular says that a name, or what it links to, is a pipe, a device or a socket. Links that lead out of the folder are found when they are
// opened.
func irregular(root *os.Root, name string, entry fs.DirEntry) bool {
	mode := entry.Type()
	if mode&fs.ModeSymlink != 0 {
		info, err := root.Stat(name)
		if err != nil {
			return false
		}
		mode = info.Mode().Type() &^ fs.ModeDir
	}
	return !mode.IsRegular()
}

func passedOver(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") || name == "__MACOSX"
}

// file puts a file, or the members of an archive, among those that wait.
func (l *lander) file(ctx context.Context, from source) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("land %s: %w", from.path, err)
	}
	info, err := stat(from.open)
	if err == nil && info.Size() > l.options.MaxSize {
		err = fmt.Errorf("%d bytes are more than the %d allowed", info.Size(), l.options.MaxSize)
	}
	if err != nil {
		return unreadable(from.path, err)
	}
	members, err := reader.Members(from.open, info.Size())
	if wrong := (*reader.Problem)(nil); errors.As(err, &wrong) {
		from.refused, err = wrong.Error(), nil
	}
	if err != nil {
		return unreadable(from.path, err)
	}
	if members == nil {
		return l.wait(ctx, from, info.Size())
	}
	var problems []error
	for _, member := range members {
		problems = append(problems, l.member(ctx, from, info, member))
	}
	return errors.Join(problems...)
}

func stat(open opener) (fs.FileInfo, error) {
	file, err := open()
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errIrregular
	}
	return info, errors.Join(err, file.Close())
}

func (l *lander) member(ctx context.Context, from source, archive fs.FileInfo, member reader.Member) error {
	for part := range strings.SplitSeq(member.Name, "/") {
		if passedOver(part) {
			return nil
		}
	}
	if member.Size > l.options.MaxSize {
		return unreadable(from.path+"!"+member.Name, fmt.Errorf("%d bytes are more than the %d allowed", member.Size, l.options.MaxSize))
	}
	info := memberInfo{member: member, modified: memberTime(member.ModTime, archive.ModTime(), l.options.Zone)}
	one := source{path: from.path + "!" + member.Name, name: from.name + "!" + member.Name, archive: true, whole: &from, open: func() (fs.File, error) {
		content, err := member.Open()
		return memberFile{content, info}, err
	}}
	return l.wait(ctx, one, member.Size)
}

// memberTime is when a member was last written. Many zips only have the wall clock of the machine that made them, which package zip gives in UTC
// itself, and not in a zone of its own: it is taken for the brand's.
func memberTime(noted, archive time.Time, zone *time.Location) time.Time {
	switch {
	case noted.IsZero():
		return archive
	case noted.Location() != time.UTC:
		return noted
	}
	return time.Date(noted.Year(), noted.Month(), noted.Day(), noted.Hour(), noted.Minute(), noted.Second(), 0, zone)
}

// Files are landed together, but no more of them, in number or bytes, than can wait in scratch.
const (
	batchFiles = 1024
	batchBytes = 256 << 20
)

func (l *lander) wait(ctx context.Context, one source, size int64) error {
	l.waiting, l.weight = append(l.waiting, one), l.weight+size
	if len(l.waiting) < batchFiles && l.weight < batchBytes {
		return nil
	}
	return l.flush(ctx)
}

// A memberFile is a member of an archive as a file.
type memberFile struct {
	io.ReadCloser
	info memberInfo
}

// Stat gives the member's own name, size and time.
func (f memberFile) Stat() (fs.FileInfo, error) { return f.info, nil }

type memberInfo struct {
	member   reader.Member
	modified time.Time
}

func (i memberInfo) Name() string       { return path.Base(i.member.Name) }
func (i memberInfo) Size() int64        { return i.member.Size }
func (memberInfo) Mode() fs.FileMode    { return 0o400 }
func (memberInfo) IsDir() bool          { return false }
func (memberInfo) Sys() any             { return nil }
func (i memberInfo) ModTime() time.Time { return i.modified }
