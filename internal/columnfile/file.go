// Package columnfile writes Arrow batches of texts, integers, dates and times as Parquet, each batch a row group. It is for Go code that knows which texts
// recur: it gives them as dictionary arrays, whose rows then cost next to nothing. DuckDB's COPY hashes each text of a column twice to find that out, and
// took four times the processor time for the tables of the ledger.
//
// The library has the format's frame: headers, metadata, statistics. How the values of a page are laid out is here, by the format's encodings: RLE and bit
// packing for numbers of names, delta byte arrays for other texts, and zstd over these; delta for integers, dates and times; bytes as they are.
package columnfile

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/klauspost/compress/zstd"
)

// Names is the type of a column of texts that recur: numbers of the texts of its batch.
func Names() *arrow.DictionaryType {
	return &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Uint32, ValueType: arrow.BinaryTypes.String}
}

// magic begins and ends the file.
const magic = "PAR1"

// Writer writes one file.
type Writer struct {
	file       *os.File
	sink       *sink
	properties *parquet.WriterProperties
	metadata   *metadata.FileMetaDataBuilder
	columns    []columnKind
	groups     int16
	rows       int64
	packer     *zstd.Encoder
	page       page
}

// sink counts what has been written.
type sink struct {
	*bufio.Writer
	written int64
}

func (s *sink) Write(bytes []byte) (int, error) {
	n, err := s.Writer.Write(bytes)
	s.written += int64(n)
	return n, err
}

func (s *sink) Tell() int64 { return s.written }

// Takes says whether all columns are of types that a Writer knows.
func Takes(of *arrow.Schema) bool {
	for _, field := range of.Fields() {
		if _, known := kindOf(field.Type); !known {
			return false
		}
	}
	return true
}

// Create begins a file with the columns of a schema that Takes knows. Close must be called.
func Create(path string, of *arrow.Schema) (*Writer, error) {
	w := &Writer{}
	fields := make(schema.FieldList, of.NumFields())
	settings := []parquet.WriterProperty{parquet.WithVersion(parquet.V2_LATEST), parquet.WithCreatedBy("countinghouse")}
	for i, field := range of.Fields() {
		kind, known := kindOf(field.Type)
		if !known {
			return nil, fmt.Errorf("column %q: type %v cannot be written", field.Name, field.Type)
		}
		var err error
		if fields[i], err = schema.NewPrimitiveNodeLogical(field.Name, parquet.Repetitions.Optional, kind.logical, kind.physical, -1, -1); err != nil {
			return nil, err
		}
		w.columns = append(w.columns, kind)
		settings = append(settings, parquet.WithCompressionFor(field.Name, kind.codec))
		if kind.encoding != parquet.Encodings.RLEDict {
			settings = append(settings, parquet.WithEncodingFor(field.Name, kind.encoding))
		}
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		return nil, err
	}
	if w.packer, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithAllLitEntropyCompression(true)); err != nil {
		return nil, err
	}
	w.properties = parquet.NewWriterProperties(settings...)
	w.metadata = metadata.NewFileMetadataBuilder(schema.NewSchema(root), w.properties, nil)
	if w.file, err = os.Create(path); err != nil { //nolint:gosec // the caller's path
		return nil, err
	}
	w.sink = &sink{Writer: bufio.NewWriterSize(w.file, 1<<20)}
	_, err = w.sink.Write([]byte(magic))
	return w, err
}

// Write adds a batch as a row group.
func (w *Writer) Write(batch arrow.RecordBatch) error {
	if int(batch.NumCols()) != len(w.columns) {
		return fmt.Errorf("%d columns instead of %d", batch.NumCols(), len(w.columns))
	}
	group := w.metadata.AppendRowGroup()
	group.SetNumRows(int(batch.NumRows()))
	for i, kind := range w.columns {
		if err := w.column(group.NextColumnChunk(), kind, batch.Column(i), int16(i)); err != nil {
			return fmt.Errorf("column %q: %w", batch.ColumnName(i), err)
		}
	}
	w.rows += batch.NumRows()
	w.groups++
	return group.Finish(0, w.groups-1)
}

// Close ends the file and gives the number of its rows. The file is not synced.
func (w *Writer) Close() (int64, error) {
	return w.rows, errors.Join(w.end(), w.file.Close())
}

func (w *Writer) end() error {
	footer, err := w.metadata.Finish()
	if err != nil {
		return err
	}
	length, err := footer.WriteTo(w.sink, nil)
	if err != nil {
		return err
	}
	if _, err := w.sink.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(length)), magic...)); err != nil {
		return err
	}
	return w.sink.Flush()
}
