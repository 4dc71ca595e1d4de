package unittest

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readTable reads CSV with a header. An empty cell is null, `""` is the empty text. line is that of the part's marker; errors are
// lineErrors.
func readTable(data []byte, line int) (*table, error) {
	reader := csv.NewReader(strings.NewReader(string(data)))
	lines := strings.Split(string(data), "\n")
	columns, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, lineError{line, errors.New("a table needs at least its header line")}
	}
	if err != nil {
		return nil, lineError{line + 1, syntax(err)}
	}
	read := &table{line: line + lineAt(reader), columns: names(columns)}
	if err := goodNames(read.columns); err != nil {
		return nil, lineError{read.line, err}
	}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return nil, lineError{line + lineIn(err), syntax(err)}
		}
		read.rows = append(read.rows, row{line: line + lineAt(reader), cells: cellsOf(reader, lines, record)})
	}
}

func names(header []string) []string {
	trimmed := make([]string, len(header))
	for i, name := range header {
		trimmed[i] = strings.ToLower(strings.TrimSpace(name))
	}
	return trimmed
}

func goodNames(names []string) error {
	for i, name := range names {
		if name == "" {
			return fmt.Errorf("column %d has no name", i+1)
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("column %q is there twice", name)
		}
	}
	return nil
}

// cellsOf tells null from the empty text by the quote in the line, which the reader has taken away.
func cellsOf(reader *csv.Reader, lines, record []string) []*string {
	cells := make([]*string, len(record))
	for i, text := range record {
		line, column := reader.FieldPos(i)
		if text != "" || strings.HasPrefix(lines[line-1][column-1:], `"`) {
			cells[i] = &text
		}
	}
	return cells
}

func lineAt(reader *csv.Reader) int {
	line, _ := reader.FieldPos(0)
	return line
}

func lineIn(err error) int {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return parse.StartLine
	}
	return 0
}

func syntax(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		if errors.Is(parse.Err, csv.ErrFieldCount) {
			return errors.New("the row has not as many cells as the header")
		}
		return parse.Err
	}
	return err
}

// csvLine writes a row so that readTable reads the same cells.
func csvLine(cells []*string) string {
	texts := make([]string, len(cells))
	for i, cell := range cells {
		if cell != nil {
			texts[i] = csvCell(*cell)
		}
	}
	return strings.Join(texts, ",")
}

func csvCell(text string) string {
	if text == "" || strings.ContainsAny(text, ",\"\r\n") || strings.TrimSpace(text) != text {
		return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
	}
	return text
}
