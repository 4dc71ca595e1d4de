package warehouse

import (
	"unsafe"

	"github.com/duckdb/duckdb-go/v2/mapping"
)

// Chunk is some rows of a query's result, where DuckDB has them: what it gives belongs to DuckDB and is gone when the chunk is.
type Chunk struct {
	Rows    int
	vectors []vector // the first says whom the chunk is for
}

// vector is a column's values, and a bit for each that is there; none if all are.
type vector struct{ values, valid unsafe.Pointer }

func chunkOf(of mapping.DataChunk) *Chunk {
	chunk := &Chunk{Rows: int(mapping.DataChunkGetSize(of))}
	for i := range mapping.DataChunkGetColumnCount(of) {
		one := mapping.DataChunkGetVector(of, i)
		chunk.vectors = append(chunk.vectors, vector{mapping.VectorGetData(one), mapping.VectorGetValidity(one)})
	}
	return chunk
}

func (c *Chunk) first() uint64 { return *(*uint64)(c.vectors[0].values) }

// Values are a column of integers.
type Values[T any] struct {
	values []T
	valid  []uint64
}

// Texts are a column of VARCHAR or BLOB.
type Texts struct{ Values[textAt] }

// textAt is a text as DuckDB has it: up to twelve bytes lie here, the place of more behind the first four. https://duckdb.org/docs/stable/clients/c/vector#strings
type textAt struct {
	length uint32
	bytes  [12]byte
}

const textHere = 12

// Bigints gives column i, of type BIGINT or TIMESTAMP; columns count from 0 in the order in which Feed was asked for them.
func (c *Chunk) Bigints(i int) Values[int64] { return valuesOf[int64](c, i) }

// Ubigints gives a column of type UBIGINT.
func (c *Chunk) Ubigints(i int) Values[uint64] { return valuesOf[uint64](c, i) }

// Dates gives a column of type DATE, as days since 1970-01-01.
func (c *Chunk) Dates(i int) Values[int32] { return valuesOf[int32](c, i) }

// Texts gives a column of type VARCHAR or BLOB.
func (c *Chunk) Texts(i int) Texts { return Texts{valuesOf[textAt](c, i)} }

func valuesOf[T any](c *Chunk, i int) Values[T] {
	from := c.vectors[i+1]
	made := Values[T]{values: unsafe.Slice((*T)(from.values), c.Rows)}
	if from.valid != nil {
		made.valid = unsafe.Slice((*uint64)(from.valid), (c.Rows+63)/64)
	}
	return made
}

// IsNull says whether a row has no value.
func (v Values[T]) IsNull(row int) bool { return v.valid != nil && v.valid[row/64]>>(row%64)&1 == 0 }

// At gives a row's value; it means nothing where there is none.
func (v Values[T]) At(row int) T { return v.values[row] }

// At gives a row's text, and an empty one where there is none.
func (t Texts) At(row int) string {
	if t.IsNull(row) {
		return ""
	}
	of := &t.values[row]
	if of.length <= textHere {
		return unsafe.String(&of.bytes[0], int(of.length))
	}
	return unsafe.String(*(**byte)(unsafe.Pointer(&of.bytes[4])), int(of.length))
}
