package reader

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"

	"countinghouse/internal/contract"
)

// A csvReader reads one CSV file.
type csvReader struct {
	contract  *contract.Contract
	delimiter byte
	rules     rules
	lines     *lineReader
	splitter  *Splitter
	sink      Sink
	summary   Summary
	names     *headerRows
}

func readCSV(c *contract.Contract, text *bufio.Reader, in Input, sink Sink) (Summary, error) {
	if err := refuseForeign(c, text); err != nil {
		return Summary{}, err
	}
	decoded, err := decode(text, c.Files.Encoding)
	if err != nil {
		return Summary{}, err
	}
	rules, err := compile(c.Files)
	if err != nil {
		return Summary{}, err
	}
	r := &csvReader{
		contract: c, delimiter: delimiterOf(c), rules: rules, lines: newLineReader(decoded, in.Buffers), sink: sink, splitter: NewSplitter(c),
	}
	defer r.lines.close()
	r.separator()
	if err := r.header(); err != nil {
		return r.summary, err
	}
	r.names = newHeaderRows(&r.summary.Header)
	if in.Size >= aheadFrom {
		r.lines.readAhead()
	}
	return r.summary, r.records()
}

// separator obeys a first line such as sep=; which tells spreadsheets what stands between fields, and passes over it.
func (r *csvReader) separator() {
	first := r.lines.mark()
	text, err := r.lines.extend()
	if err == nil && !r.blanks() {
		if delimiter, ok := separatorOf(text); ok {
			r.delimiter, r.splitter.delimiter = delimiter, delimiter
			return
		}
	}
	r.lines.back(first)
}

// separatorOf reads sep=; with quotes around it, or with the delimiters of further fields behind it, where a program has padded the line.
func separatorOf(line []byte) (delimiter byte, ok bool) {
	line = bytes.ReplaceAll(line, []byte{'"'}, nil)
	if len(line) < 5 || !bytes.EqualFold(line[:4], []byte("sep=")) {
		return 0, false
	}
	delimiter = line[4]
	return delimiter, bytes.IndexByte([]byte(",;\t|^~:"), delimiter) >= 0 && len(bytes.Trim(line[4:], string(delimiter))) == 0
}

// header finds the header line. Lines before it are looked at one by one, since a preamble need not be CSV.
func (r *csvReader) header() error {
	search := headerSearch{contract: r.contract, rules: r.rules}
	if !r.contract.Files.HasHeader() {
		return r.preamble(search)
	}
	lenient := Splitter{delimiter: r.delimiter, blanks: r.blanks(), loose: true}
	for {
		first := r.lines.line
		r.lines.begin()
		text, err := r.lines.extend()
		if errors.Is(err, io.EOF) {
			return search.failed()
		}
		if err != nil {
			return err
		}
		switch {
		case r.blanks():
		case search.inPreamble():
			text = r.headerInPreamble(text)
		default:
			text = r.wholeHeader(text)
		}
		cells, reason := lenient.Split(text)
		if reason != "" {
			cells = [][]byte{text}
		}
		if found, err := search.line(first, text, cells); found || err != nil {
			r.summary.Header = search.header
			if err != nil {
				return err
			}
			return r.sink.Header(search.header)
		}
	}
}

// preamble passes over the lines before the first row of a file without a header: exactly as many as the contract says.
func (r *csvReader) preamble(search headerSearch) error {
	for range r.contract.Files.Preamble {
		r.lines.begin()
		text, err := r.lines.extend()
		if errors.Is(err, io.EOF) {
			return search.failed()
		}
		if err != nil {
			return err
		}
		search.findExportTime(string(text))
	}
	r.summary.Header = search.byPlace()
	return r.sink.Header(r.summary.Header)
}

func (r *csvReader) blanks() bool { return r.splitter.blanks }

// wholeHeader takes in the lines of a header cell with line ends inside.
func (r *csvReader) wholeHeader(text []byte) []byte {
	scan := quoteScan{delimiter: r.delimiter, loose: true}
	for scan.line(text); scan.inside; {
		whole, err := r.lines.extend()
		if err != nil {
			break
		}
		scan = quoteScan{delimiter: r.delimiter, loose: true}
		scan.line(whole)
		text = whole
	}
	return text
}

// headerInPreamble takes in further lines only if they make the header whole: a quote in a preamble need not be one of CSV.
func (r *csvReader) headerInPreamble(text []byte) []byte {
	scan := quoteScan{delimiter: r.delimiter, loose: true}
	if scan.line(text); !scan.inside {
		return text
	}
	first := r.lines.mark()
	whole := r.wholeHeader(text)
	lenient := Splitter{delimiter: r.delimiter, loose: true}
	cells, reason := lenient.Split(whole)
	names := make([]string, len(cells))
	for i, cell := range cells {
		names[i] = string(cell)
	}
	binding := r.contract.Bind(names)
	if reason == "" && len(binding.Missing) == 0 && slices.Max(binding.Fields) >= 0 {
		return whole
	}
	return r.lines.back(first)
}

