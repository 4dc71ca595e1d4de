package generate

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strconv"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"
)

// A file is closed and another one begun after this many rows: a workbook's sheet holds 1,048,576, and is made in memory in part.
const (
	maxRowsCSV  = 1_000_000
	maxRowsXLSX = 100_000
)

// format is how a channel writes its tables.
type format struct {
	gb18030, bom, crlf bool
	// sheet makes it a workbook instead of text; preface is a line above its header.
	sheet, preface string
}

func (f format) maxRows() int {
	if f.sheet != "" {
		return maxRowsXLSX
	}
	return maxRowsCSV
}

// table takes rows in order; close makes the file complete, abandon lets go of one that is not wanted any more.
type table interface {
	write(cells []string) error
	close() error
	abandon() error
}

func createTable(path string, f format, header []string) (table, error) {
	open := createCSV
	if f.sheet != "" {
		open = createWorkbook
	}
	t, err := open(path, f)
	if err != nil {
		return nil, err
	}
	if err := t.write(header); err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

type csvTable struct {
	rows   *csv.Writer
	buffer *bufio.Writer
	coder  io.Closer
	file   *os.File
}

func createCSV(path string, f format) (table, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, err
	}
	t := &csvTable{file: file, buffer: bufio.NewWriterSize(file, 32<<10)}
	var sink io.Writer = t.buffer
	if f.gb18030 {
		coder := transform.NewWriter(sink, simplifiedchinese.GB18030.NewEncoder())
		sink, t.coder = coder, coder
	}
	if f.bom {
		if _, err := io.WriteString(sink, "\ufeff"); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	t.rows = csv.NewWriter(sink)
	t.rows.UseCRLF = f.crlf
	return t, nil
}

func (t *csvTable) write(cells []string) error { return t.rows.Write(cells) }

func (t *csvTable) close() error {
	t.rows.Flush()
	err := t.rows.Error()
	if t.coder != nil {
		err = errors.Join(err, t.coder.Close())
	}
	return errors.Join(err, t.buffer.Flush(), t.file.Close())
}

func (t *csvTable) abandon() error { return t.file.Close() }

// workbook keeps its rows in a scratch file and is made when it is complete, so that only one at a time takes memory
// (excelize holds 16 MB of a sheet before it turns to a scratch file of its own), however many are being written.
type workbook struct {
	path          string
	format        format
	spool         table
	rows, columns int
}

func createWorkbook(path string, f format) (table, error) {
	spool, err := createCSV(spoolOf(path), format{})
	if err != nil {
		return nil, err
	}
	t := &workbook{path: path, format: f, spool: spool}
	if f.preface == "" {
		return t, nil
	}
	return t, t.write([]string{f.preface})
}

func spoolOf(path string) string { return path + ".rows" }

func (t *workbook) write(cells []string) error {
	t.rows++
	t.columns = max(t.columns, len(cells))
	return t.spool.write(cells)
}

func (t *workbook) close() error {
	if err := t.spool.close(); err != nil {
		return err
	}
	book := excelize.NewFile()
	return errors.Join(t.fill(book), book.Close(), os.Remove(spoolOf(t.path)))
}

func (t *workbook) abandon() error {
	return errors.Join(t.spool.abandon(), os.Remove(spoolOf(t.path)))
}

// fill streams the rows into the one sheet and writes the file.
func (t *workbook) fill(book *excelize.File) error {
	if err := book.SetSheetName("Sheet1", t.format.sheet); err != nil {
		return err
	}
	corner, err := excelize.CoordinatesToCellName(max(1, t.columns), max(1, t.rows))
	if err != nil {
		return err
	}
	// Streaming readers take the sheet's size from here.
	if err := book.SetSheetDimension(t.format.sheet, "A1:"+corner); err != nil {
		return err
	}
	sheet, err := book.NewStreamWriter(t.format.sheet)
	if err != nil {
		return err
	}
	if err := copyRows(sheet, spoolOf(t.path)); err != nil {
		return err
	}
	file, err := os.OpenFile(t.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return err
	}
	return errors.Join(book.Write(file), file.Close())
}

func copyRows(sheet *excelize.StreamWriter, spool string) error {
	file, err := os.Open(spool)
	if err != nil {
		return err
	}
	rows := csv.NewReader(bufio.NewReader(file))
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	for number := 1; ; number++ {
		cells, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return errors.Join(sheet.Flush(), file.Close())
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
		values := make([]any, len(cells))
		for i, cell := range cells {
			values[i] = cellValue(cell)
		}
		if err := sheet.SetRow("A"+strconv.Itoa(number), values); err != nil {
			return errors.Join(err, file.Close())
		}
	}
}

// cellValue makes small counts numeric cells, as workbooks have them; ids and amounts stay text, and nothing is no cell.
func cellValue(cell string) any {
	if cell == "" {
		return nil
	}
	if n, err := strconv.Atoi(cell); err == nil && len(cell) < 8 && strconv.Itoa(n) == cell {
		return n
	}
	return cell
}
