// Package sftp is a folder on an SFTP server as an origin of export files. It is the only importer of the SSH and SFTP libraries.
//
// A connection is made when it is needed and made anew after it broke. A download that broke goes on at its place, if the file still has
// the size and time that it had.
package sftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"countinghouse/internal/origin"

	protocol "github.com/pkg/sftp"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const (
	patience = time.Minute // how long nothing may come
	deepest  = 32          // folders below one another
)

// Server is an origin. Close it. It is for one goroutine.
type Server struct {
	options Options
	link    *link             // nil when there is no connection
	names   map[string]string // paths as the server spells them, by their spelling in UTF-8
}

// New is the origin of a folder on a server. It connects when it is first used.
func New(options Options) *Server { return &Server{options: options} }

// Close ends the connection.
func (s *Server) Close() error {
	if s.link == nil {
		return nil
	}
	err := s.link.close()
	s.link = nil
	return err
}

// with lends the connection for work that ends when ctx does. After an error of the connection the next work has a new one.
func (s *Server) with(ctx context.Context, work func(client *protocol.Client, stop func()) error) error {
	if s.link == nil {
		link, err := s.options.dial(ctx)
		if err != nil {
			return err
		}
		s.link = link
	}
	wire := s.link.wire
	stop := func() { _ = wire.Close() }
	unwatch := context.AfterFunc(ctx, stop)
	err := work(s.link.client, stop)
	if !unwatch() || origin.IsTrouble(err) {
		_ = s.Close() // it is broken, and has said so
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// problem tells an answer of the server, after which the connection is as good as before, from one that broke.
func problem(err error) error {
	var status *protocol.StatusError
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.As(err, &status) &&
		!errors.Is(err, protocol.ErrSSHFxConnectionLost) && !errors.Is(err, protocol.ErrSSHFxNoConnection):
		return err
	}
	return origin.Trouble{Err: err}
}

// List gives the regular files of the folder and those below it; links are not followed, as on the server they may lead anywhere. Hidden
// files, and those that are half a file by their name, are left out.
func (s *Server) List(ctx context.Context) (entries []origin.Entry, err error) {
	err = s.with(ctx, func(client *protocol.Client, stop func()) error {
		alarm := time.AfterFunc(patience, stop)
		defer alarm.Stop()
		l := lister{client: client, top: s.options.Folder, answered: func() { alarm.Reset(patience) }, names: map[string]string{}}
		err := l.folder(ctx, "", "", 0)
		entries, s.names = l.entries, l.names
		return err
	})
	return entries, err
}

type lister struct {
	client   *protocol.Client
	top      string
	answered func()
	entries  []origin.Entry
	names    map[string]string
}

// folder lists one folder below the top one: raw is its path as the server spells it, below the same in UTF-8.
func (l *lister) folder(ctx context.Context, raw, below string, depth int) error {
	if depth > deepest {
		return fmt.Errorf("%s: folders are nested more than %d deep", below, deepest)
	}
	infos, err := l.client.ReadDirContext(ctx, place(l.top, raw))
	l.answered()
	switch {
	case err != nil && depth > 0 && errors.Is(err, fs.ErrNotExist):
		return nil // it went while we looked
	case err != nil && depth == 0 && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)):
		return origin.Misconfigured{Err: fmt.Errorf("the server's folder %s: %w", place(l.top, ""), err)}
	case err != nil:
		return problem(err)
	}
	for _, info := range infos {
		if err := l.add(ctx, raw, below, info, depth); err != nil {
			return err
		}
	}
	return nil
}

func (l *lister) add(ctx context.Context, raw, below string, info os.FileInfo, depth int) error {
	name := inUTF8(info.Name())
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return nil // no name that a folder can have: the server makes it up
	}
	raw, below = path.Join(raw, info.Name()), path.Join(below, name)
	switch {
	case info.IsDir() && strings.HasPrefix(name, "."):
		return nil
	case info.IsDir():
		return l.folder(ctx, raw, below, depth+1)
	case !info.Mode().IsRegular() || origin.PassedOver(name):
		return nil
	case len(l.entries) == origin.MaxEntries:
		return origin.ErrTooMany
	}
	l.names[below] = raw
	l.entries = append(l.entries, origin.Entry{
		Path: below, Name: name, Size: info.Size(), ModTime: info.ModTime(), Version: origin.VersionOf(info.Size(), info.ModTime()),
	})
	return nil
}

// inUTF8 is a name in UTF-8: servers on Chinese systems may give names in GB18030.
func inUTF8(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().String(name)
	if err != nil || strings.ContainsRune(decoded, utf8.RuneError) {
		return strings.ToValidUTF8(name, "_")
	}
	return decoded
}

// place is where a path below the folder is on the server.
func place(folder, below string) string {
	if folder == "" {
		folder = "."
	}
	return path.Join(folder, below)
}

// Fetch downloads what a part lacks. ErrChanging if the file is not what was listed, before or after.
func (s *Server) Fetch(ctx context.Context, entry origin.Entry, _ string, part *origin.Part) (origin.Entry, error) {
	err := s.with(ctx, func(client *protocol.Client, stop func()) error {
		file, err := client.Open(place(s.options.Folder, s.names[entry.Path]))
		if errors.Is(err, fs.ErrNotExist) {
			return origin.ErrChanging // it was listed a moment ago
		}
		if err != nil {
			return problem(err)
		}
		defer func() { _ = file.Close() }() // it was only read
		return download(ctx, file, entry, part, stop)
	})
	return entry, err
}

func download(ctx context.Context, file *protocol.File, entry origin.Entry, part *origin.Part, stop func()) error {
	if err := unchanged(file, entry); err != nil {
		return err
	}
	from, err := part.Resume(entry.Version)
	if err != nil {
		return err
	}
	if _, err := file.Seek(from, io.SeekStart); err != nil {
		return problem(err)
	}
	if err := copyAhead(ctx, file, part, stop); err != nil {
		return err
	}
	if err := unchanged(file, entry); err != nil {
		return err
	}
	if _, size := part.Held(); size != entry.Size {
		return origin.ErrChanging
	}
	return nil
}

// copyAhead has the library ask for the next pieces before the last have come, which a far server needs.
func copyAhead(ctx context.Context, file *protocol.File, part *origin.Part, stop func()) error {
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := file.WriteTo(w)
		_ = w.CloseWithError(err) // it always takes it
	}()
	err := origin.Copy(ctx, part, r, patience, stop)
	_ = r.CloseWithError(err) // ends the other side, if it has not
	<-done
	return err
}

func unchanged(file *protocol.File, entry origin.Entry) error {
	info, err := file.Stat()
	if err != nil {
		return problem(err)
	}
	if origin.VersionOf(info.Size(), info.ModTime()) != entry.Version {
		return origin.ErrChanging
	}
	return nil
}
