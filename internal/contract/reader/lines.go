package reader

import (
	"bytes"
	"errors"
	"io"
)

// minRead is room enough for a decoder to make progress.
const minRead = 1 << 12

// lineReader cuts decoded text into physical lines and can join lines that belong to one record. It keeps one buffer, so that a
// record is a slice of it.
type lineReader struct {
	from    io.Reader
	ahead   *aheadReader // instead of from; nil before it is begun
	buffers *Buffers
	buffer  []byte
	start   int   // of the record at hand
	next    int   // of what was not looked at yet
	end     int   // of what was read
	line    int64 // physical line that begins at next, from 1
	ended   error // why there is no more to read; io.EOF at the end
	closed  bool  // whether the last line given had a line end
	old     bool  // whether lines end in a return alone, as once on the Macintosh

	controls bool // whether there was a control character in what was read
}

func newLineReader(from io.Reader, buffers *Buffers) *lineReader {
	return &lineReader{from: from, buffers: buffers, buffer: buffers.take(), line: 1}
}

// readAhead has the rest of the text read while records are cut.
func (r *lineReader) readAhead() {
	if r.ended == nil {
		r.ahead = readAhead(r.from)
	}
}

// close ends reading. Nothing that the reader gave may be used afterwards.
func (r *lineReader) close() {
	if r.ahead != nil {
		r.ahead.close()
	}
	r.buffers.give(r.buffer)
}

// begin starts a new record: what was given before may be overwritten.
func (r *lineReader) begin() { r.start = r.next }

// extend adds the next physical line to the record and gives the record so far, without its last line end. It is io.EOF when there
// is no further line.
func (r *lineReader) extend() ([]byte, error) {
	searched := r.next
	for {
		if at := bytes.IndexByte(r.buffer[searched:r.end], '\n'); at >= 0 {
			r.next = searched + at + 1
			r.line++
			r.closed = true
			if r.next-r.start > MaxRecord {
				return nil, tooLong(r.line - 1)
			}
			return withoutReturn(r.buffer[r.start : r.next-1]), nil
		}
		if r.oldLineEnds() {
			searched = r.next
			continue
		}
		searched = r.end
		if r.ended != nil {
			return r.last()
		}
		if r.end-r.start > MaxRecord {
			return nil, tooLong(r.line)
		}
		searched -= r.fill()
	}
}

func tooLong(line int64) *Problem {
	return problem(line, "a row of more than %d bytes: a quote that is never closed, or another format", MaxRecord)
}

// A mark is how far a record has come.
type mark struct {
	length int // bytes, with the line end
	line   int64
	closed bool
}

func (r *lineReader) mark() mark {
	return mark{length: r.next - r.start, line: r.line, closed: r.closed}
}

// back takes back what was added to the record since the mark, and gives the record as it was then.
func (r *lineReader) back(to mark) []byte {
	r.next, r.line, r.closed = r.start+to.length, to.line, to.closed
	if !to.closed {
		return withoutReturn(r.buffer[r.start:r.next])
	}
	return withoutReturn(r.buffer[r.start : r.next-1])
}

// oldLineEnds makes line feeds of the returns in a text that has returns and, up to its end or for longer than any row, no line feed.
func (r *lineReader) oldLineEnds() bool {
	whole := r.ended != nil || r.end > MaxRecord
	if r.line > 1 || r.old || !whole || bytes.IndexByte(r.buffer[:r.end], '\r') < 0 {
		return false
	}
	r.old = true
	toLineFeeds(r.buffer[:r.end])
	return true
}

func toLineFeeds(text []byte) {
	for at := bytes.IndexByte(text, '\r'); at >= 0; at = bytes.IndexByte(text, '\r') {
		text[at] = '\n'
		text = text[at+1:]
	}
}

func (r *lineReader) last() ([]byte, error) {
	if !errors.Is(r.ended, io.EOF) {
		return nil, r.place(r.ended)
	}
	if r.next == r.end {
		return nil, io.EOF
	}
	r.next = r.end
	r.line++
	r.closed = false
	return withoutReturn(r.buffer[r.start:r.end]), nil
}

// fill reads more and gives by how much the text moved towards the front.
func (r *lineReader) fill() (moved int) {
	if r.start > 0 {
		moved = r.start
		copy(r.buffer, r.buffer[r.start:r.end])
		r.start, r.next, r.end = 0, r.next-moved, r.end-moved
	}
	if len(r.buffer)-r.end < minRead {
		r.buffer = append(r.buffer, make([]byte, len(r.buffer))...)
	}
	n, controls, err := r.read(r.buffer[r.end:])
	if r.old {
		toLineFeeds(r.buffer[r.end : r.end+n])
	}
	r.controls = r.controls || controls
	r.end += n
	r.ended = err
	return moved
}

func (r *lineReader) read(p []byte) (n int, controls bool, err error) {
	if r.ahead != nil {
		return r.ahead.read(p)
	}
	n, err = r.from.Read(p)
	return n, controlAt(p[:n]) >= 0, err
}

// place gives a decoding problem its line.
func (r *lineReader) place(err error) error {
	var bad *badByte
	if !errors.As(err, &bad) {
		return err
	}
	line := r.line + int64(bytes.Count(r.buffer[r.next:r.end], []byte("\n")))
	return problem(line, "byte %d of the file %s", bad.offset+1, bad.message)
}

func withoutReturn(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}
