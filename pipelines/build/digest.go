package build

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"countinghouse/internal/warehouse"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/zeebo/xxh3"
)

// Digest counts the rows of a relation and hashes them as a set: the sum, modulo 2^128, of a 128-bit hash of each row. A sum does not depend
// on order, so neither threads, memory limits nor the way rows are stored change a digest; two different sets with one digest do
// not happen by accident. (A digest finds differences; it is not a seal against somebody who makes collisions.)
//
// Values enter as what they are, not as they are stored: integers of every width alike, decimals by their unscaled value, dates as days,
// timestamps as microseconds, text by XXH3, whose definition is frozen. Floating-point values enter with ten significant
// digits, since their sums may differ in the last bits from run to run.
func Digest(ctx context.Context, session *warehouse.Session, relation string, columns []warehouse.Column) (int64, string, error) {
	var sum digest
	query := "select " + strings.Join(hashable(columns), ", ") + " from " + relation
	err := session.ReadArrow(ctx, query, func(reader array.RecordReader) error {
		for reader.Next() {
			if err := sum.add(reader.RecordBatch()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, "", fmt.Errorf("digest: %w", err)
	}
	return sum.rows, sum.String(), nil
}

// hashable has DuckDB write as text what has no plain form in Arrow: lists, structs, intervals, wide integers.
func hashable(columns []warehouse.Column) []string {
	selected := make([]string, len(columns))
	for i, column := range columns {
		selected[i] = warehouse.QuoteName(column.Name)
		if !isPlain(column.Type) {
			selected[i] += "::varchar"
		}
	}
	return selected
}

func isPlain(columnType string) bool {
	base, _, _ := strings.Cut(columnType, "(")
	switch base {
	case "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "FLOAT", "DOUBLE",
		"DECIMAL", "DATE", "TIMESTAMP", "VARCHAR":
		return !strings.HasSuffix(columnType, "]")
	}
	return false
}

// digest is a running sum of row hashes. A row's hash is kept in two lanes while its columns are mixed in, one column at a time, which
// is how the batches are laid out.
type digest struct {
	rows      int64
	low, high uint64
	lanes     [2][]uint64
}

func (d *digest) String() string {
	var sum [16]byte
	binary.BigEndian.PutUint64(sum[:8], d.high)
	binary.BigEndian.PutUint64(sum[8:], d.low)
	return hex.EncodeToString(sum[:])
}

func (d *digest) add(batch arrow.RecordBatch) error {
	rows := int(batch.NumRows())
	for lane := range d.lanes {
		d.lanes[lane] = append(d.lanes[lane][:0], make([]uint64, rows)...)
	}
	for i, column := range batch.Columns() {
		if err := d.mixColumn(column); err != nil {
			return fmt.Errorf("column %s: %w", batch.ColumnName(i), err)
		}
	}
	for row := range rows {
		var carry uint64
		d.low, carry = bits.Add64(d.low, finish(d.lanes[0][row]), 0)
		d.high, _ = bits.Add64(d.high, finish(d.lanes[1][row]), carry)
	}
	d.rows += int64(rows)
	return nil
}

// mixColumn mixes a column's values into the rows' lanes.
func (d *digest) mixColumn(column arrow.Array) error {
	switch values := column.(type) {
	case *array.String:
		for row := range values.Len() {
			if values.IsNull(row) {
				d.mixNull(row)
				continue
			}
			hash := xxh3.HashString128(values.Value(row))
			d.mix(row, hash.Lo, hash.Hi)
		}
	case *array.Decimal128:
		for row := range values.Len() {
			d.mixWords(column, row, func() (uint64, uint64) { v := values.Value(row); return v.LowBits(), uint64(v.HighBits()) })
		}
	case *array.Float64:
		for row := range values.Len() {
			d.mixWords(column, row, func() (uint64, uint64) { return floatHash(values.Value(row)) })
		}
	case *array.Float32:
		for row := range values.Len() {
			d.mixWords(column, row, func() (uint64, uint64) { return floatHash(float64(values.Value(row))) })
		}
	case *array.Boolean:
		for row := range values.Len() {
			d.mixWords(column, row, func() (uint64, uint64) { return boolean(values.Value(row)), 0 })
		}
	default:
		return d.mixIntegers(column)
	}
	return nil
}

func (d *digest) mixIntegers(column arrow.Array) error {
	switch values := column.(type) {
	case *array.Int64:
		mixAll(d, column, values.Int64Values())
	case *array.Int32:
		mixAll(d, column, values.Int32Values())
	case *array.Int16:
		mixAll(d, column, values.Int16Values())
	case *array.Int8:
		mixAll(d, column, values.Int8Values())
	case *array.Uint64:
		mixAll(d, column, values.Uint64Values())
	case *array.Uint32:
		mixAll(d, column, values.Uint32Values())
	case *array.Uint16:
		mixAll(d, column, values.Uint16Values())
	case *array.Uint8:
		mixAll(d, column, values.Uint8Values())
	case *array.Date32:
		mixAll(d, column, values.Date32Values())
	case *array.Timestamp:
		mixAll(d, column, values.TimestampValues())
	default:
		return fmt.Errorf("values of type %s cannot be hashed", column.DataType())
	}
	return nil
}

type integer interface {
	~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// mixAll takes a negative value as the 128-bit integer that it is, so that integers and decimals without a scale agree.
func mixAll[T integer](d *digest, column arrow.Array, values []T) {
	nulls := column.NullN() > 0
	for row, value := range values {
		if nulls && column.IsNull(row) {
			d.mixNull(row)
			continue
		}
		var high uint64
		if value < 0 {
			high = ^uint64(0)
		}
		d.mix(row, uint64(value), high)
	}
}

func (d *digest) mixWords(column arrow.Array, row int, words func() (uint64, uint64)) {
	if column.IsNull(row) {
		d.mixNull(row)
		return
	}
	low, high := words()
	d.mix(row, low, high)
}

func floatHash(value float64) (uint64, uint64) {
	var text [32]byte
	hash := xxh3.Hash128(strconv.AppendFloat(text[:0], value+0, 'e', 9, 64)) // + 0 makes minus zero zero
	return hash.Lo, hash.Hi
}

func boolean(value bool) uint64 {
	if value {
		return 1
	}
	return 0
}

// The constants are odd numbers without a pattern, from the fractional parts of square roots (as SHA-512 has its own).
const (
	laneOne  = 0x6a09e667f3bcc909
	laneTwo  = 0xbb67ae8584caa73b
	nullLow  = 0x3c6ef372fe94f82b
	nullHigh = 0xa54ff53a5f1d36f1
)

func (d *digest) mixNull(row int) { d.mix(row, nullLow, nullHigh) }

// mix goes on with a row's lanes. The multiplication of what came before makes the order of columns count.
func (d *digest) mix(row int, low, high uint64) {
	first, second := d.lanes[0][row], d.lanes[1][row]
	d.lanes[0][row] = fold(first^low^laneOne, (second+high)|1)
	d.lanes[1][row] = fold(second^high^laneTwo, (first+low)^laneOne) + first
}

// fold is the multiplication of 64 by 64 bits whose halves are put together, as in wyhash.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// finish is the last step of MurmurHash3, a bijection: it spreads what the last column changed over all bits.
func finish(hash uint64) uint64 {
	hash ^= hash >> 33
	hash *= 0xff51afd7ed558ccd
	hash ^= hash >> 33
	hash *= 0xc4ceb9fe1a85ec53
	return hash ^ hash>>33
}

func join(names []string) string { return strings.Join(names, ", ") }
