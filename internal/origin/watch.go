package origin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Copy adds what comes from r to a part. When nothing comes for the time of patience it calls stop, which must make r fail, and gives a
// Trouble that says so; other errors of r are Troubles too.
func Copy(ctx context.Context, to *Part, r io.Reader, patience time.Duration, stop func()) error {
	var silent atomic.Bool
	alarm := time.AfterFunc(patience, func() { silent.Store(true); stop() })
	defer alarm.Stop()
	buffer := make([]byte, 256<<10)
	for {
		n, err := r.Read(buffer)
		alarm.Reset(patience)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case silent.Load():
			return Trouble{Err: fmt.Errorf("nothing came for %s", patience)}
		case err != nil:
			return Trouble{Err: err}
		}
	}
}
