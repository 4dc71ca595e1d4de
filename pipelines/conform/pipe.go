package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"countinghouse/internal/warehouse"
)

// pipeSize is asked of the system for the pipe's buffer, in bytes; less is slower, nothing else.
const pipeSize = 1 << 20

// through runs a statement that reads the pipe at path while feed writes to it. The text is never on disk: it needs no room for
// files of any size, and leaves no personal data behind. The error of feed goes first; what the statement wrote then is to be
// thrown away.
func through(ctx context.Context, session *warehouse.Session, path, statement string, feed func(io.Writer) error) (int64, error) {
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return 0, fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = os.Remove(path) }()
	fed := make(chan error, 1)
	go func() { fed <- write(path, feed) }()
	rows, err := session.Exec(ctx, statement)
	letGo(path)
	if feedErr := <-fed; feedErr != nil && (err == nil || !errors.Is(feedErr, unix.EPIPE)) {
		return 0, feedErr
	}
	return rows, err
}

func write(path string, feed func(io.Writer) error) error {
	pipe, err := os.OpenFile(path, os.O_WRONLY, 0) // waits for the statement to open its end
	if err != nil {
		return fmt.Errorf("open the pipe: %w", err)
	}
	_, _ = unix.FcntlInt(pipe.Fd(), unix.F_SETPIPE_SZ, pipeSize) // a wish: the default works too
	return errors.Join(feed(pipe), pipe.Close())
}

// letGo frees a writer that still waits because the statement ended without opening the pipe: it finds a reader, and then a closed
// pipe.
func letGo(path string) {
	if reader, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0); err == nil {
		_ = reader.Close()
	}
}
