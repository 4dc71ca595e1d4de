package reader

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

const gzipMark = "\x1f\x8b"

// unpack takes gzip away, by its first bytes and not by the name, and refuses an empty file.
func unpack(stored io.Reader, size int64) (text *bufio.Reader, packed bool, err error) {
	buffered := bufio.NewReaderSize(stored, 1<<16)
	first, err := buffered.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	if len(first) == 0 {
		return nil, false, problem(0, "the file is empty: export it again")
	}
	if string(first) != gzipMark {
		return buffered, false, nil
	}
	inflated, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, true, gzipProblem(err)
	}
	unpacked := bufio.NewReaderSize(&gzipReader{from: inflated, left: max(size*maxRatio, freeSize)}, 1<<16)
	if _, err := unpacked.Peek(1); errors.Is(err, io.EOF) {
		return nil, false, problem(0, "the file is empty: export it again")
	}
	return unpacked, true, nil
}

type gzipReader struct {
	from io.Reader
	left int64
}

func (r *gzipReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.left -= int64(n)
	if r.left < 0 {
		return 0, problem(0, "it unpacks to more than %d times its size: refused as a zip bomb", maxRatio)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, gzipProblem(err)
	}
	return n, err
}

func gzipProblem(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return problem(0, "the gzip file is cut short: download it again")
	case errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader):
		return problem(0, "the gzip file is damaged: download it again")
	default:
		return err
	}
}
