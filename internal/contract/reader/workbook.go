package reader

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"countinghouse/internal/contract"
)

// maxWorkbook is how large a workbook may be as stored, in bytes: it is held in memory, packed.
const maxWorkbook = 1 << 30

// A workbookReader reads one sheet of an xlsx workbook.
type workbookReader struct {
	contract *contract.Contract
	rules    rules
	sink     Sink
	summary  Summary
	dates    []bool // per field: whether numbers in it are serial dates
	from1904 bool
	cells    [][]byte
}

func readWorkbook(c *contract.Contract, text *bufio.Reader, sink Sink) (Summary, error) {
	packed, err := readPacked(text)
	if err != nil {
		return Summary{}, err
	}
	if err := checkZip(packed); err != nil {
		return Summary{}, err
	}
	book, err := excelize.OpenReader(bytes.NewReader(packed), excelize.Options{RawCellValue: true})
	if err != nil {
		return Summary{}, problem(0, "not a workbook that can be read: %v", err)
	}
	defer func() { _ = book.Close() }()
	rules, err := compile(c.Files)
	if err != nil {
		return Summary{}, err
	}
	r := &workbookReader{contract: c, rules: rules, sink: sink}
	if properties, err := book.GetWorkbookProps(); err == nil && properties.Date1904 != nil {
		r.from1904 = *properties.Date1904
	}
	return r.book(book)
}

func readPacked(text *bufio.Reader) ([]byte, error) {
	first, err := text.Peek(8)
	switch {
	case len(first) == 0 && err != nil:
		return nil, err
	case bytes.HasPrefix(first, []byte("\xd0\xcf\x11\xe0")):
		return nil, problem(0, "the contract says xlsx, but the file is an old .xls or an encrypted workbook: save it as xlsx")
	case !bytes.HasPrefix(first, []byte("PK")):
		return nil, problem(0, "the contract says xlsx, but the file is not a workbook")
	}
	packed, err := io.ReadAll(io.LimitReader(text, maxWorkbook+1))
	if err == nil && len(packed) > maxWorkbook {
		err = problem(0, "a workbook of more than %d bytes: export fewer rows at a time", maxWorkbook)
	}
	return packed, err
}

// checkZip unpacks every entry once, counting what really comes out: sizes in a zip's directory may lie.
func checkZip(packed []byte) error {
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return problem(0, "the workbook is cut short or damaged: download it again")
	}
	left := max(int64(len(packed))*maxRatio, freeSize)
	for _, entry := range archive.File {
		content, err := entry.Open()
		if err != nil {
			return problem(0, "the workbook is damaged at %s: download it again", entry.Name)
		}
		n, err := io.Copy(io.Discard, io.LimitReader(content, left+1))
		_ = content.Close()
		if left -= n; left < 0 {
			return problem(0, "it unpacks to more than %d times its size: refused as a zip bomb", maxRatio)
		}
		if err != nil {
			return problem(0, "the workbook is damaged at %s: download it again", entry.Name)
		}
	}
	return nil
}

// book reads the contract's sheet, or the first one that has the header.
func (r *workbookReader) book(book *excelize.File) (Summary, error) {
	sheets := book.GetSheetList()
	if wanted := r.contract.Files.Sheet; wanted != "" {
		if !slices.Contains(sheets, wanted) {
			return r.summary, problem(0, "there is no sheet %q; there are %s", wanted, strings.Join(sheets, ", "))
		}
		sheets = []string{wanted}
	}
	var failed error
	for _, sheet := range sheets {
		found, err := r.sheet(book, sheet)
		if found || err != nil && !isProblem(err) {
			return r.summary, err
		}
		if failed == nil || len(sheets) == 1 {
			failed = err
		}
	}
	return r.summary, failed
}

func isProblem(err error) bool {
	var p *Problem
	return errors.As(err, &p)
}

