// Package pack writes tables for an accountant: one workbook with a sheet for each, the same as CSV files, and one page. Numbers are numbers, with
// formats; text is text, also where it begins as a formula does.
package pack

import (
	"encoding/csv"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"countinghouse/internal/formula"

	"github.com/xuri/excelize/v2"
)

// Kind is what a column holds.
type Kind int

// The kinds of columns. Cells are text as DuckDB writes it; an empty one is none.
const (
	Text Kind = iota
	Integer
	Money // two decimals
	Rate
	Date
)

// Column is a column of a sheet.
type Column struct {
	Name  string
	Label string // under the name; may be empty
	Kind  Kind
}

// Sheet is one table.
type Sheet struct {
	Name    string // of the sheet and of the CSV file: letters, digits and _
	Title   string
	Columns []Column
	Rows    [][]string
}

// Pack is what is written.
type Pack struct {
	Title  string
	Made   time.Time
	Sheets []Sheet
}

// The most rows that the workbook and the page show of a table; the CSV has all.
const (
	mostInWorkbook = 100_000
	mostOnPage     = 500
)

// Write writes <name>.xlsx, <name>.html and a CSV for each sheet into a folder, which is made if need be.
func Write(folder, name string, pack Pack) ([]string, error) {
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, err
	}
	var written []string
	write := func(name string, content func(io.Writer) error) error {
		path := filepath.Join(folder, name)
		file, err := os.Create(path)
		if err != nil {
			return err
		}
		written = append(written, path)
		return errors.Join(content(file), file.Close())
	}
	problems := []error{
		write(name+".xlsx", func(to io.Writer) error { return workbook(to, pack) }),
		write(name+".html", func(to io.Writer) error { return page(to, pack) }),
	}
	for _, sheet := range pack.Sheets {
		problems = append(problems, write(sheet.Name+".csv", func(to io.Writer) error { return writeCSV(to, sheet) }))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("write the pack: %w", err)
	}
	return written, nil
}

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
	for kind, format := range map[Kind]string{Integer: "#,##0", Money: "#,##0.00", Rate: "0.000000", Date: "yyyy-mm-dd"} {
		made.kinds[kind] = add(&excelize.Style{CustomNumFmt: &format})
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
	return book.Write(to)
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

func writeCSV(to io.Writer, sheet Sheet) error {
	if _, err := io.WriteString(to, "\ufeff"); err != nil { // spreadsheets take a CSV without it for another encoding
		return err
	}
	out := csv.NewWriter(to)
	names := make([]string, len(sheet.Columns))
	for i, column := range sheet.Columns {
		names[i] = column.Name
	}
	if err := out.Write(names); err != nil {
		return err
	}
	for _, row := range sheet.Rows {
		cells := make([]string, len(row))
		for i, text := range row {
			if sheet.Columns[i].Kind == Text {
				text = formula.Guard(text)
			}
			cells[i] = text
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

const style = `body{font:14px system-ui,sans-serif;margin:2em;max-width:110em}table{border-collapse:collapse;margin:.5em 0 2em}
th,td{padding:.2em .6em;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
th small{font-weight:normal;color:#666}nav a{margin-right:1em}.wide{overflow-x:auto}`

func page(to io.Writer, pack Pack) error {
	var text strings.Builder
	title := html.EscapeString(pack.Title)
	fmt.Fprintf(&text, "<!doctype html><html><head><meta charset=\"utf-8\"><title>%s</title><style>%s</style></head><body><h1>%s</h1><nav>", title, style, title)
	for _, sheet := range pack.Sheets {
		fmt.Fprintf(&text, "<a href=\"#%s\">%s</a>", html.EscapeString(sheet.Name), html.EscapeString(sheet.Title))
	}
	text.WriteString("</nav>\n")
	for _, sheet := range pack.Sheets {
		section(&text, sheet)
	}
	text.WriteString("</body></html>\n")
	_, err := io.WriteString(to, text.String())
	return err
}

func section(text *strings.Builder, sheet Sheet) {
	fmt.Fprintf(text, "<h2 id=\"%s\">%s</h2><div class=\"wide\"><table><tr>", html.EscapeString(sheet.Name), html.EscapeString(sheet.Title))
	for _, column := range sheet.Columns {
		fmt.Fprintf(text, "<th>%s<br><small>%s</small></th>", html.EscapeString(column.Name), html.EscapeString(column.Label))
	}
	text.WriteString("</tr>\n")
	for _, row := range sheet.Rows[:min(len(sheet.Rows), mostOnPage)] {
		text.WriteString("<tr>")
		for i, value := range row {
			class := ""
			if kind := sheet.Columns[i].Kind; kind == Integer || kind == Money || kind == Rate {
				class = ` class="n"`
			}
			fmt.Fprintf(text, "<td%s>%s</td>", class, html.EscapeString(value))
		}
		text.WriteString("</tr>\n")
	}
	text.WriteString("</table></div>\n")
	if more := len(sheet.Rows) - mostOnPage; more > 0 {
		fmt.Fprintf(text, "<p>%d more rows are in %s.csv.</p>\n", more, html.EscapeString(sheet.Name))
	}
}
