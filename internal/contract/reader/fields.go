package reader

import (
	"bytes"

	"countinghouse/internal/contract"
)

// A quoteScan follows the quotes of one record over its physical lines.
type quoteScan struct {
	delimiter byte
	loose     bool
	inside    bool // within a quoted cell
	odd       bool // a quote stands where regular CSV has none
	fields    int
}

// line looks at one more physical line of the record.
func (s *quoteScan) line(text []byte) {
	at := 0
	if s.inside {
		at = s.quoted(text, 0)
	} else {
		s.fields = 1
		at = s.cell(text, 0)
	}
	for at < len(text) && !s.inside {
		s.fields++
		at = s.cell(text, at+1) // behind the delimiter
	}
}

// cell reads the cell that begins at at and gives where its delimiter is.
func (s *quoteScan) cell(text []byte, at int) int {
	open := at
	if s.loose {
		open += leadingBlanks(text[at:], s.delimiter)
	}
	if open < len(text) && text[open] == '"' {
		s.odd = s.odd || open > at
		s.inside = true
		return s.quoted(text, open+1)
	}
	end := s.delimiterFrom(text, at)
	s.odd = s.odd || bytes.IndexByte(text[at:end], '"') >= 0
	return end
}

func (s *quoteScan) quoted(text []byte, at int) int {
	for {
		quote := bytes.IndexByte(text[at:], '"')
		if quote < 0 {
			return len(text)
		}
		at += quote + 1
		if at < len(text) && text[at] == '"' {
			at++
			continue
		}
		s.inside = false
		end := s.delimiterFrom(text, at)
		s.odd = s.odd || end > at
		return end
	}
}

func (s *quoteScan) delimiterFrom(text []byte, at int) int {
	if end := bytes.IndexByte(text[at:], s.delimiter); end >= 0 {
		return at + end
	}
	return len(text)
}

func leadingBlanks(text []byte, delimiter byte) int {
	n := 0
	for n < len(text) && (text[n] == ' ' || text[n] == '\t') && text[n] != delimiter {
		n++
	}
	return n
}

// plain gives the cells of a record without quotes, if it has so many and none of them anything to strip. Only the bytes beside delimiters
// are looked at.
func (s *Splitter) plain(record []byte, width int) (cells [][]byte, ok bool) {
	if len(record) == 0 || edgy(record) {
		return nil, false
	}
	s.cells = s.cells[:0]
	for more := true; more; {
		cell := record
		end := bytes.IndexByte(record, s.delimiter)
		if more = end >= 0; more {
			cell, record = record[:end], record[end+1:]
		}
		if len(cell) > 0 && edgy(cell) {
			return nil, false
		}
		s.cells = append(s.cells, cell)
	}
	return s.cells, len(s.cells) == width
}

// isGuard says whether a cell with this byte at an edge may have something to strip. A guard that leads is none at the end.
func isGuard(b byte) bool {
	switch b {
	case ' ', '\t', '\'', '`', '=', '\r', '\n':
		return true
	default:
		return false
	}
}

// guarded says whether a cell of the record may have something to strip, if only a line end. It errs on the side of yes.
func guarded(record []byte, delimiter byte) bool {
	if delimiter != '\t' && bytes.IndexByte(record, '\t') >= 0 {
		return true
	}
	for _, guard := range [...]byte{'\'', '`', '='} {
		if guardAtEdge(record, guard, delimiter) {
			return true
		}
	}
	return guardAtEdge(record, ' ', delimiter) || bytes.IndexByte(record, '\n') >= 0
}

func guardAtEdge(record []byte, guard, delimiter byte) bool {
	for from := 0; ; {
		at := bytes.IndexByte(record[from:], guard)
		if at < 0 {
			return false
		}
		at += from
		if at == 0 || isEdge(record[at-1], delimiter) || at+1 == len(record) || isEdge(record[at+1], delimiter) {
			return true
		}
		from = at + 1
	}
}

func isEdge(b, delimiter byte) bool { return b == delimiter || b == '"' }

