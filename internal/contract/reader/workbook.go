package reader

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"countinghouse/internal/contract"
)

// maxWorkbook is how large a workbook may be, as stored in bytes, where it must be held in memory: packed, or in a bucket.
const maxWorkbook = 256 << 20

// sheetStep is added to the row numbers of each further sheet that is read, so that every row of a file has a number of its own.
const sheetStep = 10_000_000

// A workbookReader reads the sheets of an xlsx workbook that the contract names.
type workbookReader struct {
	contract *contract.Contract
	rules    rules
	sink     Sink
	summary  Summary
	book     *workbookPackage
	columns  []*contract.Column // what each field is read by; nil: nothing
	offset   int64              // added to row numbers
	names    *headerRows
	fields   [][]byte
	texts    [][]byte // of a row that is no record
}

func readWorkbook(c *contract.Contract, text *bufio.Reader, stored io.ReaderAt, size int64, sink Sink) (summary Summary, err error) {
	if err := checkWorkbook(text); err != nil {
		return Summary{}, err
	}
	if stored == nil {
		packed, err := readPacked(text)
		if err != nil {
			return Summary{}, err
		}
		stored, size = bytes.NewReader(packed), int64(len(packed))
	}
	book, err := openPackage(stored, size)
	if err != nil {
		return Summary{}, err
	}
	rules, err := compile(c.Files)
	if err != nil {
		return Summary{}, err
	}
	r := &workbookReader{contract: c, rules: rules, sink: sink, book: book}
	defer func() { err = errors.Join(err, book.texts.close()) }()
	return r.summary, r.sheets()
}

func checkWorkbook(text *bufio.Reader) error {
	first, err := text.Peek(sniffed)
	if len(first) == 0 && err != nil {
		return err
	}
	if bytes.HasPrefix(first, []byte("PK")) {
		return nil
	}
	kind := Foreign(first)
	if kind == "" {
		kind = "text, not a workbook: give it a contract with container csv"
	}
	return problem(0, "the contract says xlsx, but the file is %s", kind)
}

// SheetNames lists the sheets of a workbook, in its order, hidden ones too; of text it is a *Problem.
func SheetNames(in Input) (names []string, err error) {
	stored, err := in.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	place, can := stored.(io.ReaderAt)
	size := in.Size
	if !can {
		packed, err := readPacked(bufio.NewReader(stored))
		if err != nil {
			return nil, err
		}
		place, size = bytes.NewReader(packed), int64(len(packed))
	}
	book, err := openPackage(place, size)
	if err != nil {
		return nil, err
	}
	for _, sheet := range book.sheets {
		names = append(names, sheet.name)
	}
	return names, nil
}

func readPacked(text *bufio.Reader) ([]byte, error) {
	packed, err := io.ReadAll(io.LimitReader(text, maxWorkbook+1))
	if err == nil && len(packed) > maxWorkbook {
		err = problem(0, "a workbook of more than %d MB: export fewer rows at a time", maxWorkbook>>20)
	}
	return packed, err
}

// sheets reads those that the contract names, or the first one that has the header. Rows are lost in silence nowhere: that no other sheet has
// the header too is made sure of.
func (r *workbookReader) sheets() error {
	wanted, err := r.wanted()
	if err != nil {
		return err
	}
	named := r.contract.Files.Sheet != ""
	var failed error
	read := ""
	for i, sheet := range wanted {
		found, err := r.sheet(sheet, read)
		if err != nil && !isProblem(err) {
			return err
		}
		switch {
		case found && err != nil:
			return err
		case found && read != "" && !named:
			return problem(0, "the sheets %q and %q both have the header: say in the contract which to read (sheet: a name, or a pattern that fits both)", read, sheet.name)
		case found:
			read = sheet.name
			r.summary.Sheets = append(r.summary.Sheets, read)
			r.offset += sheetStep
		case named && (i == 0 || !errors.Is(err, errNoLine)):
			return err
		case failed == nil || len(wanted) == 1:
			failed = err
		}
	}
	if read == "" {
		return failed
	}
	return r.book.texts.finish()
}

// wanted are the visible sheets that fit the contract's pattern, all visible ones without it. One that is named in full may be hidden.
func (r *workbookReader) wanted() ([]workbookSheet, error) {
	pattern := r.contract.Files.Sheet
	var wanted []workbookSheet
	var names []string
	for _, sheet := range r.book.sheets {
		names = append(names, sheet.name)
		fits, err := path.Match(pattern, sheet.name)
		if err != nil {
			return nil, fmt.Errorf("files.sheet: %w", err)
		}
		if sheet.name == pattern || !sheet.hidden && (fits || pattern == "") {
			wanted = append(wanted, sheet)
		}
	}
	switch {
	case len(wanted) == 0 && pattern != "":
		return nil, problem(0, "there is no sheet %q; there are %s", pattern, strings.Join(names, ", "))
	case len(wanted) == 0:
		return nil, problem(0, "the workbook has no sheet with cells that is shown")
	}
	return wanted, nil
}

func isProblem(err error) bool {
	var p *Problem
	return errors.As(err, &p)
}

