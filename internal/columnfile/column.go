package columnfile

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// columnKind is how the columns of one Arrow type are written. Packed deltas have no pattern left for zstd: it took a sixth of the writer's time to make the files a thirtieth smaller.
type columnKind struct {
	logical  schema.LogicalType
	physical parquet.Type
	encoding parquet.Encoding
	codec    compress.Compression
}

func kindOf(of arrow.DataType) (columnKind, bool) {
	switch of := of.(type) {
	case *arrow.DictionaryType:
		return columnKind{schema.StringLogicalType{}, parquet.Types.ByteArray, parquet.Encodings.RLEDict, compress.Codecs.Zstd}, arrow.TypeEqual(of, Names())
	case *arrow.StringType:
		return columnKind{schema.StringLogicalType{}, parquet.Types.ByteArray, parquet.Encodings.DeltaByteArray, compress.Codecs.Zstd}, true
	case *arrow.BinaryType:
		return columnKind{schema.NoLogicalType{}, parquet.Types.ByteArray, parquet.Encodings.Plain, compress.Codecs.Uncompressed}, true
	case *arrow.Int64Type:
		return columnKind{schema.NewIntLogicalType(64, true), parquet.Types.Int64, parquet.Encodings.DeltaBinaryPacked, compress.Codecs.Uncompressed}, true
	case *arrow.TimestampType:
		wallClock := schema.NewTimestampLogicalTypeForce(false, schema.TimeUnitMicros)
		return columnKind{wallClock, parquet.Types.Int64, parquet.Encodings.DeltaBinaryPacked, compress.Codecs.Uncompressed}, of.Unit == arrow.Microsecond && of.TimeZone == ""
	case *arrow.Date32Type:
		return columnKind{schema.DateLogicalType{}, parquet.Types.Int32, parquet.Encodings.DeltaBinaryPacked, compress.Codecs.Uncompressed}, true
	default:
		return columnKind{}, false
	}
}

// page is room for the values of a column that are being written.
type page struct {
	bytes    []byte // levels and values
	packed   []byte
	present  []uint32 // one for each row: whether it has a value
	numbers  []uint32
	integers []int64
	lengths  []int64
	shared   []int64
	suffixes []byte
}

// column writes the values of a row group: a page, and before it one with the names that its numbers stand for.
func (w *Writer) column(chunk *metadata.ColumnChunkMetaDataBuilder, kind columnKind, values arrow.Array, ordinal int16) error {
	pages, err := file.NewPageWriter(w.sink, kind.codec, compress.DefaultCompressionLevel, chunk, w.groups, ordinal, memory.DefaultAllocator, false, nil, nil)
	if err != nil {
		return err
	}
	facts := metadata.EncodedStatistics{HasNullCount: true, NullCount: int64(values.NullN())}
	w.page.levels(values)
	switch values := values.(type) {
	case *array.Dictionary:
		names := values.Dictionary().(*array.String)
		if err := writeNames(pages, names, &facts); err != nil {
			return err
		}
		w.page.addNumbers(values, names.Len())
	case *array.String:
		w.page.addTexts(values, values.ValueOffsets(), values.ValueBytes())
	case *array.Binary:
		w.page.addBytes(values)
	case *array.Int64:
		addIntegers(&w.page, values, values.Values(), 8, &facts)
	case *array.Timestamp:
		addIntegers(&w.page, values, values.Values(), 8, &facts)
	case *array.Date32:
		addIntegers(&w.page, values, values.Values(), 4, &facts)
	default:
		return fmt.Errorf("values of type %v cannot be written", values.DataType())
	}
	stored := w.page.bytes
	if kind.codec != compress.Codecs.Uncompressed {
		w.page.packed = w.packer.EncodeAll(w.page.bytes, w.page.packed[:0])
		stored = w.page.packed
	}
	data := file.NewDataPageV1(memory.NewBufferBytes(stored), int32(values.Len()), kind.encoding, parquet.Encodings.RLE, parquet.Encodings.RLE, int32(len(w.page.bytes)))
	if _, err := pages.WriteDataPage(data); err != nil {
		return err
	}
	chunk.SetStats(facts)
	return pages.Close(kind.encoding == parquet.Encodings.RLEDict, false)
}

