package erase

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"

	"github.com/zeebo/xxh3"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// A recorder notes the records that held erased persons, and sums up what is read of all records without them.
type recorder struct {
	contract *contract.Contract
	found    *finding
	read     []bool // by field: a column of the contract reads it
	rest     *xxh3.Hasher
}

// Header implements reader.Sink.
func (r *recorder) Header(header reader.Header) error {
	r.read = make([]bool, len(header.Names))
	for _, field := range header.Fields {
		if field >= 0 && field < len(r.read) {
			r.read[field] = true
		}
	}
	return nil
}

// Raw implements reader.Sink.
func (r *recorder) Raw(line int64, _ []byte, fields [][]byte) error { return r.Fields(line, fields) }

// Fields implements reader.Sink.
func (r *recorder) Fields(_ int64, fields [][]byte) error {
	for i, field := range fields {
		if r.read[i] {
			_, _ = r.rest.Write(field) // into memory
			_, _ = r.rest.WriteString("\x1f")
		}
	}
	return nil
}

// Reject implements reader.Sink.
func (*recorder) Reject(int64, string, []byte) error { return nil }

// hit writes the record anew. What no column reads goes too: nobody knows what it holds. A record that is no fields goes whole.
func (r *recorder) hit(line int64, was, blank [][]byte) {
	cells := make([]string, len(blank))
	for i, cell := range blank {
		if i < len(r.read) && r.read[i] {
			cells[i] = string(cell)
		}
		if old := string(was[i]); old != cells[i] {
			r.found.cells[line] = append(r.found.cells[line], change{i, old, cells[i]})
		}
	}
	var text strings.Builder
	writer := csv.NewWriter(&text)
	if delimiter := r.contract.Files.Delimiter; len(delimiter) == 1 {
		writer.Comma = rune(delimiter[0])
	}
	if len(cells) == 0 {
		cells = []string{"erased"} // it is refused again
	}
	_ = writer.Write(cells) // into memory
	writer.Flush()
	r.found.records[line] = strings.TrimSuffix(text.String(), "\n")
}

const gzipMark = "\x1f\x8b"

// blank writes a file anew with the records that were found blanked. Nothing is held in memory but one record, and what was found.
func (r *rewriter) blank(c *contract.Contract, from, to string, found *finding) (err error) {
	stored, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	written, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, written.Close()) }()
	mark := make([]byte, len(gzipMark))
	if n, _ := stored.ReadAt(mark, 0); string(mark[:n]) != gzipMark {
		return r.blankOpen(c, stored, written, found)
	}
	return r.blankGzip(c, stored, written, found)
}

// blankGzip goes through an inflated copy, since what is in it may have to be read twice.
func (r *rewriter) blankGzip(c *contract.Contract, stored io.Reader, written *os.File, found *finding) (err error) {
	inflated, err := gzip.NewReader(stored)
	if err != nil {
		return err
	}
	inner, err := os.OpenFile(written.Name()+".inflated", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inner.Close(), os.Remove(inner.Name())) }()
	if _, err := io.Copy(inner, inflated); err != nil {
		return err
	}
	packed := gzip.NewWriter(written)
	return errors.Join(r.blankOpen(c, inner, packed, found), packed.Close())
}

// blankOpen does it for a file that is not packed.
func (r *rewriter) blankOpen(c *contract.Contract, stored *os.File, written io.Writer, found *finding) error {
	if c.Files.Container == contract.XLSX {
		size, err := stored.Seek(0, io.SeekEnd)
		if err != nil {
			return err
		}
		return blankWorkbook(r.Set, stored, size, written, found)
	}
	coding, err := codingOf(c, stored)
	if err != nil {
		return err
	}
	if _, err := stored.Seek(0, io.SeekStart); err != nil {
		return err
	}
	text := bufio.NewReaderSize(transform.NewReader(stored, coding.NewDecoder()), 1<<16)
	encoder := transform.NewWriter(written, coding.NewEncoder())
	out := bufio.NewWriterSize(encoder, 1<<16)
	if c.Files.Container == contract.JSON || c.Files.Container == contract.JSONL {
		err = blankJSON(c, text, out, found)
	} else {
		err = blankLines(text, out, found)
	}
	return errors.Join(err, out.Flush(), encoder.Close())
}

// codingOf is how the text is written.
func codingOf(c *contract.Contract, stored *os.File) (encoding.Encoding, error) {
	if _, err := stored.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	text := bufio.NewReaderSize(stored, 1<<16)
	mark, _ := text.Peek(2)
	switch {
	case c.Files.Encoding == contract.UTF16LE || bytes.HasPrefix(mark, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case c.Files.Encoding == contract.UTF16BE || bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	}
	for {
		r, size, err := text.ReadRune()
		switch {
		case errors.Is(err, io.EOF):
			return encoding.Nop, nil
		case err != nil:
			return nil, err
		case r == utf8.RuneError && size == 1:
			return simplifiedchinese.GB18030, nil
		}
	}
}

// blankLines replaces the records that begin on the lines found. A record goes on while a quote is open.
func blankLines(text *bufio.Reader, out *bufio.Writer, found *finding) error {
	fresh, open := "", false // what stands for the record at hand, and whether it goes on
	for number := int64(1); ; number++ {
		line, err := text.ReadString('\n')
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return err
		}
		record, hit := found.records[number]
		switch {
		case open:
			open = strings.Count(line, `"`)%2 == 0
		case hit:
			fresh, open = record, strings.Count(line, `"`)%2 == 1
		default:
			_, _ = out.WriteString(line) // Flush tells
		}
		if fresh != "" && (!open || last) {
			_, _ = out.WriteString(fresh + line[len(strings.TrimRight(line, "\r\n")):])
			fresh = ""
		}
		if last {
			return nil
		}
	}
}

// unpacked gives the bytes, or what is packed in them, as they are and as UTF-8.
func unpacked(stored []byte) [][]byte {
	if bytes.HasPrefix(stored, []byte(gzipMark)) {
		if inflated, err := gzip.NewReader(bytes.NewReader(stored)); err == nil {
			inner, _ := io.ReadAll(inflated) // as far as it can be read
			return decoded(inner)
		}
	}
	texts := decoded(stored)
	if archive, err := zip.NewReader(bytes.NewReader(stored), int64(len(stored))); err == nil {
		for _, member := range archive.File {
			if text, err := contentOf(member); err == nil {
				texts = append(texts, decoded(text)...)
			}
		}
	}
	return texts
}

// decoded gives a text that nobody could read, and what it is in the encoding that its bytes show. Identifiers look the same in all encodings but UTF-16.
func decoded(text []byte) [][]byte {
	order := unicode.LittleEndian
	switch reader.Marked(text[:min(len(text), 1<<12)]) {
	case contract.UTF16BE:
		order = unicode.BigEndian
	case contract.UTF16LE:
	default:
		return [][]byte{text}
	}
	plain, err := unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder().Bytes(text)
	if err != nil {
		return [][]byte{text}
	}
	return [][]byte{text, plain}
}
