package reader

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A NewRow is what a row of a workbook becomes.
type NewRow struct {
	Cells map[int]string // by column from 0: the text that stands there from now on
	Width int            // cells at or behind this column that are not in Cells become empty
}

// cell gives a cell's new text; changed is false for one that stays as it is.
func (r NewRow) cell(column int64) (text string, changed bool) {
	text, changed = r.Cells[int(column)]
	return text, changed || column >= int64(r.Width)
}

// NewCells say what changes in a workbook.
type NewCells struct {
	Sheets []string         // those that were read, as a Summary has them
	Rows   map[int64]NewRow // numbered as Read numbers them
	// Elsewhere are texts that go from the cells of sheets that were not read.
	Elsewhere map[string]bool
	// Part rewrites a part that holds no cells.
	Part func(name string, text []byte) ([]byte, error)
}

// RewriteWorkbook copies a workbook with other cells. Texts that only changed cells had are gone from the texts that cells share. Of sheets and of the
// texts that they share no more is held in memory than one cell, and the numbers of the texts that go.
func RewriteWorkbook(stored io.ReaderAt, size int64, written io.Writer, cells NewCells) (err error) {
	book, err := openPackage(stored, size)
	if err != nil {
		return err
	}
	w := &rewriting{NewCells: cells, book: book, rows: map[*zip.File]map[int64]NewRow{}, gone: map[int]bool{}}
	if err := w.place(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.texts.close()) }()
	if err := w.findTexts(); err != nil {
		return err
	}
	archive, err := zip.NewReader(stored, size)
	if err != nil {
		return err
	}
	packed := zip.NewWriter(written)
	for _, part := range archive.File {
		into, err := packed.CreateHeader(&zip.FileHeader{Name: part.Name, Method: zip.Deflate, Modified: part.Modified})
		if err != nil {
			return err
		}
		if err := w.part(book.parts[partName(part.Name)], into); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return packed.Close()
}

type rewriting struct {
	NewCells
	book *workbookPackage
	rows map[*zip.File]map[int64]NewRow // by sheet that was read, and row number in it
	gone map[int]bool                   // numbers of shared texts that no cell has any more
}

// place finds the sheets of the rows.
func (w *rewriting) place() error {
	read := make([]*zip.File, len(w.Sheets))
	for i, name := range w.Sheets {
		for _, sheet := range w.book.sheets {
			if sheet.name == name {
				read[i], w.rows[sheet.part] = sheet.part, map[int64]NewRow{}
			}
		}
	}
	for line, row := range w.Rows {
		sheet := line / sheetStep
		if sheet >= int64(len(read)) || read[sheet] == nil {
			return fmt.Errorf("row %d is in none of the sheets", line)
		}
		w.rows[read[sheet]][line%sheetStep] = row
	}
	return nil
}