// Strip takes away what guards a cell against spreadsheets: TABs and blanks of every kind around it, ="…", and a leading ' or `.
func Strip(cell []byte) []byte {
	if len(cell) == 0 || !edgy(cell) {
		return cell
	}
	cell = trimBlanks(cell)
	if n := len(cell); n >= 3 && cell[0] == '=' && cell[1] == '"' && cell[n-1] == '"' {
		cell = trimBlanks(cell[2 : n-1])
	}
	if len(cell) > 0 && (cell[0] == '\'' || cell[0] == '`') {
		cell = trimBlanks(cell[1:])
	}
	return cell
}

// A Splitter reads the cells of a record. Its results are valid until it is used again.
type Splitter struct {
	delimiter byte
	blanks    bool // any number of blanks and TABs instead of the delimiter; quotes mean nothing
	loose     bool
	cells     [][]byte
	text      []byte // what quoted cells become
}

// NewSplitter is for records of a file of this contract.
func NewSplitter(c *contract.Contract) *Splitter {
	return &Splitter{delimiter: delimiterOf(c), blanks: c.Files.Delimiter == contract.Blanks, loose: c.Files.Loose}
}

// delimiterOf stands between fields; those of a file separated by blanks have none.
func delimiterOf(c *contract.Contract) byte {
	if c.Files.Delimiter == "" || c.Files.Delimiter == contract.Blanks {
		return ','
	}
	return c.Files.Delimiter[0]
}

// Split gives the record's cells, stripped, or why it is not CSV.
func (s *Splitter) Split(record []byte) (cells [][]byte, reason string) {
	s.cells, s.text = s.cells[:0], s.text[:0]
	if s.blanks {
		return s.words(record), ""
	}
	var loose looseQuotes
	for at := 0; ; {
		cell, end, reason := s.cell(record, at)
		if reason != "" {
			return nil, reason
		}
		loose.look(s.unquoted(record[at:end]), len(s.cells)+1)
		s.cells = append(s.cells, Strip(cell))
		if end >= len(record) {
			if reason := loose.reason(); reason != "" {
				return nil, reason
			}
			return s.cells, ""
		}
		at = end + 1
	}
}

// unquoted gives a cell as written, if it does not begin with a quote.
func (s *Splitter) unquoted(written []byte) []byte {
	begin := 0
	if s.loose {
		begin = leadingBlanks(written, s.delimiter)
	}
	if begin < len(written) && written[begin] == '"' {
		return nil
	}
	return written
}

func (s *Splitter) words(record []byte) [][]byte {
	for word := range bytes.FieldsFuncSeq(record, isBlank) {
		s.cells = append(s.cells, Strip(word))
	}
	return s.cells
}

func isBlank(r rune) bool { return r == ' ' || r == '\t' }

// Join writes cells as one text, for people to read.
func (s *Splitter) Join(cells [][]byte) []byte {
	if s.blanks {
		return bytes.Join(cells, []byte{' '})
	}
	return bytes.Join(cells, []byte{s.delimiter})
}

func (s *Splitter) cell(record []byte, at int) (cell []byte, end int, reason string) {
	open := at + leadingBlanks(record[at:], s.delimiter)
	if open < len(record) && record[open] == '"' {
		if open > at && !s.loose {
			return nil, 0, "blanks before the quotes of a cell: loose in the contract lets them pass"
		}
		return s.quoted(record, open+1)
	}
	end = s.delimiterFrom(record, at)
	return record[at:end], end, ""
}

func (s *Splitter) quoted(record []byte, at int) (cell []byte, end int, reason string) {
	begin := len(s.text)
	for {
		quote := bytes.IndexByte(record[at:], '"')
		if quote < 0 {
			return nil, 0, "a quoted cell is not closed"
		}
		s.text = append(s.text, record[at:at+quote]...)
		at += quote + 1
		if at >= len(record) || record[at] != '"' {
			break
		}
		s.text = append(s.text, '"')
		at++
	}
	end = s.delimiterFrom(record, at)
	tail := record[at:end]
	if s.loose {
		tail = tail[leadingBlanks(tail, s.delimiter):]
	}
	if len(tail) > 0 {
		return nil, 0, "text after the closing quote of a cell"
	}
	return s.text[begin:len(s.text):len(s.text)], end, ""
}

func (s *Splitter) delimiterFrom(text []byte, at int) int {
	if end := bytes.IndexByte(text[at:], s.delimiter); end >= 0 {
		return at + end
	}
	return len(text)
}
