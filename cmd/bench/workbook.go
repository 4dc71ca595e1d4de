package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/xuri/excelize/v2"
)

// workbookBytes is the size of the CSV text whose rows the workbook holds: about 150,000 rows.
const workbookBytes = 16 << 20

// benchWorkbook compares conforming a workbook, typing and Parquet included, with excelize's own iterator going through its rows and doing nothing
// with them.
func benchWorkbook(ctx context.Context, b *bencher) error {
	dir := filepath.Join(b.dir, "workbook")
	feeds, path := filepath.Join(dir, "schemas", "feeds"), filepath.Join(dir, "bench_orders.xlsx")
	if err := os.MkdirAll(feeds, 0o700); err != nil {
		return err
	}
	contract := strings.NewReplacer(`["bench_*.csv"]`, `["bench_*.xlsx"]`, "container: csv\n  encoding: %s", "container: xlsx").Replace(benchFeed)
	if err := os.WriteFile(filepath.Join(feeds, "bench_orders.yaml"), []byte(contract), 0o600); err != nil {
		return err
	}
	rows, err := writeWorkbook(path)
	if err != nil {
		return err
	}
	conform := b.productRun(nil, "conform", "-C", dir)
	conform.before = func() error {
		if err := os.RemoveAll(filepath.Join(dir, "store")); err != nil {
			return err
		}
		_, err := b.countinghouse(ctx, nil, "land", "-C", dir, path)
		return err
	}
	iterate := measured{run: func(ctx context.Context) (usage, error) { return b.bare(ctx, "-workbook", path) }}
	read, err := compare(ctx, fmt.Sprintf("conform, xlsx of %d rows to excelize's iterator", rows), b.long, conform, iterate)
	if err != nil {
		return err
	}
	b.add(read.goal(read.WallRatio, 1.3, "times"))
	return os.RemoveAll(dir)
}

func writeWorkbook(path string) (rows int, err error) {
	var text bytes.Buffer
	if err := writeRows(&text, workbookBytes); err != nil {
		return 0, err
	}
	records, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		return 0, err
	}
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	sheet, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return 0, err
	}
	for i, record := range records {
		cells := make([]any, len(record))
		for j, cell := range record {
			cells[j] = cell
		}
		if err := sheet.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			return 0, err
		}
	}
	if err := sheet.Flush(); err != nil {
		return 0, err
	}
	return len(records) - 1, book.SaveAs(path)
}

// iterateWorkbook reads all cells of the first sheet, row by row.
func iterateWorkbook(path string) (err error) {
	book, err := excelize.OpenFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	rows, err := book.Rows(book.GetSheetName(0))
	if err != nil {
		return err
	}
	for rows.Next() {
		if _, err := rows.Columns(); err != nil {
			return err
		}
	}
	return errors.Join(rows.Error(), rows.Close())
}
