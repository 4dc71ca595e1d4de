package land

import (
	"bytes"
	"context"
	"errors"
	"io"

	"countinghouse/internal/contract/reader"
	"countinghouse/internal/contract/recognise"
)

// keptInMemory is the size, in bytes, up to which a file that many contracts look at is read once.
const keptInMemory = 8 << 20

func (l *lander) recognise(ctx context.Context, name string, size int64, open opener) (recognise.Result, error) {
	if l.options.Feed != "" {
		return recognise.Result{Feed: l.options.Feed, Why: "as --feed says"}, nil
	}
	in := reader.Input{Size: size, Open: func() (io.ReadCloser, error) { return open() }}
	if size <= keptInMemory {
		content, err := readAll(open, size)
		if err != nil {
			return recognise.Result{}, err
		}
		in.Open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	}
	return recognise.File(ctx, l.registry, name, in)
}

// readAll reads a file of that size; what has been added to it since is found when it is copied.
func readAll(open opener, size int64) ([]byte, error) {
	file, err := open()
	if err != nil {
		return nil, err
	}
	content := make([]byte, size)
	n, err := io.ReadFull(file, content)
	_ = file.Close()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return content[:n], err
}