func (r *csvReader) records() error {
	for {
		first := r.lines.line
		r.lines.begin()
		text, err := r.lines.extend()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if r.rules.drops != nil || r.rules.end != nil {
			ended, dropped := r.rules.apply(text)
			if ended {
				return r.footer(text)
			}
			if dropped {
				r.summary.Dropped++
				continue
			}
		}
		if err := r.record(first, text); err != nil {
			return err
		}
	}
}

// footer counts the lines from the one that ends the rows.
func (r *csvReader) footer(text []byte) error {
	var err error
	for ; err == nil; text, err = r.lines.extend() {
		if !r.blank(text) {
			r.summary.Dropped++
		}
		r.lines.begin()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// record hands one record on. The common case is settled by counting delimiters.
func (r *csvReader) record(line int64, text []byte) error {
	width := len(r.summary.Header.Names)
	if r.blanks() {
		return r.cells(line, text)
	}
	if bytes.IndexByte(text, '"') < 0 {
		if cells, ok := r.splitter.plain(text, width); ok && !r.controls(text) && r.names.unlikely(cells) && !r.blank(text) {
			r.summary.Records++
			return r.sink.Raw(line, text, cells)
		}
		return r.cells(line, text)
	}
	scan := quoteScan{delimiter: r.delimiter, loose: r.contract.Files.Loose}
	scan.line(text)
	for scan.inside {
		before := len(text)
		whole, err := r.lines.extend()
		if errors.Is(err, io.EOF) {
			return problem(line, "the file ends inside a quoted cell that begins here: it is cut short, or a quote is missing")
		}
		if err != nil {
			return err
		}
		text = whole
		scan.line(tail(whole, before))
	}
	if !scan.odd && scan.fields == width && !guarded(text, r.delimiter) && !r.controls(text) && !r.blank(text) {
		if cells, _ := r.splitter.Split(text); r.names.unlikely(cells) {
			r.summary.Records++
			return r.sink.Raw(line, text, cells)
		}
	}
	return r.cells(line, text)
}

// controls says whether a record holds a control character. Until the file has shown one, nothing is looked at twice.
func (r *csvReader) controls(text []byte) bool { return r.lines.controls && controlAt(text) >= 0 }

// tail is what was added to a record of before bytes: its line end and, of a CRLF, the return were not part of it.
func tail(whole []byte, before int) []byte {
	at := before + bytes.IndexByte(whole[before:], '\n') + 1
	return whole[at:]
}

func (r *csvReader) cells(line int64, text []byte) error {
	if r.blank(text) {
		return nil
	}
	r.summary.Records++
	cells, reason := r.splitter.Split(text)
	if reason == "" {
		var err error
		if reason, err = r.names.look(line, cells); err != nil {
			return err
		}
	}
	if reason == "" {
		cells, reason = r.fit(cells)
	}
	if reason == "" && r.lines.controls {
		reason = controlsIn(cells)
	}
	if reason == "" {
		return r.sink.Fields(line, cells)
	}
	if !r.lines.closed && len(cells) < len(r.summary.Header.Names) {
		return problem(line, "the file ends in the middle of a row: it is cut short, export it again")
	}
	r.summary.Rejects++
	return r.sink.Reject(line, reason, text)
}

// fit makes a record as wide as the header where the contract allows it.
func (r *csvReader) fit(cells [][]byte) ([][]byte, string) {
	names := r.summary.Header.Names
	for r.contract.Files.Loose && len(cells) > len(names) && len(cells[len(cells)-1]) == 0 {
		cells = cells[:len(cells)-1]
	}
	for r.contract.Files.Loose && len(cells) < len(names) && contract.NormalHeader(names[len(cells)]) == "" {
		cells = append(cells, nil)
	}
	if len(cells) != len(names) {
		return cells, widthOf(r.contract, len(names), len(cells))
	}
	return cells, ""
}

// blank says whether a line holds nothing but blanks, delimiters and quotes: no row of anything.
func (r *csvReader) blank(text []byte) bool {
	if r.blanks() {
		return len(bytes.TrimLeft(text, " \t")) == 0
	}
	for at := 0; at < len(text); {
		b := text[at]
		if b == r.delimiter || b == ' ' || b == '\t' || b == '"' {
			at++
		} else if n := wideBlank(text[at:]); n > 0 {
			at += n
		} else {
			return false
		}
	}
	return true
}