// sheet reads one sheet; found says that it has the header.
func (r *workbookReader) sheet(book *excelize.File, name string) (found bool, err error) {
	rows, err := book.Rows(name)
	if err != nil {
		return false, problem(0, "sheet %q cannot be read: %v", name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	search := headerSearch{contract: r.contract, rules: r.rules}
	for line := int64(1); rows.Next(); line++ {
		cells, err := r.row(rows)
		if err != nil {
			return found, problem(line, "sheet %q cannot be read: %v", name, err)
		}
		isHeader := false
		if !found {
			if found, isHeader, err = r.start(&search, line, cells); err != nil {
				return found, err
			}
		}
		if found && !isHeader {
			ended, err := r.record(line, cells)
			if ended || err != nil {
				return true, errors.Join(err, r.footer(rows))
			}
		}
	}
	if !found {
		return false, search.failed()
	}
	return true, rows.Error()
}

// start says whether the table has begun with this row, and whether the row is its header.
func (r *workbookReader) start(search *headerSearch, line int64, cells [][]byte) (found, isHeader bool, err error) {
	text := bytes.Join(cells, []byte(" "))
	switch {
	case r.contract.Files.HasHeader():
		isHeader, err = search.line(line, text, cells)
		found = isHeader
	case line <= int64(r.contract.Files.Preamble):
		search.findExportTime(string(text))
	default:
		search.byPlace()
		found = true
	}
	if !found || err != nil {
		return false, false, err
	}
	return true, isHeader, r.begin(*search)
}

func (r *workbookReader) begin(search headerSearch) error {
	r.summary.Header = search.header
	r.dates = make([]bool, len(search.header.Names))
	for i, column := range r.contract.Columns {
		if field := search.header.Fields[i]; field >= 0 {
			r.dates[field] = column.Type == contract.Date || column.Type == contract.Timestamp
		}
	}
	return r.sink.Header(search.header)
}

func (r *workbookReader) row(rows *excelize.Rows) ([][]byte, error) {
	values, err := rows.Columns(excelize.Options{RawCellValue: true})
	r.cells = r.cells[:0]
	for _, value := range values {
		r.cells = append(r.cells, Strip([]byte(value)))
	}
	return r.cells, err
}

// record hands one row on. Rows without any value are no rows.
func (r *workbookReader) record(line int64, cells [][]byte) (ended bool, err error) {
	for len(cells) > 0 && len(cells[len(cells)-1]) == 0 {
		cells = cells[:len(cells)-1]
	}
	if len(cells) == 0 {
		return false, nil
	}
	ended, dropped := r.rules.apply(cells[0])
	if ended || dropped {
		r.summary.Dropped++
		return ended, nil
	}
	r.summary.Records++
	width := len(r.dates)
	if len(cells) > width {
		r.summary.Rejects++
		return false, r.sink.Reject(line, widthOf(r.contract, width, len(cells)), bytes.Join(cells, []byte(",")))
	}
	for len(cells) < width {
		cells = append(cells, nil)
	}
	for i, cell := range cells {
		cells[i] = r.number(cell, r.dates[i])
	}
	return false, r.sink.Fields(line, cells)
}

// footer counts the rows after the one that ended the table.
func (r *workbookReader) footer(rows *excelize.Rows) error {
	for rows.Next() {
		cells, err := r.row(rows)
		if err != nil {
			return problem(0, "the sheet cannot be read: %v", err)
		}
		if len(bytes.Join(cells, nil)) > 0 {
			r.summary.Dropped++
		}
	}
	return rows.Error()
}

// maxSerial is the serial date of 9999-12-31; greater numbers are something else, such as 20261101.
const maxSerial = 2958466

// number makes of a workbook's numbers what the workbook shows: dates of serial dates, and at most the 15 digits that its
// numbers have, so that 0.30000000000000004 is the 0.3 that was meant.
func (r *workbookReader) number(cell []byte, date bool) []byte {
	if len(cell) == 0 || (cell[0] < '0' || cell[0] > '9') && cell[0] != '-' || !date && len(cell) < 16 {
		return cell
	}
	value, err := strconv.ParseFloat(string(cell), 64)
	switch {
	case err != nil || math.IsInf(value, 0):
		return cell
	case date && value > 0 && value < maxSerial:
		return r.serialDate(cell, value)
	case !date && bytes.ContainsAny(cell, ".E"):
		return strconv.AppendFloat(nil, value, 'G', 15, 64)
	default:
		return cell
	}
}

func (r *workbookReader) serialDate(cell []byte, value float64) []byte {
	when, err := excelize.ExcelDateToTime(value, r.from1904)
	if err != nil {
		return cell
	}
	if value == math.Trunc(value) {
		return when.AppendFormat(nil, time.DateOnly)
	}
	return when.Round(time.Second).AppendFormat(nil, time.DateTime)
}
