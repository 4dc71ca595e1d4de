package conform

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"countinghouse/internal/contract/reader"
	"countinghouse/internal/warehouse"
)

// An output is where a file's records go: as batches into a statement that is begun when the header tells how they are laid out. The
// batches have a column source_row, the extra ones, one for each field that the contract reads, named as fieldName has it, and the quick ones.
type output struct {
	open   func(*arrow.Schema, reader.Header) (*warehouse.BatchWriter, error)
	extra  []string
	quicks func(reader.Header) []*quick // nil: every cell is handed on as text

	to      *warehouse.BatchWriter
	schema  *arrow.Schema
	buffers buffers
	lines   numbers
	columns []cells
	values  []numbers
	byField []target
	size    int // bytes of the batch
}

// A target is what a field goes to.
type target struct {
	text  *cells // nil where the contract does not read the field
	quick func(cell []byte) (int64, bool)
	value *numbers // where there is a quick: what it reads; the cell then is empty
}

func (o *output) Header(header reader.Header) (err error) {
	o.byField = make([]target, len(header.Names))
	fields := []arrow.Field{{Name: "source_row", Type: arrow.PrimitiveTypes.Int64}}
	for _, name := range o.extra {
		fields = append(fields, arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	o.columns = make([]cells, len(header.Names)+len(o.extra))
	for field := range header.Names {
		if slices.Contains(header.Fields, field) {
			o.byField[field].text = &o.columns[len(fields)-1]
			fields = append(fields, arrow.Field{Name: fieldName(field), Type: arrow.BinaryTypes.String, Nullable: true})
		}
	}
	o.columns = o.columns[:len(fields)-1]
	o.buffers.texts = make([]recycler, len(o.columns))
	o.schema = arrow.NewSchema(append(fields, o.quickFields(header)...), nil)
	o.begin()
	o.to, err = o.open(o.schema, header)
	return err
}

// quickFields sets up the quick columns.
func (o *output) quickFields(header reader.Header) []arrow.Field {
	if o.quicks == nil {
		return nil
	}
	var fields []arrow.Field
	quicks := o.quicks(header)
	o.values = make([]numbers, len(quicks))
	for i, q := range quicks {
		if q != nil {
			o.byField[q.field].quick, o.byField[q.field].value = q.parse, &o.values[len(fields)]
			fields = append(fields, arrow.Field{Name: quickField(i), Type: q.kind, Nullable: true})
		}
	}
	o.values = o.values[:len(fields)]
	return fields
}

func fieldName(field int) string { return fmt.Sprintf("f%d", field) }

// quickField is of the contract's i-th column.
func quickField(i int) string { return fmt.Sprintf("q%d", i) }

func (o *output) begin() {
	o.lines = o.buffers.newNumbers()
	for i := range o.columns {
		o.columns[i] = o.buffers.newCells(i)
	}
	for i := range o.values {
		o.values[i] = o.buffers.newNumbers()
	}
	o.size = 0
}

func (o *output) fields(fields [][]byte) {
	for i := range o.byField {
		to := &o.byField[i]
		if to.text == nil {
			continue
		}
		if to.quick != nil {
			if value, ok := to.quick(fields[i]); ok {
				to.value.add(value)
				to.text.skip()
				continue
			}
			to.value.skip()
		}
		to.text.add(fields[i])
	}
}

// end ends the record of a line, with the size of its text in bytes.
func (o *output) end(line int64, size int) error {
	o.lines.add(line)
	o.size += size
	if len(o.lines.values) < batchRows && o.size < batchBytes {
		return nil
	}
	return o.flush()
}

func (o *output) flush() error {
	rows := len(o.lines.values)
	if rows == 0 {
		return nil
	}
	arrays := []arrow.Array{o.buffers.numberArray(arrow.PrimitiveTypes.Int64, &o.lines)}
	for i := range o.columns {
		arrays = append(arrays, o.buffers.cellArray(i, &o.columns[i]))
	}
	for i := range o.values {
		arrays = append(arrays, o.buffers.numberArray(o.schema.Field(len(arrays)).Type, &o.values[i]))
	}
	batch := array.NewRecordBatch(o.schema, arrays, int64(rows))
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
