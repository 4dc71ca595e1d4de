// Package pack writes tables for an accountant: one workbook with a sheet for each, the same as CSV files, and one page. Numbers are numbers, with
// formats; text is text, also where it begins as a formula does. The same pack has the same bytes.
package pack

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"countinghouse/internal/formula"
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
	Lead   string // a line below the title of the page
	Made   time.Time
	Tiles  []Tile  // figures that the page begins with
	Charts []Chart // drawings on the page, each above the sheet that has its figures
	Sheets []Sheet
}

// Tile is a figure that is looked at first.
type Tile struct{ Label, Value, Note string }

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
