package pack

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

// styles are the formats of a workbook's cells.
type styles struct {
	head, title int
	kinds       map[Kind]int
}

func stylesOf(book *excelize.File) (made styles, err error) {
	made.kinds = map[Kind]int{}
	add := func(style *excelize.Style) int {
		id, problem := book.NewStyle(style)
		err = errors.Join(err, problem)
		return id
	}
	made.title = add(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}})
	made.head = add(&excelize.Style{Font: &excelize.Font{Bold: true}, Border: []excelize.Border{{Type: "bottom", Style: 1, Color: "000000"}}})
	for kind, format := range []string{Integer: "#,##0", Money: "#,##0.00", Rate: "0.000000", Date: "yyyy-mm-dd"} { // in order: a style's number stands in the bytes
		if format != "" {
			made.kinds[Kind(kind)] = add(&excelize.Style{CustomNumFmt: &format})
		}
	}
	return made, err
}

func workbook(to io.Writer, pack Pack) (err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	made := pack.Made.UTC().Format(time.RFC3339)
	if err := book.SetDocProps(&excelize.DocProperties{Title: pack.Title, Created: made, Modified: made}); err != nil {
		return err
	}
	styles, err := stylesOf(book)
	if err != nil {
		return err
	}
	for i, sheet := range pack.Sheets {
		if i == 0 {
			err = book.SetSheetName("Sheet1", sheet.Name)
		} else {
			_, err = book.NewSheet(sheet.Name)
		}
		if err == nil {
			err = fill(book, styles, sheet)
		}
		if err != nil {
			return fmt.Errorf("sheet %s: %w", sheet.Name, err)
		}
	}
	written, err := book.WriteToBuffer()
	if err != nil {
		return err
	}
	return settle(to, written.Bytes())
}

// settle writes a workbook's parts in the order of their names and without times, so that the same workbook has the same bytes.
func settle(to io.Writer, workbook []byte) error {
	from, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		return err
	}
	parts := slices.SortedFunc(slices.Values(from.File), func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	settled := zip.NewWriter(to)
	for _, part := range parts {
		if err := copyPart(settled, part); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return settled.Close()
}

func copyPart(to *zip.Writer, part *zip.File) (err error) {
	content, err := part.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	file, err := to.CreateHeader(&zip.FileHeader{Name: part.Name, Method: zip.Deflate})
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return err
}

// WorkbookDifference says where a workbook is not the one that is wanted; empty if it has its bytes.
func WorkbookDifference(want, got []byte) string {
	if bytes.Equal(want, got) {
		return ""
	}
	wanted, err := excelize.OpenReader(bytes.NewReader(want))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = wanted.Close() }()
	found, err := excelize.OpenReader(bytes.NewReader(got))
	if err != nil {
		return "it cannot be opened as a workbook any more"
	}
	defer func() { _ = found.Close() }()
	for _, sheet := range wanted.GetSheetList() {
		if difference := sheetDifference(wanted, found, sheet); difference != "" {
			return difference
		}
	}
	if len(found.GetSheetList()) != len(wanted.GetSheetList()) {
		return "it has other sheets"
	}
	return "its cells are what the close says, and its bytes are not: it was saved again, or written by another version of the program"
}

// sheetDifference finds the first cell of a sheet that differs, by what is stored and not by how it is shown.
func sheetDifference(wanted, found *excelize.File, sheet string) string {
	raw := excelize.Options{RawCellValue: true}
	want, err := wanted.GetRows(sheet, raw)
	if err != nil {
		return err.Error()
	}
	got, err := found.GetRows(sheet, raw)
	if err != nil {
		return "the sheet " + sheet + " is not there, or cannot be read"
	}
	for row := range max(len(want), len(got)) {
		one, other := at(want, row), at(got, row)
		for column := range max(len(one), len(other)) {
			if at(one, column) != at(other, column) {
				name, err := excelize.CoordinatesToCellName(column+1, row+1)
				if err != nil {
					return err.Error()
				}
				return fmt.Sprintf("sheet %s, cell %s: the close says %q, and it is %q", sheet, name, at(one, column), at(other, column))
			}
		}
	}
	return ""
}

// at is a member of a list, or nothing beyond its end.
func at[T any](list []T, i int) (found T) {
	if i < len(list) {
		return list[i]
	}
	return found
}

// headRows are a sheet's title, the columns' names and their labels.
const headRows = 3

func fill(book *excelize.File, styles styles, sheet Sheet) error {
	stream, err := book.NewStreamWriter(sheet.Name)
	if err != nil {
		return err
	}
	for i, column := range sheet.Columns {
		width := map[Kind]float64{Text: 24, Integer: 14, Money: 16, Rate: 12, Date: 12}[column.Kind]
		if err := stream.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	panes := excelize.Panes{Freeze: true, YSplit: headRows, TopLeftCell: fmt.Sprintf("A%d", headRows+1), ActivePane: "bottomLeft"}
	if err := stream.SetPanes(&panes); err != nil {
		return err
	}
	names, labels := make([]any, len(sheet.Columns)), make([]any, len(sheet.Columns))
	for i, column := range sheet.Columns {
		names[i], labels[i] = excelize.Cell{StyleID: styles.head, Value: column.Name}, column.Label
	}
	rows := [][]any{{excelize.Cell{StyleID: styles.title, Value: sheet.Title}}, names, labels}
	for _, row := range sheet.Rows[:min(len(sheet.Rows), mostInWorkbook)] {
		cells := make([]any, len(row))
		for i, text := range row {
			cells[i] = cell(styles, sheet.Columns[i].Kind, text)
		}
		rows = append(rows, cells)
	}
	if more := len(sheet.Rows) - mostInWorkbook; more > 0 {
		rows = append(rows, []any{fmt.Sprintf("%d more rows are in %s.csv", more, sheet.Name)})
	}
	for i, row := range rows {
		if err := stream.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			return err
		}
	}
	return stream.Flush()
}

// exactDigits is how many digits of a number a workbook keeps; longer ones are written as text.
const exactDigits = 15

func cell(styles styles, kind Kind, text string) any {
	if text == "" {
		return nil
	}
	switch kind {
	case Date:
		if day, err := time.Parse(time.DateOnly, text); err == nil {
			return excelize.Cell{StyleID: styles.kinds[Date], Value: day}
		}
	case Integer, Money, Rate:
		digits := strings.TrimLeft(strings.NewReplacer("-", "", ".", "").Replace(text), "0")
		if number, err := strconv.ParseFloat(text, 64); err == nil && (kind == Rate || len(digits) <= exactDigits) {
			return excelize.Cell{StyleID: styles.kinds[kind], Value: number}
		}
	}
	return text // a string of a workbook is never a formula
}
