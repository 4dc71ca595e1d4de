package conform

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"countinghouse/internal/contract/reader"
	"countinghouse/internal/warehouse"
)

// An output is where a file's records go: as batches into a statement that is begun when the header tells how they are laid out. The
// batches have a column source_row, the extra ones, and one for each field that the contract reads, named as fieldName has it.
type output struct {
	open  func(*arrow.Schema, reader.Header) (*warehouse.BatchWriter, error)
	extra []string

	to      *warehouse.BatchWriter
	schema  *arrow.Schema
	buffers buffers
	lines   []int64
	columns []cells
	byField []*cells // what a field goes to; nil where the contract does not read it
	size    int      // bytes of the batch
}

func (o *output) Header(header reader.Header) (err error) {
	read := make([]bool, len(header.Names))
	for _, field := range header.Fields {
		if field >= 0 {
			read[field] = true
		}
	}
	fields := []arrow.Field{{Name: "source_row", Type: arrow.PrimitiveTypes.Int64}}
	for _, name := range o.extra {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	o.byField = make([]*cells, len(read))
	o.columns = make([]cells, len(read)+len(o.extra))
	for field := range read {
		if read[field] {
			o.byField[field] = &o.columns[len(fields)-1]
			fields = append(fields, arrow.Field{Name: fieldName(field), Type: arrow.BinaryTypes.String, Nullable: true})
		}
	}
	o.columns = o.columns[:len(fields)-1]
	o.buffers.texts = make([]recycler, len(o.columns))
	o.schema = arrow.NewSchema(fields, nil)
	o.begin()
	o.to, err = o.open(o.schema, header)
	return err
}

func fieldName(field int) string { return fmt.Sprintf("f%d", field) }

func (o *output) begin() {
	o.lines = o.buffers.newLines()
	for i := range o.columns {
		o.columns[i] = o.buffers.newCells(i)
	}
	o.size = 0
}

func (o *output) fields(fields [][]byte) {
	for i, column := range o.byField {
		if column != nil {
			column.add(fields[i])
		}
	}
}

// end ends the record of a line, with the size of its text in bytes.
func (o *output) end(line int64, size int) error {
	o.lines = append(o.lines, line)
	o.size += size
	if len(o.lines) < batchRows && o.size < batchBytes {
		return nil
	}
	return o.flush()
}

func (o *output) flush() error {
	if len(o.lines) == 0 {
		return nil
	}
	arrays := []arrow.Array{o.buffers.lineArray(o.lines)}
	for i := range o.columns {
		arrays = append(arrays, o.buffers.cellArray(i, &o.columns[i]))
	}
	batch := array.NewRecordBatch(o.schema, arrays, int64(len(o.lines)))
	defer batch.Release()
	for _, each := range arrays {
		each.Release()
	}
	o.begin()
	return o.to.Write(batch)
}

// An acceptSink passes on every record that can be read; what cannot is only counted, by the reader.
type acceptSink struct {
	*output
	spare spare
}

func (s *acceptSink) Header(header reader.Header) error {
	s.spare.header(header)
	if len(s.spare.fields) > 0 {
		s.extra = []string{extraName}
	}
	return s.output.Header(header)
}

func (s *acceptSink) Raw(line int64, record []byte, fields [][]byte) error {
	return s.record(line, len(record), fields)
}

func (s *acceptSink) Fields(line int64, fields [][]byte) error {
	return s.record(line, sizeOf(fields), fields)
}

func (s *acceptSink) record(line int64, size int, fields [][]byte) error {
	if len(s.spare.fields) > 0 {
		s.columns[0].add(s.spare.text(fields))
	}
	s.fields(fields)
	return s.end(line, size)
}

func (*acceptSink) Reject(int64, string, []byte) error { return nil }

func sizeOf(fields [][]byte) int {
	size := 0
	for _, field := range fields {
		size += len(field)
	}
	return size
}

// An explainSink passes on the records that were not accepted: number, given reason, raw text, fields.
type explainSink struct {
	*output
	accepted lineSet
	splitter *reader.Splitter
}

func (s *explainSink) Raw(line int64, record []byte, fields [][]byte) error {
	if s.accepted.has(line) {
		return nil
	}
	return s.write(line, "", record, fields)
}

func (s *explainSink) Fields(line int64, fields [][]byte) error {
	if s.accepted.has(line) {
		return nil
	}
	return s.write(line, "", s.splitter.Join(fields), fields)
}

func (s *explainSink) Reject(line int64, reason string, raw []byte) error {
	return s.write(line, reason, raw, make([][]byte, len(s.byField)))
}

func (s *explainSink) write(line int64, reason string, raw []byte, fields [][]byte) error {
	s.columns[0].add([]byte(reason))
	s.columns[1].add(raw)
	s.fields(fields)
	return s.end(line, len(raw)+sizeOf(fields))
}

// A lineSet holds line numbers, a bit each.
type lineSet []uint64

func (s *lineSet) add(line int64) {
	for int64(len(*s)) <= line/64 {
		*s = append(*s, make([]uint64, len(*s)+1024)...)
	}
	(*s)[line/64] |= 1 << (line % 64)
}

func (s lineSet) has(line int64) bool {
	return line/64 < int64(len(s)) && s[line/64]&(1<<(line%64)) != 0
}
