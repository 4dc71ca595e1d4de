package conform

import (
	"bytes"
	"sync"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// A batch of records is handed on when it has so many of them, or so many bytes of text.
const (
	batchRows  = 8192
	batchBytes = 4 << 20
)

// batchesWaiting is how many batches may wait for DuckDB, nearly the rows of a row group: cutting goes on while its threads compress one. With two of them one core idled for a
// twentieth of the time; with more than these nothing was won.
const batchesWaiting = 12

// cells is one column of a batch of records. An empty cell is NULL.
type cells struct {
	text  []byte
	ends  []int32 // of each cell, behind a leading 0
	valid []byte  // a bit per cell, 0 for NULL; none: no NULL so far
	nulls int
}

func (c *cells) add(text []byte) {
	c.text = append(c.text, text...)
	c.ends = append(c.ends, int32(len(c.text)))
	if len(text) == 0 {
		c.null()
	}
}

// skip adds an empty cell.
func (c *cells) skip() {
	c.ends = append(c.ends, int32(len(c.text)))
	c.null()
}

func (c *cells) null() { c.nulls += setNull(&c.valid, len(c.ends)-2) }

// setNull says in the bits of a batch that a row has no value, and gives the 1 that its nulls become more.
func setNull(valid *[]byte, row int) int {
	if *valid == nil {
		*valid = bytes.Repeat([]byte{0xff}, batchRows/8)
	}
	(*valid)[row/8] &^= 1 << (row % 8)
	return 1
}

// numbers is one column of values that were read in Go.
type numbers struct {
	values []int64
	valid  []byte // as in cells
	nulls  int
}

func (n *numbers) add(value int64) { n.values = append(n.values, value) }

func (n *numbers) skip() {
	n.values = append(n.values, 0)
	n.nulls += setNull(&n.valid, len(n.values)-1)
}

// buffers are what batches are made of. They come back when DuckDB is done with a batch: a large file makes no garbage.
type buffers struct {
	texts         []recycler // per column, since one may need much room and the others little
	ends, numbers recycler
}

// Sizes, in bytes, of the buffers that need no more room than a full batch does.
const (
	endsSize    = (batchRows + 1) * arrow.Int32SizeBytes
	numbersSize = batchRows * arrow.Int64SizeBytes
)

func (b *buffers) newCells(column int) cells {
	ends := arrow.Int32Traits.CastFromBytes(b.ends.take(endsSize)[:endsSize])
	ends[0] = 0
	return cells{text: b.texts[column].take(0), ends: ends[:1]}
}

func (b *buffers) newNumbers() numbers {
	return numbers{values: arrow.Int64Traits.CastFromBytes(b.numbers.take(numbersSize)[:numbersSize])[:0]}
}

func (b *buffers) cellArray(column int, c *cells) arrow.Array {
	ends := b.ends.buffer(arrow.Int32Traits.CastToBytes(c.ends))
	defer ends.Release()
	text := b.texts[column].buffer(c.text)
	defer text.Release()
	data := array.NewData(arrow.BinaryTypes.String, len(c.ends)-1, []*memory.Buffer{validity(c.valid), ends, text}, nil, c.nulls, 0)
	defer data.Release()
	return array.NewStringData(data)
}

// numberArray is of a type with 64 bits.
func (b *buffers) numberArray(kind arrow.DataType, n *numbers) arrow.Array {
	values := b.numbers.buffer(arrow.Int64Traits.CastToBytes(n.values))
	defer values.Release()
	data := array.NewData(kind, len(n.values), []*memory.Buffer{validity(n.valid), values}, nil, n.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

func validity(bits []byte) *memory.Buffer {
	if bits == nil {
		return nil
	}
	return memory.NewBufferBytes(bits)
}

// A recycler gives buffers of one kind and takes them back.
type recycler struct {
	memory.Allocator // only what frees a buffer is ever called
	lock             sync.Mutex
	free             [][]byte
}

// take gives an empty buffer with room for so many bytes, provided that each has been asked for as many.
func (r *recycler) take(size int) []byte {
	r.lock.Lock()
	defer r.lock.Unlock()
	last := len(r.free) - 1
	if last < 0 {
		return make([]byte, 0, size)
	}
	taken := r.free[last]
	r.free = r.free[:last]
	return taken[:0]
}

// buffer is an Arrow buffer that comes back with its last release.
func (r *recycler) buffer(filled []byte) *memory.Buffer {
	return memory.NewBufferWithAllocator(filled, r)
}

// Free takes a buffer back. DuckDB's threads call it.
func (r *recycler) Free(buffer []byte) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.free = append(r.free, buffer)
}