// sheet reads one sheet; found says that it has the header. With the header of another sheet read, it goes on only where the contract
// names the sheets.
func (r *workbookReader) sheet(sheet workbookSheet, read string) (found bool, err error) {
	rows, err := openSheet(sheet, r.book.texts)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	search := headerSearch{contract: r.contract, rules: r.rules}
	ended := false
	for line := int64(1); ; line = rows.row + 1 {
		err := rows.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return found, err
		}
		isHeader := false
		if !found {
			if found, isHeader, err = r.start(&search, rows, line, read); err != nil {
				return found, err
			}
			if found && read != "" && r.contract.Files.Sheet == "" {
				return true, nil // it should have none: the caller complains
			}
		}
		if found && !isHeader {
			if ended, err = r.row(rows, ended); err != nil {
				return true, err
			}
		}
	}
	if !found {
		return false, search.failed()
	}
	if err := rows.finish(); err != nil {
		return true, err
	}
	return true, r.checkMerged(rows)
}

// start says whether the table has begun with this row, and whether the row is its header. Lines from line on up to the row are empty.
func (r *workbookReader) start(search *headerSearch, rows *sheetScanner, line int64, read string) (found, isHeader bool, err error) {
	texts := r.rowTexts(rows)
	text := bytes.Join(texts, []byte(" "))
	if r.contract.Files.HasHeader() {
		for ; line < rows.row; line++ { // they count as lines of the preamble
			if _, err := search.line(line, nil, nil); err != nil {
				return false, false, err
			}
		}
		isHeader, err = search.line(rows.row, text, texts)
		found = isHeader
	} else if rows.row <= int64(r.contract.Files.Preamble) {
		search.findExportTime(string(text))
	} else {
		search.byPlace()
		found = true
	}
	if !found || err != nil {
		return false, false, err
	}
	search.header.Sheet = rows.name
	rows.width = int64(len(search.header.Names))
	if read != "" {
		return true, isHeader, r.sameHeader(search.header, read)
	}
	return true, isHeader, r.begin(search.header)
}

func (r *workbookReader) begin(header Header) error {
	r.summary.Header = header
	r.names = newHeaderRows(&r.summary.Header)
	r.columns = make([]*contract.Column, len(header.Names))
	r.fields = make([][]byte, len(header.Names))
	for i := range r.contract.Columns {
		if field := header.Fields[i]; field >= 0 {
			r.columns[field] = &r.contract.Columns[i]
		}
	}
	return r.sink.Header(header)
}

// sameHeader demands of a further sheet that its columns stand as those of the first one do.
func (r *workbookReader) sameHeader(header Header, read string) error {
	first := r.summary.Header
	for i, field := range header.Fields {
		if field != first.Fields[i] || len(header.Names) != len(first.Names) {
			return problem(header.Line, "sheet %q has other columns than sheet %q: land them as files of their own", header.Sheet, read)
		}
	}
	return nil
}

// rowTexts are the row's cells as texts, without empty ones at its end.
func (r *workbookReader) rowTexts(rows *sheetScanner) [][]byte {
	r.texts = r.texts[:0]
	for _, cell := range trimRow(rows.cells) {
		r.texts = append(r.texts, Strip(cell.text))
	}
	return r.texts
}

// trimRow leaves out the empty cells at the end.
func trimRow(cells []sheetCell) []sheetCell {
	for n := len(cells); n > 0 && cells[n-1].kind != formulaCell && len(Strip(cells[n-1].text)) == 0; n-- {
		cells = cells[:n-1]
	}
	return cells
}

// row hands one row on, or counts it where it is dropped or behind the end. Rows without any value are no rows.
func (r *workbookReader) row(rows *sheetScanner, ended bool) (bool, error) {
	cells := trimRow(rows.cells)
	if len(cells) == 0 {
		return ended, nil
	}
	end, dropped := r.rules.apply(Strip(cells[0].text))
	if ended || end || dropped {
		r.summary.Dropped++
		return ended || end, nil
	}
	return false, r.record(rows, cells)
}

func (r *workbookReader) record(rows *sheetScanner, cells []sheetCell) error {
	r.summary.Records++
	line := r.offset + rows.row
	reason := ""
	if len(cells) > len(r.fields) {
		reason = widthOf(r.contract, len(r.fields), len(cells))
	}
	for field := range r.fields {
		var cell sheetCell
		if field < len(cells) {
			cell = cells[field]
		}
		var wrong string
		if r.fields[field], wrong = r.value(cell, r.columns[field]); wrong != "" && reason == "" {
			reason = fmt.Sprintf("column %q: %s", strings.TrimSpace(r.summary.Header.Names[field]), wrong)
		}
	}
	if reason == "" {
		reason = controlsIn(r.fields)
	}
	if reason == "" {
		var err error
		if reason, err = r.names.look(line, r.fields); err != nil {
			return err
		}
	}
	if reason == "" {
		return r.sink.Fields(line, r.fields)
	}
	r.summary.Rejects++
	return r.sink.Reject(line, reason, bytes.Join(r.rowTexts(rows), []byte(",")))
}

// checkMerged refuses merged cells over several rows: all but the first of them would be read as empty.
func (r *workbookReader) checkMerged(rows *sheetScanner) error {
	for _, merged := range rows.merged {
		if merged.lastRow <= r.summary.Header.Line {
			continue
		}
		for field, column := range r.columns {
			if column != nil && int64(field) >= merged.firstColumn && int64(field) <= merged.lastColumn {
				return problem(merged.firstRow, "the cells %s of sheet %q are merged, so that rows lack their values: take the merge back, with the value in every row", merged.text, rows.name)
			}
		}
	}
	return nil
}
