package reader

import (
	"archive/zip"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// A cellKind says what a workbook stores in a cell.
type cellKind byte

const (
	emptyCell cellKind = iota
	textCell
	numberCell
	booleanCell
	errorCell
	dateCell    // an ISO 8601 text
	formulaCell // whose value nobody has computed
)

// A sheetCell is a cell of a workbook.
type sheetCell struct {
	kind cellKind
	text []byte // as stored; for text the text
}

// Limits of the format itself.
const (
	maxSheetRow    = 1 << 20
	maxSheetColumn = 1 << 14
	maxMerged      = 10_000 // ours: such a sheet is refused anyway, but where its merges lie beside what is read
)

// A sheetScanner reads the rows of one sheet.
type sheetScanner struct {
	xml    *xmlScanner
	closer io.Closer
	texts  *sharedTexts
	name   string
	row    int64 // number of the row that was read last
	width  int64 // columns that matter, 0: all; of those behind them one that is not empty stands for all
	last   int64 // column of the row's last cell, -1 before the first
	cells  []sheetCell
	room   []byte // texts of the row's cells
	size   int    // bytes of the row's texts
	merged []mergedCells
}

// mergedCells are a block of cells that show one value, which the first of them has. Rows count from 1, columns from 0.
type mergedCells struct {
	text                                       string
	firstRow, lastRow, firstColumn, lastColumn int64
}

// errSheet says that a sheet is built as none may be.
var errSheet = errors.New("rows or cells out of their order or places")

func openSheet(sheet workbookSheet, texts *sharedTexts) (*sheetScanner, error) {
	scanner, closer, err := openPart(sheet.part)
	if err != nil {
		return nil, err
	}
	s := &sheetScanner{xml: scanner, closer: closer, texts: texts, name: sheet.name}
	for {
		if err := scanner.next(); err != nil {
			return nil, errors.Join(s.problem(cutXML(err)), closer.Close())
		}
		if scanner.kind == opening && string(scanner.name) == "sheetData" {
			return s, nil
		}
	}
}

// problem places what is wrong with the sheet.
func (s *sheetScanner) problem(err error) error {
	switch {
	case errors.Is(err, errXML), errors.Is(err, errSheet), errors.Is(err, errNoText), errors.Is(err, zip.ErrFormat), errors.Is(err, zip.ErrChecksum),
		errors.Is(err, zip.ErrAlgorithm), errors.Is(err, io.ErrUnexpectedEOF), isFlateError(err):
		return problem(s.row, "sheet %q is damaged behind this line (%v): download the workbook again", s.name, err)
	default:
		return err
	}
}

// next reads the next row that the sheet has; io.EOF behind the last.
func (s *sheetScanner) next() error {
	if s.xml.closed && string(s.xml.name) == "sheetData" {
		return io.EOF
	}
	for {
		if err := s.xml.next(); err != nil {
			return s.problem(cutXML(err))
		}
		switch {
		case s.xml.kind == characters:
		case s.xml.kind == closing && string(s.xml.name) == "sheetData":
			return io.EOF
		case s.xml.kind == opening && string(s.xml.name) == "row":
			return s.problem(s.readRow())
		}
	}
}

func (s *sheetScanner) readRow() error {
	s.cells, s.room, s.size, s.last = s.cells[:0], s.room[:0], 0, -1
	number := s.row + 1
	if given := s.xml.attribute("r"); given != nil {
		var err error
		if number, err = strconv.ParseInt(string(given), 10, 64); err != nil {
			return errSheet
		}
	}
	if number <= s.row || number > maxSheetRow {
		return errSheet
	}
	s.row = number
	for ended := s.xml.closed; !ended; {
		if err := s.xml.next(); err != nil {
			return cutXML(err)
		}
		switch {
		case s.xml.kind == opening && string(s.xml.name) == "c":
			if err := s.readCell(); err != nil {
				return err
			}
		case s.xml.kind == closing && string(s.xml.name) == "row":
			ended = true
		}
	}
	return nil
}

// readCell reads the cell that was just opened.
func (s *sheetScanner) readCell() error {
	s.last++
	if place := s.xml.attribute("r"); place != nil {
		given, row, ok := cellPlace(place)
		if !ok || given < s.last || row != s.row {
			return errSheet
		}
		s.last = given
	}
	if s.last >= maxSheetColumn {
		return errSheet
	}
	cell, err := s.content(string(s.xml.attribute("t")))
	if err != nil {
		return err
	}
	if s.size += len(cell.text); s.size > MaxRecord {
		return problem(s.row, "a row of more than %d bytes", MaxRecord)
	}
	s.put(cell)
	return nil
}

// put writes a cell into its place in the row.
func (s *sheetScanner) put(cell sheetCell) {
	column := s.last
	if s.width > 0 && column >= s.width {
		if cell.kind == emptyCell || int64(len(s.cells)) > s.width {
			return
		}
		column = s.width
	}
	for int64(len(s.cells)) < column {
		s.cells = append(s.cells, sheetCell{})
	}
	s.cells = append(s.cells, cell)
}

// kindOf reads the t attribute of a cell.
func kindOf(t string) cellKind {
	switch t {
	case sharedText, inlineText, "str":
		return textCell
	case "b":
		return booleanCell
	case "e":
		return errorCell
	case "d":
		return dateCell
	default:
		return numberCell
	}
}

// Values of the t attribute of cells whose text stands elsewhere than in v.
const (
	sharedText = "s"
	inlineText = "inlineStr"
)

// content reads up to the end of a cell with this t attribute. Its value stands in v, or in is where t says so and is is there.
func (s *sheetScanner) content(t string) (sheetCell, error) {
	begin := len(s.room)
	formula, valued, inValue, inline := false, false, false, false
	for ended := s.xml.closed; !ended; {
		if err := s.xml.next(); err != nil {
			return sheetCell{}, cutXML(err)
		}
		switch {
		case s.xml.kind == characters:
			if inValue && !inline {
				s.room = append(s.room, s.xml.text...)
			}
		case s.xml.kind == closing && string(s.xml.name) == "c":
			ended = true
		case string(s.xml.name) == "v":
			inValue = s.xml.kind == opening && !s.xml.closed
			valued = true
		case string(s.xml.name) == "f":
			formula = true
		case s.xml.kind == opening && string(s.xml.name) == "is" && !s.xml.closed:
			text, err := richText(s.xml, "is", nil)
			if err != nil {
				return sheetCell{}, err
			}
			if t == inlineText {
				s.room, valued, inline = append(s.room[:begin], text...), true, true
			}
		}
		if len(s.room) > MaxRecord {
			return sheetCell{}, problem(s.row, "a row of more than %d bytes", MaxRecord)
		}
	}
	text, kind := s.room[begin:], kindOf(t)
	switch {
	case formula && !valued:
		return sheetCell{kind: formulaCell}, nil
	case !valued || len(text) == 0:
		return sheetCell{}, nil
	case t == sharedText:
		return s.sharedCell(text)
	case kind == textCell:
		text = unescape(text)
	}
	if !utf8.Valid(text) {
		return sheetCell{}, errXML
	}
	return sheetCell{kind: kind, text: text[:len(text):len(text)]}, nil
}

func (s *sheetScanner) sharedCell(number []byte) (sheetCell, error) {
	at, err := strconv.ParseUint(string(number), 10, 31)
	if err != nil {
		return sheetCell{}, errNoText
	}
	text, err := s.texts.get(int(at))
	if err == nil && !utf8.Valid(text) {
		err = errXML
	}
	if len(text) == 0 {
		return sheetCell{}, err
	}
	return sheetCell{kind: textCell, text: text}, err
}

// cellPlace reads a place such as AB12: column 27, row 12.
func cellPlace(place []byte) (column, row int64, ok bool) {
	at := 0
	for ; at < len(place) && at < 4; at++ {
		letter := place[at] &^ 0x20
		if letter < 'A' || letter > 'Z' {
			break
		}
		column = column*26 + int64(letter-'A') + 1
	}
	for _, b := range place[at:] {
		if b < '0' || b > '9' || row > maxSheetRow {
			return 0, 0, false
		}
		row = row*10 + int64(b-'0')
	}
	return column - 1, row, column > 0 && row > 0
}

// finish reads what stands behind the rows, where merged cells are told.
func (s *sheetScanner) finish() error {
	for {
		err := s.xml.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return s.problem(err)
		}
		if s.xml.kind == opening && string(s.xml.name) == "mergeCell" {
			cells, ok := parseMerged(s.xml.attribute("ref"))
			if !ok || cells.firstRow == cells.lastRow { // within one row a merge hides nothing
				continue
			}
			if len(s.merged) == maxMerged {
				return problem(0, "sheet %q has more than %d blocks of cells merged over several rows: take the merges back", s.name, maxMerged)
			}
			s.merged = append(s.merged, cells)
		}
	}
}

func parseMerged(ref []byte) (mergedCells, bool) {
	for at, b := range ref {
		if b != ':' {
			continue
		}
		firstColumn, firstRow, ok := cellPlace(ref[:at])
		lastColumn, lastRow, also := cellPlace(ref[at+1:])
		return mergedCells{string(ref), firstRow, lastRow, firstColumn, lastColumn}, ok && also
	}
	return mergedCells{}, false
}

func (s *sheetScanner) close() error { return s.closer.Close() }
