package inspect

import (
	"context"
	"errors"
	"fmt"

	"countinghouse/internal/contract"
	"countinghouse/internal/contract/reader"
)

// widest is how many columns of a sheet are looked at.
const widest = 300

// sampleWorkbook reads the first sheet that has a table, and counts its rows.
func sampleWorkbook(ctx context.Context, in reader.Input, report *Report) (*table, error) {
	sheets, err := reader.SheetNames(in)
	if err != nil {
		return nil, err
	}
	report.Sheets = sheets
	var last error
	for _, sheet := range sheets {
		t := &table{serials: true}
		if _, err := reader.Read(ctx, anySheet(sheet), in, &sheetSink{table: t}); err != nil {
			wrong := (*reader.Problem)(nil)
			if !errors.As(err, &wrong) {
				return nil, err
			}
			last = err
			continue
		}
		if report.Sheet = sheet; t.width() > 1 {
			return t, nil
		}
	}
	if last == nil {
		last = &reader.Problem{Message: "no sheet holds a table"}
	}
	return nil, last
}

// anySheet is a contract that reads every row of a sheet as texts.
func anySheet(sheet string) *contract.Contract {
	c := &contract.Contract{Files: contract.Files{Container: contract.XLSX, Header: contract.NoHeader, Sheet: sheet}}
	for i := range widest {
		c.Columns = append(c.Columns, contract.Column{Name: fmt.Sprintf("column_%d", i+1), Type: contract.Text})
	}
	return c
}

// A sheetSink keeps the first rows and counts all.
type sheetSink struct{ table *table }

func (*sheetSink) Header(reader.Header) error { return nil }

func (s *sheetSink) Raw(line int64, _ []byte, fields [][]byte) error { return s.Fields(line, fields) }

func (s *sheetSink) Fields(line int64, fields [][]byte) error {
	s.table.total++
	if len(s.table.lines) >= sampleRows+headerReach {
		return nil
	}
	last := len(fields)
	for last > 0 && len(fields[last-1]) == 0 {
		last--
	}
	cells := make([]string, last)
	for i := range cells {
		cells[i] = string(fields[i])
	}
	s.table.lines, s.table.numbers = append(s.table.lines, cells), append(s.table.numbers, line)
	return nil
}

func (s *sheetSink) Reject(int64, string, []byte) error {
	s.table.total++
	return nil
}
