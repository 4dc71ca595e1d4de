package origin_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"countinghouse/internal/origin"
)

// TestSilenceEndsADownload: the other side sends something and then nothing more, without hanging up.
func TestSilenceEndsADownload(t *testing.T) {
	part := openPart(t, t.TempDir())
	r, w := io.Pipe()
	go func() { _, _ = w.Write([]byte("so far")) }()
	err := origin.Copy(t.Context(), part, r, 50*time.Millisecond, func() { _ = r.CloseWithError(errors.New("closed")) })
	if !origin.IsTrouble(err) || !strings.Contains(err.Error(), "nothing came for 50ms") {
		t.Errorf("error %v", err)
	}
	if _, size := part.Held(); size != 6 {
		t.Errorf("%d bytes are held, want the 6 that came", size)
	}
}

func TestABreakIsTroubleAndACancelIsNot(t *testing.T) {
	broken := func(cause error) io.Reader {
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(cause) }()
		return r
	}
	if err := origin.Copy(t.Context(), openPart(t, t.TempDir()), broken(io.ErrUnexpectedEOF), time.Minute, func() {}); !origin.IsTrouble(err) {
		t.Errorf("error %v, want trouble", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := origin.Copy(ctx, openPart(t, t.TempDir()), broken(errors.New("closed")), time.Minute, func() {})
	if !errors.Is(err, context.Canceled) || origin.IsTrouble(err) {
		t.Errorf("error %v, want Canceled", err)
	}
	large := strings.NewReader(strings.Repeat("x", 1001))
	if err := origin.Copy(t.Context(), openPart(t, t.TempDir()), large, time.Minute, func() {}); !errors.Is(err, origin.ErrTooLarge) || origin.IsTrouble(err) {
		t.Errorf("error %v, want ErrTooLarge", err)
	}
}
