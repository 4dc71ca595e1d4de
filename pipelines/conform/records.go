package conform

import (
	"bytes"
	"io"
	"strconv"

	"countinghouse/internal/contract/reader"
)

// flushAt is how much text is gathered before it is written, in bytes.
const flushAt = 1 << 18

// A recordWriter writes records as the CSV that scan reads: each begins with its line number.
type recordWriter struct {
	to        io.Writer
	delimiter byte
	text      []byte
}

func (w *recordWriter) begin(line int64) {
	w.text = strconv.AppendInt(w.text, line, 10)
}

func (w *recordWriter) cell(text []byte) {
	w.text = append(w.text, w.delimiter)
	if bytes.IndexByte(text, w.delimiter) < 0 && bytes.IndexByte(text, '"') < 0 && bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') < 0 {
		w.text = append(w.text, text...)
		return
	}
	w.text = append(w.text, '"')
	for {
		quote := bytes.IndexByte(text, '"')
		if quote < 0 {
			break
		}
		w.text = append(append(w.text, text[:quote+1]...), '"')
		text = text[quote+1:]
	}
	w.text = append(append(w.text, text...), '"')
}

func (w *recordWriter) end() error {
	w.text = append(w.text, '\n')
	if len(w.text) < flushAt {
		return nil
	}
	return w.flush()
}

func (w *recordWriter) flush() error {
	_, err := w.to.Write(w.text)
	w.text = w.text[:0]
	return err
}

// An output is where a file's records go: a statement that is begun when the header tells how they are laid out.
type output struct {
	recordWriter
	open  func(reader.Header) (io.Writer, error)
	width int
}

func (o *output) Header(header reader.Header) (err error) {
	o.width = len(header.Names)
	o.to, err = o.open(header)
	return err
}

// An acceptSink passes on every record that can be read; what cannot is only counted, by the reader.
type acceptSink struct {
	*output
}

func (s *acceptSink) Raw(line int64, record []byte) error {
	s.begin(line)
	s.text = append(append(s.text, s.delimiter), record...)
	return s.end()
}

func (s *acceptSink) Fields(line int64, fields [][]byte) error {
	s.begin(line)
	for _, field := range fields {
		s.cell(field)
	}
	return s.end()
}

func (*acceptSink) Reject(int64, string, []byte) error { return nil }

// An explainSink passes on the records that were not accepted: number, given reason, raw text, fields.
type explainSink struct {
	*output
	accepted lineSet
	splitter *reader.Splitter
}

func (s *explainSink) Raw(line int64, record []byte) error {
	if s.accepted.has(line) {
		return nil
	}
	fields, reason := s.splitter.Split(record)
	return s.write(line, reason, record, fields)
}

func (s *explainSink) Fields(line int64, fields [][]byte) error {
	if s.accepted.has(line) {
		return nil
	}
	return s.write(line, "", s.splitter.Join(fields), fields)
}

func (s *explainSink) Reject(line int64, reason string, raw []byte) error {
	return s.write(line, reason, raw, make([][]byte, s.width))
}

func (s *explainSink) write(line int64, reason string, raw []byte, fields [][]byte) error {
	s.begin(line)
	s.cell([]byte(reason))
	s.cell(raw)
	for _, field := range fields {
		s.cell(field)
	}
	return s.end()
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
