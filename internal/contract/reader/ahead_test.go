package reader_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// slowly gives a text in pieces of odd sizes, as a network does, and fails where it is told to.
type slowly struct {
	text   []byte
	failed error
	closed bool
	t      *testing.T
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.closed {
		s.t.Error("it was read after it was closed")
	}
	if len(s.text) == 0 {
		if s.failed != nil {
			return 0, s.failed
		}
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), 70_001)], s.text)
	s.text = s.text[n:]
	return n, nil
}

func (s *slowly) Close() error {
	s.closed = true
	return nil
}

// counted counts records and keeps the last.
type counted struct {
	records int
	last    string
	stop    int
}

func (*counted) Header(reader.Header) error { return nil }

func (c *counted) Raw(_ int64, _ []byte, fields [][]byte) error { return c.Fields(0, fields) }

func (c *counted) Fields(_ int64, fields [][]byte) error {
	c.records, c.last = c.records+1, string(bytes.Join(fields, []byte("|")))
	if c.records == c.stop {
		return errStop
	}
	return nil
}

func (c *counted) Reject(_ int64, reason string, _ []byte) error {
	c.last = "refused: " + reason
	return nil
}

var errStop = errors.New("enough")

// TestLargeFilesAreReadAhead holds that a file which is read ahead gives the same records, the same troubles with their places, and is not touched any more
// when the reading is over.
func TestLargeFilesAreReadAhead(t *testing.T) {
	c := &contract.Contract{Files: contract.Files{Container: contract.CSV}, Columns: []contract.Column{{Name: "a", Header: []string{"a"}, Required: true}, {Name: "b", Header: []string{"b"}}}}
	var text strings.Builder
	text.WriteString("a,b\n")
	rows := 0
	for ; text.Len() < 6<<20; rows++ {
		fmt.Fprintf(&text, "%d,杭州 %s\n", rows, strings.Repeat("x", rows%97))
	}
	last := fmt.Sprintf("%d|杭州 %s", rows-1, strings.Repeat("x", (rows-1)%97))
	failed := errors.New("the line is dead")
	cases := map[string]struct {
		tail    string
		trouble error
		stop    int
		want    string
		records int
	}{
		"whole":             {want: last, records: rows},
		"no end":            {tail: "1,2", want: "1|2", records: rows + 1},
		"control character": {tail: "1,\x01\n", want: "refused: the control character U+0001", records: rows},
		"wrong byte":        {tail: "1,\xff\n", want: fmt.Sprintf("line %d: byte %d of the file is not utf-8, but looks like gb18030: set encoding in the contract", rows+2, text.Len()+3), records: rows},
		"trouble":           {trouble: failed, want: failed.Error(), records: rows},
		"stopped":           {stop: 10, want: errStop.Error(), records: 10},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			stored := &slowly{text: []byte(text.String() + one.tail), failed: one.trouble, t: t}
			sink := &counted{stop: one.stop}
			in := reader.Input{Size: int64(len(stored.text)), Buffers: &reader.Buffers{}, Open: func() (io.ReadCloser, error) { return stored, nil }}
			_, err := reader.Read(context.Background(), c, in, sink)
			got := sink.last
			if err != nil {
				got = err.Error()
			}
			if got != one.want || sink.records != one.records || !stored.closed {
				t.Errorf("got %q after %d records, want %q after %d", got, sink.records, one.want, one.records)
			}
		})
	}
}