// findTexts finds the shared texts that only cells had which change.
func (w *rewriting) findTexts() error {
	for _, sheet := range w.book.sheets { // first what goes: most texts stay, and need not be noted
		if err := w.eachText(sheet.part, func(number int, changed bool) {
			if changed {
				w.gone[number] = true
			}
		}); err != nil {
			return err
		}
	}
	for _, sheet := range w.book.sheets {
		if err := w.eachText(sheet.part, func(number int, changed bool) {
			if !changed {
				delete(w.gone, number)
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

func (w *rewriting) eachText(part *zip.File, visit func(number int, changed bool)) error {
	return eachCell(part, func(c *placedCell) error {
		if c.kind != sharedText {
			return nil
		}
		number, err := strconv.Atoi(string(bytes.TrimSpace(c.value)))
		if err != nil {
			return errNoText
		}
		_, changed, err := w.cell(part, c)
		visit(number, changed)
		return err
	})
}

// cell gives a cell's new text; changed is false for one that stays.
func (w *rewriting) cell(part *zip.File, c *placedCell) (text string, changed bool, err error) {
	rows, read := w.rows[part]
	if row, found := rows[c.row]; found {
		text, changed = row.cell(c.column)
	}
	if read {
		return text, changed, nil
	}
	was := c.value
	if c.kind == sharedText {
		number, _ := strconv.Atoi(string(bytes.TrimSpace(c.value)))
		if was, err = w.book.texts.get(number); err != nil {
			return "", false, err
		}
	}
	return "", w.Elsewhere[string(Strip(was))], nil
}

// part writes one part anew.
func (w *rewriting) part(part *zip.File, into io.Writer) error {
	for _, sheet := range w.book.sheets {
		if sheet.part == part {
			return w.sheet(part, into)
		}
	}
	if part == w.book.texts.part {
		return w.texts(part, into)
	}
	content, err := part.Open()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(content)
	if err = errors.Join(err, content.Close()); err != nil {
		return err
	}
	if text, err = w.Part(part.Name, text); err != nil {
		return err
	}
	_, err = into.Write(text)
	return err
}

func (w *rewriting) sheet(part *zip.File, into io.Writer) error {
	return copyPart(part, into, func(copied *partCopy) error {
		return eachCell(part, func(c *placedCell) error {
			text, changed, err := w.cell(part, c)
			if !changed || err != nil {
				return err
			}
			return copied.replace(c.begin, c.end, c.with(text))
		})
	})
}

// texts writes the shared texts without those that are gone; their places stay.
func (w *rewriting) texts(part *zip.File, into io.Writer) error {
	return copyPart(part, into, func(copied *partCopy) error {
		number := -1
		return eachElement(part, "si", func(s *xmlScanner, begin int64) error {
			number++
			empty := "<" + string(s.prefix) + "si><" + string(s.prefix) + "t/></" + string(s.prefix) + "si>"
			if err := skipElement(s, "si"); err != nil || !w.gone[number] {
				return err
			}
			return copied.replace(begin, s.place(), empty)
		})
	})
}

// A placedCell is a cell and the bytes of its part that it takes.
type placedCell struct {
	row, column   int64
	kind          string // the t attribute
	value         []byte // the text of v, or of t within the cell
	begin, end    int64
	prefix, style string
}

// with is the cell's element with another text in it.
func (c *placedCell) with(text string) string {
	opened := fmt.Sprintf(`<%sc r="%s%d"%s`, c.prefix, columnLetters(c.column), c.row, c.style)
	if text == "" {
		return opened + "/>"
	}
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(text)) // into memory
	return fmt.Sprintf(`%s t="inlineStr"><%[2]sis><%[2]st>%[3]s</%[2]st></%[2]sis></%[2]sc>`, opened, c.prefix, &escaped)
}

func columnLetters(column int64) string {
	letters := ""
	for rest := column + 1; rest > 0; rest = (rest - 1) / 26 {
		letters = string(rune('A'+(rest-1)%26)) + letters
	}
	return letters
}

// eachCell goes through the cells of a sheet, in rows and columns as sheetScanner counts them.
func eachCell(part *zip.File, visit func(*placedCell) error) error {
	var cell placedCell
	return eachTagAt(part, func(s *xmlScanner, begin int64) error {
		switch {
		case s.kind != opening:
		case string(s.name) == "row":
			cell.row, cell.column = cell.row+1, -1
			if given := s.attribute("r"); given != nil {
				var err error
				if cell.row, err = strconv.ParseInt(string(given), 10, 64); err != nil {
					return errSheet
				}
			}
		case string(s.name) == "c":
			return cell.read(s, begin, visit)
		}
		return nil
	})
}

func (c *placedCell) read(s *xmlScanner, begin int64, visit func(*placedCell) error) error {
	c.column++
	if place := s.attribute("r"); place != nil {
		column, row, ok := cellPlace(place)
		if !ok || row != c.row {
			return errSheet
		}
		c.column = column
	}
	c.begin, c.prefix, c.kind, c.style, c.value = begin, string(s.prefix), string(s.attribute("t")), "", c.value[:0]
	if style := s.attribute("s"); style != nil {
		c.style = ` s="` + string(style) + `"`
	}
	inValue := false
	for ended := s.closed; !ended; {
		if err := s.next(); err != nil {
			return cutXML(err)
		}
		switch {
		case s.kind == characters && inValue:
			c.value = append(c.value, s.text...)
		case s.kind == characters:
		case string(s.name) == "v", string(s.name) == "t":
			inValue = s.kind == opening && !s.closed
		case s.kind == closing && string(s.name) == "c":
			ended = true
		}
	}
	c.end = s.place()
	return visit(c)
}

// eachElement visits the opening tags of a name.
func eachElement(part *zip.File, name string, visit func(s *xmlScanner, begin int64) error) error {
	return eachTagAt(part, func(s *xmlScanner, begin int64) error {
		if s.kind != opening || string(s.name) != name {
			return nil
		}
		return visit(s, begin)
	})
}

// eachTagAt visits the tags of a part, and tells the place before each.
func eachTagAt(part *zip.File, visit func(s *xmlScanner, begin int64) error) (err error) {
	scanner, closer, err := openPart(part)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	for {
		begin := scanner.place()
		err := scanner.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && scanner.kind != characters {
			err = visit(scanner, begin)
		}
		if err != nil {
			return err
		}
	}
}

// skipElement goes on to the end of the element that was opened last, in which none of the same name lies.
func skipElement(s *xmlScanner, name string) error {
	for ended := s.closed; !ended; {
		if err := s.next(); err != nil {
			return cutXML(err)
		}
		ended = s.kind == closing && string(s.name) == name
	}
	return nil
}

// A partCopy copies a part but for stretches that are replaced.
type partCopy struct {
	from *bufio.Reader
	to   io.Writer
	at   int64
}

// copyPart copies a part with what work replaces, in order.
func copyPart(part *zip.File, into io.Writer, work func(*partCopy) error) (err error) {
	content, err := part.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	copied := &partCopy{from: bufio.NewReader(content), to: into}
	if first, _ := copied.from.Peek(2); bytes.Equal(first, []byte("\xff\xfe")) || bytes.Equal(first, []byte("\xfe\xff")) {
		return errXML // in UTF-16, as nobody writes it: places are those of UTF-8
	}
	if err := work(copied); err != nil {
		return err
	}
	_, err = io.Copy(into, copied.from)
	return err
}

func (p *partCopy) replace(begin, end int64, text string) error {
	if _, err := io.CopyN(p.to, p.from, begin-p.at); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, p.from, end-begin); err != nil {
		return err
	}
	p.at = end
	_, err := io.WriteString(p.to, text)
	return err
}
