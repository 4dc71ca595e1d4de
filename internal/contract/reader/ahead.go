package reader

import (
	"io"
	"sync"
)

// A large file is read, unpacked and decoded ahead, while what came before is cut into fields: each takes a good part of the time.
const (
	aheadFrom   = 4 << 20   // bytes as stored, from which on a file is large
	aheadChunk  = 256 << 10 // bytes of one chunk
	aheadChunks = 4         // on their way at once
)

// An aheadReader gives what from gives. Close must be called before from is closed.
type aheadReader struct {
	filled  chan aheadText
	free    chan []byte
	stopped chan struct{}
	ended   sync.WaitGroup
	current aheadText
	rest    []byte // of current
}

type aheadText struct {
	text     []byte
	controls bool // whether there is a control character in it
	err      error
}

func readAhead(from io.Reader) *aheadReader {
	r := &aheadReader{filled: make(chan aheadText, aheadChunks), free: make(chan []byte, aheadChunks), stopped: make(chan struct{})}
	for range aheadChunks {
		r.free <- make([]byte, aheadChunk)
	}
	r.ended.Go(func() { r.fill(from) })
	return r
}

func (r *aheadReader) fill(from io.Reader) {
	defer close(r.filled)
	for {
		select {
		case <-r.stopped:
			return
		case buffer := <-r.free:
			n, err := from.Read(buffer[:aheadChunk])
			r.filled <- aheadText{text: buffer[:n], controls: controlAt(buffer[:n]) >= 0, err: err}
			if err != nil {
				return
			}
		}
	}
}

// read gives at most one chunk.
func (r *aheadReader) read(p []byte) (n int, controls bool, err error) {
	if len(r.rest) == 0 && r.current.err == nil {
		if r.current.text != nil {
			r.free <- r.current.text
		}
		r.current = <-r.filled
		r.rest = r.current.text
	}
	n = copy(p, r.rest)
	r.rest = r.rest[n:]
	if len(r.rest) == 0 {
		err = r.current.err
	}
	return n, r.current.controls, err
}

func (r *aheadReader) close() {
	close(r.stopped)
	r.ended.Wait()
}
