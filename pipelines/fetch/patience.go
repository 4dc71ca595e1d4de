package fetch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"countinghouse/internal/origin"

	"golang.org/x/sys/unix"
)

const (
	tries     = 5
	firstWait = time.Second
	// longestWait is how long a server may ask to be left alone before the round is over for the file.
	longestWait = 2 * time.Minute
)

// insist tries until it succeeds, meets with something other than trouble, or has tried often enough.
func (r *round) insist(ctx context.Context, try func() error) error {
	for n := 1; ; n++ {
		err := try()
		var trouble origin.Trouble
		if err == nil || ctx.Err() != nil || !errors.As(err, &trouble) || n == tries {
			return err
		}
		if trouble.After > longestWait {
			return origin.Trouble{Err: fmt.Errorf("%w: the server asks to be left alone for %s", err, trouble.After)}
		}
		if err := r.options.Wait(ctx, max(trouble.After, r.pause(n))); err != nil {
			return err
		}
	}
}

// pause is the wait after a try: doubled with each, the latter half of it random so that those who failed together do not come back together.
func (r *round) pause(try int) time.Duration {
	full := firstWait << (try - 1)
	return full/2 + time.Duration(r.options.Jitter()*float64(full/2))
}

// ErrBusy says that another process of this machine goes through the source just now. Nothing was done.
var ErrBusy = errors.New("another process is fetching from it: try again")

// hold keeps others from the parts of a source. The kernel drops the lock with the process.
func hold(parts string) (release func(), err error) {
	lock, err := os.OpenFile(filepath.Join(parts, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close() // there is no more to say
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, err
	}
	return func() { _ = lock.Close() }, nil // which gives the lock back
}

// sweep removes the parts that no round can go on with.
func (r *round) sweep() error {
	kept := map[string]bool{}
	for path := range r.keep {
		kept[filepath.Base(origin.PartFolder(r.options.Parts, path))] = true
	}
	entries, err := os.ReadDir(r.options.Parts)
	if err != nil {
		return err
	}
	var problems []error
	for _, entry := range entries {
		if entry.IsDir() && !kept[entry.Name()] {
			problems = append(problems, os.RemoveAll(filepath.Join(r.options.Parts, entry.Name())))
		}
	}
	return errors.Join(problems...)
}
