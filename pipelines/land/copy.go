package land

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
)

const (
	chunkSize = 1 << 20 // bytes read at once
	chunks    = 4       // on their way at once
)

// copyHashed reads a file once and gives the SHA-256 of its bytes, in hex, and their number. They are written to a file, unless that is nil. A
// large file is read, hashed and written at once, so that it takes the time of the slowest of the three.
func copyHashed(ctx context.Context, to *os.File, open opener) (sum string, size int64, err error) {
	file, err := open()
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	first := make([]byte, firstChunk(file))
	n, err := io.ReadFull(file, first)
	hasher := sha256.New()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		hasher.Write(first[:n])
		return hex.EncodeToString(hasher.Sum(nil)), int64(n), write(to, first[:n])
	}
	if err != nil {
		return "", 0, err
	}
	size, err = overlapped(ctx, file, first, hasher, to)
	return hex.EncodeToString(hasher.Sum(nil)), size, err
}

// firstChunk is the size of the first read: a small file is read whole, and the end behind it is met in the same read.
func firstChunk(file fs.File) int64 {
	info, err := file.Stat()
	if err != nil {
		return chunkSize
	}
	return min(info.Size()+1, chunkSize)
}

func write(to *os.File, data []byte) error {
	if to == nil {
		return nil
	}
	_, err := to.Write(data)
	return err
}

// overlapped reads what is left of a file, while what was read is hashed and written.
func overlapped(ctx context.Context, file io.Reader, first []byte, hasher hash.Hash, to *os.File) (int64, error) {
	free, hashing, writing := make(chan []byte, chunks), make(chan []byte, chunks), make(chan []byte, chunks)
	for range chunks - 1 {
		free <- make([]byte, chunkSize)
	}
	hashed, written := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(hashed)
		for chunk := range hashing {
			hasher.Write(chunk)
			writing <- chunk
		}
		close(writing)
	}()
	go func() { written <- writeChunks(to, writing, free) }()
	hashing <- first
	size, err := readChunks(ctx, file, free, hashing)
	close(hashing)
	<-hashed
	return size + int64(len(first)), errors.Join(err, <-written)
}

func readChunks(ctx context.Context, file io.Reader, free <-chan []byte, hashing chan<- []byte) (size int64, err error) {
	for err == nil {
		chunk := (<-free)[:chunkSize]
		var n int
		n, err = io.ReadFull(file, chunk)
		size += int64(n)
		hashing <- chunk[:n]
		if err == nil {
			err = ctx.Err()
		}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return size, err
}

// writeBackEvery is how many bytes are written before the disk is asked to begin with them.
const writeBackEvery = 16 << 20

// writeChunks writes and gives the buffers back, also after an error, so that the reader does not wait for ever. Only the first may be too small to
// be used again.
func writeChunks(to *os.File, writing <-chan []byte, free chan<- []byte) error {
	var failed error
	var offset, begun int64
	for chunk := range writing {
		if failed == nil && to != nil {
			failed = write(to, chunk)
			if offset += int64(len(chunk)); offset-begun >= writeBackEvery {
				beginWriteBack(to, begun, offset-begun)
				begun = offset
			}
		}
		if cap(chunk) >= chunkSize {
			free <- chunk
		}
	}
	if failed != nil {
		return fmt.Errorf("copy to scratch: %w", failed)
	}
	return nil
}
