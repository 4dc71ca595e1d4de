package ledger

import (
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/bitutil"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// Rows are gathered in plain slices that become an Arrow array's buffers as they are: four times as fast as Arrow's builders, which check
// and mark every value.

// gathered is a column of the rows that have not been written yet.
type gathered interface {
	// finish makes an array of what was gathered, which it gives away.
	finish(kind arrow.DataType) arrow.Array
}

// nulls are the rows without a value, in rising order.
type nulls []int32

// bitmap is Arrow's validity of n rows; nil if all have a value.
func (missing nulls) bitmap(n int) *memory.Buffer {
	if len(missing) == 0 {
		return nil
	}
	bits := make([]byte, bitutil.BytesForBits(int64(n)))
	bitutil.SetBitsTo(bits, 0, int64(n), true)
	for _, row := range missing {
		bitutil.ClearBit(bits, int(row))
	}
	return memory.NewBufferBytes(bits)
}

func newArray(kind arrow.DataType, n int, missing nulls, buffers ...*memory.Buffer) arrow.Array {
	data := array.NewData(kind, n, append([]*memory.Buffer{missing.bitmap(n)}, buffers...), nil, len(missing), 0)
	defer data.Release()
	return array.MakeFromData(data)
}

// texts is a column of text; an empty one is NULL.
type texts struct {
	bytes   []byte
	ends    []int32
	missing nulls
}

func (c *texts) add(text string) {
	if text == "" {
		c.missing = append(c.missing, int32(len(c.ends)))
	}
	c.bytes = append(c.bytes, text...)
	c.ends = append(c.ends, int32(len(c.bytes)))
}

func (c *texts) finish(kind arrow.DataType) arrow.Array {
	n := len(c.ends)
	offsets := make([]int32, 1, n+1)
	offsets = append(offsets, c.ends...)
	made := newArray(kind, n, c.missing, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(c.bytes))
	c.bytes, c.ends, c.missing = make([]byte, 0, cap(c.bytes)), c.ends[:0], c.missing[:0]
	return made
}

// recurring is a column of text in which rows have one of few; an empty one is NULL. Its rows are numbers of the names of the batch.
type recurring struct {
	names   *names
	numbers []uint32
	missing nulls
}

func (c *recurring) add(name string) {
	if name == "" {
		c.missing = append(c.missing, int32(len(c.numbers)))
		c.numbers = append(c.numbers, 0)
		return
	}
	c.numbers = append(c.numbers, uint32(c.names.of(name)))
}

// repeat adds the same text for n rows. grouped says that rows with the same text follow each other, so that a new one need not be looked for.
func (c *recurring) repeat(name string, n int, grouped bool) {
	if name == "" || n == 0 {
		for range n {
			c.add(name)
		}
		return
	}
	var number uint64
	if grouped {
		number = c.names.next(name)
	} else {
		number = c.names.of(name)
	}
	for range n {
		c.numbers = append(c.numbers, uint32(number))
	}
}

func (c *recurring) finish(kind arrow.DataType) arrow.Array {
	n := len(c.numbers)
	var list texts
	for _, name := range c.names.list {
		list.add(name)
	}
	names := list.finish(arrow.BinaryTypes.String)
	defer names.Release()
	numbers := memory.NewBufferBytes(arrow.Uint32Traits.CastToBytes(c.numbers))
	data := array.NewDataWithDictionary(kind, n, []*memory.Buffer{c.missing.bitmap(n), numbers}, len(c.missing), 0, names.Data().(*array.Data))
	defer data.Release()
	c.names.empty()
	c.numbers, c.missing = make([]uint32, 0, cap(c.numbers)), c.missing[:0]
	return array.MakeFromData(data)
}

// integers is a column of BIGINT or TIMESTAMP.
type integers struct {
	values  []int64
	missing nulls
}

func (c *integers) add(value int64) { c.values = append(c.values, value) }

func (c *integers) addNull() {
	c.missing = append(c.missing, int32(len(c.values)))
	c.values = append(c.values, 0)
}

func (c *integers) finish(kind arrow.DataType) arrow.Array {
	made := newArray(kind, len(c.values), c.missing, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(c.values)))
	c.values, c.missing = make([]int64, 0, cap(c.values)), c.missing[:0]
	return made
}

// days is a column of DATE; NoExpiry is NULL.
type days struct {
	values  []int32
	missing nulls
}

func (c *days) add(day Day) {
	if day == NoExpiry {
		c.missing = append(c.missing, int32(len(c.values)))
	}
	c.values = append(c.values, int32(day))
}

func (c *days) finish(kind arrow.DataType) arrow.Array {
	made := newArray(kind, len(c.values), c.missing, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.values)))
	c.values, c.missing = make([]int32, 0, cap(c.values)), c.missing[:0]
	return made
}
