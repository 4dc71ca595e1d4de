// Package reader turns the bytes of an export file into records, by the rules of its contract: it decompresses and decodes them, finds
// the header, leaves out what the contract drops, and strips guards. Types and what they mean come later, in SQL.
//
// A record that needs nothing done to it is cut at its delimiters and handed on as it stands: that is the path that large clean files
// take, and it must cost little more than reading them.
package reader

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"countinghouse/internal/contract"
)

// Limits on what a file may hold.
const (
	MaxRecord = 1 << 20 // bytes of one record, decoded
	// A compressed file may unpack to this many times its size, or to freeSize bytes if that is more.
	maxRatio = 200
	freeSize = 1 << 30
)

// An Input is the bytes of one export file.
type Input struct {
	Open func() (io.ReadCloser, error)
	Size int64 // bytes as stored, for the limits on what is unpacked
	// Buffers may be shared by all files that are read.
	Buffers *Buffers
}

// A Sink takes a file's records in the order of the file. The slices that it is given are valid during the call only.
type Sink interface {
	// Header comes first, once: where each column stands, and how many fields a record has.
	Header(Header) error
	// Raw is a record whose text is regular CSV, and its fields, stripped; there are as many as in the header.
	Raw(line int64, record []byte, fields [][]byte) error
	// Fields is a record whose cells had to be read; there are as many as in the header.
	Fields(line int64, fields [][]byte) error
	// Reject is a record that cannot be read as fields.
	Reject(line int64, reason string, raw []byte) error
}

// A Header says how a file's records are laid out.
type Header struct {
	Line       int64    // 0 where there is none
	Names      []string // of the fields; the columns' own where there is no header
	Fields     []int    // per column of the contract: its field, or -1
	ExportedAt string   // what the preamble gave, by the contract's pattern; empty if nothing
	Sheet      string   // of a workbook: the sheet that was read, the first one of several
}

// A Summary counts a file's rows: Records were handed on (as Raw, Fields or Reject), Dropped were left out by rule.
type Summary struct {
	Header  Header
	Records int64
	Rejects int64
	Dropped int64
	Sheets  []string // of a workbook: those that were read, in order
}

// A Problem is why a file cannot be read at all; Line is 0 where no line is to blame.
type Problem struct {
	Line    int64
	Message string
}

func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.Message
	}
	return fmt.Sprintf("line %d: %s", p.Line, p.Message)
}

func problem(line int64, format string, args ...any) *Problem {
	return &Problem{Line: line, Message: fmt.Sprintf(format, args...)}
}

// Read hands a file's records to sink. What is wrong with the file itself comes back as a *Problem; other errors are the sink's or
// the store's.
func Read(ctx context.Context, c *contract.Contract, in Input, sink Sink) (Summary, error) {
	stored, err := in.Open()
	if err != nil {
		return Summary{}, err
	}
	defer func() { _ = stored.Close() }()
	text, packed, err := unpack(contextReader{ctx, stored}, in.Size)
	if err != nil {
		return Summary{}, err
	}
	var summary Summary
	if c.Files.Container == contract.XLSX {
		at, _ := stored.(io.ReaderAt)
		if packed {
			at = nil
		}
		summary, err = readWorkbook(c, text, contextReaderAt{ctx, at}.orNil(), in.Size, sink)
	} else {
		summary, err = readText(c, text, in, sink)
	}
	if err == nil && !c.Files.HasHeader() && summary.Records+summary.Dropped == 0 {
		err = noRows()
	}
	return summary, err
}

func readText(c *contract.Contract, text *bufio.Reader, in Input, sink Sink) (Summary, error) {
	switch c.Files.Container {
	case contract.JSON, contract.JSONL:
		return readJSON(c, text, sink)
	default:
		return readCSV(c, text, in, sink)
	}
}

// FindHeader reads as far as the header and no further.
func FindHeader(ctx context.Context, c *contract.Contract, in Input) (Header, error) {
	finder := &headerFinder{}
	summary, err := Read(ctx, c, in, finder)
	if finder.found {
		return finder.header, nil
	}
	return summary.Header, err
}

// Fits says whether a file has the contract's container and required headers, looking no further than it must. Without a header no file can
// be told to fit. An error is about reaching the file.
func Fits(ctx context.Context, c *contract.Contract, in Input) (bool, error) {
	if !c.Files.HasHeader() {
		return false, nil
	}
	finder := &headerFinder{firstRecord: c.Files.Container == contract.JSON || c.Files.Container == contract.JSONL, contract: c}
	_, err := Read(ctx, c, in, finder)
	var wrong *Problem
	if errors.As(err, &wrong) || errors.Is(err, errFound) {
		err = nil
	}
	return finder.found, err
}

type headerFinder struct {
	contract    *contract.Contract
	firstRecord bool // what has no header is told by its first record
	header      Header
	found       bool
}

// errFound ends a read that has seen enough.
var errFound = errors.New("the header is found")

func (f *headerFinder) Header(h Header) error {
	f.header = h
	if f.firstRecord {
		return nil
	}
	f.found = true
	return errFound
}

func (f *headerFinder) Fields(_ int64, fields [][]byte) error {
	f.found = true
	for i, column := range f.contract.Columns {
		if column.Required && fields[f.header.Fields[i]] == nil {
			f.found = false
		}
	}
	return errFound
}

func (*headerFinder) Raw(int64, []byte, [][]byte) error  { return nil }
func (*headerFinder) Reject(int64, string, []byte) error { return errFound }

// contextReader ends a read when the run is over.
type contextReader struct {
	ctx  context.Context
	from io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(p)
}

// contextReaderAt is contextReader for what is read at any place.
type contextReaderAt struct {
	ctx  context.Context
	from io.ReaderAt
}

func (r contextReaderAt) orNil() io.ReaderAt {
	if r.from == nil {
		return nil
	}
	return r
}

func (r contextReaderAt) ReadAt(p []byte, at int64) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.ReadAt(p, at)
}
