package conform

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"countinghouse/internal/warehouse"
)

// pipeSize is asked of the system for the pipe's buffer, in bytes; less is slower, nothing else.
const pipeSize = 1 << 20

// A stream is a running statement that reads a pipe, and the end of the pipe to write to. The text is never on disk: it needs no
// room for files of any size, and leaves no personal data behind.
type stream struct {
	pipe *os.File
	path string
	done chan struct{}
	rows int64 // that the statement wrote; when done
	err  error // of the statement; when done
}

// startStream starts a statement that reads the pipe to be made at path. The stream must be finished.
func startStream(ctx context.Context, session *warehouse.Session, path, statement string) (*stream, error) {
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	s := &stream{path: path, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		s.rows, s.err = session.Exec(ctx, statement)
		s.letGo()
	}()
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for the statement to open its end
	if err != nil {
		<-s.done
		return nil, errors.Join(fmt.Errorf("open the pipe: %w", err), s.err, os.Remove(path))
	}
	_, _ = unix.FcntlInt(pipe.Fd(), unix.F_SETPIPE_SZ, pipeSize) // a wish: the default works too
	s.pipe = pipe
	return s, nil
}

// letGo frees a writer that still waits because the statement ended without opening the pipe: it finds a reader, and then a closed
// pipe.
func (s *stream) letGo() {
	if reader, err := os.OpenFile(s.path, os.O_RDONLY|unix.O_NONBLOCK, 0); err == nil {
		_ = reader.Close()
	}
}

// Write hands text to the statement. If that has ended, its error is given.
func (s *stream) Write(text []byte) (int, error) {
	n, err := s.pipe.Write(text)
	if errors.Is(err, unix.EPIPE) {
		<-s.done
		err = errors.Join(s.err, err)
	}
	return n, err
}

// finish ends the text, waits for the statement and gives the number of rows that it wrote.
func (s *stream) finish() (int64, error) {
	err := s.pipe.Close()
	<-s.done
	return s.rows, errors.Join(s.err, err, os.Remove(s.path))
}
