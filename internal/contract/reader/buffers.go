package reader

import "sync"

// Buffers are used again by the files that are read one after the other: thousands of small ones would each leave theirs to the collector, which are
// larger than they are. The zero value is ready; nil keeps none. They may be used from several goroutines.
type Buffers struct{ lines sync.Pool }

const lineBuffer = 1 << 18

func (b *Buffers) take() []byte {
	if b == nil {
		return make([]byte, lineBuffer)
	}
	if used, ok := b.lines.Get().(*[]byte); ok {
		return *used
	}
	return make([]byte, lineBuffer)
}

// give takes a buffer back. One that grew for a long record is let go.
func (b *Buffers) give(used []byte) {
	if b != nil && len(used) == lineBuffer {
		b.lines.Put(&used)
	}
}