// levels begins the page with which rows have a value.
func (p *page) levels(values arrow.Array) {
	n := values.Len()
	p.bytes = append(p.bytes[:0], 0, 0, 0, 0) // their length
	switch values.NullN() {
	case 0:
		p.bytes = appendRun(p.bytes, n, 1, 1)
	case n:
		p.bytes = appendRun(p.bytes, n, 0, 1)
	default:
		p.present = p.present[:0]
		for i := range n {
			is := uint32(0)
			if values.IsValid(i) {
				is = 1
			}
			p.present = append(p.present, is)
		}
		p.bytes = appendNumbers(p.bytes, p.present, 1)
	}
	binary.LittleEndian.PutUint32(p.bytes, uint32(len(p.bytes)-4))
}

// writeNames writes the texts that numbers stand for.
func writeNames(pages file.PageWriter, names *array.String, facts *metadata.EncodedStatistics) error {
	var bytes []byte
	var least, most string
	for i := range names.Len() {
		name := names.Value(i)
		bytes = append(binary.LittleEndian.AppendUint32(bytes, uint32(len(name))), name...)
		if i == 0 || name < least {
			least = name
		}
		if i == 0 || name > most {
			most = name
		}
	}
	if names.Len() > 0 {
		facts.HasMin, facts.HasMax, facts.Min, facts.Max = true, true, []byte(least), []byte(most)
	}
	_, err := pages.WriteDictionaryPage(file.NewDictionaryPage(memory.NewBufferBytes(bytes), int32(names.Len()), parquet.Encodings.Plain))
	return err
}

func (p *page) addNumbers(values *array.Dictionary, names int) {
	numbers := values.Indices().(*array.Uint32).Values()
	if values.NullN() > 0 {
		p.numbers = present(p.numbers[:0], values, numbers)
		numbers = p.numbers
	}
	width := max(1, bits.Len(uint(max(0, names-1))))
	p.bytes = appendNumbers(append(p.bytes, byte(width)), numbers, width)
}

// present gives the values of rows that have one.
func present[T any](into []T, values arrow.Array, all []T) []T {
	for i, value := range all {
		if values.IsValid(i) {
			into = append(into, value)
		}
	}
	return into
}

func addIntegers[T ~int32 | ~int64](p *page, values arrow.Array, all []T, width int, facts *metadata.EncodedStatistics) {
	p.integers = p.integers[:0]
	some := values.NullN() > 0
	for i, value := range all {
		if !some || values.IsValid(i) {
			p.integers = append(p.integers, int64(value))
		}
	}
	p.bytes = appendDeltas(p.bytes, p.integers, width*8)
	if len(p.integers) == 0 {
		return
	}
	least, most := p.integers[0], p.integers[0]
	for _, value := range p.integers {
		least, most = min(least, value), max(most, value)
	}
	facts.HasMin, facts.HasMax, facts.Signed = true, true, true
	facts.Min = binary.LittleEndian.AppendUint64(nil, uint64(least))[:width]
	facts.Max = binary.LittleEndian.AppendUint64(nil, uint64(most))[:width]
}

// addBytes writes bytes as they are: who needs them small has packed them, so that a reader of some of them unpacks no others.
func (p *page) addBytes(values *array.Binary) {
	for i := range values.Len() {
		if values.IsValid(i) {
			value := values.Value(i)
			p.bytes = append(binary.LittleEndian.AppendUint32(p.bytes, uint32(len(value))), value...)
		}
	}
}

// addTexts writes each text as how many bytes it shares with the one before, and the others.
func (p *page) addTexts(values arrow.Array, offsets []int32, bytes []byte) {
	p.shared, p.lengths, p.suffixes = p.shared[:0], p.lengths[:0], p.suffixes[:0]
	some := values.NullN() > 0
	var before []byte
	for i := range values.Len() {
		if some && values.IsNull(i) {
			continue
		}
		text := bytes[offsets[i]-offsets[0] : offsets[i+1]-offsets[0]]
		shared := sharedBytes(before, text)
		p.shared, p.lengths = append(p.shared, int64(shared)), append(p.lengths, int64(len(text)-shared))
		p.suffixes = append(p.suffixes, text[shared:]...)
		before = text
	}
	p.bytes = appendDeltas(p.bytes, p.shared, 32)
	p.bytes = appendDeltas(p.bytes, p.lengths, 32)
	p.bytes = append(p.bytes, p.suffixes...)
}

// sharedBytes is how many bytes two texts begin with in common.
func sharedBytes(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if different := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); different != 0 {
			return i + bits.TrailingZeros64(different)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}
